import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../src/core/index.ts';
import { ascending, sortedQuantile, weightedQuantile } from '../../../src/theory/calibration/weighted-quantile.ts';

describe('weightedQuantile', () => {
  it('is the quantile of the values repeated as often as they weigh', () => {
    const stream = randomStream(1, 'weighted-quantile');
    for (let trial = 0; trial < 50; trial++) {
      const values = Array.from({ length: 12 }, () => ({
        value: stream.nextNormal(),
        weight: stream.nextInteger(4) + 1,
      }));
      const repeated = values.flatMap(({ value, weight }) => Array.from({ length: weight }, () => value));
      repeated.sort((a, b) => a - b);
      for (const level of [0.05, 0.5, 0.8, 0.95, 1]) {
        const expected = repeated[Math.max(0, Math.ceil(level * repeated.length - 1e-9) - 1)];
        expect(weightedQuantile(values, level)).toBe(expected);
      }
    }
  });

  it('is the largest value for a level above 1', () => {
    expect(
      weightedQuantile(
        [
          { value: 1, weight: 1 },
          { value: 7, weight: 0.1 },
        ],
        1.05,
      ),
    ).toBe(7);
  });
});

describe('sortedQuantile', () => {
  it('interpolates between the two nearest numbers', () => {
    const sorted = Float64Array.of(0, 10, 20, 30);
    expect([0, 0.5, 0.9, 1].map((level) => sortedQuantile(sorted, level))).toEqual([0, 15, 27, 30]);
  });
});

describe('ascending', () => {
  it('is the weighted isotonic regression, by its formula as a maximum of minima of means', () => {
    const stream = randomStream(2, 'ascending');
    for (let trial = 0; trial < 50; trial++) {
      const values = Array.from({ length: 8 }, () => ({
        value: stream.nextNormal(),
        weight: stream.nextUniform() + 0.1,
      }));
      const mean = (from: number, to: number): number => {
        const part = values.slice(from, to + 1);
        const total = part.reduce((sum, { weight }) => sum + weight, 0);
        return part.reduce((sum, { value, weight }) => sum + value * weight, 0) / total;
      };
      const indices = values.map((_, i) => i);
      const expected = indices.map((at) =>
        Math.max(
          ...indices
            .filter((i) => i <= at)
            .map((i) => Math.min(...indices.filter((j) => j >= at).map((j) => mean(i, j)))),
        ),
      );
      for (const [i, value] of ascending(values).entries()) expect(value).toBeCloseTo(expected[i] ?? Number.NaN, 12);
    }
  });
});
