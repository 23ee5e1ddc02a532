import { formatCompact, formatCount } from '../../page/index.ts';
import type { Forecast, ForecastBasis } from '../forecast.ts';
import { conventionTexts } from '../ladder-sentences.ts';
import { effectiveAmount } from '../laws/repetition.ts';
import { lossOf } from '../scaling-law.ts';
import type { Judgement } from '../verdict.ts';
import type { Cause } from './cause.ts';
import { samplingDeviation } from './document-sampling.ts';
import type { RunOutcome } from './judgement.ts';
import { percentText, stepsText } from './quantity-text.ts';

/** A cause that may explain a miss. */
export interface Suspicion {
  readonly cause: Cause;
  readonly text: string;
  /** How much it explains: 1 all of it, 0 nothing. What has no number is ranked by how much such things matter as a rule. */
  readonly weight: number;
}

/** Causes that explain less than this are not named. */
const leastWeight = 0.15;
/** What is known to differ, without a number for what that does. */
const weightWithoutNumber: { readonly [cause in Cause]?: number } = {
  recipe: 0.7,
  data: 0.65,
  schedule: 0.5,
  'learning-rate': 0.45,
  batch: 0.35,
  repetition: 0.35,
  extrapolation: 0.3,
};
/** Why the bits per byte of a run are not what was foretold, most likely cause first. */
export function diagnoseBits(
  forecast: Forecast,
  outcome: RunOutcome,
  { actual, forecast: value }: Judgement,
): Suspicion[] {
  const { basis } = forecast;
  if (basis === null) return [];
  const miss = Math.log(actual / value);
  const suspicions = [
    ...changed(outcome),
    ...lengthCause(forecast, basis, outcome, miss),
    ...noiseCause(basis, outcome, miss),
    ...basis.differences.map(
      ({ cause, text, effect }): Suspicion => ({
        cause,
        text,
        weight: effect === null ? (weightWithoutNumber[cause] ?? 0.3) : explained(Math.log1p(effect), miss),
      }),
    ),
    ...skippedSteps(outcome, miss),
    ...accountingCause(basis, value, miss),
  ];
  const likely = suspicions.filter(({ weight }) => weight >= leastWeight).sort((a, b) => b.weight - a.weight);
  return likely.length > 0 ? likely : [unexplained(miss)];
}

/** How much of a miss an effect explains: all where they are equal, nothing where it goes the other way. */
function explained(effect: number, miss: number): number {
  return effect * miss <= 0 ? 0 : Math.min(effect / miss, miss / effect);
}

function changed({ changes }: RunOutcome): Suspicion[] {
  return changes.map((change) => ({
    cause: 'recipe',
    text: `The run did not go on as it had begun: ${change}.`,
    weight: 0.9,
  }));
}

function lengthCause(
  { subject }: Forecast,
  { law, convention, scale, effectiveTokens }: ForecastBasis,
  { numSteps, numTokens }: RunOutcome,
  miss: number,
): Suspicion[] {
  if (numSteps === subject.numSteps) return [];
  const ratio = effectiveTokens / effectiveAmount(subject.numTokens, subject.uniqueTokens);
  const numParameters = subject.parameters[convention];
  const at = (tokens: number) =>
    scale * lossOf(law, numParameters, ratio * effectiveAmount(tokens, subject.uniqueTokens));
  const there = at(Math.max(1, numTokens));
  const effect = Math.log(there / at(subject.numTokens));
  return [
    {
      cause: 'length',
      text:
        `${stepsText(numSteps)} done, and ${formatCount(subject.numSteps)} were foretold: for ${formatCompact(numTokens)} tokens ` +
        `the law gives ${there.toFixed(4)} bits per byte.`,
      weight: explained(effect, miss),
    },
  ];
}

function noiseCause({ seedDeviation }: ForecastBasis, outcome: RunOutcome, miss: number): Suspicion[] {
  const { numDocuments, numValidationDocuments } = outcome;
  const ofSample = samplingDeviation(numDocuments, numValidationDocuments);
  const deviation = Math.hypot(seedDeviation ?? 0, ofSample);
  if (deviation === 0) return [];
  const seeds =
    seedDeviation === null
      ? ''
      : `Runs that differ in their seed only lie ${percentText(seedDeviation)} apart (one standard deviation)`;
  const sample =
    ofSample === 0
      ? ''
      : `${seeds === '' ? 'T' : '; t'}he run was measured on ${formatCount(numDocuments)} of ${formatCount(numValidationDocuments)} documents, which adds about ` +
        percentText(ofSample);
  return [
    {
      cause: 'noise',
      text: `${seeds}${sample}; the miss is ${percentText(Math.expm1(miss))}.`,
      // Two standard deviations come by chance now and then.
      weight: Math.min(1, (2 * deviation) / Math.abs(miss)) ** 2,
    },
  ];
}

function skippedSteps({ numSkipped, numSteps }: RunOutcome, miss: number): Suspicion[] {
  if (numSkipped === 0 || miss < 0) return [];
  return [
    {
      cause: 'learning-rate',
      text: `${formatCount(numSkipped)} of ${formatCount(numSteps)} steps ${numSkipped === 1 ? 'was' : 'were'} left out, since loss or gradient was not finite: a sign of a rate that is too high.`,
      // One in fifty is a rate that does not hold; one in a thousand is bad luck.
      weight: 0.4 * Math.min(1, (50 * numSkipped) / numSteps),
    },
  ];
}

function accountingCause({ conventions, convention }: ForecastBasis, value: number, miss: number): Suspicion[] {
  const others = conventions
    .filter((one) => one.convention !== convention)
    .map((one) => ({ ...one, weight: explained(Math.log(one.bitsPerByte / value), miss) }))
    .sort((a, b) => b.weight - a.weight);
  const [best] = others;
  if (best === undefined || best.weight < 0.3) return [];
  return [
    {
      cause: 'accounting',
      text:
        `The law counts ${conventionTexts[convention]}; fitted to ${conventionTexts[best.convention]} it gives ` +
        `${best.bitsPerByte.toFixed(4)} bits per byte: the conclusion depends on what is counted.`,
      // Laws that differ are a reason for doubt, and none of them knows better.
      weight: 0.8 * best.weight,
    },
  ];
}

function unexplained(miss: number): Suspicion {
  return {
    cause: 'noise',
    text: `Nothing in the records explains a miss of ${percentText(Math.expm1(miss))}; one forecast in twenty fails by what its interval promises.`,
    weight: 0,
  };
}
