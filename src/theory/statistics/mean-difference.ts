import { assert } from '../../core/index.ts';

/** How far two means lie apart, with what is needed to judge it. */
export interface MeanDifference {
  /** Mean of b less mean of a, or mean of the differences b − a. */
  readonly difference: number;
  /** Standard deviation that `difference` has over repetitions of the experiment, estimated or known. */
  readonly standardError: number;
  /** How well the standard error is known; infinite where the spread of a single value is known beforehand. */
  readonly degreesOfFreedom: number;
  /** Pairs, or n_a·n_b/(n_a + n_b) of two arms: the variance of a single value (or of a single difference) is standardError² times it. */
  readonly numEffective: number;
}

/** How widely single values scatter, from an experiment other than the one at hand. */
export interface KnownSpread {
  /** Standard deviation. */
  readonly sigma: number;
  /** Degrees of freedom that `sigma` was estimated with; infinite where it is exact. */
  readonly degreesOfFreedom: number;
}

/** Mean and sum of squared deviations from it. */
export interface Moments {
  readonly num: number;
  readonly mean: number;
  /** Σ(x − mean)² */
  readonly sumOfSquares: number;
}

/** Mean and sum of squared deviations of at least one value. */
export function momentsOf(values: readonly number[]): Moments {
  assert(values.length > 0, 'moments of no values');
  const first = values[0] ?? 0;
  // From the first value, so that a small spread around a large mean keeps its digits.
  const mean = first + values.reduce((sum, value) => sum + (value - first), 0) / values.length;
  const sumOfSquares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { num: values.length, mean, sumOfSquares };
}

/** The mean of differences within pairs (or of any single sample against zero), spread estimated from them; at least two. */
export function pairedDifference(differences: readonly number[]): MeanDifference {
  const { num, mean, sumOfSquares } = momentsOf(differences);
  assert(num >= 2, 'the spread of one difference cannot be estimated');
  return {
    difference: mean,
    standardError: Math.sqrt(sumOfSquares / (num - 1) / num),
    degreesOfFreedom: num - 1,
    numEffective: num,
  };
}

/** The difference of the means of two arms of unlike spread, at least two values each (Welch 1947, Satterthwaite's degrees of freedom). */
export function welchDifference(a: readonly number[], b: readonly number[]): MeanDifference {
  const [momentsA, momentsB] = [momentsOf(a), momentsOf(b)];
  assert(momentsA.num >= 2 && momentsB.num >= 2, 'the spread of one value cannot be estimated');
  const [varianceA = 0, varianceB = 0] = [momentsA, momentsB].map((m) => m.sumOfSquares / (m.num - 1) / m.num);
  const variance = varianceA + varianceB;
  const degreesOfFreedom =
    variance === 0
      ? momentsA.num + momentsB.num - 2
      : variance ** 2 / (varianceA ** 2 / (momentsA.num - 1) + varianceB ** 2 / (momentsB.num - 1));
  return {
    difference: momentsB.mean - momentsA.mean,
    standardError: Math.sqrt(variance),
    degreesOfFreedom,
    numEffective: numEffectiveOf(momentsA.num, momentsB.num),
  };
}

/** The difference of the means of two arms that share one spread, estimated from both (Student 1908). */
export function pooledDifference(a: readonly number[], b: readonly number[]): MeanDifference {
  const [momentsA, momentsB] = [momentsOf(a), momentsOf(b)];
  const degreesOfFreedom = momentsA.num + momentsB.num - 2;
  assert(degreesOfFreedom >= 1, 'the spread of one value each cannot be estimated');
  const numEffective = numEffectiveOf(momentsA.num, momentsB.num);
  const variance = (momentsA.sumOfSquares + momentsB.sumOfSquares) / degreesOfFreedom;
  return {
    difference: momentsB.mean - momentsA.mean,
    standardError: Math.sqrt(variance / numEffective),
    degreesOfFreedom,
    numEffective,
  };
}

/** The difference of the means of two arms whose runs have a known spread; one value each will do. */
export function knownSpreadDifference(a: readonly number[], b: readonly number[], spread: KnownSpread): MeanDifference {
  const numEffective = numEffectiveOf(a.length, b.length);
  return {
    difference: momentsOf(b).mean - momentsOf(a).mean,
    standardError: spread.sigma / Math.sqrt(numEffective),
    degreesOfFreedom: spread.degreesOfFreedom,
    numEffective,
  };
}

/** The mean of differences within pairs whose spread (of a difference, not of a run) is known; one pair will do. */
export function knownSpreadPairedDifference(differences: readonly number[], spread: KnownSpread): MeanDifference {
  return {
    difference: momentsOf(differences).mean,
    standardError: spread.sigma / Math.sqrt(differences.length),
    degreesOfFreedom: spread.degreesOfFreedom,
    numEffective: differences.length,
  };
}

/** The same difference with the spread of its own values and one known beforehand taken together, each by its degrees of freedom. */
export function withSpread(own: MeanDifference, spread: KnownSpread): MeanDifference {
  if (spread.degreesOfFreedom === Number.POSITIVE_INFINITY) {
    return {
      ...own,
      standardError: spread.sigma / Math.sqrt(own.numEffective),
      degreesOfFreedom: Number.POSITIVE_INFINITY,
    };
  }
  const degreesOfFreedom = own.degreesOfFreedom + spread.degreesOfFreedom;
  const sumOfSquares = own.degreesOfFreedom * spreadOf(own) ** 2 + spread.degreesOfFreedom * spread.sigma ** 2;
  return { ...own, standardError: Math.sqrt(sumOfSquares / degreesOfFreedom / own.numEffective), degreesOfFreedom };
}

/** The standard deviation of a single value, or of a single difference within a pair. */
export function spreadOf({ standardError, numEffective }: MeanDifference): number {
  return standardError * Math.sqrt(numEffective);
}

function numEffectiveOf(numA: number, numB: number): number {
  return (numA * numB) / (numA + numB);
}
