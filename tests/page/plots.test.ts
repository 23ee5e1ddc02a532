import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Axis,
  barChart,
  figure,
  formatBytes,
  formatCompact,
  formatNumber,
  formatShare,
  histogram,
  linePlot,
  type Plot,
  renderMarkup,
  scatter,
} from '../../src/page/index.ts';
import { fitText, textWidth } from '../../src/page/text-width.ts';

const svg = (plot: Plot, width = 800) => renderMarkup(plot.draw(width).contents);
const x = { label: 'step' };
const y = { label: 'loss' };
const about = { title: 'Title', description: 'What is seen.' };
const rects = (plot: Plot, width = 800) =>
  [...svg(plot, width).matchAll(/<rect x="([^"]*)" y="([^"]*)" width="([^"]*)" height="([^"]*)"/g)].map((match) =>
    match.slice(1).map(Number),
  );

describe('a line plot', () => {
  const line = (points: [number, number][]) =>
    / d="([^"]*)" class="line/.exec(svg(linePlot({ ...about, x, y, series: [{ name: 'a', points }] })))?.[1] ?? '';

  test('breaks its line where a value cannot be shown', () => {
    expect(
      line([
        [0, 1],
        [1, 2],
        [2, Number.NaN],
        [3, 2],
        [4, 1],
      ]).match(/[ML]/g),
    ).toEqual(['M', 'L', 'M', 'L']);
  });

  test('draws many points with a few for each pixel, the extremes among them', () => {
    const points = Array.from({ length: 200_000 }, (_, at): [number, number] => [at, at === 77_777 ? 9 : Math.sin(at)]);
    const path = line(points);
    expect(path.match(/[ML]/g)?.length).toBeLessThan(800 * 4);
    const highest = Math.min(...[...path.matchAll(/ (\d+\.\d)/g)].map(([, value]) => Number(value)));
    const few = line([
      [0, -1],
      [77_777, 9],
      [199_999, 0],
    ]);
    expect(highest).toBe(Math.min(...[...few.matchAll(/ (\d+\.\d)/g)].map(([, value]) => Number(value))));
  });

  test('draws as many points in one column of pixels as there are', () => {
    const x: Axis = { label: 'step', scale: 'log' };
    const points = Array.from({ length: 300_000 }, (_, at): [number, number] => [1e9 + at, at === 777 ? 9 : at % 5]);
    const plot = linePlot({ ...about, x, y, series: [{ name: 'a', points: [[1, 0], ...points] }] });
    const path = / d="([^"]*)" class="line/.exec(svg(plot))?.[1] ?? '';
    // The first, the greatest and the last; the first is the least.
    expect(path.match(/[ML]/g)).toHaveLength(1 + 3 + 1);
  });

  test('names its lines beside them where there is room and in a legend where there is none', () => {
    const series = ['first', 'second'].map((name, at) => ({
      name,
      points: [
        [0, at],
        [1, at],
      ] as [number, number][],
    }));
    const plot = linePlot({ ...about, x, y, series });
    expect(svg(plot)).toContain('>first</text>');
    expect(svg(plot, 340)).not.toContain('first');
    expect(renderMarkup(figure(plot))).toContain('<ul class="legend spare">');
    expect(renderMarkup(figure(linePlot({ ...about, x, y, series: series.slice(1) })))).not.toContain('legend');
  });

  test('keeps the names of lines that end together apart', () => {
    const series = ['a', 'b', 'c', 'd'].map((name) => ({
      name,
      points: [
        [0, 0],
        [1, 5],
      ] as [number, number][],
    }));
    const places = [...svg(linePlot({ ...about, x, y, series })).matchAll(/y="([\d.]+)" class="strong"/g)]
      .map(([, at]) => Number(at))
      .sort((a, b) => a - b);
    expect(places).toHaveLength(4);
    places.slice(1).forEach((at, index) => {
      expect(at - (places[index] ?? 0)).toBeGreaterThanOrEqual(15);
    });
  });

  test('draws a band, and lists its edges with the numbers', () => {
    const plot = linePlot({
      ...about,
      x,
      y,
      series: [
        {
          name: 'a',
          points: [
            [1, 2],
            [2, 3],
          ],
          band: [
            [1, 1.5, 2.5],
            [2, 2, 4],
          ],
        },
      ],
    });
    expect(svg(plot)).toMatch(/d="M[^"]+Z" class="band s0"/);
    expect(plot.numbers?.rows).toEqual([
      ['a', '1.000', '2.000', '1.500', '2.500'],
      ['a', '2.000', '3.000', '2.000', '4.000'],
    ]);
  });
});

