import { formatNumber } from '../../page/index.ts';
import { bootstrapScalingLaw } from '../fitting/bootstrap.ts';
import type { FitObjective } from '../fitting/law-objective.ts';
import { fitScalingLaw, hoffmannObjective, type ScalingLawFit, weakPrior } from '../fitting/scaling-law-fit.ts';
import type { Estimate } from '../interval.ts';
import { lossOf } from '../scaling-law.ts';
import { type BootstrapBand, bootstrapBand } from './bootstrap-band.ts';
import { calibratedHalfWidth, type IntervalCalibration, type IntervalLevel } from './calibration.ts';
import { type ComputePoint, extrapolationFactor, isDesign, type PredictionTarget } from './extrapolation.ts';
import { type FitErrors, fitErrors, widenedResiduals } from './fit-errors.ts';
import { type SecondOpinion, secondOpinion } from './second-opinion.ts';
import { shippedCalibration } from './shipped-calibration.ts';

export interface LossPredictorOptions {
  /** How the fit penalises residuals; that of `fitScalingLaw` unless given. */
  readonly objective?: FitObjective;
  /** How wrong forecasts turned out to be; the shipped one unless given. */
  readonly calibration?: IntervalCalibration;
  /** Laws in the bootstrap. */
  readonly numResamples?: number;
  readonly seed?: number;
}

/** What a law says about one training, and how sure that is. */
export interface LossPrediction {
  /** The loss with the intervals to promise, in the unit of the points. */
  readonly estimate: Estimate;
  /** C of the target over the largest C of the points, at least 1. */
  readonly extrapolation: number;
  /** The intervals of the back-tests alone. */
  readonly calibrated: Estimate;
  /** The intervals of resampling alone. */
  readonly band: BootstrapBand;
  readonly secondOpinion: SecondOpinion;
  /** What a reader should know about the intervals, a sentence each. */
  readonly notes: readonly string[];
}

/** A fitted law that predicts with calibrated intervals. */
export interface LossPredictor {
  readonly fit: ScalingLawFit;
  /** How far the fit is off on its own points. */
  readonly errors: FitErrors;
  predict(target: PredictionTarget): LossPrediction;
}

/**
 * Fits a law to points once and predicts from it as often as wanted.
 *
 * An interval is the larger, at each end, of two: what resampling points and residuals gives, and prediction·exp(±q), where q
 * is how wrong forecasts that reached as far turned out to be ({@link calibratedHalfWidth}). Where the law with a weak prior
 * lies outside, the interval is widened to hold it ({@link secondOpinion}).
 *
 * @param points trainings, all with N under one convention and losses in one unit
 * @throws GroundworkError `usage` where no law can be fitted to the points
 */
export function lossPredictor(points: readonly ComputePoint[], options: LossPredictorOptions = {}): LossPredictor {
  const { objective = hoffmannObjective, calibration = shippedCalibration, numResamples = 200, seed = 0 } = options;
  const { fit, laws } = bootstrapScalingLaw(points, { objective, numResamples, seed });
  const residuals = widenedResiduals(fit.residuals);
  const errors = fitErrors(points, fit.residuals);
  const prior = fitScalingLaw(points, { objective, prior: weakPrior });
  const design = designNote(points);
  const predict = (target: PredictionTarget): LossPrediction => {
    const extrapolation = extrapolationFactor(points, target);
    const value = lossOf(fit.law, target.numParameters, target.numTokens);
    const calibrated = calibratedEstimate(value, extrapolation, errors, calibration);
    const band = bootstrapBand({ law: fit.law, residuals, laws }, target, seed);
    const opinion = secondOpinion(hull(calibrated, band.withResiduals), prior.law, target);
    const notes = [opinion.note, reachNote(extrapolation, calibration), balanceNote(points, target), design].filter(
      (note) => note !== null,
    );
    return { estimate: opinion.estimate, extrapolation, calibrated, band, secondOpinion: opinion, notes };
  };
  return { fit, errors, predict };
}

/**
 * The loss of one training with its calibrated intervals: {@link lossPredictor} for a single target.
 *
 * @throws GroundworkError `usage` where no law can be fitted to the points
 */
export function predictionInterval(
  points: readonly ComputePoint[],
  target: PredictionTarget,
  options: LossPredictorOptions = {},
): Estimate {
  return lossPredictor(points, options).predict(target).estimate;
}

/** A loss with the intervals that a calibration gives it, multiplicative about the loss. */
export function calibratedEstimate(
  value: number,
  factor: number,
  errors: FitErrors,
  calibration: IntervalCalibration,
): Estimate {
  const range = (level: IntervalLevel): [number, number] => {
    const half = calibratedHalfWidth(calibration, level, factor, errors);
    return [value * Math.exp(-half), value * Math.exp(half)];
  };
  return { value, interval80: range(0.8), interval95: range(0.95) };
}

/** The larger of two intervals at each end, for both levels. */
export function hull(a: Estimate, b: Estimate): Estimate {
  const range = (left: readonly [number, number], right: readonly [number, number]): [number, number] => [
    Math.min(left[0], right[0]),
    Math.max(left[1], right[1]),
  ];
  return {
    value: a.value,
    interval80: range(a.interval80, b.interval80),
    interval95: range(a.interval95, b.interval95),
  };
}

function reachNote(factor: number, { factors }: IntervalCalibration): string | null {
  const furthest = factors.at(-1) ?? 1;
  if (factor <= furthest) return null;
  return (
    `The forecast reaches ${formatNumber(factor)} times beyond the compute that was measured; no more than ` +
    `${furthest} times was ever checked against finished trainings.`
  );
}

/** Intervals were checked on designs with a spread of sizes and durations; a ladder of less is told so. */
function designNote(points: readonly ComputePoint[]): string | null {
  if (isDesign(points)) return null;
  return (
    `The law rests on ${points.length} trainings with too few sizes or durations, or too little compute between them, for ` +
    'its intervals to have been checked: they were on eight trainings, three sizes, three durations and a factor of ten, or more.'
  );
}

function balanceNote(points: readonly ComputePoint[], target: PredictionTarget): string | null {
  const ratioOf = ({ numParameters, numTokens }: PredictionTarget): number => numTokens / numParameters;
  const ratios = points.map(ratioOf);
  const [low, high, wanted] = [Math.min(...ratios), Math.max(...ratios), ratioOf(target)];
  // Half as much again beyond either end is still next to what was measured.
  if (wanted >= low / 1.5 && wanted <= high * 1.5) return null;
  const tokens = [wanted, low, high].map((ratio) => formatNumber(ratio));
  return `The target has ${tokens[0]} tokens per parameter, and the law was measured from ${tokens[1]} to ${tokens[2]}.`;
}
