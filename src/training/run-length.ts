import { scheduleFactor } from '../optimizer/index.ts';
import { affordableSteps, endFrom, type Pace, type PaceQuestion, type Rescheduling } from './pace.ts';
import type { Plan } from './plan.ts';
import { guessedClosingMs } from './plan-pauses.ts';
import type { TrainingState } from './training-state.ts';

/** A moment of a run. */
export interface RunMoment {
  /** Steps that are done. */
  readonly step: number;
  readonly training: TrainingState;
  /** Time of the run so far, over resumes. */
  readonly elapsedMs: number;
}

/** Asked only where the time decides. */
function paceQuestion(plan: Plan, { step, training, elapsedMs }: RunMoment): PaceQuestion | undefined {
  const { schedule, expected, mostSteps, numSteps } = plan;
  if (expected.limitMs === null) return undefined;
  return {
    step,
    schedule,
    pace: { ...training.pace, elapsedMs },
    budgetMs: expected.limitMs,
    finalMs: finalMs(plan, training.pace),
    plannedSteps: numSteps,
    plannedMsPerStep: expected.msPerStep,
    plannedPauseMs: Math.max(0, expected.otherMs - expected.finalMs) / numSteps,
    mostSteps: mostSteps ?? Number.MAX_SAFE_INTEGER,
  };
}

/** How the run ends, where that is decided at this moment; undefined where it was decided before, or is not yet. */
export function endFixedAt(plan: Plan, moment: RunMoment): Rescheduling | undefined {
  if (moment.training.rescheduling !== null) return undefined;
  const question = paceQuestion(plan, moment);
  return question && endFrom(question);
}

/** Why the number of steps was fixed, for the log. */
export function reasonOfEnd({ numSteps: planned }: Plan, { fromStep, numSteps }: Rescheduling): string {
  const steps = `${planned.toLocaleString('en-US')} steps were planned in all`;
  return numSteps === fromStep
    ? `the run ends here, with its time (${steps})`
    : `the learning rate falls from here on, over ${(numSteps - fromStep).toLocaleString('en-US')} steps, so that the run ends with its ` +
        `time (${steps})`;
}

/** Steps of the whole run, as far as is known. With a budget of time they go on until their end is fixed. */
export function stepsOfRun(plan: Plan, moment: RunMoment): number {
  const { rescheduling } = moment.training;
  if (rescheduling !== null) return rescheduling.numSteps;
  const question = paceQuestion(plan, moment);
  return question === undefined ? plan.numSteps : Math.max(moment.step + 1, affordableSteps(question));
}

/** The factor on the learning rates in the step after so many: a pure function of plan, step and what was fixed. */
export function factorOfStep(plan: Plan, rescheduling: Rescheduling | null, step: number): number {
  const { schedule, numSteps } = plan;
  if (rescheduling !== null && step >= rescheduling.fromStep) {
    const { fromStep, numSteps: newNumSteps, decayShare } = rescheduling;
    return schedule.kind === 'cosine' || schedule.kind === 'linear'
      ? scheduleFactor({ ...schedule, warmupSteps: 0 }, step - fromStep, newNumSteps - fromStep)
      : scheduleFactor({ ...schedule, decayShare }, step, newNumSteps);
  }
  if (plan.expected.limitMs === null) return scheduleFactor(schedule, step, numSteps);
  // Flat for as long as its end is open.
  return scheduleFactor({ ...schedule, kind: 'constant' }, step, Number.MAX_SAFE_INTEGER);
}

/** What the end takes: as planned, until evaluations on the way have shown how long a document takes. */
function finalMs({ evaluation, samples, expected }: Plan, { evaluationMs, numEvaluatedDocuments }: Pace): number {
  if (numEvaluatedDocuments === 0) return expected.finalMs;
  const closingMs = expected.closingMs ?? guessedClosingMs(samples.prompts.length);
  return closingMs + (evaluation.numFinalDocuments * evaluationMs) / numEvaluatedDocuments;
}

/** Time until the end of the run; undefined before a step was timed. */
export function remainingMs(plan: Plan, moment: RunMoment): number | undefined {
  const { step, training, elapsedMs } = moment;
  const { pace } = training;
  if (pace.numTimedSteps === 0) return undefined;
  const msPerStep = pace.stepsMs / pace.numTimedSteps + pace.otherMs / Math.max(1, step);
  const atPace = (stepsOfRun(plan, moment) - step) * msPerStep + finalMs(plan, pace);
  const { limitMs } = plan.expected;
  // The end of the text may come before the end of the time.
  return limitMs === null || training.rescheduling !== null
    ? atPace
    : Math.min(atPace, Math.max(0, limitMs - elapsedMs));
}
