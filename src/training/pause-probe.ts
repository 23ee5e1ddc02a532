import { type Clock, GroundworkError, present, systemClock } from '../core/index.ts';
import type { Dataset } from '../data/index.ts';
import type { Engine } from '../engine/index.ts';
import { type Evaluator, type Generator, openEvaluator, openGenerator } from '../evaluation/index.ts';
import { initialize, type Recipe, type RecipeSize } from '../recipe/index.ts';
import { sampleTokens, sampling } from './run-pauses.ts';

/** What evaluating and sampling take, as measured. */
export interface PauseMeasurement {
  /** Loading of the sessions, once a run, with what their first use takes longer than others. */
  readonly loadMs: number;
  /** Giving new parameters to the sessions that evaluate and sample. */
  readonly refreshMs: number;
  /** Evaluation of a batch of validation rows; 0 where there is none. */
  readonly batchMs: number;
  /** One sample of full length, with the reading of its prompt. */
  readonly sampleMs: number;
}

export interface PauseProbeQuestion {
  readonly size: RecipeSize;
  /** Rows that are evaluated at once. */
  readonly batchSize: number;
  /** What is evaluated on. */
  readonly dataset: Dataset;
}

/** Batches that are timed, behind a first one that allocates. */
const numBatches = 3;
/** Tokens that are timed of a sample. */
const numTokens = 16;
/** A prompt of a few words. */
const prompt = Int32Array.from({ length: 8 }, (_, position) => position);

/**
 * Evaluates a few documents and begins a sample, with the sessions that the run will have and the parameters that it starts from.
 *
 * @throws `interrupted` when the signal aborts; what the engine throws
 */
export async function measurePauses(
  engine: Engine,
  recipe: Recipe,
  { size, batchSize, dataset }: PauseProbeQuestion,
  { clock = systemClock, signal }: { readonly clock?: Clock; readonly signal?: AbortSignal } = {},
): Promise<PauseMeasurement> {
  const stopWhereAsked = () => {
    if (signal?.aborted !== true) return;
    throw new GroundworkError('interrupted', 'stopped while the machine was measured', {
      hint: 'Nothing was written; the same command begins again.',
    });
  };
  stopWhereAsked();
  const model = recipe.model(size);
  const parameters = initialize(model, 0);
  const startMs = clock.monotonicMs();
  /** What all of this would have taken with everything loaded. */
  let usedMs = 0;
  let refreshMs = 0;
  let batchMs = 0;
  const since = (beforeMs: number) => clock.monotonicMs() - beforeMs;
  if (dataset.validation.numBytes > 0 && dataset.validation.numDocuments > 0) {
    const { contextLength } = size;
    const evaluator = await openEvaluator(engine, model, { dataset, batchSize, contextLength });
    try {
      await evaluator.load(parameters);
      const times = await batchTimes(evaluator, clock, signal);
      stopWhereAsked();
      // The first one waited for its session, unless it is the only one.
      batchMs = median(times.slice(Math.min(1, times.length - 1)));
      const before = clock.monotonicMs();
      await evaluator.load(parameters);
      refreshMs += since(before);
      usedMs += batchMs * times.length;
    } finally {
      await evaluator.close();
    }
  }
  stopWhereAsked();
  const generator = await openGenerator(engine, model);
  try {
    await generator.load(parameters);
    const known = prompt.filter((token) => token < size.vocabularySize);
    // The first text waits for both sessions and for the first step of each.
    const first = await tokenTimes(generator, known, 2, clock, signal);
    stopWhereAsked();
    const before = clock.monotonicMs();
    await generator.load(parameters);
    refreshMs += since(before);
    const [promptMs = 0, ...times] = await tokenTimes(generator, known, numTokens, clock, signal);
    stopWhereAsked();
    const tokenMs = times.length === 0 ? promptMs : median(times);
    usedMs += refreshMs + 2 * promptMs + tokenMs * (first.length - 1 + times.length);
    const loadMs = Math.max(0, since(startMs) - usedMs);
    return { loadMs, refreshMs, batchMs, sampleMs: promptMs + (sampleTokens - 1) * tokenMs };
  } finally {
    await generator.close();
  }
}

/** What the first batches of an evaluation take, each. */
async function batchTimes(evaluator: Evaluator, clock: Clock, signal: AbortSignal | undefined): Promise<number[]> {
  const times: number[] = [];
  let before = clock.monotonicMs();
  const enough = new AbortController();
  const onBatch = () => {
    const now = clock.monotonicMs();
    times.push(now - before);
    before = now;
    if (times.length > numBatches || signal?.aborted) enough.abort();
  };
  try {
    await evaluator.bitsPerByte({ onBatch, signal: enough.signal });
  } catch (error) {
    const isEnough = enough.signal.aborted && error instanceof GroundworkError && error.code === 'interrupted';
    if (!isEnough) throw error;
  }
  return times;
}

/** What the first tokens of a sample take, each; that of the first includes the prompt. */
async function tokenTimes(
  generator: Generator,
  prompt: Int32Array,
  numTokens: number,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<number[]> {
  const times: number[] = [];
  let before = clock.monotonicMs();
  const onToken = () => {
    const now = clock.monotonicMs();
    times.push(now - before);
    before = now;
    return times.length >= numTokens || signal?.aborted ? ('stop' as const) : undefined;
  };
  await generator.generate(prompt, { ...sampling, seed: 0, maxTokens: sampleTokens }, onToken);
  return times;
}

function median(times: readonly number[]): number {
  return present(times.toSorted((a, b) => a - b)[times.length >> 1], 'a time');
}
