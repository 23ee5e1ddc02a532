import { type Clock, GroundworkError, present } from '../../core/index.ts';
import type { Dataset } from '../../data/index.ts';
import type { Engine } from '../../engine/index.ts';
import type { Recipe } from '../../recipe/index.ts';
import { fitMemory } from '../memory-fit.ts';
import type { MemoryLimit } from '../memory-limit.ts';
import { measureStep } from '../probe.ts';
import { pricedSizes } from '../size-prices.ts';
import { textExtent } from '../text-extent.ts';
import { trunkWork, type WorkFacts, workPerToken } from './ladder-pace.ts';
import { type LadderPlan, type LadderRequest, planLadder, type Trunk } from './ladder-plan.ts';

/** What a person wants of a ladder. */
export interface LadderWish {
  /** Compute of the first and the last rung, or all the time that the ladder may take: its compute is then found, over 1.5 decades. */
  readonly extent: { readonly flops: readonly [number, number] } | { readonly durationMs: number };
  readonly numRungs: number;
  readonly numSeeds: number;
  readonly contextLength: number | null;
}

export interface DraftSurroundings {
  readonly engine: Engine;
  readonly recipe: Recipe;
  readonly dataset: Dataset;
  readonly memory: MemoryLimit;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
}

/** A ladder that can be begun. */
export interface LadderDraft {
  readonly request: LadderRequest;
  readonly plan: LadderPlan;
  readonly pace: LadderPace;
}

/** How long a ladder takes, by steps that were measured. */
export interface LadderPace {
  /** Of all trunks, in their order. */
  readonly trunkMs: readonly number[];
  readonly totalMs: number;
}

/** The compute of the last rung over that of the first, where a person gave a time. */
const spread = 10 ** 1.5;
/** A little is left for loading and for a machine that is busy with something else as well. */
const usableShare = 0.9;
const longestSteppingMs = 2_000;

/** Work per millisecond at some work per step. */
interface MeasuredRate {
  readonly workPerStep: number;
  readonly workPerMs: number;
}

/**
 * Plans a ladder and tells how long it takes, by real training steps of its smallest and its largest size.
 *
 * @throws `usage` for ends that no size can be trained on, or a time too short for any; what the engine throws
 */
export async function draftLadder(wish: LadderWish, surroundings: DraftSurroundings): Promise<LadderDraft> {
  const { recipe } = surroundings;
  const { text, sizes, facts } = factsOf(wish.contextLength, surroundings);
  const { numRungs, numSeeds, contextLength } = wish;
  const planOf = (flops: readonly [number, number]): Omit<LadderDraft, 'pace'> => {
    const budgetMs = 'durationMs' in wish.extent ? wish.extent.durationMs : null;
    const request: LadderRequest = { flops: [flops[0], flops[1]], budgetMs, numRungs, numSeeds, contextLength };
    return { request, plan: planLadder(request, { recipe, text, sizes }) };
  };
  if ('flops' in wish.extent) {
    const draft = planOf(wish.extent.flops);
    return { ...draft, pace: await measurePace(draft.plan, wish.contextLength, surroundings) };
  }
  const { durationMs } = wish.extent;
  const rates: MeasuredRate[] = [];
  let found = planOf(leastFlops(planOf));
  rates.push(await measureRate(extremeTrunk(found.plan, facts, 'least'), facts, surroundings));
  // The first round knows small steps only; what it finds is measured and found again.
  for (let round = 0; round < 2; round++) {
    found = largestWithin(usableShare * durationMs, planOf, (plan) => paceOf(plan, facts, rates).totalMs);
    rates.push(await measureRate(extremeTrunk(found.plan, facts, 'most'), facts, surroundings));
  }
  found = largestWithin(usableShare * durationMs, planOf, (plan) => paceOf(plan, facts, rates).totalMs);
  return { ...found, pace: paceOf(found.plan, facts, rates) };
}

/** Whether a ladder that has begun is the one that is wished for: with the same budget of time it is, whatever compute that gave. */
export function isAsWished({ request }: { readonly request: LadderRequest }, wish: LadderWish): boolean {
  const { extent, numRungs, numSeeds, contextLength } = wish;
  const isSameExtent =
    'durationMs' in extent
      ? request.budgetMs === extent.durationMs
      : request.budgetMs === null && request.flops.every((flops, i) => flops === extent.flops[i]);
  return (
    isSameExtent &&
    request.numRungs === numRungs &&
    request.numSeeds === numSeeds &&
    request.contextLength === contextLength
  );
}

/** Tells how long a plan takes, by steps of its smallest and its largest trunk. */
export async function measurePace(
  plan: LadderPlan,
  contextLength: number | null,
  surroundings: DraftSurroundings,
): Promise<LadderPace> {
  const { facts } = factsOf(contextLength, surroundings);
  const rates: MeasuredRate[] = [];
  for (const end of ['least', 'most'] as const) {
    rates.push(await measureRate(extremeTrunk(plan, facts, end), facts, surroundings));
  }
  return paceOf(plan, facts, rates);
}

function factsOf(contextLength: number | null, { recipe, dataset }: DraftSurroundings) {
  const text = textExtent([{ dataset, weight: 1 }]);
  if (text.numValidationDocuments === 0) {
    throw new GroundworkError(
      'invalid-dataset',
      `dataset ${dataset.manifest.name} has no validation documents to measure a ladder on`,
      {
        hint: 'Build it again with a validation part, or from more documents.',
      },
    );
  }
  const sizes = pricedSizes(recipe, contextLength === null ? {} : { contextLength }, text.vocabularySize);
  const facts: WorkFacts = { sizes, ...text };
  return { text, sizes, facts };
}

