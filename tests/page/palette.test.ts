import { describe, expect, test } from 'vitest';
import { darkTheme, lightTheme } from '../../src/page/palette.ts';

type Triple = readonly [number, number, number];

/** Linear red, green and blue of `#rrggbb`. */
const linear = (colour: string): Triple =>
  [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as unknown as Triple;

/** The contrast ratio of WCAG 2. */
function contrast(a: string, b: string): number {
  const [low = 0, high = 0] = [a, b]
    .map((colour) => {
      const [red, green, blue] = linear(colour);
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    })
    .sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

/** Machado, Oliveira and Fernandes (2009), severity 1. */
const eyes: Readonly<Record<string, readonly Triple[]>> = {
  usual: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

const times = (rows: readonly Triple[], [a, b, c]: Triple): Triple =>
  rows.map(([x, y, z]) => x * a + y * b + z * c) as unknown as Triple;

/** OKLab of linear colours (Ottosson 2020). */
function okLab(colour: Triple): Triple {
  const cones = times(
    [
      [0.4122214708, 0.5363325363, 0.0514459929],
      [0.2119034982, 0.6806995451, 0.1073969566],
      [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    colour,
  ).map((value) => Math.cbrt(Math.max(0, value))) as unknown as Triple;
  return times(
    [
      [0.2104542553, 0.793617785, -0.0040720468],
      [1.9779984951, -2.428592205, 0.4505937099],
      [0.0259040371, 0.7827717662, -0.808675766],
    ],
    cones,
  );
}

describe.each([
  { title: 'light', theme: lightTheme },
  { title: 'dark', theme: darkTheme },
])('the $title theme', ({ theme }) => {
  test('has text that can be read (WCAG AA)', () => {
    for (const behind of [theme.background, theme.surface]) {
      for (const text of [theme.text, theme.quietText, theme.accent]) {
        expect(contrast(text, behind), `${text} on ${behind}`).toBeGreaterThanOrEqual(4.5);
      }
    }
  });

  test('has series that stand out from the background', () => {
    for (const colour of theme.series) expect(contrast(colour, theme.background), colour).toBeGreaterThanOrEqual(3);
  });

  test('has series that differ for eyes of every kind', () => {
    expect(theme.series).toHaveLength(6);
    for (const [kind, matrix] of Object.entries(eyes)) {
      const seen = theme.series.map((colour) => okLab(times(matrix, linear(colour))));
      seen.forEach((a, i) => {
        for (const [j, b] of seen.slice(0, i).entries()) {
          const distance = Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
          // 0.02 is about the least difference that is seen side by side.
          expect(distance, `${theme.series[i]} and ${theme.series[j]} under ${kind}`).toBeGreaterThan(0.08);
        }
      });
    }
  });
});
