import { z } from 'zod';
import { assert } from '../../core/index.ts';
import { alongTrace, annealedAlong, type CurveSchedule, traceSchedule } from './annealing.ts';

/** Schema of a law of the loss along a run. */
export const curveLawSchema = z.strictObject({
  /** What is left after endless training, of an endless model if sizes differ. */
  E: z.number().min(0),
  /** A·N^(−alpha), where the law was fitted on several sizes. */
  size: z.strictObject({ A: z.number().min(0), alpha: z.number().positive() }).nullable(),
  /** B·S1^(−beta), S1 in tokens at the peak learning rate. */
  B: z.number().min(0),
  beta: z.number().positive(),
  /** What a fall of the learning rate from its peak to nothing gains in the end, in the unit of the loss. */
  gain: z.number().min(0),
  /** Steps after which all but 1/e of a fall has had its effect: λ = e^(−1/memorySteps). */
  memorySteps: z.number().positive(),
});

/**
 * A law of the loss at any step of a run under any schedule (Tissue et al. 2024, 2408.11029, equation 1, and its form with a term for
 * the size): L = E + A·N^(−α) + B·S1^(−β) − C·S2. S1, the area under the learning rate, is counted in tokens at the peak rate, so that
 * runs with other batches go together. C·S2 is written as gain · annealed, `annealed` by `annealedAlong`: C = gain·(1 − λ).
 */
export type CurveLaw = Readonly<z.infer<typeof curveLawSchema>>;

/** What a loss curve depends on. */
export interface CurveRun extends CurveSchedule {
  /** N, in the convention of the law. */
  readonly numParameters: number;
  readonly batchTokens: number;
}

/** A run with its losses on the way. */
export interface TrainingCurve extends CurveRun {
  readonly points: readonly { readonly step: number; readonly loss: number }[];
}

/** The loss that a law gives after each of some numbers of steps, all above 0 and within the run. */
export function curveLossesOf(law: CurveLaw, run: CurveRun, steps: readonly number[]): number[] {
  const trace = traceSchedule(run);
  const annealed = annealedAlong(trace, law.memorySteps);
  const ofSize = law.size === null ? 0 : law.size.A * run.numParameters ** -law.size.alpha;
  return steps.map((step) => {
    assert(step > 0, 'before the first step there is no area under the learning rate');
    const area = run.batchTokens * alongTrace(trace, trace.sums, step);
    return law.E + ofSize + law.B * area ** -law.beta - law.gain * alongTrace(trace, annealed, step);
  });
}
