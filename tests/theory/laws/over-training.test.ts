import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ErrorLaw,
  errorRateOf,
  fitErrorLaw,
  fitOverTrainingLaw,
  type LawPoint,
  type OverTrainingLaw,
  overTrainingLossOf,
} from '../../../src/theory/index.ts';
import { describeWithTable, numberIn, type TableRow, textIn } from '../../support/theory-tables.ts';

const sizes = ['d=96_l=8_h=4', 'd=512_l=8_h=4', 'd=576_l=24_h=8', 'd=1024_l=24_h=8'];
const pointOf = (row: TableRow): LawPoint => ({
  numParameters: numberIn(row, 'N'),
  numTokens: numberIn(row, 'D'),
  loss: numberIn(row, 'loss_c4_val'),
});

describeWithTable('the over-training law of Gadre et al.', 'gadre2024_104models', (rows) => {
  const find = (dataset: string, model: string, ratio: number): TableRow => {
    const row = rows.find(
      (one) =>
        textIn(one, 'dataset_name') === dataset &&
        textIn(one, 'model_name') === model &&
        numberIn(one, 'tok_mult') === ratio,
    );
    if (row === undefined) throw new Error(`there is no run of ${model} on ${dataset} at ${ratio}`);
    return row;
  };
  /** The five runs that the paper fits on: four sizes at 20 tokens per parameter, the smallest at 320. */
  const small = (dataset: string): TableRow[] => [
    ...sizes.map((size) => find(dataset, size, 20)),
    find(dataset, sizes[0] as string, 320),
  ];

  test('has the published constants on three texts', () => {
    for (const [dataset, E, eta, a, b] of [
      ['c4_original', 1.50826, 0.12124, 141.3, 189.5],
      ['rpj', 1.83665, 0.13643, 212.2, 366.7],
      ['rw_original', 1.73446, 0.1272, 157.1, 246.2],
    ] as const) {
      const { law, tellsRatiosApart } = fitOverTrainingLaw(small(dataset).map(pointOf));
      expect(Math.abs(law.E - E)).toBeLessThan(5e-4);
      expect(Math.abs(law.eta - eta)).toBeLessThan(2e-4);
      expect(Math.abs(law.a - a)).toBeLessThan(0.2);
      expect(Math.abs(law.b - b)).toBeLessThan(0.2);
      expect(tellsRatiosApart).toBe(true);
    }
  });

  test('foretells loss and error rate of runs up to 300 times as dear, with the errors that were published', () => {
    const { law } = fitOverTrainingLaw(small('rpj').map(pointOf));
    const errorLaw = fitErrorLaw(
      [...small('rpj'), find('rpj', 'open_lm_1b', 20)].map((row) => ({
        loss: numberIn(row, 'loss_c4_val'),
        errorRate: numberIn(row, 'err_avg_subset'),
      })),
    ).law;
    for (const [model, ratio, lossPercent, errorPercent] of [
      ['open_lm_1b', 640, 0.7103, 3.6365],
      ['open_lm_7b', 20, 0.732, 0.0464],
    ] as const) {
      const row = find('rpj', model, ratio);
      const loss = overTrainingLossOf(law, pointOf(row));
      const errorRate = errorRateOf(errorLaw, loss);
      const percentOff = (value: number, column: string) => 100 * Math.abs(value / numberIn(row, column) - 1);
      expect(Math.abs(percentOff(loss, 'loss_c4_val') - lossPercent)).toBeLessThan(0.002);
      expect(Math.abs(percentOff(errorRate, 'err_avg_subset') - errorPercent)).toBeLessThan(0.002);
    }
  });
});

const anyLaw = fc.record({
  E: fc.double({ min: 0.5, max: 3, noNaN: true }),
  a: fc.double({ min: 20, max: 500, noNaN: true }),
  b: fc.double({ min: 20, max: 500, noNaN: true }),
  eta: fc.double({ min: 0.08, max: 0.25, noNaN: true }),
});
const design = [1e6, 1e7, 1e8, 1e9].flatMap((numParameters) =>
  [5, 20, 320].map((ratio) => ({ numParameters, numTokens: ratio * numParameters })),
);
const pointsOf = (law: OverTrainingLaw): LawPoint[] =>
  design.map((run) => ({ ...run, loss: overTrainingLossOf(law, run) }));

