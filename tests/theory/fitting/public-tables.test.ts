import { expect, test } from 'vitest';
import { fitPowerLaw } from '../../../src/theory/fitting/power-law-fit.ts';
import { fitScalingLaw, weakPrior } from '../../../src/theory/fitting/scaling-law-fit.ts';
import { type LawPoint, lossOf, type ScalingLaw } from '../../../src/theory/scaling-law.ts';
import { describeWithTable, isFilled, numberIn, textIn, theoryTable } from '../../support/theory-tables.ts';
import { chinchillaPoints } from './chinchilla-points.ts';

/** Evaluations of the objective that a fit may take: far below two seconds of work on any machine. */
const maxEvaluations = 5_000;

/** Each number of a law within its tolerance. */
function expectLaw(law: ScalingLaw, expected: Readonly<Record<keyof ScalingLaw, readonly [number, number]>>): void {
  for (const name of ['E', 'A', 'alpha', 'B', 'beta'] as const) {
    const [value, tolerance] = expected[name];
    expect(
      Math.abs(law[name] - value),
      `${name} is ${law[name]}, expected ${value} ± ${tolerance}`,
    ).toBeLessThanOrEqual(tolerance);
  }
}

/** Besiroglu et al. 2024, 2404.10102: the points behind figure 4 of Hoffmann et al. 2022, read off it. */
describeWithTable('the table of Hoffmann et al.', 'chinchilla_epoch_svg_extracted', (rows) => {
  const points = chinchillaPoints(rows);

  test('Huber with delta 1e-3 ends at the global minimum', () => {
    const fit = fitScalingLaw(points);
    expect(points).toHaveLength(240);
    expect(fit.objectiveValue).toBeLessThanOrEqual(1.018275e-3);
    expectLaw(fit.law, {
      A: [477.83, 0.3],
      B: [2143.4, 2],
      E: [1.81722, 0.0002],
      alpha: [0.34731, 0.0001],
      beta: [0.36717, 0.0001],
    });
    expect(fit.starts).toEqual({ tried: 6, agreeing: 6 });
    expect(fit.numEvaluations).toBeLessThan(maxEvaluations);
    expect(fit.identified).toMatchObject({ E: true, alpha: true, beta: true });
  });

  test('it does not end where the published code stopped early', () => {
    const { law } = fitScalingLaw(points);
    const early: ScalingLaw = { E: 1.784, A: 854.9, alpha: 0.381, B: 695.2, beta: 0.312 };
    expect(Math.abs(law.E - early.E)).toBeGreaterThan(0.03);
    expect(Math.abs(law.alpha - early.alpha)).toBeGreaterThan(0.03);
    const error = (candidate: ScalingLaw): number =>
      points.reduce((sum, { numParameters, numTokens, loss }) => {
        return sum + Math.abs(Math.log(lossOf(candidate, numParameters, numTokens) / loss));
      }, 0);
    expect(error(law)).toBeLessThan(error(early));
  });

  test('least absolute deviations gives the point that was published', () => {
    const fit = fitScalingLaw(points, { objective: { kind: 'leastAbsoluteDeviations' } });
    expectLaw(fit.law, {
      A: [481.93, 0.5],
      B: [2085, 3],
      E: [1.81684, 0.0002],
      alpha: [0.3478, 0.0002],
      beta: [0.36584, 0.0002],
    });
    expect(fit.numEvaluations).toBeLessThan(maxEvaluations);
  });

  test('the five points of the highest loss, which the authors left out, decide about beta', () => {
    expect(fitScalingLaw(chinchillaPoints(rows, 245)).law.beta).toBeGreaterThanOrEqual(0.45);
  });

  test('a wider delta ends elsewhere: from 0.1 on it is least squares', () => {
    const at = (delta: number): ScalingLaw => fitScalingLaw(points, { objective: { kind: 'huber', delta } }).law;
    expectLaw(at(0.01), {
      A: [538.75, 1],
      B: [2905.6, 5],
      E: [1.8381, 0.0002],
      alpha: [0.3544, 0.0002],
      beta: [0.3815, 0.0002],
    });
    expectLaw(at(0.1), {
      A: [593.32, 1],
      B: [4875.6, 10],
      E: [1.8646, 0.0002],
      alpha: [0.3603, 0.0002],
      beta: [0.4059, 0.0002],
    });
  });

  test('the weak prior changes little where there are 240 points', () => {
    const [plain, second] = [fitScalingLaw(points), fitScalingLaw(points, { prior: weakPrior })];
    const at = (law: ScalingLaw): number => lossOf(law, 1e11, 2e12);
    expect(Math.abs(at(second.law) / at(plain.law) - 1)).toBeLessThan(0.002);
  });
});

