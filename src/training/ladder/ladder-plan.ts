import { z } from 'zod';
import { canonicalJson, GroundworkError, present } from '../../core/index.ts';
import { numDecaySteps, numWarmupSteps, type Schedule, scheduleSchema } from '../../optimizer/index.ts';
import { formatCompact } from '../../page/index.ts';
import type { Recipe } from '../../recipe/index.ts';
import { mostEpochs } from '../../theory/index.ts';
import { draftRun } from '../plan-draft.ts';
import { costOfStep, type PricedSize } from '../sizing.ts';
import type { TextExtent } from '../text-extent.ts';

const whole = z.int().min(0);
const positive = z.int().min(1);

/** Schema of what a person wants of a ladder; stored, so that it goes on as it began. */
export const ladderRequestSchema = z.strictObject({
  /** Compute of the first and the last rung, in floating-point operations of the longest training of each. */
  flops: z.tuple([z.number().positive(), z.number().positive()]),
  /** The time that the compute was found for; null where it was given. */
  budgetMs: z.number().positive().nullable(),
  numRungs: z.int().min(2).max(24),
  /** Seeds on the lower half of the rungs; above they become fewer, down to one on the last. */
  numSeeds: z.int().min(1).max(64),
  /** T, the same on all rungs; null: what the planner gives the last one. */
  contextLength: positive.nullable(),
});
export type LadderRequest = Readonly<z.infer<typeof ladderRequestSchema>>;

/** Schema of one trunk: a training at the stable rate, off which a cool-down goes for each length. */
export const trunkSchema = z.strictObject({
  /** From 1; of a trunk that serves several rungs the first. */
  rung: positive,
  seed: whole,
  numLayers: positive,
  width: positive,
  /** Rows of a step. */
  batchSize: positive,
  contextLength: positive,
  schedule: scheduleSchema,
  /** The lengths that it gives a point for, in steps, rising. */
  lengths: z.array(positive).min(1),
  /** Whether lengths share a trunk: not where a schedule falls from its beginning, or an optimizer follows the length of the run. */
  canShare: z.boolean(),
  /** Of one step, from the shapes of the parameters: a few per cent off what the graph says. */
  estimatedFlopsPerStep: z.number().positive(),
});
export type Trunk = Readonly<z.infer<typeof trunkSchema>>;

/** Schema of a ladder's plan: its trunks in the order in which they are trained. */
export const ladderPlanSchema = z.strictObject({
  trunks: z.array(trunkSchema).min(1),
  /** What a person should know before it starts, a sentence each. */
  warnings: z.array(z.string()),
});
export type LadderPlan = Readonly<z.infer<typeof ladderPlanSchema>>;

/** What the planner would train at a rung's compute, and the shorter lengths that come off the same trunk for a third more. */
const ownLengths = [1 / 4, 1 / 2, 1] as const;
/** The sizes beside it, at equal compute. */
const neighbourLengths = [1 / 2, 1] as const;
/** Shorter trainings are mostly warm-up and first steps, and no points of the law that longer ones follow: they lay up to 1.4 % off it. */
const leastSteps = 100;
/** From here on repeated text is worth visibly less than new text. */
const freeEpochs = 4;

/** A warm-up is a fifth of a run at the most; a shorter training would warm up otherwise than the others. */
const leastLength = ({ warmupSteps }: Schedule): number => Math.max(leastSteps, 5 * warmupSteps);

export interface LadderFacts {
  readonly recipe: Recipe;
  readonly text: TextExtent;
  /** Those to choose from, by rising cost, as the planner of runs has them. */
  readonly sizes: readonly PricedSize[];
}

/**
 * Plans a ladder. The compute of its rungs is spaced evenly on a logarithm. On each rung stands the size that `planRun` would choose for
 * that compute, with the sizes below and above it at equal compute: what lies off the diagonal tells the exponents of size and data
 * apart. Each size is trained to its full length and to a half of it, the planner's own also to a quarter: points of one trunk, with the
 * batch that `planRun` would give the full length. (With the batch of the half length, full lengths ended up to 1 % higher than the law
 * of the others; a batch twice too large costs the shorter ones less.) Seeds are the same everywhere, so that rungs and later comparisons
 * are paired. First comes the whole ladder with the first seed, so that there is something to fit early.
 *
 * @throws `usage` for rungs that the sizes or the text cannot bear
 */
