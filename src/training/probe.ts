import { type Clock, GroundworkError, systemClock } from '../core/index.ts';
import { type BatchSource, batches } from '../data/index.ts';
import type { Engine } from '../engine/index.ts';
import { initialize, type Recipe } from '../recipe/index.ts';
import { prepareStep, type StepExtent, stepInputs } from './prepared-step.ts';

/** What a few real training steps told. */
export interface StepMeasurement {
  /** The fastest step: others only wait for a machine that is busy with something else. */
  readonly msPerStep: number;
  /** Tracing, loading and setting the parameters. */
  readonly loadMs: number;
  readonly flopsPerStep: number;
}

export interface ProbeQuestion extends StepExtent {
  readonly packing: 'stream' | 'documents';
  readonly sources: readonly BatchSource[];
  /** No further step begins where steps would take longer than this, but for the first that is timed. */
  readonly limitMs: number;
}

const mostSteps = 6;

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
  const { size, batch, packing, sources, limitMs } = question;
  const stopWhereAsked = () => {
    if (signal?.aborted !== true) return;
    throw new GroundworkError('interrupted', 'stopped while the machine was measured', {
      hint: 'Nothing was written; the same command begins again.',
    });
  };
  stopWhereAsked();
  const startMs = clock.monotonicMs();
  const { model, program, flopsPerStep } = await prepareStep(recipe, question);
  const session = await engine.load(program);
  try {
    for (const [name, values] of initialize(model, 0)) await session.set(name, values);
    const { batchSize } = batch;
    const all = batches({ sources, batchSize, contextLength: size.contextLength, seed: 0, packing });
    const inputs = stepInputs(all.batch(0), batch.documentMask);
    inputs.scheduleFactor.fill(1e-3);
    const loadMs = clock.monotonicMs() - startMs;
    stopWhereAsked();
    await session.run(inputs);
    let msPerStep = clock.monotonicMs() - startMs - loadMs;
    for (let step = 0; step < mostSteps; step++) {
      stopWhereAsked();
      if (step > 0 && clock.monotonicMs() - startMs - loadMs + msPerStep > limitMs) break;
      const before = clock.monotonicMs();
      await session.run(inputs);
      msPerStep = Math.min(msPerStep, clock.monotonicMs() - before);
    }
    return { msPerStep, loadMs, flopsPerStep };
  } finally {
    await session.close();
  }
}
