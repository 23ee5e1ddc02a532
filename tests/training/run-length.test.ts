import { describe, expect, test } from 'vitest';
import { emptyLossHistory } from '../../src/training/divergence.ts';
import type { Rescheduling } from '../../src/training/pace.ts';
import { endFixedAt, factorOfStep, remainingMs, stepsOfRun } from '../../src/training/run-length.ts';
import type { TrainingState } from '../../src/training/training-state.ts';
import { type PlanChanges, smallPlan } from './support/small-training.ts';

/** A run of 100 seconds that was planned with 100 ms a step: 900 steps, the last 40 % of which decay; 10 s are for the end. */
const timed = (changes: PlanChanges = {}) =>
  smallPlan({
    numSteps: 900,
    expected: { limitMs: 100_000, finalMs: 10_000, msPerStep: 100 },
    schedule: { warmupSteps: 20 },
    ...changes,
  });

interface Simulation {
  readonly msPerStep: (step: number) => number;
  /** A pause every 50 steps. */
  readonly pauseMs?: number;
  readonly changes?: PlanChanges;
}

/** Runs the books of a timed run without training anything. */
function simulate({ msPerStep, pauseMs = 0, changes = {} }: Simulation) {
  const plan = timed(changes);
  let training: TrainingState = {
    version: 1,
    tokens: 0,
    losses: emptyLossHistory,
    pace: { elapsedMs: 0, stepsMs: 0, numTimedSteps: 0, otherMs: 0, evaluationMs: 0, numEvaluatedDocuments: 0 },
    rescheduling: null,
  };
  let [step, elapsedMs, numDecisions] = [0, 0, 0];
  const factors: number[] = [];
  // A run that never ends is a fault, not a test that never ends.
  while (step < 20_000) {
    const fixed = endFixedAt(plan, { step, training, elapsedMs });
    if (fixed !== undefined) {
      numDecisions += 1;
      training = { ...training, rescheduling: fixed };
    }
    if (step >= stepsOfRun(plan, { step, training, elapsedMs })) break;
    factors.push(factorOfStep(plan, training.rescheduling, step));
    const pause = step % 50 === 49 ? pauseMs : 0;
    const { pace } = training;
    training = {
      ...training,
      pace: {
        ...pace,
        stepsMs: pace.stepsMs + msPerStep(step),
        numTimedSteps: pace.numTimedSteps + 1,
        otherMs: pace.otherMs + pause,
      },
    };
    elapsedMs += msPerStep(step) + pause;
    step += 1;
  }
  return { step, elapsedMs, factors, numDecisions, rescheduling: training.rescheduling as Rescheduling };
}

