import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  numDecaySteps,
  numWarmupSteps,
  type Schedule,
  scheduleFactor,
  scheduleSchema,
} from '../../src/optimizer/index.ts';

const share = fc.double({ min: 0, max: 1, noNaN: true });
const schedules: fc.Arbitrary<Schedule> = fc.record({
  kind: fc.constantFrom(...scheduleSchema.shape.kind.options),
  warmupSteps: fc.nat(100),
  finalFactor: share,
  decayShare: share,
});
const lengths = fc.integer({ min: 1, max: 300 });

function factors(schedule: Schedule, numSteps: number): number[] {
  return Array.from({ length: numSteps }, (_, step) => scheduleFactor(schedule, step, numSteps));
}

describe('a schedule', () => {
  test('stays in 0 … 1 and never gives a step nothing to do', () => {
    fc.assert(
      fc.property(schedules, lengths, (schedule, numSteps) => {
        expect(factors(schedule, numSteps).filter((factor) => !(factor > 0 && factor <= 1))).toEqual([]);
      }),
    );
  });

  test('rises to its peak, stays, and never rises again', () => {
    fc.assert(
      fc.property(schedules, lengths, (schedule, numSteps) => {
        const all = factors(schedule, numSteps);
        const warmup = numWarmupSteps(schedule, numSteps);
        expect(warmup).toBeLessThanOrEqual(numSteps / 5);
        const wrong = all.filter((factor, step) => {
          const before = all[step - 1] ?? 0;
          if (step === warmup - 1 || step === warmup) return factor !== 1;
          return step < warmup ? factor <= before : factor > before;
        });
        expect(wrong).toEqual([]);
      }),
    );
  });

  test('makes no jump: neighbours differ by no more than the steepest piece of it does', () => {
    fc.assert(
      fc.property(schedules, lengths, (schedule, numSteps) => {
        const warmup = numWarmupSteps(schedule, numSteps);
        const isFlatFirst = schedule.kind.startsWith('warmupStable');
        const decay = isFlatFirst ? Math.min(numSteps - warmup, numDecaySteps(schedule, numSteps)) : numSteps - warmup;
        // The greatest change in one step: of a line 1/n, of the half cosine π/2 as much, of √ the first step's √(1/n).
        const steepest = { constant: 0, linear: 1 / decay, cosine: Math.PI / 2 / decay, warmupStableDecay: 1 / decay };
        const ofKind = schedule.kind === 'warmupStableSquareRoot' ? Math.sqrt(1 / decay) : steepest[schedule.kind];
        // Where nothing decays, nothing falls.
        const fall = decay === 0 ? 0 : ofKind;
        const all = factors(schedule, numSteps);
        const changes = all.slice(1).map((factor, i) => factor - (all[i] ?? 0));
        expect(Math.max(0, ...changes)).toBeLessThanOrEqual(1 / warmup + 1e-12);
        expect(-Math.min(0, ...changes)).toBeLessThanOrEqual((1 - schedule.finalFactor) * fall + 1e-12);
      }),
    );
  });

  test('ends one step above its final factor', () => {
    fc.assert(
      fc.property(schedules, fc.integer({ min: 200, max: 5000 }), (schedule, numSteps) => {
        fc.pre(schedule.decayShare > 0.1);
        const last = scheduleFactor(schedule, numSteps - 1, numSteps);
        const end = schedule.kind === 'constant' ? 1 : schedule.finalFactor;
        expect(last).toBeGreaterThanOrEqual(end);
        expect(last - end).toBeLessThan(0.06);
      }),
    );
  });

  test('has the numbers of its formula', () => {
    const base = { warmupSteps: 4, finalFactor: 0.2, decayShare: 0.5 };
    const round = (kind: Schedule['kind']) => factors({ kind, ...base }, 20).map((x) => Math.round(x * 1e4) / 1e4);
    const warmup = [0.25, 0.5, 0.75, 1];
    const decay = (numSteps: number, shape: (x: number) => number) =>
      Array.from({ length: numSteps }, (_, i) => Math.round((1 - 0.8 * shape(i / numSteps)) * 1e4) / 1e4);
    expect(round('constant')).toEqual([...warmup, ...Array(16).fill(1)]);
    expect(round('linear')).toEqual([...warmup, ...decay(16, (x) => x)]);
    expect(round('cosine')).toEqual([...warmup, ...decay(16, (x) => (1 - Math.cos(Math.PI * x)) / 2)]);
    expect(round('warmupStableDecay')).toEqual([...warmup, ...Array(6).fill(1), ...decay(10, (x) => x)]);
    expect(round('warmupStableSquareRoot')).toEqual([...warmup, ...Array(6).fill(1), ...decay(10, Math.sqrt)]);
  });

  test('follows the cosine of the platform to 1e-15', () => {
    const schedule: Schedule = { kind: 'cosine', warmupSteps: 0, finalFactor: 0, decayShare: 0 };
    factors(schedule, 1000).forEach((factor, step) => {
      expect(Math.abs(factor - (1 + Math.cos((Math.PI * step) / 1000)) / 2)).toBeLessThan(1e-15);
    });
  });

  test('decays over its share of the steps, rounded up, and not over one more for the sake of a rounding error', () => {
    const decayOf = (decayShare: number, numSteps: number) => {
      const schedule: Schedule = { kind: 'warmupStableDecay', warmupSteps: 0, finalFactor: 0, decayShare };
      // The first step of the decay still has the factor 1.
      const numBelowOne = factors(schedule, numSteps).filter((factor) => factor < 1).length;
      expect(numBelowOne).toBe(Math.max(0, numDecaySteps(schedule, numSteps) - 1));
      return numDecaySteps(schedule, numSteps);
    };
    for (let percent = 0; percent <= 100; percent++) {
      for (const numSteps of [100, 1000]) expect(decayOf(percent / 100, numSteps)).toBe((percent * numSteps) / 100);
    }
    expect([decayOf(0.1, 15), decayOf(1e-3, 15), decayOf(6.5 / 15, 15)]).toEqual([2, 1, 7]);
  });

  test('has no step outside of its run', () => {
    const schedule: Schedule = { kind: 'constant', warmupSteps: 0, finalFactor: 0, decayShare: 0 };
    for (const step of [-1, 10, 0.5]) expect(() => scheduleFactor(schedule, step, 10)).toThrow(/step/);
  });
});
