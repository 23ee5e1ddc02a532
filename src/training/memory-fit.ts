import { GroundworkError } from '../core/index.ts';
import type { Engine, MemoryEstimate } from '../engine/index.ts';
import { formatBytes } from '../page/index.ts';
import { type Recipe, traceLosses } from '../recipe/index.ts';
import { parameterCounts } from '../theory/index.ts';
import type { MemoryLimit } from './memory-limit.ts';
import { type StepExtent, traceStep } from './prepared-step.ts';
import { busiestHabits, processGrowth, type RunSessions } from './process-memory.ts';

/** How a step is cut up so that it fits into memory. */
export interface MemoryFit {
  readonly microBatchSize: number;
  readonly recompute: boolean;
  /** Rows that are evaluated at once. */
  readonly evaluationBatchSize: number;
  /** By how much the process may grow, however often the run evaluates, samples and saves. */
  readonly neededBytes: number;
  /** What that is made of. */
  readonly sessions: RunSessions;
  /** What was done to make it fit, a sentence each; empty where it fits as it is. */
  readonly reasons: readonly string[];
}

export interface MemoryQuestion {
  /** The batch as it would be if memory did not matter. */
  readonly extent: StepExtent;
  readonly limit: MemoryLimit;
  /** The person chose the size of micro-batches: it is kept or refused. */
  readonly isFixed: boolean;
}

/** More micro-batches make the graph too long: each is a copy of the model in it. */
const mostMicroBatches = 16;
/** Of what is available, for what no estimate knows of: other programs, fragments, the heap of JavaScript. */
const usableShare = 0.9;
/** Rows that are evaluated at once, where memory is no matter: products of matrices get no faster with more. */
const evaluationRows = 8;

/**
 * Fits a training step into memory before anything is allocated: smaller micro-batches first, which cost nothing but a longer graph,
 * then activations that are computed a second time, which costs about a third more arithmetic.
 *
 * @throws `out-of-memory` where nothing fits, with what is needed, what is there, and how large a batch would fit
 */
export function fitMemory(engine: Engine, recipe: Recipe, question: MemoryQuestion): MemoryFit {
  const { extent, limit, isFixed } = question;
  const { batchSize } = extent.batch;
  const usableBytes = Math.floor(usableShare * limit.availableBytes);
  const estimate = (microBatchSize: number, recompute: boolean): MemoryEstimate =>
    engine.estimateMemory(traceStep(recipe, { ...extent, batch: { ...extent.batch, microBatchSize, recompute } }));

  const peakWith = (rows: number, recompute: boolean): number => {
    const batch = { ...extent.batch, batchSize: rows, microBatchSize: rows, recompute };
    const training = engine.estimateMemory(traceStep(recipe, { ...extent, batch }));
    return processGrowth(sessionsOf(engine, recipe, extent, training, 1), busiestHabits);
  };

  const sizes = isFixed ? [extent.batch.microBatchSize] : divisorsOf(batchSize, extent.batch.microBatchSize);
  /** The least that a way of cutting needed, of those that were tried. */
  let smallest = Number.POSITIVE_INFINITY;
  for (const recompute of extent.batch.recompute ? [true] : [false, true]) {
    let largest: { readonly size: number; readonly memory: MemoryEstimate } | undefined;
    for (const microBatchSize of sizes) {
      if (leastBytes(extent, microBatchSize) > usableBytes) continue;
      // What the first graph needs tells what smaller parts will: tracing a graph of many parts takes long.
      const guess = largest && guessedBytes(largest.memory, microBatchSize / largest.size);
      if (guess !== undefined && guess > usableBytes) {
        smallest = Math.min(smallest, guess);
        continue;
      }
      const memory = estimate(microBatchSize, recompute);
      largest ??= { size: microBatchSize, memory };
      const isCut = microBatchSize < extent.batch.microBatchSize || (recompute && !extent.batch.recompute);
      const evaluationBatchSize = isCut ? Math.min(evaluationRows, microBatchSize) : evaluationRows;
      const sessions = sessionsOf(engine, recipe, extent, memory, evaluationBatchSize);
      const neededBytes = processGrowth(sessions, busiestHabits);
      smallest = Math.min(smallest, neededBytes);
      if (neededBytes > usableBytes) continue;
      const reasons = reasonsOf(extent, microBatchSize, recompute, limit);
      return { microBatchSize, recompute, evaluationBatchSize, neededBytes, sessions, reasons };
    }
  }
  // A step of one micro-batch, as small as may be: a bound that does not depend on how much memory there is.
  const bound = peakWith(sizes.at(-1) ?? 1, true);
  const needed = bound > usableBytes ? bound : smallest;
  const doesFit = (rows: number) =>
    leastBytes(extent, rows) <= usableBytes && peakWith(rows, extent.batch.recompute) <= usableBytes;
  throw refusal(question, needed, usableBytes, fittingRows(question, doesFit));
}

