import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Schedule, scheduleFactor } from '../../src/optimizer/index.ts';
import { afterSkippedStep, afterStep, causeToStop, emptyLossHistory } from '../../src/training/divergence.ts';
import { factorOfStep } from '../../src/training/run-length.ts';
import { describeWithJax } from '../support/jax-python.ts';
import { smallPlan } from '../training/support/small-training.ts';
import { askPython } from './support/ask-python.ts';

const kinds = ['constant', 'cosine', 'linear', 'warmupStableDecay', 'warmupStableSquareRoot'] as const;

describeWithJax('the decisions of the runner', () => {
  test('the factors of every kind of schedule are those of TypeScript, to the bit', () => {
    for (const kind of kinds) {
      for (const [warmupSteps, finalFactor, decayShare, numSteps] of [
        [10, 0.1, 0.55, 100],
        [0, 0, 0.3, 7],
        [50, 0.03, 1, 211],
        [3, 1, 0, 1],
      ] as const) {
        const schedule: Schedule = { kind, warmupSteps, finalFactor, decayShare };
        const expected = Array.from({ length: numSteps }, (_, step) => scheduleFactor(schedule, step, numSteps));
        expect(askPython('factors', schedule, numSteps)).toEqual(expected);
      }
    }
  });

  test('a run whose end was fixed on the way goes on to that end', () => {
    for (const kind of ['cosine', 'warmupStableDecay'] as const) {
      const schedule: Schedule = { kind, warmupSteps: 3, finalFactor: 0.1, decayShare: 0.4 };
      const plan = smallPlan({ schedule, numSteps: 40 });
      const rescheduling = { fromStep: 11, numSteps: 25, decayShare: 0.54 };
      const expected = Array.from({ length: 25 }, (_, step) => factorOfStep(plan, rescheduling, step));
      expect(askPython('rescheduled_factors', schedule, 40, rescheduling)).toEqual(expected);
    }
  });

  test('losses are remembered, and stop a run, as in TypeScript', () => {
    const one = fc.oneof({ weight: 9, arbitrary: fc.double({ min: 0, max: 12, noNaN: true }) }, fc.constant(null));
    const runs = fc.sample(fc.array(one, { minLength: 5, maxLength: 40 }), { numRuns: 20, seed: 4 });
    // A loss that falls, and leaves for good.
    const leaving = Array.from({ length: 140 }, (_, i) => (i < 60 ? 6 - i / 20 : 9));
    for (const losses of [...runs, leaving]) {
      let history = emptyLossHistory;
      const expected = losses.map((loss) => {
        history = loss === null ? afterSkippedStep(history) : afterStep(history, loss);
        return [history, causeToStop(history, 200) ?? null];
      });
      expect(askPython('histories', losses, 200, emptyLossHistory)).toEqual(expected);
    }
  });
});