export function planLadder(request: LadderRequest, facts: LadderFacts): LadderPlan {
  const { flops, numRungs, numSeeds } = request;
  const { text, sizes } = facts;
  requireRange(request);
  const contextLength = request.contextLength ?? draftAt(flops[1], undefined, facts).size.contextLength;
  const trunks: Trunk[] = [];
  for (let rung = 0; rung < numRungs; rung++) {
    const rungFlops = flops[0] * (flops[1] / flops[0]) ** (rung / (numRungs - 1));
    const { candidate } = draftAt(rungFlops, contextLength, facts);
    const own = sizes.findIndex(({ numLayers, width }) => isSameSize({ numLayers, width }, candidate));
    const onRung = [own, own - 1, own + 1].flatMap((index) => {
      const size = sizes[index];
      if (size === undefined) return [];
      return trunksOf(rungFlops, size, index === own ? ownLengths : neighbourLengths, facts, contextLength);
    });
    if (onRung.length === 0) throw noSizeFits(rungFlops, facts);
    const seeds = seedsOnRung(rung, numRungs, numSeeds);
    for (let seed = 0; seed < seeds; seed++) {
      for (const trunk of onRung) addTrunk(trunks, { ...trunk, rung: rung + 1, seed });
    }
  }
  // Sorting keeps the order of what is equal.
  trunks.sort((a, b) => a.seed - b.seed || a.rung - b.rung);
  return { trunks, warnings: warningsOf(trunks, text) };
}

function noSizeFits(rungFlops: number, { recipe }: LadderFacts): GroundworkError {
  return new GroundworkError(
    'usage',
    `a rung of ${formatCompact(rungFlops)} FLOPs is too small or too large: no size can be trained on it for ` +
      `${leastLength(recipe.schedule)} steps, within ${mostEpochs} readings of the text`,
    { hint: 'Give other ends, such as --flops 2.5e11..8e12, or more text.' },
  );
}

/** Lengths of one trunk that lie closer than this say the same twice. */
const closestLengths = 1.3;

/**
 * Adds a trunk, or its lengths to one of an earlier rung that begins as it does: same size, batch and seed. Of lengths that lie close to each
 * other the one of the later rung stays.
 */
function addTrunk(trunks: Trunk[], added: Trunk): void {
  const index = trunks.findIndex((trunk) => canJoin(trunk, added));
  const known = trunks[index];
  if (known === undefined) {
    trunks.push(added);
    return;
  }
  const isClose = (a: number, b: number): boolean => Math.max(a, b) / Math.min(a, b) < closestLengths;
  const kept = known.lengths.filter((length) => !added.lengths.some((one) => isClose(one, length)));
  trunks[index] = { ...known, lengths: [...kept, ...added.lengths].sort((a, b) => a - b) };
}

const canJoin = (a: Trunk, b: Trunk): boolean =>
  a.seed === b.seed && isSameSize(a, b) && a.batchSize === b.batchSize && a.canShare && b.canShare;

/** Seeds of a rung (from 0): all of them on the lower half, then down in a line to one on the last. */
export function seedsOnRung(rung: number, numRungs: number, numSeeds: number): number {
  const lastFull = Math.ceil(numRungs / 2) - 1;
  if (rung <= lastFull) return numSeeds;
  return Math.max(1, Math.round(numSeeds - ((numSeeds - 1) * (rung - lastFull)) / (numRungs - 1 - lastFull)));
}

/** Whether a schedule stays flat until its decay, which then depends on nothing before it. */
const isFlatFirst = ({ kind }: Schedule): boolean =>
  kind === 'constant' || kind === 'warmupStableDecay' || kind === 'warmupStableSquareRoot';

/** The step of a trunk at which the cool-down of a length begins; up to it all lengths do the same. */
export function forkStep(schedule: Schedule, numSteps: number): number {
  const numWarmup = numWarmupSteps(schedule, numSteps);
  if (schedule.kind === 'constant') return numSteps;
  return isFlatFirst(schedule) ? Math.max(numWarmup, numSteps - numDecaySteps(schedule, numSteps)) : numWarmup;
}

