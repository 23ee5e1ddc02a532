import { formatCompact, formatNumber } from '../../page/index.ts';
import { shippedCalibration } from '../calibration/shipped-calibration.ts';
import type { TableFit } from './table-fit.ts';

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
  const rows = optima.map(({ flops, numParameters, numTokens, tokensPerParameter, prediction }) => {
    const { estimate, extrapolation } = prediction;
    return [
      flopsText(flops),
      extrapolation === 1 ? 'within' : `×${formatNumber(extrapolation, 3)}`,
      countText(numParameters),
      countText(numTokens),
      formatNumber(tokensPerParameter, 3),
      number(estimate.value),
      range(estimate.interval80),
      range(estimate.interval95),
    ];
  });
  return { head: ['C in FLOPs', 'beyond', 'N*', 'D*', 'D*/N*', 'L*', '80 %', '95 %'], rows };
}

/** The law under each convention of counting; undefined where there is one only. */
export function accountingTable({ accountings }: TableFit): CellTable | undefined {
  if (accountings === null) return undefined;
  const rows = accountings.fits.map(({ convention, fit, optimum }) => [
    convention,
    number(fit.law.E),
    number(fit.law.alpha),
    number(fit.law.beta),
    number(fit.sizeExponent),
    `${(100 * fit.meanError).toFixed(2)} %`,
    optimum === null ? '' : countText(optimum.totalParameters),
  ]);
  const at = flopsText(accountings.targetFlops);
  return { head: ['parameters', 'E', 'alpha', 'beta', 'a', 'error', `best size at ${at}`], rows };
}

/** What was fitted and how well, what it cannot say, and what to beware of, a sentence each. */
export function tableFitSentences({
  bootstrap,
  optima,
  accountings,
  tokenCost,
}: Pick<TableFit, 'bootstrap' | 'optima' | 'accountings' | 'tokenCost'>): {
  readonly facts: readonly string[];
  readonly doubts: readonly string[];
} {
  const { fit, identified } = bootstrap;
  const { meanError, numPoints, objective, starts } = fit;
  const penalty = objective.kind === 'huber' ? `Huber with delta ${objective.delta}` : 'least absolute deviations';
  const facts = [
    `${numPoints} trainings, ${penalty} of ln loss; on average the law is off by ${(100 * meanError).toFixed(2)} %. ` +
      `${starts.agreeing} of ${starts.tried} starts ended at it.`,
    'The intervals of the numbers are those of resampling: they say how well these points fix them, if the form is right.',
    ...(optima.length === 0
      ? []
      : [
          `The intervals of the loss are calibrated on how wrong forecasts turned out to be. ${shippedCalibration.source}`,
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
    ...new Set(optima.flatMap(({ prediction }) => prediction.notes)),
    ...(accountings?.warnings ?? []),
  ];
  return { facts, doubts };
}

const range = ([low, high]: readonly [number, number]): string => `${number(low)} to ${number(high)}`;

const number = (value: number): string => formatNumber(value, 4);

/** Floating-point operations, from thousands to 10²⁶: `1.30e22`. */
export const flopsText = (flops: number): string => flops.toExponential(2).replace('e+', 'e');

/** Parameters or tokens: `7.30 M`, and with a power of ten where there is no prefix any more. */
const countText = (count: number): string => (count < 1e15 ? formatCompact(count) : flopsText(count));
