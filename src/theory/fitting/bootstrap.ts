import { assert, GroundworkError, type RandomStream, randomStream } from '../../core/index.ts';
import { sortedQuantile } from '../calibration/weighted-quantile.ts';
import type { Estimate } from '../interval.ts';
import type { LawPoint, ScalingLaw } from '../scaling-law.ts';
import { absentTerm } from './law-objective.ts';
import { lawAt, refineLaw, type SearchGoal } from './law-search.ts';
import type { Observations } from './observations.ts';
import type { Minimum } from './quasi-newton.ts';
import { type FitOptions, type ScalingLawFit, searchedFit } from './scaling-law-fit.ts';
import { coarseGrid, gridCells, gridPosition, valleyCells } from './start-cells.ts';

/**
 * What is drawn anew: whole points with replacement (Efron 1979), which doubts the design too; or the residuals alone, laid
 * upon the fitted losses, which keeps the design and suits few points.
 */
export type BootstrapKind = 'pairs' | 'residuals';

export interface BootstrapOptions extends FitOptions {
  readonly numResamples: number;
  readonly seed: number;
  /** `pairs` unless given. */
  readonly kind?: BootstrapKind;
}

/** A number of the law with its percentile intervals over the resamples. */
export interface ParameterEstimate extends Estimate {
  /** Standard deviation over the resamples. */
  readonly standardError: number;
}

/** What correlations are between, in this order: amplitudes in logarithms, since their spread is of factors. */
export const correlated = ['E', 'ln A', 'alpha', 'ln B', 'beta'] as const;

/** Laws fitted to resamples of the points of one fit. */
export interface ScalingLawBootstrap {
  /** Of the points themselves. */
  readonly fit: ScalingLawFit;
  readonly kind: BootstrapKind;
  /** One for each resample. */
  readonly laws: readonly ScalingLaw[];
  readonly parameters: Readonly<Record<keyof ScalingLaw | 'sizeExponent', ParameterEstimate>>;
  /** Of the five numbers named by `correlated`; 0 beside a number that never varies. */
  readonly correlations: readonly (readonly number[])[];
  /** Whether the resamples agree about E, where the design lets it be known at all. */
  readonly identified: { readonly E: boolean; readonly reason: string | null };
  /** Resamples that were drawn again because they held one size, one duration or fewer than three points. */
  readonly numRedrawn: number;
  readonly numEvaluations: number;
}

/** Draws for one resample before the design is given up. */
const maxRedraws = 1_000;
/** Different points that a resample has at least. */
const leastDistinct = 3;
/** A valley of the coarse grid that lies this many steps from the end of the warm start may be another one. */
const otherValley = 1.5;
/**
 * Where a search of a resample may end: the descent still possible is far below that of one standard error, which is about
 * 1/2n of the value.
 */
const descentTolerance = 1e-9;

/**
 * Fits the law again to resamples of its points, by default the points drawn with replacement. Each search sets out from the
 * law of all points, and from every valley of a coarse grid that lies apart from where that leads.
 *
 * The intervals say how well the points fix the numbers *were the form true*. As intervals of a forecast they are too
 * narrow by far: on dense public tables nominal 95 % covered 12 to 50 % of larger runs, because the form itself is wrong by
 * half a percent.
 *
 * @param points as for `fitScalingLaw`
 * @throws GroundworkError `usage` as `fitScalingLaw`, and where resamples can hardly be drawn
 */
