import { bootstrapScalingLaw } from '../fitting/bootstrap.ts';
import { fitScalingLaw, weakPrior } from '../fitting/scaling-law-fit.ts';
import { lossOf } from '../scaling-law.ts';
import { type BootstrapBand, bootstrapBand } from './bootstrap-band.ts';
import { type ComputePoint, computeOf, extrapolationFactor, isDesign, splitByCompute } from './extrapolation.ts';
import { type FitErrors, fitErrors, widenedResiduals } from './fit-errors.ts';
import { groupBy } from './grouping.ts';

/** Finished trainings that one law may be fitted on: one recipe, one text, one loss. */
export interface BackTestTable {
  readonly name: string;
  /** Where the trainings come from. Tables of one source share models, text or people, and are left out together. */
  readonly source: string;
  readonly points: readonly ComputePoint[];
}

/** How a forecast of the past was made. */
export type BackTestKind = 'leave-one-out' | 'small-to-large' | 'largest-size-out';

/** What a law that was fitted on a part of a table said about a training of the other part. */
export interface BackTestForecast {
  readonly table: string;
  readonly source: string;
  readonly kind: BackTestKind;
  /** Names the fit: forecasts of one fit err together. */
  readonly fit: string;
  /** C of the target over the largest C of the fit, at least 1. */
  readonly factor: number;
  readonly predicted: number;
  readonly actual: number;
  /** ln(actual / predicted): close to the relative error. */
  readonly logError: number;
  /** How far the fit was off on its own points. */
  readonly errors: FitErrors;
  readonly numPoints: number;
  /** What resampling alone would have promised; null where none was asked for. */
  readonly band: BootstrapBand | null;
  /** What the fit with the weak prior said; null where bands were not asked for. */
  readonly secondOpinion: number | null;
}

export interface BackTestOptions {
  /** Compute is cut at the largest of the table over each of these. */
  readonly cuts?: readonly number[];
  /** Trainings that are left out one at a time, spread evenly over the compute. */
  readonly maxLeftOut?: number;
  /** Targets of one fit, spread evenly over the compute. */
  readonly maxTargets?: number;
  /** Laws in a bootstrap of each fit; 0 leaves out the bands and the second opinions. */
  readonly numResamples?: number;
  readonly seed?: number;
}

/** One division of a table: what is fitted and what is predicted. */
interface Split {
  readonly kind: BackTestKind;
  readonly name: string;
  readonly fitted: readonly ComputePoint[];
  readonly targets: readonly ComputePoint[];
}

/**
 * Forecasts the past: fits a law on a part of a table and predicts the rest.
 *
 * - leave one out: every training, or some spread over the compute, is predicted from all others. Trainings with equal
 *   N and D are left out together, since one gives the other away.
 * - small to large: the law is fitted on the trainings with at most C_max / k and predicts all others.
 * - largest size out: all trainings of the largest N are predicted from the smaller ones.
 *
 * Parts that are no design for a law ({@link isDesign}) are passed over.
 */
export function backTest(table: BackTestTable, options: BackTestOptions = {}): BackTestForecast[] {
  const { cuts = [2, 4, 10, 30, 100], maxLeftOut = 8, maxTargets = 40, numResamples = 0, seed = 0 } = options;
  const points = table.points.toSorted((a, b) => computeOf(a) - computeOf(b));
  const splits = [
    ...leaveOneOut(points, maxLeftOut),
    ...cuts.map((cut) => smallToLarge(points, cut)),
    largestSizeOut(points),
  ];
  return splits
    .filter(({ fitted, targets }) => targets.length > 0 && isDesign(fitted))
    .flatMap((split) => forecastsOf(table, split, maxTargets, numResamples, seed));
}

function forecastsOf(
  table: BackTestTable,
  { kind, name, fitted: points, targets }: Split,
  maxTargets: number,
  numResamples: number,
  seed: number,
): BackTestForecast[] {
  const fit = fitScalingLaw(points);
  const { law } = fit;
  const residuals = widenedResiduals(fit.residuals);
  const errors = fitErrors(points, fit.residuals);
  const laws = numResamples > 0 ? bootstrapScalingLaw(points, { numResamples, seed }).laws : [];
  const prior = numResamples > 0 ? fitScalingLaw(points, { prior: weakPrior }).law : null;
  return spread(targets, maxTargets).map((target, i) => {
    const predicted = lossOf(law, target.numParameters, target.numTokens);
    return {
      table: table.name,
      source: table.source,
      kind,
      fit: `${table.name}: ${name}`,
      factor: extrapolationFactor(points, target),
      predicted,
      actual: target.loss,
      logError: Math.log(target.loss / predicted),
      errors,
      numPoints: points.length,
      band: laws.length > 0 ? bootstrapBand({ law, residuals, laws }, target, seed + i) : null,
      secondOpinion: prior === null ? null : lossOf(prior, target.numParameters, target.numTokens),
    };
  });
}

function leaveOneOut(points: readonly ComputePoint[], maxLeftOut: number): Split[] {
  const cell = ({ numParameters, numTokens }: ComputePoint): string => `${numParameters} ${numTokens}`;
  const cells = groupBy(points, cell);
  return spread([...cells], maxLeftOut).map(([name, targets]) => ({
    kind: 'leave-one-out',
    name: `without ${name}`,
    fitted: points.filter((point) => cell(point) !== name),
    targets,
  }));
}

function smallToLarge(points: readonly ComputePoint[], cut: number): Split {
  const { small, large } = splitByCompute(points, cut);
  return { kind: 'small-to-large', name: `up to C/${cut}`, fitted: small, targets: large };
}

function largestSizeOut(points: readonly ComputePoint[]): Split {
  const largest = points.reduce((most, { numParameters }) => Math.max(most, numParameters), 0);
  return {
    kind: 'largest-size-out',
    name: 'without the largest size',
    fitted: points.filter(({ numParameters }) => numParameters < largest),
    targets: points.filter(({ numParameters }) => numParameters === largest),
  };
}

/** At most `limit` of the items, evenly spaced, the first and the last among them. */
function spread<T>(items: readonly T[], limit: number): T[] {
  if (items.length <= limit) return [...items];
  return Array.from({ length: limit }, (_, i) => Math.round((i * (items.length - 1)) / Math.max(1, limit - 1))).flatMap(
    (i) => items.slice(i, i + 1),
  );
}
