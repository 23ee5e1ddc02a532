import { groupBy } from './calibration/grouping.ts';
import { type NextRunAdvice, nextRunAdvice } from './calibration/next-run.ts';
import { bootstrapScalingLaw, resampledLaw, type ScalingLawBootstrap } from './fitting/bootstrap.ts';
import { searchedFit } from './fitting/scaling-law-fit.ts';
import { type CountingConvention, countingConventions } from './forecast.ts';
import { forecastConvention, type LadderLaw, ladderLaw, lawPointsOf, seedDeviation } from './forecasting/ladder-law.ts';
import type { LadderRecord } from './ladder-record.ts';
import { type ComputeOptimum, computeOptimum, hasOptimum } from './laws/compute-optimum.ts';
import { lossOf, type ScalingLaw } from './scaling-law.ts';

/** A law under one way of counting parameters, and how it does on what it has not seen. */
export interface Accounting {
  readonly convention: CountingConvention;
  readonly law: ScalingLaw;
  /** a of N* ∝ C^a. */
  readonly sizeExponent: number;
  /** Mean |ln(loss / fitted loss)| over the points. */
  readonly meanError: number;
  /** Median |ln(loss / predicted loss)| where all points of a size and length are left out in turn; null for too few. */
  readonly heldOutError: number | null;
}

/** A training that may be next. */
export interface NextTraining {
  readonly numLayers: number;
  readonly width: number;
  readonly numParameters: number;
  readonly numTokens: number;
  readonly flops: number;
}

/** What a ladder tells. */
export interface LadderFindings {
  readonly ladder: LadderLaw;
  /** Bits per byte by the law for each point of the record, also for those that were left out of its fit. */
  readonly fitted: readonly number[];
  /** Of the law that forecasts use: its numbers with intervals, as far as the form is true. */
  readonly bootstrap: ScalingLawBootstrap;
  /** In the order of the conventions; without those in which a model has no parameters. */
  readonly accountings: readonly Accounting[];
  /** The convention with the least held-out error. */
  readonly bestConvention: CountingConvention;
  /** Largest difference of the size exponent between conventions: above 0.1 what is best depends on what is counted. */
  readonly exponentSpread: number;
  /** Standard deviation of ln bits per byte between seeds; null without repetitions. */
  readonly seedDeviation: number | null;
  /** Best size and tokens at the ladder's largest compute and at ten times it; none where the ladder cannot tell. */
  readonly optima: readonly ComputeOptimum[];
  /** Which training would narrow the interval of `target` most, for what it costs; null where the ladder cannot tell. */
  readonly advice: NextRunAdvice<NextTraining> | null;
  /** Twice the size and the tokens of the best training, so four times its compute. */
  readonly target: { readonly numParameters: number; readonly numTokens: number; readonly flops: number } | null;
}

/** Conclusions about size flip where its exponent differs by more than this (Pearce and Song 2024; facts of Porian et al. 2024). */
export const stableWithin = 0.1;

const numResamples = 300;
const optimumFactors = [1, 10] as const;
/** Compute of the trainings that the advisor chooses from, in units of the ladder's largest. */
const candidateFactors = [1 / 4, 1 / 2, 1, 2] as const;

/**
 * Fits the law of a ladder under each way of counting parameters, with the intervals of its numbers, the noise between seeds, and
 * what follows from it. A few seconds.
 *
 * @throws GroundworkError `usage` where the points are too few for a law
 */
export function ladderFindings(whole: LadderRecord, seed = 0): LadderFindings {
  const ladder = ladderLaw(whole);
  const { fitted: record } = ladder;
  const { points, predictor } = ladder;
  const { law } = predictor.fit;
  const accountings = countingConventions
    .filter((convention) => record.points.every(({ parameters }) => parameters[convention] > 0))
    .map((convention) => accountingOf(record, convention));
  const exponents = accountings.map(({ sizeExponent }) => sizeExponent);
  const judged = accountings.filter(({ heldOutError }) => heldOutError !== null);
  const best = judged.toSorted((a, b) => (a.heldOutError ?? 0) - (b.heldOutError ?? 0))[0];
  const largest = Math.max(...record.points.map(({ flops }) => flops));
  const { alpha, beta } = predictor.fit.identified;
  const isKnown = alpha && beta;
  const optima =
    isKnown && hasOptimum(law) ? optimumFactors.map((factor) => computeOptimum(law, factor * largest)) : [];
  const target = isKnown ? targetOf(record) : null;
  const design = { points, law, errors: predictor.errors };
  return {
    ladder,
    fitted: lawPointsOf(whole, forecastConvention).map(({ numParameters, numTokens }) =>
      lossOf(law, numParameters, numTokens),
    ),
    bootstrap: bootstrapScalingLaw(points, { numResamples, seed }),
    accountings,
    bestConvention: best?.convention ?? forecastConvention,
    exponentSpread: Math.max(...exponents) - Math.min(...exponents),
    seedDeviation: seedDeviation(whole),
    optima,
    advice: target === null ? null : nextRunAdvice(design, nextTrainings(record, largest), target),
    target,
  };
}

function accountingOf(record: LadderRecord, convention: CountingConvention): Accounting {
  const points = lawPointsOf(record, convention);
  const { fit, goal, minimum } = searchedFit(points, {});
  const { law, sizeExponent, meanError } = fit;
  const groups = [...groupBy(points.keys(), (i) => record.points[i]?.rung).values()];
  // Five numbers want six points at the least.
  const heldOut = groups.filter((group) => points.length - group.length >= 6);
  const errors = heldOut.flatMap((group) => {
    const weight = Float64Array.from(goal.observations.weight);
    for (const i of group) weight[i] = 0;
    const totalWeight = goal.observations.totalWeight - group.length;
    const without = resampledLaw({ ...goal, observations: { ...goal.observations, weight, totalWeight } }, minimum).law;
    return group.flatMap((i) => {
      const point = points[i];
      if (point === undefined) return [];
      return [Math.abs(Math.log(point.loss / lossOf(without, point.numParameters, point.numTokens)))];
    });
  });
  return { convention, law, sizeExponent, meanError, heldOutError: medianOf(errors) };
}

function medianOf(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const [low, high] = [sorted[Math.floor(middle)], sorted[Math.ceil(middle)]];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}

/** Twice the size and twice the tokens of what did best of the trainings with at least half of the largest compute. */
function targetOf({ points }: LadderRecord): NonNullable<LadderFindings['target']> {
  const largest = Math.max(...points.map(({ flops }) => flops));
  const best = points
    .filter(({ flops }) => flops >= largest / 2)
    .reduce((least, point) => (point.bitsPerByte < least.bitsPerByte ? point : least));
  return {
    numParameters: 2 * best.parameters[forecastConvention],
    numTokens: 2 * best.numTokens,
    flops: 4 * best.flops,
  };
}

/** The sizes of a ladder at several amounts of compute. */
function nextTrainings({ points }: LadderRecord, largest: number): NextTraining[] {
  const sizes = groupBy(points, ({ numLayers, width }) => `${numLayers}x${width}`);
  return [...sizes.values()].flatMap(([first]) => {
    if (first === undefined) return [];
    const { numLayers, width, parameters } = first;
    const flopsPerToken = first.flops / first.numTokens;
    return candidateFactors.map((factor) => {
      const flops = factor * largest;
      const numTokens = flops / flopsPerToken;
      return { numLayers, width, numParameters: parameters[forecastConvention], numTokens, flops };
    });
  });
}