describe('a budget of time', () => {
  test.each([
    ['as fast as planned', 100, 900],
    ['twice as slow', 200, 450],
    ['three times as fast', 33, 2727],
  ])('is kept where steps are %s', (_, ms, expected) => {
    const { step, elapsedMs, factors, numDecisions } = simulate({ msPerStep: () => ms });
    expect(step).toBeGreaterThan(0.99 * expected);
    expect(step).toBeLessThanOrEqual(expected + 1);
    expect(elapsedMs).toBeLessThanOrEqual(90_000 + ms);
    expect(numDecisions).toBe(1);
    // The learning rate has come down when the time is over, whatever the pace was.
    expect(factors.at(-1)).toBeLessThan(0.15);
    expect(factors.filter((factor) => factor < 1).length - 20).toBeGreaterThan(0.35 * step);
  });

  test('counts the pauses: evaluations and samples are part of it', () => {
    const { elapsedMs, step } = simulate({ msPerStep: () => 100, pauseMs: 2_000 });
    expect(elapsedMs).toBeGreaterThan(86_000);
    expect(elapsedMs).toBeLessThanOrEqual(92_500);
    expect(step).toBeLessThan(700);
  });

  test('on a machine that gets three times slower in the middle ends late by no more than the decay', () => {
    const { elapsedMs, factors } = simulate({ msPerStep: (step) => (step < 300 ? 60 : 180) });
    expect(elapsedMs).toBeLessThan(125_000);
    expect(factors.at(-1)).toBeLessThan(0.15);
  });

  test('still decays where loading took all of it', () => {
    const plan = { expected: { limitMs: 1_000, finalMs: 900, msPerStep: 100 } } as const;
    const { step, factors } = simulate({ msPerStep: () => 100, changes: plan });
    expect(step).toBeGreaterThanOrEqual(20);
    expect(step).toBeLessThan(30);
    expect(factors.at(-1)).toBeLessThan(1);
  });

  test('is not stretched beyond what the text is worth', () => {
    expect(simulate({ msPerStep: () => 10, changes: { mostSteps: 500 } }).step).toBe(500);
  });

  test('leaves the flat part as it is, so that steps before the decision do not depend on it', () => {
    const { factors, rescheduling } = simulate({ msPerStep: () => 50 });
    expect(factors.slice(0, 20)).toEqual(Array.from({ length: 20 }, (_, i) => (i + 1) / 20));
    expect(new Set(factors.slice(20, rescheduling.fromStep))).toEqual(new Set([1]));
    expect(factors[rescheduling.fromStep]).toBeLessThanOrEqual(1);
    expect(factors[rescheduling.fromStep + 1]).toBeLessThan(1);
  });

  test.each(['warmupStableDecay', 'cosine', 'linear'] as const)(
    'has the same learning rates after a resume as without (%s)',
    (kind) => {
      const changes = { schedule: { kind, warmupSteps: 20 } };
      const { factors, rescheduling } = simulate({ msPerStep: () => 80, changes });
      const again = factors.map((_, step) => factorOfStep(timed(changes), rescheduling, step));
      expect(again).toEqual(factors);
    },
  );

  test.each([
    ['cosine', 200, 450],
    ['cosine', 33, 2727],
    ['linear', 200, 450],
    ['linear', 33, 2727],
  ] as const)('is kept by a %s, whose length is fixed early, with steps of %i ms', (kind, ms, expected) => {
    const changes = { schedule: { kind, warmupSteps: 20, finalFactor: 0 } };
    const { step, factors, numDecisions, rescheduling } = simulate({ msPerStep: () => ms, changes });
    expect(Math.abs(step - expected)).toBeLessThan(0.01 * expected + 1);
    expect(numDecisions).toBe(1);
    expect(rescheduling.fromStep).toBeLessThanOrEqual(90);
    // It never rises again after warm-up, makes no leap, and comes down to the end.
    const falling = factors.slice(20);
    const leaps = falling.slice(1).map((factor, i) => (falling[i] as number) - factor);
    expect(Math.min(...leaps)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...leaps)).toBeLessThan(0.01);
    expect(factors.at(-1)).toBeLessThan(0.01);
  });

  test.each([
    ['constant', {}],
    ['warmupStableDecay', { decayShare: 0 }],
  ] as const)('ends a schedule that never falls when the time is over (%s)', (kind, more) => {
    const changes = { schedule: { kind, warmupSteps: 20, ...more } };
    const { step, factors, numDecisions } = simulate({ msPerStep: () => 200, changes });
    expect(step).toBe(450);
    expect(new Set(factors.slice(20))).toEqual(new Set([1]));
    expect(numDecisions).toBe(1);
    expect(simulate({ msPerStep: () => 10, changes: { ...changes, mostSteps: 500 } }).step).toBe(500);
  });

  test('leaves for the last evaluation what evaluations on the way have shown it takes, be it more or less', () => {
    const plan = timed({ evaluation: { numFinalDocuments: 100 }, schedule: { kind: 'constant' } });
    const pace = { ...emptyState().pace, elapsedMs: 0, stepsMs: 1000, numTimedSteps: 10, numEvaluatedDocuments: 10 };
    const stepsAt = (evaluationMs: number) =>
      stepsOfRun(plan, { step: 10, training: { ...emptyState(), pace: { ...pace, evaluationMs } }, elapsedMs: 1000 });
    // Three samples and a checkpoint take 1.5 s, 100 documents 0.1 s or 20 s.
    expect(stepsAt(10)).toBe(10 + 974);
    expect(stepsAt(2000)).toBe(10 + 775);
  });

  test('leaves for samples and checkpoint at the end what the plan has measured', () => {
    const stepsWith = (closingMs: number) =>
      stepsOfRun(
        timed({
          expected: { limitMs: 100_000, finalMs: 10_000, closingMs, msPerStep: 100 },
          evaluation: { numFinalDocuments: 100 },
          schedule: { kind: 'constant' },
        }),
        {
          step: 10,
          training: {
            ...emptyState(),
            pace: {
              ...emptyState().pace,
              stepsMs: 1000,
              numTimedSteps: 10,
              evaluationMs: 10,
              numEvaluatedDocuments: 10,
            },
          },
          elapsedMs: 1000,
        },
      );
    expect(stepsWith(900)).toBe(10 + 980);
    expect(stepsWith(8900)).toBe(10 + 900);
  });
});

test('without a budget of time the plan says how many steps there are', () => {
  const plan = smallPlan();
  const moment = {
    step: 3,
    training: { ...emptyState(), pace: { ...emptyState().pace, stepsMs: 200, numTimedSteps: 2 } },
    elapsedMs: 1e9,
  };
  expect(stepsOfRun(plan, moment)).toBe(20);
  expect(endFixedAt(plan, moment)).toBeUndefined();
  expect(remainingMs(plan, moment)).toBe(17 * 100 + 50);
});

function emptyState(): TrainingState {
  return {
    version: 1,
    tokens: 0,
    losses: emptyLossHistory,
    pace: { elapsedMs: 0, stepsMs: 0, numTimedSteps: 0, otherMs: 0, evaluationMs: 0, numEvaluatedDocuments: 0 },
    rescheduling: null,
  };
}
