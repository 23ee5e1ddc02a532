import { describe, expect, test } from 'vitest';
import { randomStream } from '../../../src/core/index.ts';
import {
  anchoredCurve,
  type CurveLaw,
  curveForecast,
  curveLossesOf,
  fitCurveLaw,
  fitLadderCurves,
  type LadderPoint,
  summedFactors,
  traceSchedule,
  trainingCurveOf,
} from '../../../src/theory/index.ts';
import { cosine, curveOf, scheduleOf, squareRootDecay } from './training-curves.ts';

const law: CurveLaw = {
  E: 1.1,
  size: { A: 30, alpha: 0.3 },
  B: 100,
  beta: 0.35,
  gain: 0.12,
  memorySteps: 60,
};
const rungs = [1e5, 3e5, 1e6, 3e6].map((numParameters, i) => ({
  numParameters,
  batchTokens: 1024 * 2 ** i,
  numSteps: 600 + 200 * i,
}));
const schedule = ({ numSteps }: { numSteps: number }) => scheduleOf(squareRootDecay, numSteps);

/** A point of a ladder whose curve the law gives. */
function ladderPoint({ numParameters, batchTokens, numSteps }: (typeof rungs)[number]): LadderPoint {
  const { points } = curveOf(law, { numParameters, batchTokens, numSteps });
  const trace = traceSchedule(schedule({ numSteps }));
  const numTokens = batchTokens * numSteps;
  return {
    rung: `${numParameters}`,
    seed: 1,
    numLayers: 4,
    width: 64,
    contextLength: 128,
    batchTokens,
    numSteps,
    numTokens,
    parameters: { total: 2 * numParameters, nonEmbedding: numParameters, matmul: numParameters, active: numParameters },
    flops: 6 * numParameters * numTokens,
    bitsPerByte: points.at(-1)?.loss ?? 0,
    loss: 3,
    numDocuments: 10,
    curve: [
      [0, 0, 3],
      ...points.map(({ step, loss }) => [step, summedFactors(trace, step), loss] as [number, number, number]),
    ],
  };
}

describe('the curves of a ladder', () => {
  test('give back the law that they came from, with the schedule that they were trained under', () => {
    const { law: found, error } = fitLadderCurves(rungs.map(ladderPoint), 'nonEmbedding', schedule);
    expect(error).toBeLessThan(1e-6);
    expect(found.gain).toBeCloseTo(0.12, 4);
    expect(found.size?.alpha).toBeCloseTo(0.3, 4);
  });

  test('give nearly that law with the schedule taken from the record', () => {
    const fit = fitLadderCurves(rungs.map(ladderPoint), 'nonEmbedding');
    expect(fit.error).toBeLessThan(0.003);
    const run = { numParameters: 1e7, batchTokens: 8192, ...scheduleOf(squareRootDecay, 2000) };
    const steps = [500, 1000, 1500, 1700, 1900, 2000];
    const [found, truth] = [curveLossesOf(fit.law, run, steps), curveLossesOf(law, run, steps)];
    for (const [i, loss] of found.entries()) expect(Math.abs(loss / (truth[i] as number) - 1)).toBeLessThan(0.006);
  });

  test('count parameters as they are told to', () => {
    const [rung] = rungs as [(typeof rungs)[number]];
    expect(trainingCurveOf(ladderPoint(rung), 'total').numParameters).toBe(2e5);
    expect(trainingCurveOf(ladderPoint(rung), 'nonEmbedding').points).toHaveLength(25);
  });

  test('are refused with a schedule that does not add up to their record', () => {
    const point = ladderPoint(rungs[0] as (typeof rungs)[number]);
    const other = ({ numSteps }: LadderPoint) => scheduleOf(cosine, numSteps);
    expect(() => trainingCurveOf(point, 'total', other)).toThrow(/rung 100000, seed 1, adds up to .* its record says/);
  });
});

describe('a curve that ends at a given loss', () => {
  const run = { numParameters: 5e6, batchTokens: 4096, ...scheduleOf(squareRootDecay, 1500) };

  test('has the shape of the law, and the end that it was given', () => {
    const steps = [200, 800, 1200, 1350, 1500];
    const moved = anchoredCurve(law, run, { steps, finalLoss: 1.5 });
    const own = curveLossesOf(law, run, steps);
    expect(moved.at(-1)).toBeCloseTo(1.5, 12);
    for (const [i, loss] of moved.entries())
      expect(loss / (own[i] as number)).toBeCloseTo(1.5 / (own.at(-1) as number), 12);
  });

  test('closes its band to the interval of the end', () => {
    const noise = randomStream(5, 'curves');
    const fit = fitCurveLaw(rungs.map((rung) => curveOf(law, rung, { noise: () => 0.004 * noise.nextNormal() })));
    const final = { value: 1.5, interval80: [1.48, 1.53], interval95: [1.45, 1.56] } as const;
    const asEstimate = {
      value: 1.5,
      interval80: [1.48, 1.53] as [number, number],
      interval95: [1.45, 1.56] as [number, number],
    };
    const points = curveForecast(fit, run, { steps: [100, 700, 1500], final: asEstimate });
    const end = points.at(-1)?.loss;
    expect(end?.value).toBeCloseTo(1.5, 12);
    for (const [i, edge] of final.interval95.entries()) expect(end?.interval95[i]).toBeCloseTo(edge, 12);
    for (const { loss } of points.slice(0, -1)) {
      expect(loss.interval95[0]).toBeLessThan(loss.interval80[0]);
      expect(loss.interval80[0]).toBeLessThan(loss.value * (1.48 / 1.5));
      expect(loss.interval80[1]).toBeGreaterThan(loss.value * (1.53 / 1.5));
      expect(loss.interval95[1]).toBeGreaterThan(loss.interval80[1]);
    }
  });

  test('holds the points of new runs in its 80 and 95 % bands as often as it says', () => {
    const noise = randomStream(11, 'new runs');
    let [inside80, inside95, total] = [0, 0, 0];
    for (let trial = 0; trial < 12; trial++) {
      const noisy = () => 0.004 * noise.nextNormal();
      const fit = fitCurveLaw(rungs.map((rung) => curveOf(law, rung, { noise: noisy })));
      const actual = curveOf(law, { ...run }, { noise: noisy });
      const late = actual.points.filter(({ step }) => step >= 150 && step < 1500);
      const end = actual.points.at(-1)?.loss ?? 0;
      const sure = {
        value: end,
        interval80: [end, end] as [number, number],
        interval95: [end, end] as [number, number],
      };
      for (const [i, { loss }] of curveForecast(fit, run, {
        steps: late.map(({ step }) => step),
        final: sure,
      }).entries()) {
        const value = late[i]?.loss ?? 0;
        total++;
        if (value >= loss.interval80[0] && value <= loss.interval80[1]) inside80++;
        if (value >= loss.interval95[0] && value <= loss.interval95[1]) inside95++;
      }
    }
    expect(inside80 / total).toBeGreaterThan(0.65);
    expect(inside80 / total).toBeLessThan(0.95);
    expect(inside95 / total).toBeGreaterThan(0.88);
  });
});