/** What a step needs if only a share of its rows is at work at once: activations shrink with it, nothing else. */
function guessedBytes({ peakBytes, activationBytes }: MemoryEstimate, share: number): number {
  return peakBytes - (1 - share) * activationBytes;
}

/** The sessions of a run: what lives beside the training step is a session that evaluates, and two that generate. */
function sessionsOf(
  engine: Engine,
  recipe: Recipe,
  { size }: StepExtent,
  training: MemoryEstimate,
  evaluationBatchSize: number,
): RunSessions {
  const model = recipe.model(size);
  const { contextLength, vocabularySize } = size;
  return {
    training,
    ...(engine.host && { engineBytes: engine.host.baseBytes }),
    evaluation: engine.estimateMemory(traceLosses(model, { batchSize: evaluationBatchSize, contextLength })),
    parameterBytes: 4 * parameterCounts(model).total,
    contextLength,
    vocabularySize,
    ...(model.cache && { cache: model.cache }),
  };
}

/** Logits and their gradient alone: a bound that needs no graph. */
function leastBytes({ size }: StepExtent, microBatchSize: number): number {
  return 2 * 4 * microBatchSize * size.contextLength * size.vocabularySize;
}

/** Sizes of micro-batches that divide the batch, from `largest` down, in not too many parts. */
function divisorsOf(batchSize: number, largest: number): number[] {
  const found: number[] = [];
  for (let size = largest; size >= Math.max(1, batchSize / mostMicroBatches); size--) {
    const last = found.at(-1);
    // Halving is fine enough; each attempt traces a graph.
    if (batchSize % size === 0 && (last === undefined || size <= last / 2 || size === 1)) found.push(size);
  }
  return found;
}

function reasonsOf(extent: StepExtent, microBatchSize: number, recompute: boolean, limit: MemoryLimit): string[] {
  const reasons: string[] = [];
  const available = formatBytes(limit.availableBytes);
  if (microBatchSize < extent.batch.microBatchSize) {
    reasons.push(
      `Each step is computed in ${extent.batch.batchSize / microBatchSize} micro-batches of ${rowsText(microBatchSize)}, ` +
        `so that it fits into ${available} (${limit.limit}).`,
    );
  }
  if (recompute && !extent.batch.recompute) {
    reasons.push(`Activations are computed a second time instead of kept, so that a step fits into ${available}.`);
  }
  return reasons;
}

/**
 * What to propose where nothing fits: rows of a micro-batch that divide the batch where the person chose micro-batches, else rows of a batch,
 * in both cases fewer than were refused; 0 for none.
 */
function fittingRows({ extent, isFixed }: MemoryQuestion, doesFit: (rows: number) => boolean): number {
  const { batchSize, microBatchSize } = extent.batch;
  let rows = isFixed ? microBatchSize : batchSize;
  while (rows > 1) {
    // Quarters, since each attempt traces a graph.
    rows = Math.max(1, Math.floor(rows / 4));
    while (isFixed ? batchSize % rows !== 0 : !Number.isInteger(Math.log2(rows))) rows -= 1;
    if (doesFit(rows)) return rows;
  }
  return 0;
}

function refusal(
  { extent: { size, batch }, limit, isFixed }: MemoryQuestion,
  neededBytes: number,
  usableBytes: number,
  fitting: number,
): GroundworkError {
  const hint =
    fitting > 0
      ? `${isFixed ? 'Micro-batches' : 'A batch'} of ${rowsText(fitting)} would fit; a shorter context or a smaller model would too.`
      : 'Choose a smaller model or a shorter context, or a machine with more memory.';
  return new GroundworkError(
    'out-of-memory',
    `a step of ${rowsText(batch.batchSize)} of ${size.contextLength} tokens needs at least ${formatBytes(neededBytes)} of memory, ` +
      `found ${formatBytes(limit.availableBytes)} (${limit.limit}), of which ${formatBytes(usableBytes)} may be used`,
    { hint },
  );
}

const rowsText = (rows: number): string => (rows === 1 ? 'one row' : `${rows.toLocaleString('en-US')} rows`);
