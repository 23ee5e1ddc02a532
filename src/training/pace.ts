import { z } from 'zod';
import type { Schedule } from '../optimizer/index.ts';

/** The time that a run has taken so far. Plain data, kept in checkpoints. */
export const paceSchema = z.strictObject({
  /** All time since the start, over resumes: loading, steps, evaluations, samples, checkpoints. */
  elapsedMs: z.number().min(0),
  /** Time in steps, and how many they were; the first of each session is left out, since it allocates. */
  stepsMs: z.number().min(0),
  numTimedSteps: z.int().min(0),
  /** Time between steps: evaluations, samples, checkpoints, without the loading of their sessions. */
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
/** Schedules that fall from the first step on stay flat for this share of the run, while the machine shows how fast it is. */
const openShare = 0.1;

export interface PaceQuestion {
  /** The step that is about to run. */
  readonly step: number;
  readonly schedule: Schedule;
  readonly pace: Pace;
  /** All the time that the run may take. */
  readonly budgetMs: number;
  /** Of that, what has to be left for the end: the last evaluation, samples and checkpoint. */
  readonly finalMs: number;
  /** Steps of the whole run, as planned. */
  readonly plannedSteps: number;
  /** What the plan expected of a step, for as long as none was timed, and of the pauses between two steps. */
  readonly plannedMsPerStep: number;
  readonly plannedPauseMs: number;
  /** No more steps than these, for instance since the text would be read too often. */
  readonly mostSteps: number;
}

/**
 * The number of steps that fit into the time, at the pace so far. Times between steps are spread over all steps.
 *
 * @param leastPauseMs time between two steps that is counted on even where less was seen
 */
export function affordableSteps(question: PaceQuestion, leastPauseMs = 0): number {
  const { step, pace, budgetMs, finalMs, plannedMsPerStep, mostSteps } = question;
  const stepMs = pace.numTimedSteps === 0 ? plannedMsPerStep : pace.stepsMs / pace.numTimedSteps;
  const msPerStep = stepMs + Math.max(leastPauseMs, pace.otherMs / Math.max(1, step));
  const left = (budgetMs - finalMs - pace.elapsedMs) / Math.max(msPerStep, 1e-3);
  return Math.min(mostSteps, step + Math.max(0, Math.floor(left)));
}

/**
 * Whether the end of a run with a budget of time is fixed at this step, and where it is. Until then the learning rate is flat, so nothing
 * that was trained depends on how long the run would be: the decision waits until the machine has shown how fast it is. Once
 * made it is fixed, and resuming repeats it to the bit.
 *
 * - Flat first, then down: fixed when the decay has to begin, so that it ends when the time does.
 * - Half a cosine or a line: fixed after a tenth of the run, from where the factor falls.
 * - Always flat: fixed when the time is over.
 *
 * @returns undefined where the end stays open
 */
export function endFrom(question: PaceQuestion): Rescheduling | undefined {
  const { schedule } = question;
  switch (schedule.kind) {
    case 'constant':
      return stopFrom(question);
    case 'cosine':
    case 'linear':
      return fallFrom(question);
    default:
      return schedule.decayShare === 0 ? stopFrom(question) : decayFrom(question);
  }
}

function stopFrom(question: PaceQuestion): Rescheduling | undefined {
  const { step } = question;
  if (step < 1 || step < affordableSteps(question)) return undefined;
  return { fromStep: step, numSteps: step, decayShare: 0 };
}

function fallFrom(question: PaceQuestion): Rescheduling | undefined {
  const { step, schedule, pace, plannedSteps, plannedPauseMs } = question;
  if (step < schedule.warmupSteps || pace.numTimedSteps === 0) return undefined;
  // Few pauses were seen so early.
  const affordable = affordableSteps(question, plannedPauseMs);
  if (step < openShare * Math.min(affordable, plannedSteps)) return undefined;
  const numSteps = Math.max(affordable, step + Math.max(1, Math.ceil(step * leastDecay)));
  return { fromStep: step, numSteps, decayShare: schedule.decayShare };
}

function decayFrom(question: PaceQuestion): Rescheduling | undefined {
  const { step, schedule } = question;
  if (step < schedule.warmupSteps) return undefined;
  const affordable = affordableSteps(question);
  if (step < Math.round(affordable * (1 - schedule.decayShare))) return undefined;
  const numDecaySteps = Math.max(affordable - step, Math.ceil(step * leastDecay), 1);
  const numSteps = step + numDecaySteps;
  // Half a step less, so that rounding up gives the number again.
  return { fromStep: step, numSteps, decayShare: (numDecaySteps - 0.5) / numSteps };
}
