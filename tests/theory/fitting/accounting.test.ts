import { describe, expect, test } from 'vitest';
import { type CountedPoint, fitUnderAccountings } from '../../../src/theory/fitting/accounting.ts';
import { fitPowerLaw } from '../../../src/theory/fitting/power-law-fit.ts';
import { computeOptimum } from '../../../src/theory/laws/compute-optimum.ts';
import { lossOf, type ScalingLaw } from '../../../src/theory/scaling-law.ts';
import { expectClose } from '../../support/expect-close.ts';
import { expectRefusal, refusalOf } from '../../support/expect-refusal.ts';

/** Laws in total parameters: of the Epoch group (Besiroglu et al. 2024) and of Hoffmann et al. 2022, to the digits of its source. */
const epoch: ScalingLaw = { E: 1.8172, A: 482.01, alpha: 0.3478, B: 2085.43, beta: 0.3658 };
const hoffmann: ScalingLaw = { E: 1.6934, A: 406.4, alpha: 0.33917, B: 410.7, beta: 0.28491 };

/** Pearce & Song 2024: all parameters of a model from those outside its embeddings. */
const totalOf = (nonEmbedding: number): number => nonEmbedding + 47_491 * nonEmbedding ** (1 / 3);
const spaced = (low: number, high: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => 10 ** (low + ((high - low) * i) / (count - 1)));

/** The sizes and durations of Kaplan et al. 2020 in a world that follows `law` in all parameters. */
const sizes = spaced(2.9, 9.2, 20);

/**
 * The exponent that an analysis without embeddings finds there: for each budget C = 6·N·D the size with the lowest loss, its
 * duration the nearest of a grid, and the slope of log N over log C.
 */
function exponentWithoutEmbeddings(law: ScalingLaw): number {
  const durations = spaced(6, 25, 1_000);
  const step = 19 / 999;
  return fitPowerLaw(
    spaced(12.95, 20.7, 100).map((flops) => {
      const best = sizes
        .map((size) => {
          const place = (Math.log10(flops / (6 * size)) - 6) / step;
          const duration = durations[Math.min(999, Math.max(0, Math.round(place)))] ?? Number.NaN;
          return { size, loss: lossOf(law, totalOf(size), duration) };
        })
        .reduce((a, b) => (b.loss < a.loss ? b : a));
      return [flops, best.size];
    }),
  ).exponent;
}

const countedPoint = (law: ScalingLaw, nonEmbedding: number, numTokens: number): CountedPoint => {
  const total = totalOf(nonEmbedding);
  return {
    parameters: { total, nonEmbedding, matmul: nonEmbedding, active: total },
    numTokens,
    loss: lossOf(law, total, numTokens),
  };
};

describe('the trap of counting without embeddings', () => {
  test.each([
    ['Epoch', epoch, 0.7805],
    ['Hoffmann', hoffmann, 0.7388],
  ])('a world that obeys the law of %s looks as Kaplan found it when embeddings are left out', (_, law, exponent) => {
    expect(Math.abs(exponentWithoutEmbeddings(law) - exponent)).toBeLessThan(0.002);
    // Whereas the true one, in all parameters, is near a half.
    expect(law.beta / (law.alpha + law.beta)).toBeLessThan(0.52);
  });

  test('the fits disagree by more than 0.1 and a warning says so, with both exponents', () => {
    const points = spaced(5, 8, 7).flatMap((size) =>
      spaced(8.5, 11, 5).map((tokens) => countedPoint(epoch, size, tokens)),
    );
    const found = fitUnderAccountings(points, { conventions: ['total', 'nonEmbedding'] });
    const [total, nonEmbedding] = found.fits;
    expectClose([total?.fit.sizeExponent ?? 0], [epoch.beta / (epoch.alpha + epoch.beta)], 1e-3);
    expect(found.exponentSpread).toBeGreaterThan(0.1);
    expect(found.isFlipped).toBe(true);
    expect(found.warnings[0]).toContain('How parameters are counted decides the conclusion');
    expect(found.warnings[0]).toContain('C^0.51 in all parameters');
    expect(found.warnings[0]).toContain(`C^${nonEmbedding?.fit.sizeExponent.toFixed(2)} in non-embedding parameters`);
  });

  test('for models whose embeddings hardly count there is nothing to warn of', () => {
    const points = spaced(10, 12, 5).flatMap((size) =>
      spaced(10, 13, 5).map((tokens) => countedPoint(epoch, size, tokens)),
    );
    const found = fitUnderAccountings(points);
    expect(found.fits.map(({ convention }) => convention)).toEqual(['total', 'nonEmbedding', 'matmul', 'active']);
    expect(found).toMatchObject({ isFlipped: false, warnings: [] });
    expect(found.exponentSpread).toBeLessThan(0.02);
    expect(found.sizeFactor ?? 9).toBeLessThan(1.3);
  });
});

