import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  alongTrace,
  annealedAlong,
  recordedSchedule,
  summedFactors,
  traceSchedule,
} from '../../../src/theory/index.ts';
import { cosine, scheduleOf, squareRootDecay } from './training-curves.ts';

const ofFactors = (factors: readonly number[]) => ({
  numSteps: factors.length,
  factorAt: (step: number) => factors[step] as number,
});

/** (1 − λ)·S2 as Tissue et al. write it: a sum of sums of falls, without the rise before the first fall. */
function slowAnnealed(factors: readonly number[], numSteps: number, memorySteps: number): number {
  const keep = Math.exp(-1 / memorySteps);
  const first = factors.findIndex((factor, i) => i > 0 && factor < (factors[i - 1] as number));
  let sum = 0;
  for (let i = 0; i < numSteps; i++) {
    for (let k = first; first > 0 && k <= i; k++) {
      sum += ((factors[k - 1] as number) - (factors[k] as number)) * keep ** (i - k);
    }
  }
  return (1 - keep) * sum;
}

const factor = fc.double({ min: 0, max: 1, noNaN: true });

describe('the annealed part of a schedule', () => {
  test('is S2 of Tissue et al. times 1 − λ, for any schedule', () => {
    fc.assert(
      fc.property(
        fc.array(factor, { minLength: 1, maxLength: 40 }),
        fc.double({ min: 0.3, max: 300, noNaN: true }),
        (factors, memory) => {
          const annealed = annealedAlong(traceSchedule(ofFactors(factors)), memory);
          for (let step = 0; step <= factors.length; step++) {
            expect(annealed[step]).toBeCloseTo(slowAnnealed(factors, step, memory), 10);
          }
        },
      ),
    );
  });

  test('is nothing in warm-up and while the rate stays, and tends to the whole fall after it', () => {
    const factors = [
      ...Array.from({ length: 10 }, (_, i) => (i + 1) / 10),
      ...Array(20).fill(1),
      ...Array(200).fill(0.3),
    ];
    const annealed = annealedAlong(traceSchedule(ofFactors(factors)), 15);
    expect([...annealed.slice(0, 31)]).toEqual(Array(31).fill(0));
    expect(annealed[31]).toBeCloseTo(0.7 * (1 - Math.exp(-1 / 15)), 12);
    expect(annealed[230]).toBeCloseTo(0.7, 5);
  });

  test('never falls in a schedule that only falls, whatever the memory', () => {
    fc.assert(
      fc.property(
        fc.array(factor, { minLength: 2, maxLength: 60 }),
        fc.double({ min: 0.1, max: 1e4, noNaN: true }),
        (any, memory) => {
          const annealed = annealedAlong(traceSchedule(ofFactors([...any].sort((a, b) => b - a))), memory);
          for (let i = 1; i < annealed.length; i++) {
            expect(annealed[i]).toBeGreaterThanOrEqual((annealed[i - 1] as number) - 1e-12);
          }
        },
      ),
    );
  });

  test('of a run too long to follow step by step is close to that of its steps', () => {
    const numSteps = 20_000;
    const schedule = scheduleOf(cosine, numSteps);
    const trace = traceSchedule(schedule);
    expect(trace.stepsPerBlock).toBe(5);
    const factors = Array.from({ length: numSteps }, (_, step) => schedule.factorAt(step));
    const keep = Math.exp(-1 / 300);
    let [sum, pending, fallen] = [0, 0, 0];
    const annealed = annealedAlong(trace, 300);
    for (const [step, value] of factors.entries()) {
      const fall = step > 20 ? (factors[step - 1] as number) - value : 0;
      sum += value;
      fallen += fall;
      pending = keep * (pending + fall);
      if (step % 997 !== 500) continue;
      expect(summedFactors(trace, step + 1) / sum).toBeCloseTo(1, 2);
      expect(alongTrace(trace, annealed, step + 1)).toBeCloseTo(fallen - pending, 3);
    }
    expect(summedFactors(trace, numSteps)).toBeCloseTo(sum, 6);
  });
});

describe('a schedule from its record', () => {
  test('has the sums of the record and nearly the annealed part of the schedule', () => {
    const numSteps = 1000;
    for (const kind of [squareRootDecay, cosine, { ...squareRootDecay, kind: 'warmupStableDecay' as const }]) {
      const truth = traceSchedule(scheduleOf(kind, numSteps));
      const curve = Array.from({ length: 40 }, (_, i) => 25 * (i + 1)).map(
        (step) => [step, summedFactors(truth, step), 1] as const,
      );
      const found = traceSchedule(recordedSchedule(curve));
      const [one, other] = [annealedAlong(truth, 60), annealedAlong(found, 60)];
      for (const [step, sum] of curve) {
        expect(Math.abs(summedFactors(found, step) - sum)).toBeLessThan(5);
        expect(Math.abs(alongTrace(found, other, step) - alongTrace(truth, one, step))).toBeLessThan(0.02);
      }
    }
  });

  test('seems to decay earlier, the fewer evaluations it has', () => {
    const truth = { numSteps: 1000, factorAt: (step: number) => (step < 800 ? 1 : 1 - (step - 800) / 200) };
    const trace = traceSchedule(truth);
    const begins = [25, 100, 200].map((gap) => {
      const steps = Array.from({ length: 1000 / gap }, (_, i) => (i + 1) * gap);
      const { factorAt } = recordedSchedule(steps.map((step) => [step, summedFactors(trace, step)] as const));
      return Array.from({ length: 1000 }, (_, step) => factorAt(step)).findIndex((factor) => factor < 1 - 1e-9);
    });
    expect(begins).toEqual([788, 750, 700]);
  });

  test('that tells no step is refused', () => {
    expect(() => recordedSchedule([[0, 0]])).toThrow(/without a step/);
  });
});
