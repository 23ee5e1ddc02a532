import { describe, expect, test } from 'vitest';
import { randomStream } from '../../../src/core/index.ts';
import { bootstrapScalingLaw, correlated, resampledLaw } from '../../../src/theory/fitting/bootstrap.ts';
import { searchLaw } from '../../../src/theory/fitting/law-search.ts';
import { observationsOf } from '../../../src/theory/fitting/observations.ts';
import { type FitOptions, fitScalingLaw, searchedFit, weakPrior } from '../../../src/theory/fitting/scaling-law-fit.ts';
import { type LawPoint, lossOf, type ScalingLaw } from '../../../src/theory/scaling-law.ts';
import { expectClose } from '../../support/expect-close.ts';
import { expectRefusal, refusalOf } from '../../support/expect-refusal.ts';
import { runsEverything } from '../../support/full-tests.ts';
import { describeWithTable } from '../../support/theory-tables.ts';
import { chinchillaPoints, chinchillaPointsInOrder } from './chinchilla-points.ts';
import { numpyChoice } from './numpy-choice.ts';
import { designPoints, withNoise } from './synthetic-points.ts';

const law: ScalingLaw = { E: 1.8, A: 450, alpha: 0.34, B: 2000, beta: 0.37 };

/** Resamples that are also fitted from nothing. */
const few = runsEverything ? 60 : 8;

/** How often each of n points is drawn in n draws. */
function drawnWeights(numPoints: number, seed: number): number[] {
  const stream = randomStream(seed, 'test.resample');
  const weights = new Array<number>(numPoints).fill(0);
  for (let i = 0; i < numPoints; i++) {
    const drawn = stream.nextInteger(numPoints);
    weights[drawn] = (weights[drawn] ?? 0) + 1;
  }
  return weights;
}

/** The highest value of a resample's fit from the law of all points over that of its own fit from nothing, and its price. */
function warmAgainstCold(points: readonly LawPoint[], options: FitOptions, numResamples: number) {
  const { goal, minimum } = searchedFit(points, options);
  let [worst, warmEvaluations, coldEvaluations] = [0, 0, 0];
  for (let seed = 0; seed < numResamples; seed++) {
    const resample = { ...goal, observations: observationsOf(points, drawnWeights(points.length, seed)) };
    const [warm, cold] = [resampledLaw(resample, minimum), searchLaw(resample)];
    worst = Math.max(worst, warm.minimum.value / cold.minimum.value - 1);
    warmEvaluations += warm.numEvaluations;
    coldEvaluations += cold.numEvaluations;
  }
  return { worst, ratio: coldEvaluations / warmEvaluations };
}

