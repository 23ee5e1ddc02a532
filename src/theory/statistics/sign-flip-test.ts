import { assert } from '../../core/index.ts';
import type { Alternative } from './mean-tests.ts';

/** More sign patterns than these are not gone through: 2^20. */
const maxDifferences = 20;

/**
 * The exact p-value of a mean difference when the sign of each pair's difference is a fair coin under the null hypothesis
 * (Fisher 1935, chapter III): the share of the 2^n sign patterns with a sum at least as extreme. It assumes no distribution; with n
 * pairs it cannot fall below 2^(1−n) two-sided.
 *
 * @param differences b − a of 1 … 20 pairs
 */
export function signFlipPValue(differences: readonly number[], alternative: Alternative = 'different'): number {
  assert(
    differences.length > 0 && differences.length <= maxDifferences,
    `sign patterns of ${differences.length} differences`,
  );
  const extremity = (sum: number): number =>
    alternative === 'less' ? -sum : alternative === 'greater' ? sum : Math.abs(sum);
  const total = differences.reduce((sum, value) => sum + Math.abs(value), 0);
  // Sums of the same numbers in another order differ in their last digits.
  const observed = extremity(differences.reduce((sum, value) => sum + value, 0)) - 1e-12 * total;
  let numExtreme = 0;
  const visit = (index: number, sum: number): void => {
    const value = differences[index];
    if (value === undefined) {
      if (extremity(sum) >= observed) numExtreme += 1;
      return;
    }
    visit(index + 1, sum + value);
    visit(index + 1, sum - value);
  };
  visit(0, 0);
  return numExtreme / 2 ** differences.length;
}