/** Bhagia et al. 2024, 2412.04403: step 1 of the ladder, mean of the last five evaluations. */
describeWithTable('the OLMo ladder', 'olmo_ladder_runs', (rows) => {
  const point = (run: string, column: string): LawPoint => {
    const row = rows.find((each) => each.run === run);
    if (row === undefined) throw new Error(`There is no run ${run}.`);
    return {
      numParameters: numberIn(row, 'n_nonemb'),
      numTokens: numberIn(row, 'tokens'),
      loss: numberIn(row, column),
    };
  };
  const ladder = (sizes: readonly string[], multiples: readonly string[], column: string): LawPoint[] =>
    sizes.flatMap((size) => multiples.map((multiple) => point(`${size}-${multiple}xC`, column)));
  const sixteen = (column: string): LawPoint[] => ladder(['190M', '370M', '760M', '1B'], ['1', '2', '5', '10'], column);
  const loss = 'loss_c4_en_ma5';
  const predicted = (law: ScalingLaw, { numParameters, numTokens }: LawPoint): number =>
    lossOf(law, numParameters, numTokens);

  test('sixteen runs up to 1.3 B give the published law and its error at 13 B', () => {
    const { law, meanError, identified } = fitScalingLaw(sixteen(loss));
    expect(Math.abs(law.E - 0.9344)).toBeLessThanOrEqual(0.01);
    const target = point('peteish13_eval_full', loss);
    expect(Math.abs(predicted(law, target) - 2.3444)).toBeLessThanOrEqual(0.0005);
    expect(Math.abs(predicted(law, target) / target.loss - 1 + 0.03835)).toBeLessThanOrEqual(0.0002);
    expect(Math.abs(meanError - 0.00247)).toBeLessThanOrEqual(0.00001);
    expect(identified.E).toBe(true);
  });

  test('the rung of 3 B moves the floor by half and brings 13 B within 0.6 %', () => {
    const all = ladder(['190M', '370M', '760M', '1B', '3B'], ['0.5', '1', '2', '5', '10'], loss);
    const { law } = fitScalingLaw(all);
    expect(all).toHaveLength(25);
    expect(Math.abs(law.E - 1.839)).toBeLessThanOrEqual(0.01);
    expect(Math.abs(predicted(law, point('peteish13_eval_full', loss)) - 2.4239)).toBeLessThanOrEqual(0.001);
    expect(Math.abs(predicted(law, point('peteish7_eval_anneal', loss)) - 2.4803)).toBeLessThanOrEqual(0.001);
  });

  test('bits per byte of the answers to MMLU at 13 B come out 0.18 % high', () => {
    const column = 'bpb_mmlu_avg_test_5shot_ma5';
    const target = point('peteish13_eval_full', column);
    const { law } = fitScalingLaw(sixteen(column));
    expect(Math.abs(100 * (predicted(law, target) / target.loss - 1) - 0.18)).toBeLessThanOrEqual(0.02);
  });

  test('the weak prior as a second opinion lies on the other side of 13 B, and much nearer', () => {
    const target = point('peteish13_eval_full', loss);
    const { law } = fitScalingLaw(sixteen(loss), { prior: weakPrior });
    expect(predicted(law, target)).toBeGreaterThan(target.loss);
    expect(Math.abs(predicted(law, target) / target.loss - 1)).toBeLessThan(0.01);
  });
});

/** Porian et al. 2024, 2406.19146: the best size at each compute, under fifteen ways of counting and tuning. */
describeWithTable('the optima of Porian et al.', 'porian2024_fits', (fits) => {
  const keys = ['dataset', 'hparams', 'warmup', 'decay', 'param_count', 'split'] as const;
  const pairs = theoryTable('porian2024_optimal_pairs') ?? [];

  test.each(fits.map((fit) => [keys.map((key) => textIn(fit, key)).join(', '), fit] as const))(
    'weighted by their errors give the published exponent: %s',
    (_, fit) => {
      const chosen = pairs.filter((pair) => isFilled(pair, 'n_star') && keys.every((key) => pair[key] === fit[key]));
      expect(chosen.length).toBeGreaterThan(5);
      const { exponent, coefficient } = fitPowerLaw(
        chosen.map((pair) => [numberIn(pair, 'flops'), numberIn(pair, 'n_star')]),
        chosen.map((pair) => numberIn(pair, 'n_star_std_log') ** -2),
      );
      expect(Math.abs(exponent - numberIn(fit, 'n_exponent'))).toBeLessThanOrEqual(0.0005);
      expect(Math.abs(coefficient / numberIn(fit, 'n_coef') - 1)).toBeLessThan(0.001);
    },
  );
});
