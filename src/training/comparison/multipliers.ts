import {
  type ArmComparison,
  effectiveAmount,
  type KnownSpread,
  localMultiplier,
  type MultiplierAxis,
  type MultiplierEstimate,
  type ScalingLaw,
} from '../../theory/index.ts';
import type { Arm, ArmRun } from './arms.ts';

/** How the loss of the baseline falls as it trains longer: from its runs at two lengths, or from a law. */
export type BaselineSlope =
  | { readonly kind: 'lengths'; readonly shorter: Arm; readonly longer: Arm; readonly noise: KnownSpread | undefined }
  | {
      readonly kind: 'law';
      /** Of the ladder that the law was fitted to. */
      readonly ladder: string;
      /** Bits per byte of N parameters and D′ tokens. Only what it says of tokens counts here: N cancels. */
      readonly law: ScalingLaw;
      /** U: tokens of the text. */
      readonly uniqueTokens: number;
    };

/**
 * What an arm is worth: by how much more of each the baseline would have to spend for the same loss. Above 1 the arm saves. Null for
 * seconds where the runs were not timed alike.
 */
export interface ArmMultipliers {
  readonly flops: MultiplierEstimate;
  readonly seconds: MultiplierEstimate | null;
  readonly tokens: MultiplierEstimate;
  /** Where they come from, and what they rest on, in a sentence. */
  readonly source: string;
}

/** What a run has spent, in the unit of an axis. */
const spentOf: { readonly [axis in MultiplierAxis]: (run: ArmRun) => number } = {
  flops: ({ flops }) => flops,
  seconds: ({ trainingMs }) => trainingMs / 1000,
  tokens: ({ numTokens }) => numTokens,
};

/**
 * The slope from lengths of the baseline: the two whose losses lie next to each other around `loss`, or nearest to it. Undefined where there
 * is one length only, or a longer one is no better.
 */
export function slopeOfLengths(
  lengths: readonly Arm[],
  loss: number,
  noise: KnownSpread | undefined,
): BaselineSlope | undefined {
  const known = lengths.filter(({ runs }) => runs.length >= 2 || noise !== undefined);
  const sorted = known.toSorted((a, b) => tokensOf(a) - tokensOf(b));
  const pairs = sorted.slice(1).flatMap((longer, i) => {
    const shorter = sorted[i];
    return shorter !== undefined && meanLoss(longer) < meanLoss(shorter) && tokensOf(longer) > tokensOf(shorter)
      ? [{ shorter, longer }]
      : [];
  });
  const distance = ({ shorter, longer }: { shorter: Arm; longer: Arm }) =>
    Math.max(0, meanLoss(longer) - loss, loss - meanLoss(shorter));
  const [nearest] = pairs.toSorted((a, b) => distance(a) - distance(b));
  return nearest && { kind: 'lengths', ...nearest, noise };
}

/**
 * The compute multipliers of an arm.
 *
 * @param isTimed whether all ran on one machine and engine, so that their times compare
 * @returns undefined where nothing is known of the noise, and where no training of the baseline would reach the loss
 */
export function armMultipliers(
  baseline: Arm,
  arm: Arm,
  comparison: ArmComparison,
  slope: BaselineSlope,
  isTimed: boolean,
): ArmMultipliers | undefined {
  const by = (axis: MultiplierAxis) =>
    slope.kind === 'lengths'
      ? multiplierOfLengths(arm, slope, axis)
      : multiplierOfLaw(baseline, arm, comparison, slope, axis);
  const [flops, tokens] = [by('flops'), by('tokens')];
  if (flops === undefined || tokens === undefined) return undefined;
  return { flops, tokens, seconds: (isTimed ? by('seconds') : undefined) ?? null, source: sourceOf(arm, slope) };
}

function multiplierOfLengths(
  arm: Arm,
  { shorter, longer, noise }: Extract<BaselineSlope, { kind: 'lengths' }>,
  axis: MultiplierAxis,
): MultiplierEstimate | undefined {
  const at = ({ runs }: Arm) => ({
    spent: mean(runs.map(spentOf[axis])),
    losses: runs.map(({ bitsPerByte }) => bitsPerByte),
    ...(runs.length === 1 && noise !== undefined ? { noise } : {}),
  });
  const [one, two, treatment] = [at(shorter), at(longer), at(arm)];
  const isKnown = treatment.losses.length >= 2 || noise !== undefined;
  // Times of runs on a busy machine need not grow with their length.
  if (!isKnown || !(one.spent < two.spent) || !(treatment.spent > 0)) return undefined;
  const { multiplier, interval } = localMultiplier([one, two], treatment);
  return { multiplier, interval };
}

function multiplierOfLaw(
  baseline: Arm,
  arm: Arm,
  { difference, interval }: ArmComparison,
  slope: Extract<BaselineSlope, { kind: 'law' }>,
  axis: MultiplierAxis,
): MultiplierEstimate | undefined {
  if (interval === null) return undefined;
  const spent = (one: Arm) => mean(one.runs.map(spentOf[axis]));
  const tokens = tokensOf(baseline);
  // What the baseline spends is in proportion to its tokens.
  const at = (change: number) => (tokensFor(slope, tokens, change) / tokens) * (spent(baseline) / spent(arm));
  const multiplier = at(difference);
  // The higher the loss, the fewer tokens reach it.
  const ends: readonly [number, number] = [at(interval[1]), at(interval[0])];
  return Number.isFinite(multiplier) && spent(arm) > 0 ? { multiplier, interval: ends } : undefined;
}

/**
 * After how many tokens the law lies `change` above what it is after `tokens`: B·D′^(−beta) is all that changes. Infinite where it never
 * gets there.
 */
function tokensFor(
  { law: { B, beta }, uniqueTokens }: Extract<BaselineSlope, { kind: 'law' }>,
  tokens: number,
  change: number,
): number {
  const tokenTerm = (count: number) => B * effectiveAmount(count, uniqueTokens) ** -beta;
  const excess = (count: number) => tokenTerm(count) - tokenTerm(tokens) - change;
  let [low, high] = [tokens / 1e6, tokens * 1e6];
  if (excess(high) > 0) return Number.POSITIVE_INFINITY;
  if (excess(low) < 0) return 0;
  for (let i = 0; i < 100; i++) {
    const middle = Math.sqrt(low * high);
    if (excess(middle) > 0) low = middle;
    else high = middle;
  }
  return Math.sqrt(low * high);
}

function sourceOf(arm: Arm, slope: BaselineSlope): string {
  if (slope.kind === 'law') {
    return (
      `How the baseline would go on is taken from the law of the ladder ${slope.ladder}; the intervals are those of the difference, the ` +
      'law is taken as it is.'
    );
  }
  const { shorter, longer } = slope;
  const [most, least] = [meanLoss(shorter), meanLoss(longer)];
  const loss = meanLoss(arm);
  const isBracketed = loss <= most && loss >= least;
  return (
    `From the baseline at two lengths, ${shorter.name} (${most.toFixed(4)}) and ${longer.name} (${least.toFixed(4)})` +
    (isBracketed ? '.' : `; ${arm.name} lies beyond them, where the line is drawn on.`)
  );
}

export function meanLoss({ runs }: Arm): number {
  return mean(runs.map(({ bitsPerByte }) => bitsPerByte));
}

function tokensOf({ runs }: Arm): number {
  return mean(runs.map(({ numTokens }) => numTokens));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