/** All steps of a trunk: its own and those of its cool-downs. */
export function trunkSteps({ schedule, lengths }: Trunk): number {
  const longest = present(lengths.at(-1), 'a length');
  return lengths.reduce((sum, length) => sum + length - forkStep(schedule, length), forkStep(schedule, longest));
}

/** Names a point by all that it has in common with those of other seeds. */
export function rungName(
  { numLayers, width, batchSize, contextLength }: Pick<Trunk, 'numLayers' | 'width' | 'batchSize' | 'contextLength'>,
  numSteps: number,
): string {
  return `${numLayers}x${width}, ${numSteps} steps of ${batchSize * contextLength} tokens`;
}

const isSameSize = (a: { numLayers: number; width: number }, b: { numLayers: number; width: number }): boolean =>
  a.numLayers === b.numLayers && a.width === b.width;

function requireRange({ flops: [from, to] }: LadderRequest): void {
  if (to > from) return;
  throw new GroundworkError(
    'usage',
    `the ladder goes from ${formatCompact(from)} to ${formatCompact(to)} FLOPs, expected it to rise`,
    {
      hint: 'Give the smaller number first, such as --flops 2.5e11..8e12.',
    },
  );
}

/** What the planner of runs would do with so much compute. */
function draftAt(flops: number, contextLength: number | undefined, { text, sizes }: Omit<LadderFacts, 'recipe'>) {
  const request = { budget: { kind: 'flops', flops } as const, ...(contextLength !== undefined && { contextLength }) };
  return draftRun(request, { text, sizes, workPerMs: 1, spentMs: 0 });
}

/** The trunks of one size on a rung, without number and seed: one, or one for each length where they cannot share it. */
function trunksOf(
  rungFlops: number,
  size: PricedSize,
  shares: readonly number[],
  { recipe, text }: LadderFacts,
  contextLength: number,
): Omit<Trunk, 'rung' | 'seed'>[] {
  const { numLayers, width } = size;
  const { batchSize } = draftAt(rungFlops, contextLength, { text, sizes: [size] });
  const batchTokens = batchSize * contextLength;
  const estimatedFlopsPerStep = costOfStep(size, batchTokens, 'flops');
  const mostSteps = Math.floor((mostEpochs * text.uniqueTokens) / batchTokens);
  const least = leastLength(recipe.schedule);
  const lengths = [...new Set(shares.map((share) => Math.round((share * rungFlops) / estimatedFlopsPerStep)))].filter(
    (length) => length >= least && length <= mostSteps,
  );
  if (lengths.length === 0) return [];
  const trunk = { numLayers, width, batchSize, contextLength, schedule: recipe.schedule, estimatedFlopsPerStep };
  const extent = { size: { vocabularySize: text.vocabularySize, contextLength, numLayers, width }, batchTokens };
  // Also at a length of another rung: it may join this trunk.
  const looked = [...lengths, 2 * Math.max(...lengths)];
  const optimizers = new Set(looked.map((numSteps) => canonicalJson(recipe.optimizer({ ...extent, numSteps }))));
  const canShare = isFlatFirst(recipe.schedule) && optimizers.size === 1;
  return canShare
    ? [{ ...trunk, lengths, canShare }]
    : lengths.map((length) => ({ ...trunk, lengths: [length], canShare }));
}

function warningsOf(trunks: readonly Trunk[], { uniqueTokens }: TextExtent): string[] {
  const warnings: string[] = [];
  const epochs = Math.max(
    ...trunks.map(
      ({ lengths, batchSize, contextLength }) => ((lengths.at(-1) ?? 0) * batchSize * contextLength) / uniqueTokens,
    ),
  );
  if (epochs > freeEpochs) {
    warnings.push(
      `The longest training reads the text ${epochs.toFixed(1)} times: repeated text is worth less, and the law sees it as if it were new.`,
    );
  }
  const sizes = new Set(trunks.map(({ numLayers, width }) => `${numLayers}x${width}`));
  if (sizes.size < 3) {
    warnings.push(
      `The ladder has ${sizes.size === 1 ? 'one size' : `${sizes.size} sizes`}: fewer than three cannot tell the exponent of size.`,
    );
  }
  return warnings;
}
