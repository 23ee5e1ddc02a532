import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { calibrateTimeModel, predictStepMs, type StepCost, type TimeModel } from '../../../src/theory/index.ts';

/** Costs of steps from 0.3 to 30 M parameters, spread over all that a probe may see. */
const costs: readonly StepCost[] = [
  { matrixFlops: 2e9, movedBytes: 0.3e9, numKernels: 1500 },
  { matrixFlops: 6e9, movedBytes: 0.5e9, numKernels: 1900 },
  { matrixFlops: 20e9, movedBytes: 1e9, numKernels: 2700 },
  { matrixFlops: 100e9, movedBytes: 3e9, numKernels: 3900 },
];

const reference: TimeModel = { msPerGigaflop: 10, msPerGigabyte: 150, msPerKernel: 0.01 };

const timed = (model: TimeModel, some: readonly StepCost[] = costs) =>
  some.map((cost) => ({ ...cost, milliseconds: predictStepMs(model, cost) }));

describe('a time model', () => {
  test('adds up arithmetic, moved bytes and started kernels', () => {
    const model = { msPerGigaflop: 10, msPerGigabyte: 100, msPerKernel: 0.02 };
    expect(predictStepMs(model, { matrixFlops: 3e9, movedBytes: 0.5e9, numKernels: 1000 })).toBeCloseTo(30 + 50 + 20);
  });

  test('of one probe is the reference stretched to it: a machine twice as slow is twice as slow at every size', () => {
    const slow = { msPerGigaflop: 20, msPerGigabyte: 300, msPerKernel: 0.02 };
    for (const probe of timed(slow)) {
      const model = calibrateTimeModel([probe], reference);
      for (const cost of costs) expect(predictStepMs(model, cost)).toBeCloseTo(predictStepMs(slow, cost), 6);
    }
  });

  test('of probes of all sizes foretells what lies between them within 3 %, also where one part is twice as slow and another twice as fast', () => {
    const factor = (most: number) => fc.double({ min: 1 / most, max: most, noNaN: true });
    const machines = fc.tuple(factor(10), factor(2), factor(2), factor(2)).map(([all, flops, bytes, kernels]) => ({
      msPerGigaflop: all * flops * reference.msPerGigaflop,
      msPerGigabyte: all * bytes * reference.msPerGigabyte,
      msPerKernel: all * kernels * reference.msPerKernel,
    }));
    const between: StepCost = { matrixFlops: 40e9, movedBytes: 1.6e9, numKernels: 3000 };
    fc.assert(
      fc.property(machines, (machine) => {
        const model = calibrateTimeModel(timed(machine), reference);
        expect(Math.abs(predictStepMs(model, between) / predictStepMs(machine, between) - 1)).toBeLessThan(0.03);
        expect(Math.min(model.msPerGigaflop, model.msPerGigabyte, model.msPerKernel)).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 200 },
    );
  });

  test('has no negative part, even where the probes would want one', () => {
    // Larger steps that take less time.
    const probes = costs.map((cost, i) => ({ ...cost, milliseconds: 100 / (i + 1) }));
    const model = calibrateTimeModel(probes, reference);
    expect(Math.min(model.msPerGigaflop, model.msPerGigabyte, model.msPerKernel)).toBeGreaterThanOrEqual(0);
  });

  test('is not calibrated from nothing', () => {
    expect(() => calibrateTimeModel([], reference)).toThrow('no probe');
  });
});
