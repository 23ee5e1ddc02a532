import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../src/core/index.ts';
import { backTest, computeOf, lossOf, type ScalingLaw } from '../../../src/theory/index.ts';

const law: ScalingLaw = { E: 1.8, A: 480, alpha: 0.35, B: 2100, beta: 0.37 };

/** Five sizes by four durations of a law, with a relative noise. */
function pointsOf(noise: number) {
  const stream = randomStream(3, 'points');
  return [1e7, 3e7, 1e8, 3e8, 1e9].flatMap((numParameters) =>
    [5, 10, 20, 40].map((ratio) => {
      const numTokens = ratio * numParameters;
      return {
        numParameters,
        numTokens,
        loss: lossOf(law, numParameters, numTokens) * Math.exp(noise * stream.nextNormal()),
      };
    }),
  );
}

const table = { name: 'made up', source: 'here', points: pointsOf(0) };

describe('backTest', () => {
  it('errs by next to nothing where the law holds without noise', () => {
    const forecasts = backTest(table);
    expect(forecasts.length).toBeGreaterThan(30);
    for (const { logError } of forecasts) expect(Math.abs(logError)).toBeLessThan(1e-3);
  });

  it('predicts larger trainings from those below a part of the largest compute', () => {
    const largest = Math.max(...table.points.map(computeOf));
    const forecasts = backTest(table, { cuts: [10], maxLeftOut: 0 }).filter(({ kind }) => kind === 'small-to-large');
    const small = table.points.filter((point) => computeOf(point) <= largest / 10);
    const top = Math.max(...small.map(computeOf));
    expect(forecasts.map(({ factor }) => factor)).toEqual(
      table.points
        .filter((point) => computeOf(point) > largest / 10)
        .map((point) => computeOf(point) / top)
        .sort((a, b) => a - b),
    );
    expect(new Set(forecasts.map(({ numPoints }) => numPoints))).toEqual(new Set([small.length]));
  });

  it('leaves out the largest size as a whole', () => {
    const forecasts = backTest(table, { cuts: [], maxLeftOut: 0 });
    expect(forecasts.map(({ kind, numPoints }) => [kind, numPoints])).toEqual(
      Array.from({ length: 4 }, () => ['largest-size-out', 16]),
    );
  });

  it('leaves out trainings of equal size and duration together', () => {
    const twin = { ...table.points[7], loss: 9 } as (typeof table.points)[number];
    const forecasts = backTest({ ...table, points: [...table.points, twin] }, { cuts: [], maxLeftOut: 100 });
    const own = forecasts.filter(
      ({ kind, fit }) => kind === 'leave-one-out' && fit.includes(`${twin.numParameters} ${twin.numTokens}`),
    );
    expect(own.map(({ numPoints }) => numPoints)).toEqual([19, 19]);
  });

  it('passes over parts that are no design for a law', () => {
    const twoSizes = table.points.filter(({ numParameters }) => numParameters < 1e8);
    expect(backTest({ ...table, points: twoSizes })).toEqual([]);
  });

  it('gives equal forecasts for equal seeds, with bands about them', () => {
    const noisy = { ...table, points: pointsOf(0.003) };
    const options = { cuts: [4], maxLeftOut: 0, numResamples: 20, seed: 5 };
    const forecasts = backTest(noisy, options);
    expect(backTest(noisy, options)).toEqual(forecasts);
    for (const { band, predicted } of forecasts) {
      const { raw, withResiduals } = band ?? {};
      expect(raw?.value).toBe(predicted);
      const width = (range: readonly [number, number] | undefined): number =>
        range ? range[1] - range[0] : Number.NaN;
      expect(width(withResiduals?.interval80)).toBeGreaterThan(width(raw?.interval80));
      expect(width(raw?.interval95)).toBeGreaterThan(width(raw?.interval80));
    }
  });
});
