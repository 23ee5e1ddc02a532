import { assert } from '../../core/index.ts';

const golden = (Math.sqrt(5) - 1) / 2;

/**
 * Where a continuous function of one variable is least: the lowest of an even grid, then golden sections between its neighbours (Kiefer
 * 1953). It finds the least value of any function with one valley, and of any whose valleys are wider than a cell of the grid. About
 * √ε of the width is as near as values alone can tell.
 *
 * @param numCells of the grid
 * @returns a point in low … high
 */
export function argminBetween(f: (x: number) => number, low: number, high: number, numCells = 64): number {
  assert(low < high, `there is nothing to search between ${low} and ${high}`);
  const at = (i: number): number => low + ((high - low) * i) / numCells;
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i <= numCells; i++) {
    const value = f(at(i));
    if (value < least) [best, least] = [i, value];
  }
  assert(least < Number.POSITIVE_INFINITY, `the function is nowhere finite between ${low} and ${high}`);
  let [a, b] = [at(Math.max(0, best - 1)), at(Math.min(numCells, best + 1))];
  let [x, y] = [b - golden * (b - a), a + golden * (b - a)];
  let [fx, fy] = [f(x), f(y)];
  for (let round = 0; round < 80 && b - a > 1e-12 * Math.max(1, Math.abs(a)); round++) {
    if (fx <= fy) {
      [b, y, fy] = [y, x, fx];
      x = b - golden * (b - a);
      fx = f(x);
    } else {
      [a, x, fx] = [x, y, fy];
      y = a + golden * (b - a);
      fy = f(y);
    }
  }
  const [found, value] = fx <= fy ? [x, fx] : [y, fy];
  // The ends of the range are points of the grid that the sections never reach.
  return value <= least ? found : at(best);
}
