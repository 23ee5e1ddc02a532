import { assert } from '../../core/index.ts';
import type { MeanDifference } from './mean-difference.ts';
import type { MarginTest } from './mean-tests.ts';

/** How a test or an interval that may be looked at after every run is tuned. */
export interface SequentialOptions {
  /** How often it may ever be wrong, however often one looks; 0.05 unless told. */
  readonly alpha?: number;
  /**
   * ρ², at which sizes of difference it looks hardest: the true difference is weighed as normal around the tested value with a
   * variance of ρ² times that of a single value. 1 unless told. To be chosen before the first look.
   */
  readonly rhoSquared?: number;
}

/**
 * The e-value of a difference against a tested one: how many times likelier the data are, up to scale, under a mixture of
 * differences N(tested, ρ²σ²) than under the tested one. Along a growing experiment it is a test martingale, so that it ever
 * exceeds 1/α with a probability of at most α (Ville 1939).
 *
 * With n = numEffective, ν = degreesOfFreedom, t = (difference − tested)/standardError:
 *
 * e = (1 + nρ²)^(−½) · [(1 + t²/ν) / (1 + t²/(ν(1 + nρ²)))]^((ν + 1)/2),
 *
 * and for ν = ∞ its limit (1 + nρ²)^(−½) · exp(½t²·nρ²/(1 + nρ²)) (Robbins 1970). The finite form puts the right Haar prior on σ
 * (Lai 1976; Gönen et al. 2005; Wang and Ramdas 2023, 2310.03722). Degrees of freedom from a bank of earlier replicates may
 * count in ν, as `withSpread` pools them. The difference must be of pairs or of arms that share one spread, not Welch's.
 */
export function mixtureEValue(
  estimate: MeanDifference,
  options: SequentialOptions & { readonly tested?: number } = {},
): number {
  const { tested = 0, rhoSquared = 1 } = options;
  const { difference, standardError, degreesOfFreedom: nu, numEffective } = estimate;
  const growth = 1 + numEffective * rhoSquared;
  const excess = difference - tested;
  const square = excess === 0 ? 0 : (excess / standardError) ** 2;
  if (nu === Number.POSITIVE_INFINITY) return Math.exp(0.5 * square * (1 - 1 / growth)) / Math.sqrt(growth);
  if (square === Number.POSITIVE_INFINITY) return growth ** (nu / 2);
  const logRatio = Math.log1p(square / nu) - Math.log1p(square / nu / growth);
  return Math.exp(((nu + 1) / 2) * logRatio) / Math.sqrt(growth);
}

/**
 * The differences that `mixtureEValue` does not reject at 1/α: an interval that holds at every look at once with a probability of
 * at least 1 − α. With a known spread its half-width is σ·√[2(1 + nρ²)/(n²ρ²)·ln(√(1 + nρ²)/α)]; with an estimated one and few runs
 * it is unbounded.
 */
export function confidenceSequenceInterval(
  estimate: MeanDifference,
  options: SequentialOptions = {},
): readonly [low: number, high: number] {
  const { alpha = 0.05, rhoSquared = 1 } = options;
  assert(alpha > 0 && alpha < 1 && rhoSquared > 0, `alpha ${alpha}, rho² ${rhoSquared}`);
  const { difference, standardError, degreesOfFreedom: nu, numEffective } = estimate;
  const growth = 1 + numEffective * rhoSquared;
  const logBound = Math.log(Math.sqrt(growth) / alpha);
  if (nu === Number.POSITIVE_INFINITY) {
    const radius = standardError * Math.sqrt((2 * logBound * growth) / (growth - 1));
    return [difference - radius, difference + radius];
  }
  // (1 + t²/ν) < K(1 + t²/(ν(1 + nρ²))), solved for t².
  const logK = (2 * logBound) / (nu + 1);
  if (logK >= Math.log(growth)) return [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const square = (nu * Math.expm1(logK)) / (1 - Math.exp(logK) / growth);
  const radius = standardError * Math.sqrt(square);
  return [difference - radius, difference + radius];
}

/**
 * "No worse than by `margin`", however often one looks: `testNoWorse` with the e-value of the margin in place of t. Where the difference
 * lies below the margin, those beyond it are excluded with it, as their e-values are larger still.
 */
export function testNoWorseAtAnyLook(
  estimate: MeanDifference,
  margin: number,
  options: SequentialOptions & { readonly isLowerBetter?: boolean } = {},
): MarginTest {
  const { alpha = 0.05, isLowerBetter = true } = options;
  assert(margin >= 0, `a margin of ${margin}`);
  const tested = isLowerBetter ? margin : -margin;
  const isBelow = isLowerBetter ? estimate.difference < tested : estimate.difference > tested;
  const pValue = isBelow ? Math.min(1, 1 / mixtureEValue(estimate, { ...options, tested })) : 1;
  return { margin, pValue, isShown: pValue <= alpha };
}