describe('a fit of the over-training law', () => {
  test('finds any law again from its losses', () => {
    fc.assert(
      fc.property(anyLaw, (law) => {
        const found = fitOverTrainingLaw(pointsOf(law));
        expect(found.residual).toBeLessThan(1e-6);
        expect(found.law.eta).toBeCloseTo(law.eta, 4);
        expect(found.law.E).toBeCloseTo(law.E, 3);
        const far = { numParameters: 1e11, numTokens: 1e13 };
        expect(overTrainingLossOf(found.law, far)).toBeCloseTo(overTrainingLossOf(law, far), 3);
      }),
      { numRuns: 60 },
    );
  });

  test('is no worse than any law on a grid around it, on noisy losses', () => {
    const points = pointsOf({ E: 1.8, a: 200, b: 300, eta: 0.13 }).map((point, i) => ({
      ...point,
      loss: point.loss * (1 + 0.01 * Math.sin(7 * i)),
    }));
    const { law, residual } = fitOverTrainingLaw(points);
    const rootMeanSquare = (one: OverTrainingLaw): number =>
      Math.sqrt(
        points.reduce((sum, point) => sum + (overTrainingLossOf(one, point) - point.loss) ** 2, 0) / points.length,
      );
    expect(rootMeanSquare(law)).toBeCloseTo(residual, 12);
    for (const name of ['E', 'a', 'b', 'eta'] as const) {
      for (const factor of [0.9, 0.99, 0.999, 1.001, 1.01, 1.1]) {
        expect(rootMeanSquare({ ...law, [name]: factor * law[name] })).toBeGreaterThanOrEqual(residual);
      }
    }
  });

  test('is the law of Hoffmann et al. with α = β = 2η', () => {
    const law = { E: 1.8, a: 200, b: 300, eta: 0.13 };
    const run = { numParameters: 3e7, numTokens: 2e9 };
    const byTerms =
      law.E +
      law.a * 6 ** -law.eta * run.numParameters ** (-2 * law.eta) +
      law.b * 6 ** -law.eta * run.numTokens ** (-2 * law.eta);
    expect(overTrainingLossOf(law, run)).toBeCloseTo(byTerms, 12);
  });

  test('says when all points have one ratio of tokens to parameters', () => {
    const points = pointsOf({ E: 1.8, a: 200, b: 300, eta: 0.13 });
    const sameRatio = points.filter(({ numParameters, numTokens }) => numTokens === 20 * numParameters);
    expect(fitOverTrainingLaw(sameRatio).tellsRatiosApart).toBe(false);
  });

  test('refuses too few points and losses that are none', () => {
    const points = pointsOf({ E: 1.8, a: 200, b: 300, eta: 0.13 });
    expect(() => fitOverTrainingLaw(points.slice(0, 3))).toThrow(/needs 4 points, and there are 3/);
    expect(() => fitOverTrainingLaw(points.map((point) => ({ ...point, loss: 0 })))).toThrow(/Point 1 has loss 0/);
  });
});

describe('a fit of the law of the error rate', () => {
  test('finds any law again from its rates', () => {
    const anyErrorLaw = fc.record({
      epsilon: fc.double({ min: 0.6, max: 1, noNaN: true }),
      k: fc.double({ min: 1, max: 4, noNaN: true }),
      gamma: fc.double({ min: 0.4, max: 1.5, noNaN: true }),
    });
    const losses = [2.2, 2.6, 3, 3.5, 4.1, 5];
    fc.assert(
      fc.property(anyErrorLaw, (law: ErrorLaw) => {
        const points = losses.map((loss) => ({ loss, errorRate: errorRateOf(law, loss) }));
        fc.pre(points.every(({ errorRate }) => errorRate > 0.01));
        const found = fitErrorLaw(points).law;
        expect(found.gamma).toBeCloseTo(law.gamma, 3);
        expect(errorRateOf(found, 2)).toBeCloseTo(errorRateOf(law, 2), 4);
      }),
      { numRuns: 60 },
    );
  });

  test('stays finite where rates are a step over a narrow range of losses', () => {
    const points = [0.5, 0.7, 0.7].map((errorRate, i) => ({ loss: 3 + 0.05 * i, errorRate }));
    const { law, residual } = fitErrorLaw(points);
    expect(Number.isFinite(law.k)).toBe(true);
    for (const { loss, errorRate } of points) expect(errorRateOf(law, loss)).toBeCloseTo(errorRate, 3);
    expect(residual).toBeLessThan(1e-3);
  });

  test('refuses points of a single loss', () => {
    const points = [0.5, 0.6, 0.7].map((errorRate) => ({ loss: 3, errorRate }));
    expect(() => fitErrorLaw(points)).toThrow(/have the same loss, expected several/);
  });
});
