import { formatCompact, formatNumber } from '../../page/index.ts';
import { shippedCalibration } from '../calibration/shipped-calibration.ts';
import { type ComputeOptimum, deadweightCompute } from '../laws/compute-optimum.ts';
import type { ScalingLaw } from '../scaling-law.ts';
import type { TablePoint } from './law-table.ts';
import type { TableFit, TableOptimum } from './table-fit.ts';

/** A table in cells: a head and rows. */
export interface CellTable {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The numbers of the law, each with its interval over resamples. */
export function parameterTable({ bootstrap: { parameters } }: TableFit): CellTable {
  const names = { E: 'E', A: 'A', alpha: 'alpha', B: 'B', beta: 'beta', sizeExponent: 'a: N* grows as C^a' } as const;
  const rows = Object.entries(names).map(([key, name]) => {
    const { value, interval95 } = parameters[key as keyof typeof names];
    return [name, number(value), ...interval95.map(number)];
  });
  return { head: ['', 'value', '95 % from', 'to'], rows };
}

/** What computes buy, with calibrated intervals. */
export function optimumTable({ optima }: TableFit): CellTable {
  const rows = optima.map(({ flops, numParameters, numTokens, tokensPerParameter, prediction, isAtEdge }) => {
    const { estimate, extrapolation } = prediction;
    return [
      flopsText(flops),
      extrapolation === 1 ? 'within' : `×${formatNumber(extrapolation, 3)}`,
      `${isAtEdge ? 'edge: ' : ''}${countText(numParameters)}`,
      countText(numTokens),
      formatNumber(tokensPerParameter, 3),
      number(estimate.value),
      interval(estimate.interval80),
      interval(estimate.interval95),
    ];
  });
  return { head: ['C in FLOPs', 'beyond', 'N*', 'D*', 'D*/N*', 'L*', '80 %', '95 %'], rows };
}

/** The law under each convention of counting; undefined where there is one only. */
export function accountingTable({ accountings }: TableFit): CellTable | undefined {
  if (accountings === null) return undefined;
  const rows = accountings.fits.map(({ convention, fit }) => [
    convention,
    number(fit.law.E),
    number(fit.law.alpha),
    number(fit.law.beta),
    number(fit.sizeExponent),
    `${(100 * fit.meanError).toFixed(2)} %`,
  ]);
  return { head: ['parameters', 'E', 'alpha', 'beta', 'a', 'error'], rows };
}

/** What was fitted and how well, what it cannot say, and what to beware of, a sentence each. */
export function tableFitSentences({
  table,
  bootstrap,
  optima,
  accountings,
  tokenCost,
  range,
}: Omit<TableFit, 'predictor'>): {
  readonly facts: readonly string[];
  readonly doubts: readonly string[];
} {
  const { fit, identified } = bootstrap;
  const { meanError, numPoints, objective, starts } = fit;
  const penalty = objective.kind === 'huber' ? `Huber with delta ${objective.delta}` : 'least absolute deviations';
  const facts = [
    `${numPoints} trainings, ${penalty} of ln loss; on average the law is off by ${(100 * meanError).toFixed(2)} %. ` +
      `${starts.agreeing} of ${starts.tried} starts ended at it.`,
    ...table.notes,
    'The intervals of the numbers are those of resampling: they say how well these points fix them, if the form is right.',
    ...(optima.length === 0
      ? []
      : [
          `The intervals of the loss are calibrated on how wrong such forecasts turned out to be: ${shippedCalibration.source}.`,
          ...(optima.every(({ isAtEdge }) => isAtEdge)
            ? []
            : [
                wasteSentence(
                  fit.law,
                  optima.find(({ isAtEdge }) => !isAtEdge),
                ),
              ]),
          ...(Math.abs(tokenCost / 6 - 1) < 0.01
            ? []
            : [`The best split counts ${number(tokenCost)} FLOPs for each parameter and token, as the table does.`]),
        ]),
  ];
  const doubts = [
    ...fit.identified.sentences,
    ...(identified.reason === null || fit.identified.sentences.join(' ') === identified.reason
      ? []
      : [identified.reason]),
    ...edgeSentences(optima, range),
    ...new Set(optima.flatMap(({ prediction }) => prediction.notes)),
    ...outlierSentences(table.accountings[0]?.points ?? [], fit.residuals),
    ...(accountings?.warnings ?? []),
  ];
  return { facts, doubts };
}

function edgeSentences(
  optima: readonly TableOptimum[],
  { sizes, mostTokensPerParameter }: TableFit['range'],
): string[] {
  if (!optima.some(({ isAtEdge }) => isAtEdge)) return [];
  const [smallest, largest] = sizes.map(countText);
  return [
    'Where it says "edge" the law would have the best model smaller, larger or trained for longer than those of the table ' +
      `(${smallest} to ${largest} parameters, up to ${number(mostTokensPerParameter)} tokens for each): these points do not show where the best size lies, and the ` +
      'last of them is taken.',
  ];
}

/** How much compute a size beside the best one wastes; by a law of this form it is the same at every compute. */
function wasteSentence(law: ScalingLaw, optimum: ComputeOptimum | undefined): string {
  const waste = (factor: number) => {
    if (optimum === undefined) return '';
    const { numParameters, numTokens } = optimum;
    const share = deadweightCompute(law, { numParameters: factor * numParameters, numTokens: numTokens / factor });
    return `${(100 * share).toFixed(1)} %`;
  };
  return (
    `A model of half the best size wastes ${waste(1 / 2)} of its compute, one of twice the best size ${waste(2)}; four times too small ` +
    `or too large, ${waste(1 / 4)} and ${waste(4)}.`
  );
}

/** Points this many times further off than the middle one, and by more than a per cent, do not belong to the law. */
const outlierFactor = 8;

function outlierSentences(points: readonly TablePoint[], residuals: readonly number[]): string[] {
  const sizes = residuals.map(Math.abs).sort((a, b) => a - b);
  const limit = Math.max(0.01, outlierFactor * (sizes[Math.floor(sizes.length / 2)] ?? 0));
  const far = points.flatMap(({ label }, i) => {
    const residual = residuals[i] ?? 0;
    return Math.abs(residual) > limit ? [{ label, residual }] : [];
  });
  if (far.length === 0) return [];
  const shown = far
    .toSorted((a, b) => Math.abs(b.residual) - Math.abs(a.residual))
    .slice(0, mostOutliers)
    .map(
      ({ label, residual }) =>
        `${label} (${residual > 0 ? '+' : '−'}${(100 * Math.abs(Math.expm1(residual))).toFixed(1)} %)`,
    );
  return [
    `The law is far off at ${far.length} of ${points.length} points: ${shown.join(', ')}${far.length > mostOutliers ? ' and others' : ''}. Look ` +
      'whether these trainings are what they should be; such points move the exponents.',
  ];
}

const mostOutliers = 6;

const interval = ([low, high]: readonly [number, number]): string => `${number(low)} to ${number(high)}`;

const number = (value: number): string => formatNumber(value, 4);

/** Floating-point operations, from thousands to 10²⁶: `1.30e22`. */
export const flopsText = (flops: number): string => flops.toExponential(2).replace('e+', 'e');

/** Parameters or tokens: `7.30 M`, and with a power of ten where there is no prefix any more. */
const countText = (count: number): string => (count < 1e15 ? formatCompact(count) : flopsText(count));