describe('fitUnderAccountings', () => {
  const points = spaced(5, 8, 7).flatMap((size) =>
    spaced(8.5, 11, 5).map((tokens) => countedPoint(epoch, size, tokens)),
  );

  test('compares best sizes at one compute, which for the true convention is the optimum of its law', () => {
    const found = fitUnderAccountings(points, { conventions: ['total', 'nonEmbedding'], targetFlops: 1e21 });
    const [total, nonEmbedding] = found.fits;
    const truth = computeOptimum(epoch, 1e21);
    expectClose([(total?.optimum?.totalParameters ?? 0) / truth.numParameters], [1], 0.01);
    expectClose([(total?.optimum?.loss ?? 0) / truth.loss], [1], 1e-3);
    expectClose(
      [totalOf(nonEmbedding?.optimum?.numParameters ?? 0) / (nonEmbedding?.optimum?.totalParameters ?? 1)],
      [1],
      0.01,
    );
    const factor = (nonEmbedding?.optimum?.totalParameters ?? 0) / (total?.optimum?.totalParameters ?? 1);
    expectClose([found.sizeFactor ?? 0], [Math.max(factor, 1 / factor)], 1e-9);
    expect(found.targetFlops).toBe(1e21);
  });

  test('warns where the best model differs by more than a factor of two', () => {
    const found = fitUnderAccountings(points, { conventions: ['total', 'nonEmbedding'], targetFlops: 1e23 });
    expect(found.sizeFactor ?? 0).toBeGreaterThan(2);
    expect(found.warnings.join(' ')).toMatch(/At 1\.0e\+23 FLOPs the best model has .* a factor of \d+\.\d/);
  });

  test('takes counted FLOPs where they are given', () => {
    const costly = points.map((point) => ({ ...point, flops: 12 * point.parameters.total * point.numTokens }));
    const [plain, dear] = [points, costly].map(
      (some) =>
        fitUnderAccountings(some, { conventions: ['total'], targetFlops: 1e21 }).fits[0]?.optimum?.numParameters ?? 0,
    );
    expectClose([(dear ?? 0) / (plain ?? 1)], [0.5 ** (epoch.beta / (epoch.alpha + epoch.beta))], 1e-2);
    const { targetFlops } = fitUnderAccountings(costly, { conventions: ['total'] });
    expectClose([targetFlops / (120 * totalOf(1e8) * 1e11)], [1]);
  });

  test('passes over a convention under which a model has no parameters, and says so', () => {
    const without = points.map((point, i) =>
      i === 0 ? { ...point, parameters: { ...point.parameters, nonEmbedding: 0 } } : point,
    );
    const found = fitUnderAccountings(without, { conventions: ['total', 'nonEmbedding'] });
    expect(found.fits.map(({ convention }) => convention)).toEqual(['total']);
    expect(found.warnings).toEqual(['There is no law in non-embedding parameters: a point has none.']);
    expect(found).toMatchObject({ exponentSpread: 0, sizeFactor: null, isFlipped: false });
    expectRefusal(
      refusalOf(() => fitUnderAccountings(without, { conventions: ['nonEmbedding'] })),
      'usage',
    );
  });

  test('refuses FLOPs that are none', () => {
    const free = points.map((point, i) => (i === 2 ? { ...point, flops: 0 } : point));
    const error = refusalOf(() => fitUnderAccountings(free, { conventions: ['total'] }));
    expectRefusal(error, 'usage');
    expect(error.message).toMatch(/point 3 of 35 has flops 0/);
  });

  test('tells no best size where sizes do not differ', () => {
    const oneSize = spaced(8, 11, 6).map((tokens) => countedPoint(epoch, 1e7, tokens));
    const found = fitUnderAccountings(oneSize, { conventions: ['total'] });
    expect(found.fits[0]?.optimum).toBeNull();
  });
});