describe('a scatter plot', () => {
  test('draws and names each point that can be shown', () => {
    const points = [
      { x: 1, y: 2, label: '<d4>' },
      { x: 0, y: 2 },
      { x: 3, y: 4 },
    ];
    const plot = scatter({ ...about, x: { label: 'n', scale: 'log' }, y, groups: [{ name: 'runs', points }] });
    expect(svg(plot).match(/<circle/g)).toHaveLength(2);
    expect(svg(plot)).toContain('&lt;d4&gt;: n 1.00, loss 2.00');
  });
});

describe('bars', () => {
  const bars = [
    { label: 'a/long/<name>', value: 30, note: '75 %' },
    { label: 'b', value: 10 },
    { label: 'c', value: 0 },
  ];

  test('are as long as their values', () => {
    for (const width of [340, 800]) {
      const [first, second, third] = rects(barChart({ ...about, direction: 'horizontal', value: y, bars }), width);
      expect((first?.[2] ?? 0) / (second?.[2] ?? 1)).toBeCloseTo(3, 1);
      expect(third?.[2]).toBe(0);
      const columns = rects(barChart({ ...about, direction: 'vertical', value: y, bars }), width);
      expect((columns[0]?.[3] ?? 0) / (columns[1]?.[3] ?? 1)).toBeCloseTo(3, 1);
    }
  });

  test('carry their names and values', () => {
    const text = svg(barChart({ ...about, direction: 'horizontal', value: y, bars }));
    expect(text).toContain('>a/long/&lt;name&gt;</text>');
    expect(text).toContain('>30 (75 %)</text>');
  });

  test('stay inside of the drawing, whatever the values and names', () => {
    const bar = fc.record({
      label: fc.string({ maxLength: 80 }),
      value: fc.double({ min: 0, max: 1e12, noNaN: true }),
    });
    fc.assert(
      fc.property(
        fc.array(bar, { maxLength: 30 }),
        fc.constantFrom('horizontal' as const, 'vertical' as const),
        fc.constantFrom(340, 800),
        (generated, direction, width) => {
          const plot = barChart({ ...about, direction, value: y, bars: generated });
          const { height } = plot.draw(width);
          for (const [left = 0, top = 0, wide = 0, high = 0] of rects(plot, width)) {
            expect(left).toBeGreaterThanOrEqual(0);
            expect(top).toBeGreaterThanOrEqual(0);
            expect(left + wide).toBeLessThanOrEqual(width + 0.1);
            expect(top + high).toBeLessThanOrEqual(height + 0.1);
          }
        },
      ),
    );
  });

  test('can be next to nothing', () => {
    for (const value of [5e-324, 1e-310, 1e-250]) {
      const plot = barChart({ ...about, direction: 'vertical', value: y, bars: [{ label: 'x', value }] });
      expect(svg(plot)).not.toMatch(/NaN|Infinity/);
    }
  });

  test('below nothing are refused', () => {
    const make = () => barChart({ ...about, direction: 'vertical', value: y, bars: [{ label: 'x', value: -1 }] });
    expect(make).toThrow('the bar x has the length -1');
  });
});

describe('a histogram', () => {
  test('has bins side by side, as high as their counts, and its numbers as a table', () => {
    const bins = [1, 2, 4, 8].map((from, at) => ({ from, to: 2 * from, count: [5, 10, 0, 20][at] ?? 0 }));
    const plot = histogram({ ...about, x: { label: 'bytes', scale: 'log' }, y: { label: 'documents' }, bins });
    const [a, b, c, d] = rects(plot);
    expect((d?.[3] ?? 0) / (a?.[3] ?? 1)).toBeCloseTo(4, 1);
    expect(c?.[3]).toBe(0);
    expect((a?.[0] ?? 0) + (a?.[2] ?? 0) + 1).toBeCloseTo(b?.[0] ?? 0, 1);
    expect(plot.numbers?.rows[3]).toEqual(['8', '16', '20']);
  });
});

