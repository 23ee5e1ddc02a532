import { describe, expect, test } from 'vitest';
import { randomStream } from '../../../src/core/index.ts';
import {
  binomialQuantile,
  computeOptimum,
  frontierMultiplier,
  type LadderArmPoint,
  ladderMultiplier,
  localMultiplier,
  type MultiplierEstimate,
  pairedDifference,
  type ScalingLaw,
  spreadOf,
  studentQuantile,
} from '../../../src/theory/index.ts';
import { verdictOf } from '../../../src/theory/statistics/ladder-multiplier.ts';
import { leastSquares } from '../../../src/theory/statistics/least-squares.ts';
import { runsEverything } from '../../support/full-tests.ts';
import { describeWithTable, numberIn, textIn } from '../../support/theory-tables.ts';

// T10. The other worked example, two data recipes of Marin over six budgets, is not among the public tables here.
describeWithTable('the published arms of MuddFormer', 'modded_nanogpt_replicates', (rows) => {
  const runsOf = (folder: string) =>
    rows.filter((row) => row.record === '2026-04-22_MuddFormer' && textIn(row, 'file').startsWith(`${folder}/`));
  const arm = (folder: string, axis: 'step' | 'train_time_s') => {
    const runs = runsOf(folder);
    const spent = runs.reduce((sum, row) => sum + numberIn(row, axis), 0) / runs.length;
    return { spent, losses: runs.map((row) => numberIn(row, 'val_loss')) };
  };
  const multiplier = (folder: string, axis: 'step' | 'train_time_s', tails: 't' | 'normal' = 'normal') =>
    localMultiplier([arm('baseline-s1430', axis), arm('baseline-s1480', axis)], arm(folder, axis), { tails });

  test('the second version is worth 1.0489 times the steps, with both published intervals', () => {
    const { multiplier: value, interval, bootstrapInterval, slope } = multiplier('this_pr_v2', 'step');
    expect(Math.abs(value - 1.0489)).toBeLessThan(0.0002);
    expect(Math.abs(interval[0] - 1.0444)).toBeLessThan(0.0003);
    expect(Math.abs(interval[1] - 1.0534)).toBeLessThan(0.0003);
    expect(Math.abs((bootstrapInterval?.[0] ?? 0) - 1.0449)).toBeLessThan(0.0006);
    expect(Math.abs((bootstrapInterval?.[1] ?? 0) - 1.0535)).toBeLessThan(0.0006);
    expect(slope).toBeCloseTo(-0.2325, 4);
    // Ten runs an arm do not know their noise quite: the interval of t is a little wider.
    const withT = multiplier('this_pr_v2', 'step', 't').interval;
    expect(withT[0]).toBeLessThan(interval[0]);
    expect(withT[1]).toBeGreaterThan(interval[1]);
  });

  test('the first version is worth 1.0368 times the steps', () => {
    const { multiplier: value, interval } = multiplier('this_pr_v1', 'step');
    expect(value).toBeCloseTo(1.0368, 3);
    expect(interval[0]).toBeCloseTo(1.032, 2);
    expect(interval[1]).toBeCloseTo(1.042, 2);
  });

  test('the second version is worth less of the seconds, for its steps take longer', () => {
    expect(multiplier('this_pr_v2', 'train_time_s').multiplier).toBeCloseTo(1.034, 3);
  });
});

