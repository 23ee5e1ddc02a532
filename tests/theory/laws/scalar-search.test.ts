import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
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
