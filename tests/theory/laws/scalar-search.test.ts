import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fitNonNegative } from '../../../src/theory/laws/non-negative-fit.ts';
import { argminBetween } from '../../../src/theory/laws/scalar-search.ts';

const double = (min: number, max: number) => fc.double({ min, max, noNaN: true });

describe('the search for a minimum', () => {
  test('finds the valley of any function with one, ends of the range included', () => {
    fc.assert(
      fc.property(double(-5, 5), double(0.1, 9), double(1, 4), (valley, low, power) => {
        const [from, to] = [-low, 4];
        const found = argminBetween((x) => Math.abs(x - valley) ** power, from, to);
        expect(Math.abs(found - Math.min(to, Math.max(from, valley)))).toBeLessThan(1e-3);
      }),
    );
  });

  test('finds the deeper of two valleys that are wider than its cells', () => {
    const twice = (x: number): number => Math.min((x - 1) ** 2, (x - 4) ** 2 - 0.1);
    expect(argminBetween(twice, 0, 5)).toBeCloseTo(4, 6);
  });

  test('walks around where a function is infinite, and stops where it is so everywhere', () => {
    expect(argminBetween((x) => (x < 2 ? Number.POSITIVE_INFINITY : x), 0, 5)).toBeCloseTo(2, 3);
    expect(() => argminBetween(() => Number.NaN, 0, 1)).toThrow(/nowhere finite/);
    expect(() => argminBetween((x) => x, 1, 1)).toThrow(/nothing to search/);
  });
});

describe('a non-negative fit', () => {
  const numbers = (n: number) =>
    fc.array(double(0.01, 2), { minLength: n, maxLength: n }).map((a) => Float64Array.from(a));

  test('finds amounts again, over columns that differ by many powers of ten', () => {
    fc.assert(
      fc.property(
        numbers(9),
        numbers(9),
        numbers(9),
        fc.tuple(double(0.1, 5), double(0.1, 5), double(0.1, 5)),
        (a, b, c, truth) => {
          const columns = [a, b.map((x) => 1e9 * x), c.map((x) => 1e-7 * x)];
          const target = a.map((_, i) =>
            columns.reduce((sum, column, j) => sum + (column[i] as number) * (truth[j] as number), 0),
          );
          const { squares } = fitNonNegative(columns, target);
          expect(squares / target.reduce((sum, y) => sum + y * y, 0)).toBeLessThan(1e-12);
        },
      ),
    );
  });

  test('is the best of all amounts that are not negative', () => {
    fc.assert(
      fc.property(numbers(6), numbers(6), numbers(6), (a, b, target) => {
        const { amounts, squares } = fitNonNegative([a, b], target);
        expect(Math.min(...amounts)).toBeGreaterThanOrEqual(0);
        for (let x = 0; x <= 3; x += 0.1) {
          for (let y = 0; y <= 3; y += 0.1) {
            const other = target.reduce((sum, t, i) => sum + (t - x * (a[i] as number) - y * (b[i] as number)) ** 2, 0);
            expect(squares).toBeLessThanOrEqual(other + 1e-9);
          }
        }
      }),
      { numRuns: 30 },
    );
  });
});
