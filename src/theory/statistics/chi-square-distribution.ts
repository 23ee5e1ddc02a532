import { assert } from '../../core/index.ts';
import { rootAboveZero } from './monotone-root.ts';
import { incompleteGamma } from './special-functions.ts';

/** The probability that a chi-square variable is at most x: P(ν/2, x/2). */
export function chiSquareCdf(x: number, degreesOfFreedom: number): number {
  return incompleteGamma(degreesOfFreedom / 2, Math.max(0, x) / 2).lower;
}

/** The probability that a chi-square variable exceeds x: Q(ν/2, x/2). */
export function chiSquareTail(x: number, degreesOfFreedom: number): number {
  return incompleteGamma(degreesOfFreedom / 2, Math.max(0, x) / 2).upper;
}

/** The x that a chi-square variable does not exceed with probability p, for 0 < p < 1. */
export function chiSquareQuantile(p: number, degreesOfFreedom: number): number {
  assert(p > 0 && p < 1, `no quantile at ${p}`);
  // The smaller tail has the more digits.
  const excess =
    p < 0.5
      ? (x: number) => Math.log(chiSquareCdf(x, degreesOfFreedom)) - Math.log(p)
      : (x: number) => Math.log1p(-p) - Math.log(chiSquareTail(x, degreesOfFreedom));
  return rootAboveZero(excess, degreesOfFreedom);
}