describe('bootstrapScalingLaw', () => {
  const points = withNoise(designPoints(law), 0.003, 5);

  test('is a function of its seed', () => {
    const options = { numResamples: 20, seed: 3 };
    const once = bootstrapScalingLaw(points, options);
    expect(bootstrapScalingLaw(points, options)).toEqual(once);
    expect(bootstrapScalingLaw(points, { ...options, seed: 4 }).laws).not.toEqual(once.laws);
    expect(once.laws).toHaveLength(20);
    expect(once.fit).toEqual(fitScalingLaw(points));
  });

  test('resamples of residuals end where fits of the same losses end', () => {
    const { fit, laws } = bootstrapScalingLaw(points, { numResamples: 5, seed: 1, kind: 'residuals' });
    const stream = randomStream(1, 'theory.bootstrap.residuals');
    const spent = Math.sqrt(25 / 20);
    for (const found of laws) {
      const resample = points.map((point, i) => {
        const residual = fit.residuals[stream.nextInteger(25)] ?? Number.NaN;
        return { ...point, loss: (fit.fitted[i] ?? Number.NaN) * Math.exp(spent * residual) };
      });
      const { law: cold } = fitScalingLaw(resample);
      const [N, D] = [1e8, 1e10];
      expectClose([lossOf(found, N, D) / lossOf(cold, N, D), found.E / cold.E], [1, 1], 1e-3);
    }
  });

  test('resamples of residuals leave out those of points without weight', () => {
    const spoilt = points.map((point, i) => (i === 4 ? { ...point, loss: 3 * point.loss } : point));
    const weights = points.map((_, i) => (i === 4 ? 0 : 1));
    const { parameters } = bootstrapScalingLaw(spoilt, { numResamples: 60, seed: 1, kind: 'residuals', weights });
    const honest = bootstrapScalingLaw(points, { numResamples: 60, seed: 1, kind: 'residuals', weights });
    expectClose([parameters.alpha.standardError / honest.parameters.alpha.standardError], [1], 0.01);
  });

  test('from the law of all points it finds what fits from nothing find, at a tenth of the price', () => {
    const dense = warmAgainstCold(points, {}, few);
    expect(dense.worst).toBeLessThan(1e-6);
    expect(dense.ratio).toBeGreaterThan(10);
    const sparse = warmAgainstCold(withNoise(designPoints(law), 0.01, 9).slice(0, 12), {}, few);
    expect(sparse.worst).toBeLessThan(1e-3);
    const believed = warmAgainstCold(points, { prior: weakPrior }, few);
    expect(believed.worst).toBeLessThan(1e-6);
    // The value may be off by more in the kinks of |r|; a standard error is two hundredths of it.
    const absolute = warmAgainstCold(points, { objective: { kind: 'leastAbsoluteDeviations' } }, few);
    expect(absolute.worst).toBeLessThan(1e-4);
  });

  test('its standard errors are those over new tables of the same noise', () => {
    const smooth: FitOptions = { objective: { kind: 'huber', delta: 0.1 } };
    const fresh = Array.from(
      { length: runsEverything ? 80 : 40 },
      (_, i) => fitScalingLaw(withNoise(designPoints(law), 0.003, 100 + i), smooth).law,
    );
    const mean = fresh.reduce((sum, { alpha }) => sum + alpha, 0) / fresh.length;
    const spread = Math.sqrt(fresh.reduce((sum, { alpha }) => sum + (alpha - mean) ** 2, 0) / (fresh.length - 1));
    // The spread is known to 8 % here, and one table of 25 points tells its own noise to 16 %: twice that.
    const { parameters } = bootstrapScalingLaw(points, {
      ...smooth,
      numResamples: runsEverything ? 400 : 200,
      seed: 1,
      kind: 'residuals',
    });
    expect(Math.abs(Math.log(parameters.alpha.standardError / spread))).toBeLessThan(0.35);
  });

  test('intervals are quantiles of the laws, wider at 95 than at 80 %', () => {
    const { laws, parameters, correlations } = bootstrapScalingLaw(points, { numResamples: 201, seed: 2 });
    const sorted = laws.map(({ E }) => E).sort((a, b) => a - b);
    const [low = 0, high = 0] = parameters.E.interval95;
    expectClose([low, high], [sorted[5] ?? 0, sorted[195] ?? 0]);
    for (const { interval80, interval95, standardError } of Object.values(parameters)) {
      expect(interval95[0]).toBeLessThan(interval80[0]);
      expect(interval95[1]).toBeGreaterThan(interval80[1]);
      expect(standardError).toBeGreaterThan(0);
    }
    expect(correlations.map((row) => row.length)).toEqual(correlated.map(() => correlated.length));
    correlations.forEach((row, i) => {
      expect(row[i]).toBe(1);
      expectClose(
        row,
        correlations.map((other) => other[i] ?? Number.NaN),
      );
    });
  });

  test('says that a floor is not known where resamples disagree about it', () => {
    const few = withNoise(designPoints(law), 0.02, 12).filter(({ numParameters }) => numParameters < 2e7);
    const { identified, fit } = bootstrapScalingLaw(few, { numResamples: 200, seed: 1 });
    expect(fit.identified.design.numSizes).toBe(3);
    expect(identified.E).toBe(false);
    expect(identified.reason).toMatch(/(anywhere from \d\.\d+ to \d\.\d+: it is not known|no floor)/);
    const known = bootstrapScalingLaw(withNoise(designPoints(law), 0.0005, 5), { numResamples: 100, seed: 1 });
    expect(known.identified).toEqual({ E: true, reason: null });
  });

  test('draws again where a resample holds one size only', () => {
    const lone = designPoints(law).filter(({ numParameters }) => numParameters === 1e7);
    const [far] = designPoints(law);
    const two = withNoise([...lone, ...(far ? [far] : [])], 0.002, 1);
    const { laws, numRedrawn } = bootstrapScalingLaw(two, { numResamples: 50, seed: 1 });
    expect(laws).toHaveLength(50);
    expect(numRedrawn).toBeGreaterThan(5);
  });

  test('refuses fewer than two resamples, and points that no fit takes', () => {
    const error = refusalOf(() => bootstrapScalingLaw(points, { numResamples: 1, seed: 1 }));
    expectRefusal(error, 'usage');
    expect(error.message).toBe('1 resamples, expected a whole number of at least two');
    expectRefusal(
      refusalOf(() => bootstrapScalingLaw(points.slice(0, 3), { numResamples: 9, seed: 1 })),
      'usage',
    );
  });
});

