import { assert } from '../../core/index.ts';
import type { MeanDifference } from './mean-difference.ts';
import { studentCdf, studentQuantile } from './student-distribution.ts';

/** What a test looks for: any difference, one below the tested value, or one above it. */
export type Alternative = 'different' | 'less' | 'greater';

/** A test of a mean, or of the difference of two. */
export interface MeanTest {
  readonly alternative: Alternative;
  /** Standard errors from the tested value; infinite where there is no spread at all. */
  readonly statistic: number;
  /** How often chance alone would give a statistic at least as extreme. */
  readonly pValue: number;
  /** Where the true difference lies, at the level asked for; one-sided tests leave one end open. */
  readonly interval: readonly [low: number, high: number];
}

/**
 * Student's t-test of a difference, or the z-test where its spread is known: (difference − tested)/standardError.
 *
 * @param options.tested the value that the difference is held against, 0 unless told
 * @param options.level of the interval, 0.95 unless told
 */
export function testDifference(
  { difference, standardError, degreesOfFreedom }: MeanDifference,
  options: { readonly alternative?: Alternative; readonly tested?: number; readonly level?: number } = {},
): MeanTest {
  const { alternative = 'different', tested = 0, level = 0.95 } = options;
  assert(level > 0 && level < 1, `an interval of level ${level}`);
  const excess = difference - tested;
  // Without any spread, 0/0 is no evidence and anything else is beyond doubt.
  const statistic = excess === 0 ? 0 : excess / standardError;
  const below = studentCdf(statistic, degreesOfFreedom);
  const above = studentCdf(-statistic, degreesOfFreedom);
  const pValue =
    alternative === 'less' ? below : alternative === 'greater' ? above : Math.min(1, 2 * Math.min(below, above));
  const tail = alternative === 'different' ? (1 - level) / 2 : 1 - level;
  const radius = -studentQuantile(tail, degreesOfFreedom) * standardError;
  return {
    alternative,
    statistic,
    pValue,
    interval: [
      alternative === 'less' ? Number.NEGATIVE_INFINITY : difference - radius,
      alternative === 'greater' ? Number.POSITIVE_INFINITY : difference + radius,
    ],
  };
}

/** Whether a difference is small enough, shown and not merely not disproved. */
export interface MarginTest {
  readonly margin: number;
  /** How often a true difference at the margin would look at least as small by chance. */
  readonly pValue: number;
  /** Whether pValue ≤ alpha. */
  readonly isShown: boolean;
}

/**
 * "No worse than by `margin`": tests that the difference lies at the margin or beyond against that it lies below it (lower values
 * being better; give `isLowerBetter: false` for the mirror image).
 */
export function testNoWorse(
  { difference, standardError, degreesOfFreedom }: MeanDifference,
  margin: number,
  options: { readonly alpha?: number; readonly isLowerBetter?: boolean } = {},
): MarginTest {
  const { alpha = 0.05, isLowerBetter = true } = options;
  assert(margin >= 0, `a margin of ${margin}`);
  const harm = isLowerBetter ? difference : -difference;
  const pValue = studentCdf(harm === margin ? 0 : (harm - margin) / standardError, degreesOfFreedom);
  return { margin, pValue, isShown: pValue <= alpha };
}

/** Two one-sided tests: that the difference lies within ±`margin` (Schuirmann 1987). The larger of their p-values counts. */
export function testEquivalence(
  difference: MeanDifference,
  margin: number,
  options: { readonly alpha?: number } = {},
): MarginTest {
  const sides = [true, false].map((isLowerBetter) => testNoWorse(difference, margin, { ...options, isLowerBetter }));
  const pValue = Math.max(...sides.map((side) => side.pValue));
  return { margin, pValue, isShown: sides.every((side) => side.isShown) };
}
