import type { ForecastBasis } from '../forecast.ts';
import {
  combinedSpread,
  type Estimate,
  normalSpread,
  type Spread,
  scaledEstimate,
  widenedEstimate,
} from '../interval.ts';
import { effectiveAmount } from '../laws/repetition.ts';
import { lossOf } from '../scaling-law.ts';
import { speedSpread } from './cost-forecast.ts';
import { samplingDeviation } from './document-sampling.ts';
import { forecastConvention, type LadderLaw, measuredRange, seedDeviation } from './ladder-law.ts';
import { carryingDifferences, type LawChoice } from './law-choice.ts';
import { runDifferences } from './run-differences.ts';
import type { RunSubject } from './run-subject.ts';

/** A law with all that it takes to apply it to a run. */
export interface CarriedLaw {
  readonly choice: LawChoice;
  readonly ladder: LadderLaw;
  /** By what the intervals widen for the text or the recipe. */
  readonly spread: Spread;
  /** Where that width is known from, a sentence each; none where nothing is carried over. */
  readonly notes: readonly string[];
}

/** A law carried over to a run, as a function of the size of a model and the tokens of its training. */
export interface AppliedLaw {
  /** Bits per byte. */
  valueAt(numParameters: number, numTokens: number): number;
  /** The same with its intervals. */
  estimateAt(point: { readonly numParameters: number; readonly numTokens: number; readonly flops: number }): Estimate;
  /** D′ in tokens of the ladder. */
  effectiveTokens(numTokens: number): number;
}

/**
 * Applies a law to a text: tokens that are read again count as what they are worth (D′), tokens that hold more bytes than those of the
 * ladder count for more, and bits per byte are scaled by how hard the text is.
 */
export function applyLaw({ choice, ladder, spread }: Omit<CarriedLaw, 'notes'>, uniqueTokens: number): AppliedLaw {
  const { scale, tokenRatio } = choice;
  const effectiveTokens = (numTokens: number) => tokenRatio * effectiveAmount(numTokens, uniqueTokens);
  return {
    effectiveTokens,
    valueAt: (numParameters, numTokens) =>
      scale * lossOf(ladder.predictor.fit.law, numParameters, effectiveTokens(numTokens)),
    estimateAt: ({ numParameters, numTokens, flops }) => {
      const target = { numParameters, numTokens: effectiveTokens(numTokens), flops: reachOf(ladder, flops) };
      return scaledEstimate(widenedEstimate(ladder.predictor.predict(target).estimate, spread), scale);
    },
  };
}

/** Compute as far beyond the largest that the law was fitted to as a run is under the smallest: it is extrapolated as far. */
function reachOf({ fitted }: LadderLaw, flops: number): number {
  const [least, most] = measuredRange(fitted, (point) => point.flops);
  return flops < least ? (most * least) / flops : flops;
}

export interface BitsForecast {
  readonly bitsPerByte: Estimate;
  readonly basis: ForecastBasis;
  /** What is to be known of the intervals, a sentence each. */
  readonly notes: readonly string[];
}

/** The bits per byte at the end of a run by a law, and where they are known from. */
export function forecastBits(subject: RunSubject, carried: CarriedLaw): BitsForecast {
  const { ladder, choice } = carried;
  const { record, fitted, predictor, points } = ladder;
  const { flops, numTokens, uniqueTokens } = subject;
  const numParameters = subject.parameters[forecastConvention];
  const applied = applyLaw(carried, uniqueTokens);
  const target = { numParameters, numTokens: applied.effectiveTokens(numTokens), flops: reachOf(ladder, flops) };
  const prediction = predictor.predict(target);
  const value = applied.valueAt(numParameters, numTokens);
  const effectOfTokens = (factor: number) => applied.valueAt(numParameters, factor * numTokens) / value - 1;
  const [, mostFlops] = measuredRange(fitted, (point) => point.flops);
  const seeds = seedDeviation(record);
  return {
    bitsPerByte: widenedEstimate(
      scaledEstimate(widenedEstimate(prediction.estimate, carried.spread), choice.scale),
      combinedSpread(lengthSpread(subject, effectOfTokens), samplingSpread(subject)),
    ),
    basis: {
      ladder: record.name,
      law: predictor.fit.law,
      convention: forecastConvention,
      numPoints: points.length,
      extrapolation: flops / mostFlops,
      effectiveTokens: target.numTokens,
      scale: choice.scale,
      seedDeviation: seeds,
      measured: {
        numParameters: measuredRange(fitted, ({ parameters }) => parameters[forecastConvention]),
        numTokens: measuredRange(fitted, (point) => point.numTokens),
        batchTokens: measuredRange(fitted, (point) => point.batchTokens),
        flops: measuredRange(fitted, (point) => point.flops),
      },
      conventions: Array.from(ladder.conventions(), ([convention, law]) => ({
        convention,
        bitsPerByte: choice.scale * lossOf(law, Math.max(1, subject.parameters[convention]), target.numTokens),
      })),
      differences: [...carryingDifferences(choice, subject), ...runDifferences({ subject, ladder, effectOfTokens })],
    },
    notes: [...carried.notes, ...identificationNotes(ladder), ...prediction.notes],
  };
}

/** A part of the validation documents is easier or harder than all of them, which the law is about. */
function samplingSpread({ evaluation: { numDocuments, numValidationDocuments } }: RunSubject): Spread {
  return normalSpread(samplingDeviation(numDocuments, numValidationDocuments));
}

/** Where the clock decides the number of steps, the speed of the machine is a part of what the loss depends on. */
function lengthSpread({ time }: RunSubject, effectOfTokens: (factor: number) => number): Spread {
  if (!time.isBudget) return { half80: 0, half95: 0 };
  const { half80, half95 } = speedSpread(time);
  const half = (speed: number) => Math.log1p(Math.max(0, effectOfTokens(Math.exp(-speed))));
  return { half80: half(half80), half95: half(half95) };
}

function identificationNotes({ predictor, record }: LadderLaw): string[] {
  const { E, sentences } = predictor.fit.identified;
  return E
    ? []
    : [
        `Of the ladder ${record.name}: ${sentences.join(' ')} Its law is a description, and says little far beyond its points.`,
      ];
}
