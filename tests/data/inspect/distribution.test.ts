import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { distributionOf, evenBins, growingBins, percents } from '../../../src/data/inspect/distribution.ts';

const check = (values: readonly number[], binsOf: typeof evenBins, maxBins: number) => {
  const { count, mean, percentiles, bins } = distributionOf(Float64Array.from(values), binsOf);
  const sorted = [...values].sort((a, b) => a - b);
  expect(count).toBe(values.length);
  expect(mean).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / values.length, 6);
  for (const { percent, value } of percentiles) {
    const below = sorted.filter((one) => one < value).length;
    const upTo = sorted.filter((one) => one <= value).length;
    expect(upTo / count).toBeGreaterThanOrEqual(percent / 100 - 1e-12);
    if (percent > 0) expect(below / count).toBeLessThan(percent / 100);
  }
  expect(bins.length).toBeLessThanOrEqual(maxBins);
  bins.forEach(({ from, to, count: inBin }, index) => {
    expect(to).toBeGreaterThan(from);
    if (index > 0) expect(from).toBe(bins[index - 1]?.to);
    const isFirst = index === 0;
    expect(inBin).toBe(values.filter((value) => (isFirst || value >= from) && value < to).length);
  });
  expect(bins.reduce((sum, bin) => sum + bin.count, 0)).toBe(count);
};

describe('a distribution', () => {
  test('counts lengths in bins that grow, each length in one', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.nat(50), fc.nat(2 ** 31)), { minLength: 1, maxLength: 60 }), (values) =>
        check(values, growingBins, 32),
      ),
    );
  });

  test('of zeros alone has one bin', () => {
    expect(distributionOf(Float64Array.from([0, 0]), growingBins).bins).toEqual([{ from: 1, to: 2, count: 2 }]);
  });

  test('counts measures in bins of one width', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.double({ min: 0, max: 20, noNaN: true }).map((value) => Math.round(value * 1e6) / 1e6),
          {
            minLength: 1,
            maxLength: 60,
          },
        ),
        (values) => check(values, evenBins, 42),
      ),
    );
  });

  test('of nothing is empty', () => {
    expect(distributionOf(new Float64Array(0), growingBins)).toEqual({ count: 0, mean: 0, percentiles: [], bins: [] });
  });

  test('names the percentiles that reports show', () => {
    expect(distributionOf(Float64Array.from([3, 1, 2]), growingBins).percentiles).toEqual(
      percents.map((percent) => ({ percent, value: percent <= 25 ? 1 : percent <= 50 ? 2 : 3 })),
    );
  });
});
