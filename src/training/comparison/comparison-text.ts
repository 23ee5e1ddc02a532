import { formatCompact, formatCount, formatNumber } from '../../page/index.ts';
import type { MultiplierEstimate } from '../../theory/index.ts';
import type { ArmResult, Comparison } from './comparison.ts';
import type { ArmMultipliers } from './multipliers.ts';
import type { RunNoise } from './run-noise.ts';
import type { SeedOutlook } from './seed-outlook.ts';

/** What one arm comes to beside the baseline. */
export interface ArmText {
  /** Such as `slow beside base`. */
  readonly heading: string;
  /** In what they differ, a phrase each. */
  readonly differences: readonly string[];
  /** The answer first. */
  readonly sentences: readonly string[];
  /** What a reader should know besides. */
  readonly notes: readonly string[];
}

/** What a comparison comes to, arm by arm, in plain sentences. */
export function armTexts(comparison: Comparison): readonly ArmText[] {
  return comparison.results.map((result) => armText(result, comparison));
}

function armText(result: ArmResult, { baseline, results, looks }: Comparison): ArmText {
  const { arm, differences, comparison, multipliers } = result;
  const { treatment, conditions } = differences;
  return {
    heading: `${arm.name} beside ${baseline.name}`,
    differences: treatment.length === 0 ? ['nothing that their records tell'] : treatment,
    sentences: [
      comparison.verdict,
      ...(results.length > 1 ? [amongOthers(result, results.length)] : []),
      ...(multipliers === null ? [] : [multiplierSentence(multipliers)]),
      ...seedSentences(result),
    ],
    notes: [
      ...comparison.notes,
      ...(looks === 'any'
        ? ['Whatever holds however often one looks decided: the arms may be looked at after every run.']
        : []),
      ...(conditions.length === 0
        ? []
        : [`They did not run alike, so times do not compare: ${conditions.join('; ')}.`]),
    ],
  };
}

function amongOthers({ isShown, adjustedPValue, comparison: { outcome } }: ArmResult, numArms: number): string {
  const p = adjustedPValue === null ? '' : ` (adjusted p = ${formatNumber(adjustedPValue, 2)})`;
  if (isShown) return `Among the ${numArms} arms that were tried it still counts as shown${p}.`;
  return outcome === 'b-is-better' || outcome === 'b-is-worse'
    ? `Of ${numArms} arms one may look like this by chance: among all of them it does not count as shown${p}.`
    : `Among the ${numArms} arms that were tried it does not count as shown${p}.`;
}

function multiplierSentence({ flops, seconds, tokens, source }: ArmMultipliers): string {
  const parts = [
    `${estimate(flops)} per FLOP`,
    ...(seconds === null ? [] : [`${estimate(seconds)} per second of training`]),
    `${estimate(tokens)} per token`,
  ];
  return `What it is worth, as a multiple of the baseline’s compute for the same loss: ${parts.join('; ')}. ${source}`;
}

function estimate({ multiplier, interval: [low, high] }: MultiplierEstimate): string {
  return `${multiplier.toFixed(2)} (95 % from ${low.toFixed(2)} to ${Number.isFinite(high) ? high.toFixed(2) : 'any'})`;
}

function seedSentences({ comparison: { seeds, isPaired, outcome } }: ArmResult): string[] {
  if (seeds === null) return [];
  const count = (num: number) => {
    if (!Number.isFinite(num)) return 'more than can be trained';
    return isPaired
      ? `${formatCount(num)} ${num === 1 ? 'pair' : 'pairs'}`
      : `${formatCount(num)} ${num === 1 ? 'run' : 'runs'} an arm`;
  };
  const { numSeedsForObserved, numSeedsToDetect } = seeds;
  // A difference that is not shown has its plan in the verdict.
  const isTold = outcome === 'not-distinguished' || numSeedsForObserved === null;
  return [
    ...(isTold ? [] : [`A true difference of this size is found 4 times in 5 with ${count(numSeedsForObserved)}.`]),
    ...(numSeedsToDetect === null ? [] : [`The difference that was asked about takes ${count(numSeedsToDetect)}.`]),
  ];
}

/** What is known of the scatter of such runs, in a sentence. */
export function noiseSentence(noise: RunNoise | null): string {
  if (noise === null) return 'No ladder has replicate runs that tell the noise: it is known from these runs alone.';
  const { sigma, degreesOfFreedom, isExtrapolated, isSameText, ladder, numRuns } = noise;
  const known =
    `Runs of this compute that differ in their seed only scatter by ${formatNumber(sigma, 2)} bits per byte (standard deviation, from ` +
    `${numRuns} runs of the ladder ${ladder}, ${formatNumber(degreesOfFreedom, 2)} degrees of freedom at this compute)`;
  const doubts = [
    ...(isSameText ? [] : ['it was measured on another text']),
    ...(isExtrapolated ? ['its runs have another compute than these'] : []),
  ];
  return `${known}${doubts.length === 0 ? '' : `; take it as a rough guide, for ${doubts.join(' and ')}`}.`;
}

/** How many runs a difference will take, in sentences. */
export function seedOutlookSentences({
  difference,
  flops,
  noise,
  numSeeds,
  numPairs,
  detectable,
}: SeedOutlook): string[] {
  const count = (num: number | null, unit: string) =>
    num === null ? `more ${unit} than can be trained` : `${formatCount(num)} ${unit}`;
  const [first, ...more] = detectable;
  return [
    noiseSentence(noise),
    `To find a true difference of ${formatNumber(difference)} bits per byte 4 times in 5, at ${formatCompact(flops)} FLOPs a run, takes ` +
      `${count(numSeeds, numSeeds === 1 ? 'run of each arm' : 'runs of each arm')} that share nothing, and ` +
      `${count(numPairs, numPairs === 1 ? 'pair' : 'pairs')} of equal seed and data if the two runs of a pair are half alike.`,
    ...(first === undefined
      ? []
      : [
          `${first.numSeeds === 1 ? 'One run' : `${first.numSeeds} runs`} of each arm ${first.numSeeds === 1 ? 'finds' : 'find'} ` +
            `${formatNumber(first.difference, 2)}, ${more.map((one) => `${one.numSeeds} find ${formatNumber(one.difference, 2)}`).join(', ')}.`,
        ]),
  ];
}