describe('the local multiplier', () => {
  const shorter = { spent: 1000, losses: [3.31, 3.29] };
  const longer = { spent: 2000, losses: [3.19, 3.21] };

  test('is 1 for a treatment that is the baseline, and grows with what a better one saves', () => {
    expect(localMultiplier([shorter, longer], longer).multiplier).toBeCloseTo(1, 12);
    expect(localMultiplier([shorter, longer], shorter).multiplier).toBeCloseTo(1, 12);
    const half = localMultiplier([shorter, longer], { spent: 1000, losses: [3.26, 3.24] });
    expect(half.multiplier).toBeCloseTo(Math.SQRT2, 12);
    expect(half).toMatchObject({ isBracketed: true });
    expect(localMultiplier([shorter, longer], { ...longer, losses: [3.1, 3.1] }).isBracketed).toBe(false);
  });

  test('has the gradient of its definition', () => {
    // The interval against differences of the estimate itself.
    const noise = { sigma: 1e-3, degreesOfFreedom: Number.POSITIVE_INFINITY };
    const means = [3.3, 3.2, 3.27] as const;
    const at = ([s, l, t]: readonly number[]) =>
      localMultiplier(
        [
          { spent: 1000, losses: [s ?? 0], noise },
          { spent: 2000, losses: [l ?? 0], noise },
        ],
        { spent: 1500, losses: [t ?? 0], noise },
      );
    const { multiplier, interval, bootstrapInterval } = at(means);
    const slopes = means.map((_, i) => {
      const moved = (step: number) =>
        Math.log(at(means.map((value, j) => (i === j ? value + step : value))).multiplier);
      return (moved(1e-5) - moved(-1e-5)) / 2e-5;
    });
    const error = 1e-3 * Math.hypot(...slopes);
    expect(Math.log(interval[1] / multiplier)).toBeCloseTo(1.959963984540054 * error, 8);
    expect(bootstrapInterval).toBeNull();
  });

  test('lies in its interval as often as its level says', () => {
    const random = randomStream(51, 'local');
    const loss = (spent: number): number => 3.3 - 0.23 * Math.log(spent / 1430) + 0.0012 * random.nextNormal();
    const runs = (spent: number, gain = 1) => ({ spent, losses: Array.from({ length: 5 }, () => loss(spent * gain)) });
    let numCovered = 0;
    const numTrials = runsEverything ? 2000 : 600;
    for (let i = 0; i < numTrials; i++) {
      const [low, high] = localMultiplier([runs(1430), runs(1560)], runs(1430, 1.05), { numResamples: 0 }).interval;
      if (low <= 1.05 && 1.05 <= high) numCovered += 1;
    }
    // Four standard deviations of a share of 0.95.
    expect(Math.abs(numCovered / numTrials - 0.95)).toBeLessThan(4 * Math.sqrt((0.95 * 0.05) / numTrials));
  });
});

/**
 * Holds the standard error that intervals of 95 % are made with against the standard deviation of ln CM among the estimates. The logarithm
 * of their ratio has a variance of (1/(N − 1) + 1/(νN))/2 over N experiments; it may be off by four standard deviations.
 */
function expectWidthAsScatter(found: readonly MultiplierEstimate[], degreesOfFreedom: number): void {
  const t = studentQuantile(0.975, degreesOfFreedom);
  const squares = found.map(({ interval }) => (Math.log(interval[1] / interval[0]) / (2 * t)) ** 2);
  const logs = found.map(({ multiplier }) => Math.log(multiplier));
  const error = Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length);
  const tolerance = 4 * Math.sqrt((1 / (found.length - 1) + 1 / (degreesOfFreedom * found.length)) / 2);
  expect(Math.abs(Math.log(error / spreadOf(pairedDifference(logs))))).toBeLessThan(tolerance);
}

const law: ScalingLaw = { E: 1.8172, A: 482.01, alpha: 0.3478, B: 2085.43, beta: 0.3658 };
const rungs = [1e18, 3.1e18, 9.65e18, 3e19];

/** Both arms on the frontier of a law; the treatment is worth `gainAt(C)` times the compute. */
function ladderPoints(gainAt: (flops: number) => number, noise: () => number, numSeeds: number): LadderArmPoint[] {
  return rungs.flatMap((spent, rung) =>
    Array.from({ length: numSeeds }, (_, seed) =>
      (['baseline', 'treatment'] as const).map((arm): LadderArmPoint => {
        const flops = arm === 'baseline' ? spent : spent * gainAt(spent);
        return { arm, rung: String(rung), seed, spent, loss: computeOptimum(law, flops).loss + noise() };
      }),
    ).flat(),
  );
}

