import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fitNonNegative, nonNegativeSolver } from '../../../src/theory/fitting/non-negative-least-squares.ts';
import { expectClose } from '../../support/expect-close.ts';

/** The products that the solver works on. */
function productsOf(columns: readonly (readonly number[])[], y: readonly number[]) {
  const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0);
  return {
    gram: Float64Array.from(columns.flatMap((a) => columns.map((b) => dot(a, b)))),
    moments: Float64Array.from(columns, (column) => dot(column, y)),
    squares: dot(y, y),
  };
}

/** The slow reference: one coordinate after the other to its best non-negative value, until nothing moves. */
function byCoordinates(gram: Float64Array, moments: Float64Array, rounds: number): number[] {
  const k = moments.length;
  const x = new Array<number>(k).fill(0);
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < k; i++) {
      const others = x.reduce((sum, value, j) => sum + (i === j ? 0 : value * (gram[i * k + j] ?? 0)), 0);
      x[i] = Math.max(0, ((moments[i] ?? 0) - others) / (gram[i * k + i] ?? 1));
    }
  }
  return x;
}

const number = fc.double({ min: -5, max: 5, noNaN: true });

describe('non-negative least squares', () => {
  test('is ordinary least squares where that is non-negative', () => {
    const columns = [
      [1, 1, 1, 1],
      [0, 1, 2, 3],
    ];
    const { gram, moments, squares } = productsOf(columns, [1, 3, 5, 7]);
    const { solve, solution } = nonNegativeSolver(2);
    expectClose([solve(gram, moments, squares)], [0], 1e-12);
    expectClose(solution, [1, 2], 1e-12);
  });

  test('does without unknowns that would be negative', () => {
    const columns = [
      [1, 1, 1],
      [1, 0, -1],
    ];
    const { gram, moments, squares } = productsOf(columns, [1, 2, 3]);
    const { solve, solution } = nonNegativeSolver(2);
    expectClose([solve(gram, moments, squares)], [2], 1e-12);
    expectClose(solution, [2, 0], 1e-12);
  });

  test('is zero where nothing non-negative helps', () => {
    const { gram, moments, squares } = productsOf([[1, 1]], [-1, -2]);
    const { solve, solution } = nonNegativeSolver(1);
    expect(solve(gram, moments, squares)).toBe(5);
    expect([...solution]).toEqual([0]);
  });

  test('leaves out a column that is a multiple of another', () => {
    const { gram, moments, squares } = productsOf(
      [
        [1, 2, 3],
        [2, 4, 6],
      ],
      [2, 4, 6],
    );
    const { solve, solution } = nonNegativeSolver(2);
    expectClose([solve(gram, moments, squares)], [0], 1e-9);
    expect([...solution].filter((x) => x > 0)).toHaveLength(1);
  });

  test('meets the conditions of the optimum, and coordinate descent finds nothing better', () => {
    const problem = fc.integer({ min: 1, max: 4 }).chain((k) =>
      fc.record({
        columns: fc.array(fc.array(number, { minLength: 6, maxLength: 6 }), { minLength: k, maxLength: k }),
        y: fc.array(number, { minLength: 6, maxLength: 6 }),
      }),
    );
    fc.assert(
      fc.property(problem, ({ columns, y }) => {
        const { gram, moments, squares } = productsOf(columns, y);
        const k = moments.length;
        fc.pre(columns.every((_, i) => (gram[i * k + i] ?? 0) > 1e-3));
        const { solve, solution } = nonNegativeSolver(k);
        const left = solve(gram, moments, squares);
        expect([...solution].every((x) => x >= 0)).toBe(true);
        const residual = (x: ArrayLike<number>): number =>
          y.reduce((sum, target, row) => {
            const fitted = columns.reduce((total, column, i) => total + (column[row] ?? 0) * (x[i] ?? 0), 0);
            return sum + (target - fitted) ** 2;
          }, 0);
        expectClose([left], [residual(solution)], 1e-7);
        expect(left).toBeLessThanOrEqual(residual(byCoordinates(gram, moments, 500)) * (1 + 1e-7) + 1e-7);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a non-negative fit', () => {
  const between = (min: number, max: number) => fc.double({ min, max, noNaN: true });
  const numbers = (n: number) =>
    fc.array(between(0.01, 2), { minLength: n, maxLength: n }).map((a) => Float64Array.from(a));

  test('finds amounts again, over columns that differ by many powers of ten', () => {
    fc.assert(
      fc.property(
        numbers(9),
        numbers(9),
        numbers(9),
        fc.tuple(between(0.1, 5), between(0.1, 5), between(0.1, 5)),
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
