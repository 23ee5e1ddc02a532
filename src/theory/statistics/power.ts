import { assert } from '../../core/index.ts';
import type { MeanDifference } from './mean-difference.ts';
import { rootAboveZero } from './monotone-root.ts';
import { noncentralStudentCdf, studentQuantile } from './student-distribution.ts';

/** What a planned comparison is to be tested with. */
export interface PowerOptions {
  /** How often a difference is found where there is none; 0.05 unless told. */
  readonly alpha?: number;
  /** How often a true difference is to be found; 0.8 unless told. */
  readonly power?: number;
  /** Two-sided unless told. */
  readonly sides?: 1 | 2;
  /** Whether runs of the two arms go in pairs of one seed. */
  readonly isPaired?: boolean;
  /** ρ between the two runs of a pair, 0 unless told. */
  readonly correlation?: number;
  /**
   * Degrees of freedom that sigma is known with from elsewhere, infinite where it is exact; undefined where the comparison estimates
   * it from its own runs.
   */
  readonly sigmaDegreesOfFreedom?: number | undefined;
}

/**
 * How often a t-test of n runs per arm finds a true difference: with δ = delta/(σ√(2(1 − ρ)/n)) and ν degrees of freedom
 * (2n − 2 of two arms, n − 1 of pairs) the noncentral t variable beyond the critical value, exactly.
 *
 * @param numSeeds runs per arm; at least two unless sigma is known
 * @param delta true difference of the means
 * @param sigma standard deviation of a single run
 */
export function powerOfComparison(
  numSeeds: number,
  delta: number,
  sigma: number,
  options: Omit<PowerOptions, 'power'> = {},
): number {
  return powerFunction(numSeeds, sigma, options)(delta);
}

/** The power of so many runs as a function of the difference: the critical value is worked out once. */
function powerFunction(
  numSeeds: number,
  sigma: number,
  options: Omit<PowerOptions, 'power'>,
): (delta: number) => number {
  const { alpha = 0.05, sides = 2, isPaired = false, correlation = 0, sigmaDegreesOfFreedom } = options;
  assert(sigma > 0 && alpha > 0 && alpha < 1, `sigma ${sigma}, alpha ${alpha}`);
  assert(correlation === 0 || (isPaired && correlation > -1 && correlation < 1), `a correlation of ${correlation}`);
  const degreesOfFreedom = sigmaDegreesOfFreedom ?? (isPaired ? numSeeds - 1 : 2 * numSeeds - 2);
  assert(numSeeds >= 1 && degreesOfFreedom > 0, `power of ${numSeeds} runs`);
  return powerOfTest(sigma * Math.sqrt((2 * (1 - correlation)) / numSeeds), degreesOfFreedom, alpha, sides);
}

function powerOfTest(
  standardError: number,
  degreesOfFreedom: number,
  alpha: number,
  sides: 1 | 2,
): (delta: number) => number {
  const critical = -studentQuantile(alpha / sides, degreesOfFreedom);
  return (delta) => {
    const noncentrality = Math.abs(delta) / standardError;
    // By symmetry P(T > c; δ) = P(T < −c; −δ).
    const found = noncentralStudentCdf(-critical, degreesOfFreedom, -noncentrality);
    return sides === 1 ? found : found + noncentralStudentCdf(-critical, degreesOfFreedom, noncentrality);
  };
}

/**
 * The fewest runs per arm (or pairs) that find a true difference of `delta` with the power asked for; infinite where `delta` is 0.
 *
 * @param delta difference of the means to be found
 * @param sigma standard deviation of a single run
 */
export function numSeedsNeeded(delta: number, sigma: number, options: PowerOptions = {}): number {
  const { power = 0.8, sigmaDegreesOfFreedom } = options;
  if (delta === 0) return Number.POSITIVE_INFINITY;
  const suffices = (numSeeds: number) => powerOfComparison(numSeeds, delta, sigma, options) >= power;
  const least = sigmaDegreesOfFreedom === undefined ? 2 : 1;
  if (suffices(least)) return least;
  let [tooFew, enough] = [least, 2 * least];
  for (; !suffices(enough); enough *= 2) {
    tooFew = enough;
    if (enough > 2 ** 50) return Number.POSITIVE_INFINITY;
  }
  while (enough - tooFew > 1) {
    const middle = Math.floor((tooFew + enough) / 2);
    if (suffices(middle)) enough = middle;
    else tooFew = middle;
  }
  return enough;
}

/** The smallest true difference that `numSeeds` runs per arm (or pairs) find with the power asked for. */
export function minimalDetectableDifference(numSeeds: number, sigma: number, options: PowerOptions = {}): number {
  const { power = 0.8 } = options;
  const powerOf = powerFunction(numSeeds, sigma, options);
  return rootAboveZero((delta) => powerOf(delta) - power, sigma);
}

/** The smallest true difference that runs with this standard error find with the power asked for, by a two-sided test. */
export function detectableDifference(
  { standardError, degreesOfFreedom }: Pick<MeanDifference, 'standardError' | 'degreesOfFreedom'>,
  { alpha = 0.05, power = 0.8 }: Pick<PowerOptions, 'alpha' | 'power'> = {},
): number {
  assert(standardError > 0, `a standard error of ${standardError}`);
  const powerOf = powerOfTest(standardError, degreesOfFreedom, alpha, 2);
  return rootAboveZero((delta) => powerOf(delta) - power, standardError);
}