describe('the ladder multiplier', () => {
  test('recovers a multiplier and its trend where the loss is a parabola of ln C', () => {
    const center = rungs.reduce((sum, spent) => sum + Math.log(spent), 0) / rungs.length;
    const parabola = (logFlops: number): number => 3 - 0.2 * (logFlops - center) + 0.01 * (logFlops - center) ** 2;
    const points = rungs.flatMap((spent, rung): LadderArmPoint[] => [
      { arm: 'baseline', rung: String(rung), seed: 0, spent, loss: parabola(Math.log(spent)) },
      {
        arm: 'treatment',
        rung: String(rung),
        seed: 0,
        spent,
        loss: parabola(Math.log(spent) + Math.log(1.3) - 0.05 * (Math.log(spent) - center)),
      },
    ]);
    const found = ladderMultiplier(points, { targetSpent: 1e21 });
    expect(found.atCenter.multiplier).toBeCloseTo(1.3, 8);
    expect(Math.log(found.trendPerDecade.multiplier)).toBeCloseTo(-0.05 * Math.LN10, 8);
    expect(found.atTarget.multiplier).toBeCloseTo(1.3 * Math.exp(-0.05 * (Math.log(1e21) - center)), 7);
    expect(found).toMatchObject({ verdict: 'shrinks', degreesOfFreedom: 3 });
    expect(found.deviation).toBeLessThan(1e-8);
  });

  test('is 1 where both arms are the same runs', () => {
    const random = randomStream(52, 'same');
    const points = ladderPoints(
      () => 1,
      () => 0.001 * random.nextNormal(),
      2,
    );
    const twice = points.flatMap((point): LadderArmPoint[] =>
      point.arm === 'baseline' ? [point, { ...point, arm: 'treatment' }] : [],
    );
    const found = ladderMultiplier(twice);
    expect(found.atCenter.multiplier).toBeCloseTo(1, 8);
    expect(found.verdict).toBe('unknown');
  });

  test('of 1.10 at a noise of 0.0012 is found to 0.01 with two seeds, and lies in its interval', () => {
    const random = randomStream(53, 'ladder');
    let [numCovered, width, sum] = [0, 0, 0];
    const numTrials = runsEverything ? 200 : 40;
    for (let i = 0; i < numTrials; i++) {
      const { atCenter } = ladderMultiplier(
        ladderPoints(
          () => 1.1,
          () => 0.0012 * random.nextNormal(),
          2,
        ),
      );
      const [low, high] = atCenter.interval;
      if (low <= 1.1 && 1.1 <= high) numCovered += 1;
      width += (high - low) / 2 / numTrials;
      sum += atCenter.multiplier / numTrials;
    }
    expect(numCovered).toBeGreaterThanOrEqual(binomialQuantile(0.001, numTrials, 0.95));
    // The facts: ±.009 without a trend; the curve of a law is not quite a parabola, and bends it by +.001.
    expect(width).toBeLessThan(0.012);
    expect(Math.abs(sum - 1.1)).toBeLessThan(0.003);
  });

  test('of identical arms the interval holds 1 in at least 93 of 100 trials', () => {
    const random = randomStream(54, 'identical');
    const numTrials = 200;
    let [byT, byBootstrap] = [0, 0];
    const holdsOne = ([low, high]: readonly [number, number]): boolean => low <= 1 && 1 <= high;
    for (let i = 0; i < numTrials; i++) {
      const points = ladderPoints(
        () => 1,
        () => 0.0012 * random.nextNormal(),
        2,
      );
      if (holdsOne(ladderMultiplier(points).atCenter.interval)) byT += 1;
      if (!runsEverything || i >= 40) continue;
      if (holdsOne(ladderMultiplier(points, { interval: 'bootstrap', numResamples: 60, seed: i }).atCenter.interval))
        byBootstrap += 1;
    }
    expect(byT).toBeGreaterThanOrEqual(0.93 * numTrials);
    if (runsEverything) expect(byBootstrap).toBeGreaterThanOrEqual(0.85 * 40);
  });

  test('the bootstrap profits from noise that pairs share, and is reproducible', () => {
    const random = randomStream(55, 'shared');
    const shared = new Map<string, number>();
    const points = ladderPoints(
      () => 1.2,
      () => 0,
      3,
    ).map((point) => {
      const key = `${point.rung} ${point.seed}`;
      const noise = shared.get(key) ?? 0.003 * random.nextNormal();
      shared.set(key, noise);
      return { ...point, loss: point.loss + noise };
    });
    const widthOf = ([low, high]: readonly [number, number]): number => high - low;
    const byT = ladderMultiplier(points).atCenter;
    const options = { interval: 'bootstrap', numResamples: 60, seed: 1 } as const;
    const byBootstrap = ladderMultiplier(points, options).atCenter;
    expect(byBootstrap.multiplier).toBe(byT.multiplier);
    expect(widthOf(byBootstrap.interval)).toBeLessThan(widthOf(byT.interval) / 3);
    expect(ladderMultiplier(points, options).atCenter.interval).toEqual(byBootstrap.interval);
  });

  test('has an interval as wide as its estimates scatter', () => {
    const random = randomStream(58, 'scatter');
    // On a parabola, so that nothing but noise is left over.
    const found = Array.from({ length: runsEverything ? 2000 : 400 }, () => {
      const points = ladderPoints(
        () => 1,
        () => 0,
        2,
      ).map((point): LadderArmPoint => {
        const logFlops = Math.log((point.arm === 'treatment' ? 1.2 : 1) * point.spent) - 43;
        return { ...point, loss: 3 - 0.2 * logFlops + 0.01 * logFlops ** 2 + 0.001 * random.nextNormal() };
      });
      return ladderMultiplier(points).atTarget;
    });
    // Sixteen points, five unknowns.
    expectWidthAsScatter(found, 11);
  });

  test('is called by its trend first, then by what is left at the target', () => {
    expect(verdictOf([0.8, 0.95], [1.1, 1.2])).toBe('shrinks');
    expect(verdictOf([1.01, 1.2], [1.1, 1.5])).toBe('grows');
    expect(verdictOf([0.9, 1.1], [1.02, 1.2])).toBe('holds');
    expect(verdictOf([0.9, 1.1], [0.7, 0.9])).toBe('holds');
    expect(verdictOf([0.9, 1.1], [0.97, 1.2])).toBe('unknown');
  });

  test('refuses a ladder that cannot tell', () => {
    const points = ladderPoints(
      () => 1.1,
      () => 0,
      1,
    );
    const two = points.filter(({ rung }) => Number(rung) < 2);
    expect(() => ladderMultiplier(two)).toThrow(/2 rungs; three are needed/);
    // Of seconds no two runs have spent the same: that makes no rungs.
    const timed = [0, 1, 2].flatMap((seed) =>
      two.map((point) => ({ ...point, seed, spent: point.spent + 1e15 * seed })),
    );
    expect(() => ladderMultiplier(timed)).toThrow(/2 rungs; three are needed/);
  });
});

