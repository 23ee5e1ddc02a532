import { assert } from '../../core/index.ts';
import { incompleteBeta } from './special-functions.ts';

/** The probability of at most k successes in n independent trials of probability p: I_(1−p)(n − k, k + 1) (DLMF 8.17.5). */
export function binomialCdf(k: number, n: number, p: number): number {
  assert(Number.isInteger(n) && n >= 0 && p >= 0 && p <= 1, `binomial distribution of ${n} trials at ${p}`);
  const whole = Math.floor(k);
  if (whole < 0) return 0;
  if (whole >= n) return 1;
  return incompleteBeta(n - whole, whole + 1, 1 - p, p).lower;
}

/** The smallest number of successes k with P(X ≤ k) ≥ q, for 0 ≤ q ≤ 1. */
export function binomialQuantile(q: number, n: number, p: number): number {
  assert(q >= 0 && q <= 1, `no quantile at ${q}`);
  let [below, atLeast] = [-1, n];
  while (atLeast - below > 1) {
    const middle = Math.floor((below + atLeast) / 2);
    if (binomialCdf(middle, n, p) >= q) atLeast = middle;
    else below = middle;
  }
  return atLeast;
}
