import { z } from 'zod';
import type { Schedule } from '../optimizer/index.ts';

/** The time that a run has taken so far. Plain data, kept in checkpoints. */
export const paceSchema = z.strictObject({
  /** All time since the start, over resumes: loading, steps, evaluations, samples, checkpoints. */
  elapsedMs: z.number().min(0),
  /** Time in steps, and how many they were; the first of each session is left out, since it allocates. */
  stepsMs: z.number().min(0),
  numTimedSteps: z.int().min(0),
  /** Time between steps: evaluations, samples, checkpoints. */
  otherMs: z.number().min(0),
  /** Of that, evaluations, and how many documents they read. */
  evaluationMs: z.number().min(0),
  numEvaluatedDocuments: z.int().min(0),
});
export type Pace = z.infer<typeof paceSchema>;

/** How a run ends after its number of steps was fixed. */
export const reschedulingSchema = z.strictObject({
  /** The first step that it holds for. */
  fromStep: z.int().min(0),
  numSteps: z.int().min(1),
  decayShare: z.number().min(0).max(1),
});
export type Rescheduling = z.infer<typeof reschedulingSchema>;

/** A decay is at least this share of the steps before it, even where time has run out. */
const leastDecay = 1 / 9;

export interface PaceQuestion {
  /** The step that is about to run. */
  readonly step: number;
  readonly schedule: Schedule;
  readonly pace: Pace;
  /** All the time that the run may take. */
  readonly budgetMs: number;
  /** Of that, what has to be left for the end: the last evaluation, samples and checkpoint. */
  readonly finalMs: number;
  /** What the plan expected of a step, for as long as none was timed. */
  readonly plannedMsPerStep: number;
  /** No more steps than these, for instance since the text would be read too often. */
  readonly mostSteps: number;
}

/**
 * The number of steps that fit into the time, at the pace so far. Times between steps are spread over all steps.
 */
export function affordableSteps(question: PaceQuestion): number {
  const { step, pace, budgetMs, finalMs, plannedMsPerStep, mostSteps } = question;
  const stepMs = pace.numTimedSteps === 0 ? plannedMsPerStep : pace.stepsMs / pace.numTimedSteps;
  const msPerStep = stepMs + pace.otherMs / Math.max(1, step);
  const left = (budgetMs - finalMs - pace.elapsedMs) / Math.max(msPerStep, 1e-3);
  return Math.min(mostSteps, step + Math.max(0, Math.floor(left)));
}

/**
 * Whether the decay of a warm-up-stable-decay schedule begins at this step, and how long it is, so that it ends when the time
 * does. Until it begins the learning rate is flat, so nothing that was trained depends on how long the run would be: the
 * decision can wait until the machine has shown how fast it is. Once made it is fixed, and resuming repeats it to the bit.
 *
 * @returns undefined where the step belongs to the flat part
 */
export function decayFrom(question: PaceQuestion): Rescheduling | undefined {
  const { step, schedule } = question;
  if (step < schedule.warmupSteps || schedule.decayShare === 0) return undefined;
  const affordable = affordableSteps(question);
  if (step < Math.round(affordable * (1 - schedule.decayShare))) return undefined;
  const numDecaySteps = Math.max(affordable - step, Math.ceil(step * leastDecay), 1);
  const numSteps = step + numDecaySteps;
  // Half a step less, so that rounding up gives the number again.
  return { fromStep: step, numSteps, decayShare: (numDecaySteps - 0.5) / numSteps };
}