describe('the frontier multiplier', () => {
  const points = (gain: number, noise: () => number) =>
    rungs.flatMap((spent) =>
      (['baseline', 'treatment'] as const).map((arm) => ({
        arm,
        spent,
        loss: (1.7 + 900 * (arm === 'baseline' ? spent : gain * spent) ** -0.16) * Math.exp(noise()),
      })),
    );

  test('recovers the law and the multiplier that made the points', () => {
    const found = frontierMultiplier(points(1.4, () => 0));
    expect(found.multiplier).toBeCloseTo(1.4, 5);
    expect(found.E).toBeCloseTo(1.7, 4);
    expect(found.exponent).toBeCloseTo(0.16, 5);
    expect(found.coefficients.baseline / 900).toBeCloseTo(1, 3);
    expect(found.coefficients.baseline / found.coefficients.treatment).toBeCloseTo(1.4 ** 0.16, 6);
  });

  test('has an interval as wide as its estimates scatter', () => {
    const random = randomStream(56, 'frontier');
    const numDraws = runsEverything ? 2000 : 400;
    const found = Array.from({ length: numDraws }, () =>
      frontierMultiplier(points(1.4, () => 1e-5 * random.nextNormal())),
    );
    // Eight points, four unknowns; of noise so small that they move in straight lines.
    expectWidthAsScatter(found, 4);
  });
});

describe('least squares', () => {
  test('solve what they are made from, and refuse columns that depend on each other', () => {
    const random = randomStream(57, 'columns');
    const columns = [1, 1e6, 1e-5].map((scale) => Float64Array.from({ length: 9 }, () => scale * random.nextNormal()));
    const coefficients = [2, -3e-6, 5e4];
    const target = Float64Array.from({ length: 9 }, (_, i) =>
      columns.reduce((sum, column, j) => sum + (coefficients[j] ?? 0) * (column[i] ?? 0), 0),
    );
    const weights = target.map(() => 0.1 + random.nextUniform());
    const fit = leastSquares(columns, target, weights);
    for (const [j, expected] of coefficients.entries())
      expect((fit?.coefficients[j] ?? 0) / expected).toBeCloseTo(1, 10);
    expect(leastSquares([...columns, (columns[0] ?? target).map((x) => 2 * x)], target, weights)).toBeNull();
  });
});
