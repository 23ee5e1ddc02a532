import { assert } from '../../core/index.ts';

/**
 * Where a continuous function changes its sign between `low` and `high`, to the last digit or two (Chandrupatla 1997: inverse
 * quadratic interpolation where it is safe, else halving).
 */
export function rootBetween(f: (x: number) => number, low: number, high: number): number {
  let [a, b] = [low, high];
  let [fa, fb] = [f(a), f(b)];
  if (fa === 0) return a;
  if (fb === 0) return b;
  assert(fa < 0 !== fb < 0, `no change of sign between ${low} (${fa}) and ${high} (${fb})`);
  let [c, fc] = [a, fa];
  let share = 0.5;
  for (let i = 0; i < 1000; i++) {
    const x = a + share * (b - a);
    const fx = f(x);
    if (fx < 0 === fa < 0) {
      [c, fc] = [a, fa];
    } else {
      [c, fc] = [b, fb];
      [b, fb] = [a, fa];
    }
    [a, fa] = [x, fx];
    const [best, fBest] = Math.abs(fa) < Math.abs(fb) ? [a, fa] : [b, fb];
    const smallest = (2 * Number.EPSILON * Math.abs(best) + Number.MIN_VALUE) / Math.abs(b - a);
    if (fBest === 0 || smallest > 0.5) return best;
    const xi = (a - b) / (c - b);
    const phi = (fa - fb) / (fc - fb);
    const isSafe = phi * phi < xi && (1 - phi) * (1 - phi) < 1 - xi;
    const step = isSafe
      ? (fa / (fb - fa)) * (fc / (fb - fc)) + ((((c - a) / (b - a)) * fa) / (fc - fa)) * (fb / (fc - fb))
      : 0.5;
    share = Math.min(1 - smallest, Math.max(smallest, step));
  }
  assert(false, `no root was found between ${low} and ${high}`);
}

/**
 * The x ≥ 0 at which an increasing function first reaches zero; f(0) must not lie above it.
 *
 * @param scale a first guess at the size of x
 */
export function rootAboveZero(f: (x: number) => number, scale: number): number {
  if (f(0) >= 0) return 0;
  let high = scale;
  for (; f(high) < 0; high *= 2) assert(high < 1e300, 'an increasing function never reaches zero');
  return rootBetween(f, 0, high);
}
