import { type Clock, GroundworkError, present, systemClock } from '../core/index.ts';
import type { Dataset } from '../data/index.ts';
import type { Engine } from '../engine/index.ts';
import { openEvaluator, openGenerator } from '../evaluation/index.ts';
import { initialize, type Recipe, type RecipeSize } from '../recipe/index.ts';
import { sampleTokens, sampling } from './run-pauses.ts';

/** What evaluating and sampling take, as measured. */
export interface PauseMeasurement {
  /** Loading of the sessions, once a run, with what their first use takes longer than others. */
  readonly loadMs: number;
  /** Evaluation of a validation document; 0 where there is none. */
  readonly documentMs: number;
  /** One sample of full length. */
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
  let usedMs = 0;
  let documentMs = 0;
  if (dataset.validation.numBytes > 0 && dataset.validation.numDocuments > 0) {
    const { contextLength } = size;
    const evaluator = await openEvaluator(engine, model, { dataset, batchSize, contextLength });
    try {
      await evaluator.load(parameters);
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
      stopWhereAsked();
      // The first one waited for its session, unless it is the only one.
      const batchMs = median(times.slice(Math.min(1, times.length - 1)));
      documentMs = (batchMs * evaluator.numBatches) / evaluator.numDocuments;
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
    const times: number[] = [];
    let before = clock.monotonicMs();
    const onToken = () => {
      const now = clock.monotonicMs();
      times.push(now - before);
      before = now;
      return times.length > numTokens || signal?.aborted ? ('stop' as const) : undefined;
    };
    await generator.generate(known, { ...sampling, seed: 0, maxTokens: sampleTokens }, onToken);
    stopWhereAsked();
    // The first token waited for both sessions, the second for the first step of the second one.
    const tokenMs = median(times.slice(Math.min(2, times.length - 1)));
    usedMs += tokenMs * times.length;
    const loadMs = Math.max(0, clock.monotonicMs() - startMs - usedMs);
    return { loadMs, documentMs, sampleMs: sampleTokens * tokenMs };
  } finally {
    await generator.close();
  }
}

function median(times: readonly number[]): number {
  return present(times.toSorted((a, b) => a - b)[times.length >> 1], 'a time');
}
