import { assert } from '../core/index.ts';

/** How many of some independent questions were answered rightly. */
export interface Accuracy {
  readonly numCorrect: number;
  readonly numItems: number;
  /** numCorrect / numItems; NaN where there are none. */
  readonly accuracy: number;
  /** Between these the true share lies with a probability of 95 % (Wilson 1927). */
  readonly interval: readonly [low: number, high: number];
}

/** The 97.5 % point of the standard normal distribution. */
const z = 1.959963984540054;

/**
 * A share with its interval by Wilson's score method, which holds also for few questions and for shares near 0 and 1:
 *
 * (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n)
 */
export function accuracyOf(numCorrect: number, numItems: number): Accuracy {
  assert(numCorrect >= 0 && numCorrect <= numItems, `${numCorrect} right answers to ${numItems} questions`);
  const share = numCorrect / numItems;
  if (numItems === 0) return { numCorrect, numItems, accuracy: Number.NaN, interval: [0, 1] };
  const shrinkage = 1 + (z * z) / numItems;
  const center = (share + (z * z) / (2 * numItems)) / shrinkage;
  const half = (z / shrinkage) * Math.sqrt((share * (1 - share)) / numItems + (z * z) / (4 * numItems * numItems));
  // At 0 and n the interval ends there; rounding must not move it beyond.
  const low = numCorrect === 0 ? 0 : center - half;
  const high = numCorrect === numItems ? 1 : center + half;
  return { numCorrect, numItems, accuracy: share, interval: [low, high] };
}
