import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { randomStream } from '../../../src/core/index.ts';
import {
  type CurveLaw,
  curveForecast,
  curveLawSchema,
  curveLossesOf,
  fitCurveLaw,
  heldOutResiduals,
  type TrainingCurve,
} from '../../../src/theory/index.ts';
import { runsEverything } from '../../support/full-tests.ts';
import { describeWithTable, isFilled, numberIn, textIn, theoryTable } from '../../support/theory-tables.ts';
import { cosine, curveOf, scheduleOf, squareRootDecay } from './training-curves.ts';

const oneSize: CurveLaw = { E: 1.1, size: null, B: 100, beta: 0.35, gain: 0.12, memorySteps: 60 };
const manySizes: CurveLaw = { ...oneSize, size: { A: 30, alpha: 0.3 } };
const rungs = [
  { numParameters: 1e5, batchTokens: 1024, numSteps: 600 },
  { numParameters: 1e5, batchTokens: 1024, numSteps: 1200 },
  { numParameters: 4e5, batchTokens: 2048, numSteps: 900 },
  { numParameters: 1.6e6, batchTokens: 2048, numSteps: 1800 },
];
const oneRung = rungs.slice(0, 2);

/** Largest relative difference between the losses of two laws on a run. */
function distance(one: CurveLaw, other: CurveLaw, run: TrainingCurve): number {
  const steps = run.points.map(({ step }) => step);
  const [a, b] = [curveLossesOf(one, run, steps), curveLossesOf(other, run, steps)];
  return Math.max(...a.map((loss, i) => Math.abs(loss / (b[i] as number) - 1)));
}