export function bootstrapScalingLaw(points: readonly LawPoint[], options: BootstrapOptions): ScalingLawBootstrap {
  const { numResamples, seed, kind = 'pairs' } = options;
  if (!(Number.isInteger(numResamples) && numResamples >= 2)) {
    throw new GroundworkError('usage', `${numResamples} resamples, expected a whole number of at least two`, {
      hint: 'Intervals of 95 % need about a thousand.',
    });
  }
  const { fit, goal, minimum } = searchedFit(points, options);
  const stream = randomStream(seed, `theory.bootstrap.${kind}`);
  const resampler = kind === 'pairs' ? pairsResampler(goal.observations) : residualsResampler(goal.observations, fit);
  const laws: ScalingLaw[] = [];
  let [numRedrawn, numEvaluations] = [0, fit.numEvaluations];
  for (let i = 0; i < numResamples; i++) {
    const { observations, numRefused } = resampler(stream);
    numRedrawn += numRefused;
    const found = resampledLaw({ ...goal, observations }, minimum);
    numEvaluations += found.numEvaluations;
    laws.push(found.law);
  }
  const parameters = estimatesOf(fit, laws);
  const identified = agreementOn(parameters.E, fit);
  return {
    fit,
    kind,
    laws,
    parameters,
    correlations: correlationsOf(laws),
    identified,
    numRedrawn,
    numEvaluations,
  };
}

/** The law of one resample. */
export function resampledLaw(
  goal: SearchGoal,
  warm: Minimum,
): { readonly law: ScalingLaw; readonly minimum: Minimum; readonly numEvaluations: number } {
  const { observations, isAbsent } = goal;
  const { inverseHessian } = warm;
  let minimum = refineLaw(goal, warm.point, { inverseHessian, descentTolerance });
  let { numEvaluations } = minimum;
  const { alpha, beta } = lawAt(minimum.point, observations);
  const [row, column] = [gridPosition(coarseGrid, alpha), gridPosition(coarseGrid, beta)];
  for (const cell of valleyCells(gridCells(observations, coarseGrid, undefined, isAbsent), coarseGrid)) {
    if (Math.max(Math.abs(cell.row - row), Math.abs(cell.column - column)) < otherValley) continue;
    const end = refineLaw(goal, cell.theta, { descentTolerance });
    numEvaluations += end.numEvaluations;
    if (end.value < minimum.value) minimum = end;
  }
  return { law: lawAt(minimum.point, observations), minimum, numEvaluations };
}

type Resampler = (stream: RandomStream) => { readonly observations: Observations; readonly numRefused: number };

/** Points with replacement: a point drawn twice counts twice, one that is not drawn is left out. */
function pairsResampler(all: Observations): Resampler {
  const numPoints = all.logLoss.length;
  const hasSeveral = (logs: Float64Array): boolean => logs.some((x) => x !== logs[0]);
  const counting = (logs: Float64Array): Float64Array => logs.filter((_, i) => (all.weight[i] as number) > 0);
  const [hasSizes, hasDurations] = [hasSeveral(counting(all.logSize)), hasSeveral(counting(all.logTokens))];
  const [count, drawn] = [new Int32Array(numPoints), new Int32Array(numPoints)];
  // Plain loops: this runs thousands of times, and indices stay below the number of points.
  const pick = (values: Float64Array, numDrawn: number): Float64Array => {
    const picked = new Float64Array(numDrawn);
    for (let i = 0; i < numDrawn; i++) picked[i] = values[drawn[i] as number] as number;
    return picked;
  };
  return (stream) => {
    for (let numRefused = 0; numRefused < maxRedraws; numRefused++) {
      count.fill(0);
      for (let i = 0; i < numPoints; i++) {
        const one = stream.nextInteger(numPoints);
        count[one] = (count[one] as number) + 1;
      }
      let numDrawn = 0;
      for (let i = 0; i < numPoints; i++) {
        if ((count[i] as number) > 0 && (all.weight[i] as number) > 0) drawn[numDrawn++] = i;
      }
      const [logSize, logTokens] = [pick(all.logSize, numDrawn), pick(all.logTokens, numDrawn)];
      if (numDrawn < leastDistinct) continue;
      if ((hasSizes && !hasSeveral(logSize)) || (hasDurations && !hasSeveral(logTokens))) continue;
      const weight = pick(all.weight, numDrawn);
      let totalWeight = 0;
      for (let i = 0; i < numDrawn; i++) {
        weight[i] = (weight[i] as number) * (count[drawn[i] as number] as number);
        totalWeight += weight[i] as number;
      }
      const observations = { ...all, logSize, logTokens, logLoss: pick(all.logLoss, numDrawn), weight, totalWeight };
      return { observations, numRefused };
    }
    throw new GroundworkError(
      'usage',
      `in ${maxRedraws} draws no resample of ${numPoints} points had two sizes and two durations`,
      {
        hint: "Resample residuals instead, which keeps the design: kind 'residuals'.",
      },
    );
  };
}