describe('every plot', () => {
  const plots = [
    linePlot({ ...about, x, y, series: [] }),
    scatter({ ...about, x, y, groups: [] }),
    barChart({ ...about, direction: 'horizontal', value: y, bars: [] }),
    barChart({ ...about, direction: 'vertical', value: y, bars: [] }),
    histogram({ ...about, x, y, bins: [] }),
  ];

  test('can be empty', () => {
    for (const plot of plots) expect(svg(plot, 340)).not.toMatch(/NaN|Infinity|undefined/);
  });

  test('says what it is to those who do not see it', () => {
    for (const plot of plots) {
      const html = renderMarkup(figure(plot));
      expect(html.match(/<title>Title<\/title><desc>What is seen.<\/desc>/g)).toHaveLength(2);
      expect(html).toContain('role="img" aria-label="Title. What is seen."');
    }
  });
});

test('numbers are written with units and few digits', () => {
  expect([0, 512, 1000, 1_234_567, 999_999].map(formatBytes)).toEqual([
    '0 B',
    '512 B',
    '1.00 kB',
    '1.23 MB',
    '1.00 MB',
  ]);
  expect([950, 1234, 0.5].map((value) => formatCompact(value))).toEqual(['950', '1.23 k', '0.500']);
  expect([0, 0.00001, 0.0123, 12.34, 1234.5, 3e18].map((value) => formatNumber(value))).toEqual([
    '0',
    '1.00×10⁻⁵',
    '0.0123',
    '12.3',
    '1,235',
    '3.00×10¹⁸',
  ]);
  expect([0, 0.0004, 0.123, 0.9995, 0.9999, 1].map(formatShare)).toEqual([
    ...['0 %', '< 0.1 %', '12.3 %'],
    ...['> 99.9 %', '> 99.9 %', '100 %'],
  ]);
});

test('a number is written as that which it is rounded to would be', () => {
  expect([999.4, 999.6, -999.6, 9999.7].map((value) => formatNumber(value))).toEqual([
    '999',
    '1,000',
    '-1,000',
    '10,000',
  ]);
  expect([999.6, 9999.4, 9999.7].map((value) => formatNumber(value, 4))).toEqual(['999.6', '9999', '10,000']);
  expect([0.00009999, 0.000099949].map((value) => formatNumber(value))).toEqual(['0.000100', '9.99×10⁻⁵']);
  expect([999_999_999_999_999, 999_999_999_999_999.6].map((value) => formatNumber(value))).toEqual([
    '999,999,999,999,999',
    '1.00×10¹⁵',
  ]);
  fc.assert(
    fc.property(fc.double({ min: -1e15, max: 1e15, noNaN: true }), fc.integer({ min: 1, max: 6 }), (value, digits) => {
      expect(formatNumber(value, digits)).not.toContain('e');
    }),
  );
});

test('a text is cut in its middle until it fits', () => {
  expect(fitText('short', 100)).toBe('short');
  const cut = fitText('a/very/long/path/to/some/file.txt', 100);
  expect(cut).toMatch(/^a\/very.*….*\.txt$/);
  // Measuring anew for each character left out would take minutes.
  expect(textWidth(fitText('path/'.repeat(20_000), 200))).toBeLessThanOrEqual(200);
  fc.assert(
    fc.property(fc.string({ maxLength: 60 }), fc.integer({ min: 20, max: 300 }), (text, width) => {
      const fitting = fitText(text, width);
      expect(textWidth(fitting)).toBeLessThanOrEqual(Math.max(width, textWidth('…')));
      // The longest that fits: with one character more it would not.
      const characters = [...text];
      const kept = Math.max(2, [...fitting].length);
      if (fitting === text || kept >= characters.length) return;
      const atEnd = Math.floor(kept * 0.4);
      const longer = [...characters.slice(0, kept - atEnd), '…', ...characters.slice(characters.length - atEnd)];
      expect(textWidth(longer.join(''))).toBeGreaterThan(width);
    }),
  );
});
