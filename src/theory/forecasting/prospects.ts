import type { Estimate } from '../interval.ts';
import { mostEpochs } from '../laws/repetition.ts';
import { argminBetween } from '../laws/scalar-search.ts';
import { rootBetween } from '../statistics/monotone-root.ts';
import { applyLaw, type CarriedLaw } from './bits-forecast.ts';
import { forecastConvention } from './ladder-law.ts';
import type { RunSubject } from './run-subject.ts';

/** What some compute reaches when it is spent in a certain way. */
export interface Prospect {
  /** Of the compute of the run. */
  readonly factor: number;
  readonly flops: number;
  /** N, in the convention of forecasts. */
  readonly numParameters: number;
  readonly numTokens: number;
  readonly tokensPerParameter: number;
  /** How often the text is read. */
  readonly epochs: number;
  readonly bitsPerByte: Estimate;
}

/** A choice of size and tokens beside what the law would choose, and what more compute would buy. */
export interface Prospects {
  /** The run as planned. */
  readonly chosen: Prospect;
  /** The best that the same compute buys. */
  readonly optimum: Prospect;
  /** The share of the compute that a better split would have saved for the same loss; 0 where the law sees none. */
  readonly deadweight: number;
  /** Multiples of the compute, each spent in the best way. */
  readonly more: readonly Prospect[];
  /** The best for each compute, by rising compute: what a plot draws. */
  readonly frontier: readonly Prospect[];
}

/** Twelve e-folds to each side of the chosen size: a factor of 160,000. */
const searchWidth = 12;
const numFrontierPoints = 33;

/**
 * What a run's compute could buy by its law, each training cut from the compute as C = k·N·D with the k of the run. Tokens are limited
 * to sixteen readings of the text; a law without a term in N or D has no best size, and then the choice stands for it.
 *
 * @param bitsPerByte of the run, as foretold
 * @param factors of the compute
 * @param leastParameters of the smallest model that there is
 */
export function prospectsOf(
  subject: RunSubject,
  carried: CarriedLaw,
  bitsPerByte: Estimate,
  {
    factors = [2, 10],
    leastParameters = 1,
  }: { readonly factors?: readonly number[]; readonly leastParameters?: number } = {},
): Prospects {
  const applied = applyLaw(carried, subject.uniqueTokens);
  const { flops, numTokens, uniqueTokens } = subject;
  const numParameters = subject.parameters[forecastConvention];
  const { A, B } = carried.ladder.predictor.fit.law;
  const hasBest = A > 0 && B > 0;
  const perParameterToken = flops / (numParameters * numTokens);
  const mostTokens = Math.max(numTokens, mostEpochs * uniqueTokens);
  const prospect = (factor: number, size: number, tokens: number, estimate?: Estimate): Prospect => ({
    factor,
    flops: factor * flops,
    numParameters: size,
    numTokens: tokens,
    tokensPerParameter: tokens / size,
    epochs: tokens / uniqueTokens,
    bitsPerByte: estimate ?? applied.estimateAt({ numParameters: size, numTokens: tokens, flops: factor * flops }),
  });
  const bestSize = (factor: number): { readonly size: number; readonly tokens: number } => {
    const product = (factor * flops) / perParameterToken;
    if (!hasBest) return { size: numParameters * Math.sqrt(factor), tokens: numTokens * Math.sqrt(factor) };
    // No size is so small that the text would have to be read more often than counts.
    const least = Math.min(numParameters, leastParameters);
    const low = Math.max(Math.log(numParameters) - searchWidth, Math.log(least), Math.log(product / mostTokens));
    const lossAt = (log: number) => applied.valueAt(Math.exp(log), product / Math.exp(log));
    const size = Math.exp(argminBetween(lossAt, low, Math.max(low, Math.log(numParameters)) + searchWidth, 128));
    return { size, tokens: product / size };
  };
  const best = (factor: number): Prospect => {
    const { size, tokens } = bestSize(factor);
    return prospect(factor, size, tokens);
  };
  const bestValue = (factor: number): number => {
    const { size, tokens } = bestSize(factor);
    return applied.valueAt(size, tokens);
  };
  const own = applied.valueAt(numParameters, numTokens);
  return {
    chosen: prospect(1, numParameters, numTokens, bitsPerByte),
    optimum: best(1),
    deadweight: hasBest ? deadweightOf(own, bestValue) : 0,
    more: factors.map(best),
    frontier: frontierFactors(subject, carried, factors).map(best),
  };
}

/** 1 − C_eq/C, C_eq the least compute that reaches the same loss. */
function deadweightOf(loss: number, bestValue: (factor: number) => number): number {
  if (bestValue(1) >= loss) return 0;
  const excess = (log: number) => loss - bestValue(Math.exp(log));
  const lowest = -8;
  return excess(lowest) >= 0 ? 1 - Math.exp(lowest) : 1 - Math.exp(rootBetween(excess, lowest, 0));
}

/** From the least compute of the ladder to the most that is asked about, evenly over the logarithm. */
function frontierFactors({ flops }: RunSubject, { ladder }: CarriedLaw, factors: readonly number[]): readonly number[] {
  const least = Math.min(1, ...ladder.record.points.map((point) => point.flops / flops));
  const most = Math.max(1, ...factors);
  const step = Math.log(most / least) / (numFrontierPoints - 1);
  return Array.from({ length: numFrontierPoints }, (_, i) => least * Math.exp(step * i));
}
