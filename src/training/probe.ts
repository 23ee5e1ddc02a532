import { type Clock, GroundworkError, systemClock } from '../core/index.ts';
import { type BatchSource, batches } from '../data/index.ts';
import type { Engine } from '../engine/index.ts';
import { initialize, type Recipe } from '../recipe/index.ts';
import { prepareStep, type StepExtent, stepInputs } from './prepared-step.ts';

/** What a few real training steps told. */
export interface StepMeasurement {
  /** The median of a step with its batch: what a machine does that stays as busy as it is. */
  readonly msPerStep: number;
  /** Verifying, tracing, loading and setting the parameters, and what the first step takes longer than others. */
  readonly loadMs: number;
  /** Reading the parameters, as it goes ahead of an evaluation or a sample. */
  readonly readMs: number;
  readonly flopsPerStep: number;
}

export interface ProbeQuestion extends StepExtent {
  readonly packing: 'stream' | 'documents';
  readonly sources: readonly BatchSource[];
  /** No further step begins where steps would take longer than this, but for the first that is timed. */
  readonly limitMs: number;
}

/** So many steps are timed, and more of those that are short, for as long as this: the first few dozen are slow, until all is compiled. */
const fewSteps = 6;
const mostSteps = 96;
const shortMs = 2000;

/**
 * Trains a few steps and measures them: the same Program, batches and first parameters as in the run, so that nothing is
 * guessed. One step more goes ahead, since the first allocates.
 *
 * @throws `interrupted` when the signal aborts, after the step at work; what verification and the engine throw
 */
export async function measureStep(
  engine: Engine,
  recipe: Recipe,
  question: ProbeQuestion,
  { clock = systemClock, signal }: { readonly clock?: Clock; readonly signal?: AbortSignal } = {},
): Promise<StepMeasurement> {
  const { size, batch: extent, packing, sources, limitMs } = question;
  const stopWhereAsked = () => {
    if (signal?.aborted !== true) return;
    throw new GroundworkError('interrupted', 'stopped while the machine was measured', {
      hint: 'Nothing was written; the same command begins again.',
    });
  };
  stopWhereAsked();
  const startMs = clock.monotonicMs();
  const { model, program, parts, flopsPerStep } = await prepareStep(recipe, question);
  const session = await engine.load(program, parts);
  try {
    for (const [name, values] of initialize(model, 0)) await session.set(name, values);
    const { batchSize, documentMask } = extent;
    const all = batches({ sources, batchSize, contextLength: size.contextLength, seed: 0, packing });
    const batch = all.batch(0);
    const inputs = stepInputs(batch, documentMask);
    inputs.scheduleFactor.fill(1e-3);
    const loadedMs = clock.monotonicMs() - startMs;
    stopWhereAsked();
    await session.run(inputs);
    const firstMs = clock.monotonicMs() - startMs - loadedMs;
    const times: number[] = [];
    let timedMs = 0;
    while (times.length < mostSteps) {
      stopWhereAsked();
      const next = timedMs / Math.max(1, times.length);
      if (times.length > 0 && firstMs + timedMs + next > limitMs) break;
      if (times.length >= fewSteps && timedMs >= shortMs) break;
      const before = clock.monotonicMs();
      all.batch(times.length + 1, batch);
      await session.run(inputs);
      times.push(clock.monotonicMs() - before);
      timedMs += times.at(-1) ?? 0;
    }
    const msPerStep = median(times);
    const before = clock.monotonicMs();
    for (const name of Object.keys(model.parameters)) await session.get(name);
    const readMs = clock.monotonicMs() - before;
    return { msPerStep, loadMs: loadedMs + Math.max(0, firstMs - msPerStep), readMs, flopsPerStep };
  } finally {
    await session.close();
  }
}

function median(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b);
  return ((sorted[(times.length - 1) >> 1] ?? 0) + (sorted[times.length >> 1] ?? 0)) / 2;
}