describe('a fit of loss curves', () => {
  test('finds a law of one size again, and so what another schedule and a longer run would give', () => {
    const { law, error } = fitCurveLaw(oneRung.map((rung) => curveOf(oneSize, rung)));
    expect(error).toBeLessThan(1e-6);
    for (const name of ['E', 'B', 'beta', 'gain', 'memorySteps'] as const) {
      expect(law[name] / oneSize[name]).toBeCloseTo(1, 3);
    }
    const longer = { numParameters: 1e5, batchTokens: 1024, numSteps: 5000 };
    for (const schedule of [squareRootDecay, cosine, { ...cosine, kind: 'linear' as const }]) {
      expect(distance(law, oneSize, curveOf(oneSize, longer, { schedule }))).toBeLessThan(1e-4);
    }
  });

  test('finds a law of several sizes again', () => {
    const { law, numCurves, numPoints } = fitCurveLaw(rungs.map((rung) => curveOf(manySizes, rung)));
    expect(numCurves).toBe(4);
    expect(numPoints).toBeGreaterThan(80);
    expect(law.size?.alpha).toBeCloseTo(0.3, 4);
    expect(law.E).toBeCloseTo(1.1, 4);
    const larger = { numParameters: 1e7, batchTokens: 8192, numSteps: 3000 };
    expect(distance(law, manySizes, curveOf(manySizes, larger, { schedule: cosine }))).toBeLessThan(1e-4);
    expect(curveLawSchema.parse(JSON.parse(JSON.stringify(law)))).toEqual(law);
  });

  test('finds any law of one size', () => {
    fc.assert(
      fc.property(
        fc.record({
          E: fc.double({ min: 0.5, max: 3, noNaN: true }),
          size: fc.constant(null),
          B: fc.double({ min: 20, max: 300, noNaN: true }),
          beta: fc.double({ min: 0.25, max: 0.6, noNaN: true }),
          gain: fc.double({ min: 0.03, max: 0.3, noNaN: true }),
          memorySteps: fc.double({ min: 10, max: 120, noNaN: true }),
        }),
        (truth) => {
          const curves = oneRung.map((rung) => curveOf(truth, rung));
          const found = fitCurveLaw(curves);
          expect(found.error).toBeLessThan(1e-5);
          expect(
            distance(found.law, truth, curveOf(truth, { ...(rungs[0] as (typeof rungs)[0]), numSteps: 2400 })),
          ).toBeLessThan(1e-3);
        },
      ),
      { numRuns: 12 },
    );
  });

  test('is a minimum: no change of one number of the law makes it better, on noisy curves', () => {
    const noise = randomStream(3, 'curves');
    const curves = rungs.map((rung) => curveOf(manySizes, rung, { noise: () => 0.003 * noise.nextNormal() }));
    const { law, error, residuals } = fitCurveLaw(curves);
    expect(error).toBeGreaterThan(0.0025);
    expect(error).toBeLessThan(0.0035);
    // Residuals of the fit are relative to the loss, those in the record to the law.
    const squares = (one: CurveLaw): number => {
      let sum = 0;
      for (const curve of curves) {
        const used = curve.points.filter(({ step }) => step >= 0.1 * curve.numSteps && step >= 57);
        const losses = curveLossesOf(
          one,
          curve,
          used.map(({ step }) => step),
        );
        for (const [i, { loss }] of used.entries()) sum += ((losses[i] as number) / loss - 1) ** 2;
      }
      return sum;
    };
    expect(Math.sqrt(squares(law) / residuals.length)).toBeCloseTo(error, 9);
    for (const name of ['E', 'B', 'beta', 'gain', 'memorySteps'] as const) {
      for (const factor of [0.9, 0.99, 1.01, 1.1]) {
        expect(squares({ ...law, [name]: factor * law[name] })).toBeGreaterThan(squares(law) * (1 - 1e-9));
      }
    }
  });

  test('of runs whose rate never falls knows of no gain, and of ten per cent noise still makes a law', () => {
    const constant = { ...squareRootDecay, kind: 'constant' as const };
    const noise = randomStream(2, 'much noise');
    const { law } = fitCurveLaw(oneRung.map((rung) => curveOf(oneSize, rung, { schedule: constant })));
    expect(law.gain).toBe(0);
    expect(law.beta).toBeCloseTo(0.35, 3);
    const noisy = oneRung.map((rung) => curveOf(oneSize, rung, { noise: () => 0.1 * noise.nextNormal() }));
    expect(curveLawSchema.safeParse(fitCurveLaw(noisy).law).success).toBe(true);
  });

  test('says where its residuals lie', () => {
    const curves = oneRung.map((rung) => curveOf(oneSize, rung));
    const [first, second] = curves as [TrainingCurve, TrainingCurve];
    const bent = [first, { ...second, points: second.points.map((point) => ({ ...point, loss: 1.01 * point.loss })) }];
    const { residuals } = fitCurveLaw(bent);
    const meanOf = (curve: number) => {
      const own = residuals.filter((one) => one.curve === curve).map(({ relative }) => relative);
      return own.reduce((sum, value) => sum + value, 0) / own.length;
    };
    expect(meanOf(1)).toBeGreaterThan(meanOf(0));
    expect(Math.max(...residuals.map(({ share }) => share))).toBe(1);
    expect(Math.min(...residuals.map(({ share }) => share))).toBeGreaterThanOrEqual(0.1);
  });

  test('has residuals that are larger for sizes that were held out, and none where too few would be left', () => {
    const noise = randomStream(9, 'held out');
    const four = [...rungs.slice(1), { numParameters: 6.4e6, batchTokens: 4096, numSteps: 1500 }].map((rung) =>
      curveOf(manySizes, rung, { noise: () => 0.002 * noise.nextNormal() }),
    );
    const size = (residuals: readonly { readonly relative: number }[]): number =>
      Math.sqrt(residuals.reduce((sum, { relative }) => sum + relative ** 2, 0) / residuals.length);
    const [own, heldOut] = [fitCurveLaw(four).residuals, heldOutResiduals(four) ?? []];
    expect(heldOut.map(({ curve, share }) => [curve, share])).toEqual(own.map(({ curve, share }) => [curve, share]));
    expect(size(heldOut)).toBeGreaterThan(1.05 * size(own));
    expect(heldOutResiduals(four.slice(1))).toBeUndefined();
    const ofOneSize = heldOutResiduals(oneRung.map((rung) => curveOf(oneSize, rung))) ?? [];
    expect(size(ofOneSize)).toBeLessThan(1e-3);
    expect(heldOutResiduals([curveOf(oneSize, rungs[0] as (typeof rungs)[0])])).toBeUndefined();
  });

  test('refuses two sizes, too few points and losses that are none', () => {
    const [a, , b] = rungs.map((rung) => curveOf(manySizes, rung)) as [TrainingCurve, TrainingCurve, TrainingCurve];
    expect(() => fitCurveLaw([a, b])).toThrow(/two sizes, expected one, or three/);
    expect(() => fitCurveLaw([{ ...a, points: a.points.slice(-5) }])).toThrow(/needs 8 points, and there are 5/);
    expect(() => fitCurveLaw([{ ...a, batchTokens: 0 }])).toThrow(/0 tokens at the peak rate/);
    const broken = { ...a, points: [...a.points, { step: 600, loss: Number.NaN }] };
    expect(() => fitCurveLaw([broken])).toThrow(/loss of NaN after 600 steps/);
  });
});

