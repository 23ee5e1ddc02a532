import { type Clock, systemClock } from '../core/index.ts';
import { type BatchSource, batches } from '../data/index.ts';
import type { Engine } from '../engine/index.ts';
import { initialize, type Recipe } from '../recipe/index.ts';
import { prepareStep, type StepExtent } from './prepared-step.ts';
import { stepInputs } from './step-inputs.ts';

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
  /** No further step begins after so long, but for the first that is timed. */
  readonly limitMs: number;
}

const mostSteps = 6;

/**
 * Trains a few steps and measures them: the same Program, batches and first parameters as in the run, so that nothing is
 * guessed. One step more goes ahead, since the first allocates.
 */
export async function measureStep(
  engine: Engine,
  recipe: Recipe,
  question: ProbeQuestion,
  clock: Clock = systemClock,
): Promise<StepMeasurement> {
  const { size, batch, packing, sources, limitMs } = question;
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
    await session.run(inputs);
    let msPerStep = clock.monotonicMs() - startMs - loadMs;
    for (let step = 0; step < mostSteps; step++) {
      if (step > 0 && clock.monotonicMs() - startMs + msPerStep > limitMs) break;
      const before = clock.monotonicMs();
      await session.run(inputs);
      msPerStep = Math.min(msPerStep, clock.monotonicMs() - before);
    }
    return { msPerStep, loadMs, flopsPerStep };
  } finally {
    await session.close();
  }
}