/** What Besiroglu et al. 2024 give: standard errors and 95 % intervals over 4,000 resamples drawn by NumPy with the seed 42. */
const published = {
  A: { error: 124.5, interval: [285, 744] },
  B: { error: 1293, interval: [1042, 5810] },
  E: { error: 0.0257, interval: [1.769, 1.871] },
  alpha: { error: 0.0154, interval: [0.317, 0.373] },
  beta: { error: 0.0206, interval: [0.331, 0.415] },
} as const;
const names = ['A', 'B', 'E', 'alpha', 'beta'] as const;

describeWithTable('resamples of the table of Hoffmann et al.', 'chinchilla_epoch_svg_extracted', (rows) => {
  // The published low end of B is itself the luck of one seed: over seeds it is 1,089 ± 20, so that about half of all seeds
  // come within the 4 % that is asked for here. The test below draws what the authors drew and is nearer by far.
  test('come near the standard errors that were published, be they 200', () => {
    const { parameters } = bootstrapScalingLaw(chinchillaPoints(rows), { numResamples: 200, seed: 104 });
    for (const name of ['E', 'alpha', 'beta'] as const) {
      expect(Math.abs(Math.log(parameters[name].standardError / published[name].error)), name).toBeLessThan(0.3);
    }
  });

  test.skipIf(!runsEverything)(
    'give the standard errors and intervals that were published, where they are 4,000',
    () => {
      const { parameters, correlations, numEvaluations, identified } = bootstrapScalingLaw(chinchillaPoints(rows), {
        numResamples: 4_000,
        seed: 104,
      });
      for (const name of names) {
        const { standardError, interval95 } = parameters[name];
        const { error, interval } = published[name];
        expect(Math.abs(standardError / error - 1), `standard error of ${name}: ${standardError}`).toBeLessThan(0.08);
        interval95.forEach((end, i) => {
          const expected = interval[i] ?? Number.NaN;
          const tolerance = name === 'A' || name === 'B' ? 0.04 * expected : 0.004;
          expect(Math.abs(end - expected), `end ${i} of ${name}: ${end}`).toBeLessThanOrEqual(tolerance);
        });
      }
      // a: 0.513 ± 0.020, its 80 % interval 0.051 wide.
      expectClose([parameters.sizeExponent.standardError], [0.02], 0.002);
      const [low, high] = parameters.sizeExponent.interval80;
      expectClose([high - low], [0.051], 0.004);
      const place = (name: (typeof correlated)[number]): number => correlated.indexOf(name);
      const between = (a: (typeof correlated)[number], b: (typeof correlated)[number]): number =>
        correlations[place(a)]?.[place(b)] ?? Number.NaN;
      expectClose(
        [between('ln A', 'alpha'), between('ln B', 'beta'), between('E', 'alpha'), between('E', 'beta')],
        [0.999, 0.999, 0.58, 0.6],
        0.05,
      );
      expect(identified.E).toBe(true);
      expect(numEvaluations / 4_000).toBeLessThan(40);
    },
  );

  test.skipIf(!runsEverything)('of the very draws that were published give those numbers to their last digit', () => {
    const points = chinchillaPoints(rows);
    // In the order of the file, as the authors drew them.
    const inOrder = chinchillaPointsInOrder(rows);
    expect(inOrder.map(({ loss }) => loss).sort()).toEqual(points.map(({ loss }) => loss).sort());
    const { goal, minimum } = searchedFit(inOrder, {});
    const draw = numpyChoice(42);
    const laws = Array.from({ length: 4_000 }, () => {
      const weight = new Float64Array(inOrder.length);
      for (let i = 0; i < inOrder.length; i++) {
        const drawn = draw(inOrder.length);
        weight[drawn] = (weight[drawn] ?? 0) + 1;
      }
      return resampledLaw({ ...goal, observations: { ...goal.observations, weight } }, minimum).law;
    });
    for (const name of names) {
      const values = laws.map((each) => each[name]).sort((a, b) => a - b);
      const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
      const error = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (values.length - 1));
      const end = (level: number): number => {
        const position = level * (values.length - 1);
        const [low = 0, high = 0] = values.slice(Math.floor(position), Math.floor(position) + 2);
        return low + (position % 1) * (high - low);
      };
      const found = [error, end(0.025), end(0.975)];
      expectClose(
        found.map((x, i) => x / ([published[name].error, ...published[name].interval][i] ?? 1)),
        [1, 1, 1],
        0.004,
      );
    }
  });

  test('end where fits from nothing end', () => {
    const { worst, ratio } = warmAgainstCold(chinchillaPoints(rows), {}, few);
    expect(worst).toBeLessThan(1e-6);
    expect(ratio).toBeGreaterThan(20);
  });
});
