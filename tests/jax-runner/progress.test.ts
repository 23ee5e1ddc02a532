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
    const lengths = [
      [10, 0.1, 0.55, 100],
      [0, 0, 0.3, 7],
      [50, 0.03, 1, 211],
      [3, 1, 0, 1],
    ] as const;
    const runs = kinds.flatMap((kind) =>
      lengths.map(([warmupSteps, finalFactor, decayShare, numSteps]) => {
        const schedule: Schedule = { kind, warmupSteps, finalFactor, decayShare };
        return [schedule, numSteps] as const;
      }),
    );
    const expected = runs.map(([schedule, numSteps]) =>
      Array.from({ length: numSteps }, (_, step) => scheduleFactor(schedule, step, numSteps)),
    );
    expect(askPython('factors', runs)).toEqual(expected);
  });

  test('a run whose end was fixed on the way goes on to that end', () => {
    const schedules = (['cosine', 'warmupStableDecay'] as const).map(
      (kind): Schedule => ({ kind, warmupSteps: 3, finalFactor: 0.1, decayShare: 0.4 }),
    );
    const rescheduling = { fromStep: 11, numSteps: 25, decayShare: 0.54 };
    const expected = schedules.map((schedule) => {
      const plan = smallPlan({ schedule, numSteps: 40 });
      return Array.from({ length: 25 }, (_, step) => factorOfStep(plan, rescheduling, step));
    });
    expect(askPython('rescheduled_factors', schedules, 40, rescheduling)).toEqual(expected);
  });

  test('losses are remembered, and stop a run, as in TypeScript', () => {
    const one = fc.oneof({ weight: 9, arbitrary: fc.double({ min: 0, max: 12, noNaN: true }) }, fc.constant(null));
    const runs = fc.sample(fc.array(one, { minLength: 5, maxLength: 40 }), { numRuns: 20, seed: 4 });
    // A loss that falls, and leaves for good.
    const leaving = Array.from({ length: 140 }, (_, i) => (i < 60 ? 6 - i / 20 : 9));
    const all = [...runs, [3, null, null, null, null], leaving];
    const expected = all.map((losses) => {
      let history = emptyLossHistory;
      return losses.map((loss) => {
        history = loss === null ? afterSkippedStep(history) : afterStep(history, loss);
        return [history, causeToStop(history, 200) ?? null];
      });
    });
    expect(askPython('histories', all, 200, emptyLossHistory)).toEqual(expected);
    const causes = expected.map((told) => told.map(([, cause]) => cause).find((cause) => cause !== null));
    expect(causes.at(-1)).toContain('far above its best');
    expect(causes.some((cause) => typeof cause === 'string' && cause.includes('not finite'))).toBe(true);
  });
});