describeWithTable('the curves of the OLMo ladder', 'olmo_ladder_c4_curves', (rows) => {
  const runs = theoryTable('olmo_ladder_runs') ?? [];
  /** Warm-up over as many tokens as the model has parameters, then half a cosine to a tenth; the record confirms the tenth. */
  const curves = runs
    .filter((run) => /xC$/.test(textIn(run, 'run')))
    .map((run) => {
      const [numSteps, batchTokens] = [numberIn(run, 'last_step'), numberIn(run, 'batch_size_in_tokens')];
      const numParameters = numberIn(run, 'n_nonemb');
      const schedule = { ...cosine, warmupSteps: Math.round(numParameters / batchTokens) };
      return {
        size: textIn(run, 'size'),
        length: Number.parseFloat(textIn(run, 'run').split('-')[1] ?? ''),
        numParameters,
        batchTokens,
        ...scheduleOf(schedule, numSteps),
        points: rows
          .filter((row) => textIn(row, 'run') === textIn(run, 'run') && isFilled(row, 'loss_c4'))
          .map((row) => ({ step: Math.min(numSteps, numberIn(row, 'step')), loss: numberIn(row, 'loss_c4') })),
      };
    });
  type Curve = (typeof curves)[number];
  const errorsOf = (law: CurveLaw, curve: Curve): number[] => {
    const late = curve.points.filter(({ step }) => step > 0.2 * curve.numSteps);
    const losses = curveLossesOf(
      law,
      curve,
      late.map(({ step }) => step),
    );
    return late.map(({ loss }, i) => Math.abs((losses[i] as number) / loss - 1));
  };
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

  test('follow a law to a tenth of a per cent at each size, and it foretells curves 2.5 and 5 times as long to 1.2 %', () => {
    for (const size of runsEverything ? ['190M', '370M', '760M', '1B', '3B'] : ['190M', '3B']) {
      const own = curves.filter((curve) => curve.size === size);
      const { law, error } = fitCurveLaw(own.filter(({ length }) => length <= 2));
      expect(error).toBeLessThan(0.0012);
      for (const curve of own.filter(({ length }) => length > 2)) {
        expect(mean(errorsOf(law, curve))).toBeLessThan(0.012);
      }
    }
  });

  test('follow one law over sizes to 0.7 %, and it foretells curves of four times the size to 1.5 %', () => {
    const small = curves.filter(({ size }) => ['190M', '370M', '760M'].includes(size));
    const { law, error } = fitCurveLaw(small);
    expect(error).toBeLessThan(0.007);
    const large = curves.filter(({ size, length }) => size === '3B' && length >= 1);
    expect(large.length).toBe(4);
    for (const curve of large) expect(mean(errorsOf(law, curve))).toBeLessThan(0.015);
  });

  test('of the largest size lie in the band around the curve that smaller ones foretell, once its end is known', () => {
    const fit = fitCurveLaw(curves.filter(({ size }) => size !== '3B'));
    let [inside80, inside95, total] = [0, 0, 0];
    for (const curve of curves.filter(({ size }) => size === '3B')) {
      const end = curve.points.at(-1)?.loss ?? 0;
      const between = curve.points.filter(({ step }) => step > 0.2 * curve.numSteps && step < curve.numSteps);
      const late = between.filter((_, i) => i % 5 === 0);
      const steps = late.map(({ step }) => step);
      const final = {
        value: end,
        interval80: [end, end] as [number, number],
        interval95: [end, end] as [number, number],
      };
      const foretold = curveForecast(fit, curve, { steps, final });
      expect(mean(foretold.map(({ loss }, i) => Math.abs(loss.value / (late[i]?.loss ?? 0) - 1)))).toBeLessThan(0.01);
      for (const [i, { loss }] of foretold.entries()) {
        const actual = late[i]?.loss ?? 0;
        total++;
        if (actual >= loss.interval80[0] && actual <= loss.interval80[1]) inside80++;
        if (actual >= loss.interval95[0] && actual <= loss.interval95[1]) inside95++;
      }
    }
    expect(inside80 / total).toBeGreaterThan(0.72);
    expect(inside95 / total).toBeGreaterThan(0.9);
  });
});
