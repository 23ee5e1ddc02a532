import { formatCompact } from '../../page/index.ts';
import type { ComputePoint } from '../calibration/extrapolation.ts';
import { fitWindow } from '../calibration/fit-window.ts';
import { type LossPredictor, lossPredictor } from '../calibration/loss-prediction.ts';
import { fitScalingLaw } from '../fitting/scaling-law-fit.ts';
import { type CountingConvention, countingConventions } from '../forecast.ts';
import type { LadderPoint, LadderRecord } from '../ladder-record.ts';
import { effectiveAmount } from '../laws/repetition.ts';
import type { ScalingLaw } from '../scaling-law.ts';

/** A ladder with the law that was fitted to it. */
export interface LadderLaw {
  readonly record: LadderRecord;
  /** The record without the trainings that were left out of the fit, since they are too small to follow the law of the others. */
  readonly fitted: LadderRecord;
  /** The points of the fit: N under `forecastConvention`, D′ for D, bits per byte. */
  readonly points: readonly ComputePoint[];
  readonly predictor: LossPredictor;
  /** The laws under each convention in which all of the models have parameters; fitted when they are first asked for. */
  conventions(): ReadonlyMap<CountingConvention, ScalingLaw>;
}

/**
 * The convention that forecasts count parameters by: what matrix products read. It is what the compute of a token is proportional to, and
 * under it exponents are stable down to models that are mostly embedding.
 */
export const forecastConvention: CountingConvention = 'matmul';

/** The points of a ladder as a law sees them. Tokens that are read again count as what they are worth (D′). */
export function lawPointsOf({ points, corpus }: LadderRecord, convention: CountingConvention): readonly ComputePoint[] {
  return points.map(({ parameters, numTokens, flops, bitsPerByte }) => ({
    numParameters: parameters[convention],
    numTokens: effectiveAmount(numTokens, corpus.uniqueTokens),
    flops,
    loss: bitsPerByte,
  }));
}

/**
 * Fits the law of a ladder. It takes some tenths of a second.
 *
 * @throws GroundworkError `usage` where its points are too few for a law
 */
export function ladderLaw(record: LadderRecord): LadderLaw {
  const fitted = withoutTooSmall(record);
  const points = lawPointsOf(fitted, forecastConvention);
  const predictor = lossPredictor(points);
  let conventions: ReadonlyMap<CountingConvention, ScalingLaw> | undefined;
  return {
    record,
    fitted,
    points,
    predictor,
    conventions: () => {
      conventions ??= conventionLaws(fitted, predictor.fit.law);
      return conventions;
    },
  };
}

/** A ladder without the trainings that are too small to follow the law of the others (`fitWindow`). */
export function withoutTooSmall(record: LadderRecord): LadderRecord {
  const { leastFlops } = fitWindow(lawPointsOf(record, forecastConvention));
  return { ...record, points: record.points.filter(({ flops }) => flops >= leastFlops) };
}

/** Says which trainings of a ladder a law does not rest on; nothing where it rests on all. */
export function leftOutSentences(record: LadderRecord, fitted: LadderRecord): string[] {
  const num = record.points.length - fitted.points.length;
  if (num === 0) return [];
  const least = formatCompact(Math.min(...fitted.points.map(({ flops }) => flops)));
  const which = num === 1 ? 'One training' : `${num} trainings`;
  return [
    `${which} of less than ${least} FLOPs ${num === 1 ? 'was' : 'were'} left out: by the others alone the law foretells the largest trainings better.`,
  ];
}

/** @param law under the convention of forecasts */
function conventionLaws(record: LadderRecord, law: ScalingLaw): ReadonlyMap<CountingConvention, ScalingLaw> {
  return new Map(
    countingConventions
      .filter((convention) => record.points.every(({ parameters }) => parameters[convention] > 0))
      .map((convention) => [
        convention,
        convention === forecastConvention ? law : fitScalingLaw(lawPointsOf(record, convention)).law,
      ]),
  );
}

/**
 * The standard deviation of ln bits per byte between runs that differ in their seed only, pooled over all rungs with more than one.
 *
 * @returns null where no run was repeated
 */
export function seedDeviation({ points }: LadderRecord): number | null {
  const groups = new Map<string, LadderPoint[]>();
  for (const point of points) groups.set(point.rung, [...(groups.get(point.rung) ?? []), point]);
  let [squares, freedom] = [0, 0];
  for (const group of groups.values()) {
    const logs = group.map(({ bitsPerByte }) => Math.log(bitsPerByte));
    const mean = logs.reduce((sum, value) => sum + value, 0) / logs.length;
    squares += logs.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    freedom += logs.length - 1;
  }
  return freedom === 0 ? null : Math.sqrt(squares / freedom);
}

/** Least and greatest of a number over the points of a ladder. */
export function measuredRange({ points }: LadderRecord, of: (point: LadderPoint) => number): [number, number] {
  const values = points.map(of);
  return [Math.min(...values), Math.max(...values)];
}