/** The fitted losses with residuals of the points that count drawn anew, widened for the five numbers that the fit spent. */
function residualsResampler(all: Observations, fit: ScalingLawFit): Resampler {
  const residuals = fit.residuals.filter((_, i) => (all.weight[i] as number) > 0);
  const spent = Math.sqrt(residuals.length / Math.max(1, residuals.length - 5));
  const lawful = Float64Array.from(fit.fitted, Math.log);
  return (stream) => {
    const logLoss = lawful.map((l) => l + spent * (residuals[stream.nextInteger(residuals.length)] ?? Number.NaN));
    return { observations: { ...all, logLoss }, numRefused: 0 };
  };
}

function estimatesOf(fit: ScalingLawFit, laws: readonly ScalingLaw[]): ScalingLawBootstrap['parameters'] {
  const estimate = (value: number, read: (law: ScalingLaw) => number): ParameterEstimate => {
    const sorted = Float64Array.from(laws, read).sort();
    const range = (level: number): [number, number] => [
      sortedQuantile(sorted, (1 - level) / 2),
      sortedQuantile(sorted, (1 + level) / 2),
    ];
    return { value, standardError: deviationOf(sorted), interval80: range(0.8), interval95: range(0.95) };
  };
  const { law, sizeExponent } = fit;
  return {
    E: estimate(law.E, ({ E }) => E),
    A: estimate(law.A, ({ A }) => A),
    alpha: estimate(law.alpha, ({ alpha }) => alpha),
    B: estimate(law.B, ({ B }) => B),
    beta: estimate(law.beta, ({ beta }) => beta),
    sizeExponent: estimate(sizeExponent, ({ alpha, beta }) => beta / (alpha + beta)),
  };
}

function deviationOf(values: Float64Array): number {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  return Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (values.length - 1));
}

function correlationsOf(laws: readonly ScalingLaw[]): number[][] {
  const logOf = (term: number): number => (term > 0 ? Math.log(term) : absentTerm);
  const columns = [
    laws.map(({ E }) => E),
    laws.map(({ A }) => logOf(A)),
    laws.map(({ alpha }) => alpha),
    laws.map(({ B }) => logOf(B)),
    laws.map(({ beta }) => beta),
  ].map((column) => {
    const mean = column.reduce((sum, x) => sum + x, 0) / column.length;
    const centred = column.map((x) => x - mean);
    const norm = Math.sqrt(centred.reduce((sum, x) => sum + x * x, 0));
    return centred.map((x) => (norm > 0 ? x / norm : 0));
  });
  assert(columns.length === correlated.length, 'each correlated number has its name');
  return columns.map((a, i) =>
    columns.map((b, j) => (i === j ? 1 : a.reduce((sum, x, k) => sum + x * (b[k] ?? Number.NaN), 0))),
  );
}

/** Resamples agree about E where its 95 % interval is no wider than half its value. */
function agreementOn({ value, interval95: [low, high] }: ParameterEstimate, fit: ScalingLawFit) {
  if (!fit.identified.E) return { E: false, reason: fit.identified.reason };
  if (high - low <= value / 2) return { E: true, reason: null };
  const reason =
    `Resamples of these points put the end of the loss (E) anywhere from ${low.toFixed(3)} to ${high.toFixed(3)}: ` +
    'it is not known, though the loss near these points may be.';
  return { E: false, reason };
}