function extremeTrunk({ trunks }: LadderPlan, facts: WorkFacts, end: 'least' | 'most'): Trunk {
  const sorted = [...trunks].sort((a, b) => workPerToken(a, facts) - workPerToken(b, facts));
  return present(sorted.at(end === 'least' ? 0 : -1), 'a trunk');
}

async function measureRate(trunk: Trunk, facts: WorkFacts, surroundings: DraftSurroundings): Promise<MeasuredRate> {
  const { engine, recipe, dataset, memory, clock, signal } = surroundings;
  const { batchSize, contextLength, numLayers, width, lengths } = trunk;
  const extent = {
    size: { vocabularySize: dataset.manifest.vocabularySize, contextLength, numLayers, width },
    batch: { batchSize, microBatchSize: batchSize, documentMask: false, recompute: false },
    numSteps: present(lengths.at(-1), 'a length'),
  };
  // In the parts in which it will be trained.
  const { microBatchSize, recompute } = fitMemory(engine, recipe, { extent, limit: memory, isFixed: false });
  const question = {
    ...extent,
    batch: { ...extent.batch, microBatchSize, recompute },
    packing: 'stream' as const,
    sources: [{ dataset, weight: 1 }],
    limitMs: longestSteppingMs,
  };
  const { msPerStep } = await measureStep(engine, recipe, question, {
    ...(clock && { clock }),
    ...(signal && { signal }),
  });
  const workPerStep = workPerToken(trunk, facts) * batchSize * contextLength;
  return { workPerStep, workPerMs: workPerStep / Math.max(msPerStep, 1e-3) };
}

/** Between measured rates the logarithm of the rate is taken as a line in that of the work of a step; beyond them it stays. */
function rateAt(workPerStep: number, rates: readonly MeasuredRate[]): number {
  const sorted = [...rates].sort((a, b) => a.workPerStep - b.workPerStep);
  const above = sorted.findIndex((rate) => rate.workPerStep >= workPerStep);
  const upper = present(above < 0 ? sorted.at(-1) : sorted[above], 'a rate');
  const lower = above <= 0 ? upper : present(sorted[above - 1], 'a rate');
  if (lower.workPerStep === upper.workPerStep) return upper.workPerMs;
  const share = Math.log(workPerStep / lower.workPerStep) / Math.log(upper.workPerStep / lower.workPerStep);
  return lower.workPerMs * (upper.workPerMs / lower.workPerMs) ** share;
}

function paceOf(plan: LadderPlan, facts: WorkFacts, rates: readonly MeasuredRate[]): LadderPace {
  const trunkMs = plan.trunks.map((trunk) => {
    const workPerStep = workPerToken(trunk, facts) * trunk.batchSize * trunk.contextLength;
    return trunkWork(trunk, facts) / rateAt(workPerStep, rates);
  });
  return { trunkMs, totalMs: trunkMs.reduce((sum, ms) => sum + ms, 0) };
}

type PlanOf = (flops: readonly [number, number]) => Omit<LadderDraft, 'pace'>;

/** Powers of two, the first at which the first rung can be trained at all. */
function leastFlops(planOf: PlanOf): readonly [number, number] {
  for (let from = 2 ** 20; from < 1e22; from *= 2) {
    if (isPlannable(planOf, from)) return [from, from * spread];
  }
  // Throws what is wrong with the last one.
  planOf([1e22, 1e22 * spread]);
  throw new GroundworkError('usage', 'no ladder can be trained on this text', { hint: 'Give more text.' });
}

function isPlannable(planOf: PlanOf, from: number): boolean {
  try {
    planOf([from, from * spread]);
    return true;
  } catch (error) {
    if (error instanceof GroundworkError && error.code === 'usage') return false;
    throw error;
  }
}

const minutes = (ms: number): string => `${(ms / 60_000).toFixed(1)} min`;

/** The ladder with the most compute that fits into the time; compute is kept to three digits. */
function largestWithin(
  allowedMs: number,
  planOf: PlanOf,
  timeOf: (plan: LadderPlan) => number,
): Omit<LadderDraft, 'pace'> {
  const smallest = planOf(leastFlops(planOf));
  if (timeOf(smallest.plan) > allowedMs) {
    throw new GroundworkError(
      'usage',
      `the smallest ladder takes about ${minutes(timeOf(smallest.plan))}, expected at most ${minutes(allowedMs)}, nine tenths of the time given`,
      { hint: 'Give it more time, or fewer rungs and seeds: --rungs 2 --seeds 1.' },
    );
  }
  let best = smallest;
  let factor = 2;
  let from = smallest.request.flops[0];
  // Doubles until it no longer fits, then halves the stride.
  while (factor > 1.02 && from < 1e22) {
    const next = Number((from * factor).toPrecision(3));
    const fits = isPlannable(planOf, next) && timeOf(planOf([next, next * spread]).plan) <= allowedMs;
    if (fits) {
      best = planOf([next, Number((next * spread).toPrecision(3))]);
      from = next;
    } else factor = Math.sqrt(factor);
  }
  return best;
}
