import { describe, expect, test } from 'vitest';
import { fitScalingLaw } from '../../../src/theory/fitting/scaling-law-fit.ts';
import { type LawPoint, lossOf, type ScalingLaw } from '../../../src/theory/scaling-law.ts';
import { expectClose } from '../../support/expect-close.ts';

const law: ScalingLaw = { E: 1.8, A: 450, alpha: 0.34, B: 2000, beta: 0.37 };
const pointsOf = (sizes: readonly number[], durationsOf: (size: number) => readonly number[]): LawPoint[] =>
  sizes.flatMap((numParameters) =>
    durationsOf(numParameters).map((numTokens) => {
      return { numParameters, numTokens, loss: lossOf(law, numParameters, numTokens) };
    }),
  );

describe('what a fit calls identified', () => {
  test('three sizes with two durations each over 1.5 decades tell all of it', () => {
    const points = pointsOf([1e6, 5e6, 2e7], (size) => [20 * size, 80 * size]);
    const { identified, law: found } = fitScalingLaw(points);
    expect(identified).toMatchObject({ E: true, alpha: true, beta: true, reason: null, sentences: [] });
    expect(identified.design).toMatchObject({ numSizes: 3, numDurations: 5, isLine: false });
    expectClose([identified.design.computeDecades], [Math.log10(1600)]);
    expectClose([lossOf(found, 1e8, 2e9) / lossOf(law, 1e8, 2e9)], [1], 1e-3);
  });

  test('two sizes leave size and floor open and name the slope of the frontier instead', () => {
    const fit = fitScalingLaw(pointsOf([1e6, 1e8], () => [1e7, 1e8, 1e9]));
    const { identified } = fit;
    expect(identified).toMatchObject({ E: false, alpha: false, beta: true });
    expect(identified.sentences[0]).toMatch(/^Two sizes tell how far .* not along which curve \(A, alpha\)\.$/);
    expect(identified.reason).toMatch(/2 sizes, 3 durations and 4\.0 decades.*takes at least 3, 3 and 1\.5/);
    expect(identified.reason).toMatch(
      /slope of the frontier: loss ∝ C\^−0\.\d{3} \(95 % from −0\.\d{3} to −0\.\d{3}\)/,
    );
    expect(identified.frontier?.exponent).toBeLessThan(0);
    // Between the durations of those sizes the law is good all the same; between the sizes another law fits as well.
    expectClose([lossOf(fit.law, 1e6, 3e8) / lossOf(law, 1e6, 3e8)], [1], 1e-3);
    expect(fit.meanError).toBeLessThan(1e-6);
    expect(Math.abs(lossOf(fit.law, 1e7, 1e8) / lossOf(law, 1e7, 1e8) - 1)).toBeGreaterThan(0.01);
  });

  test('two durations leave duration and floor open, however many sizes have them', () => {
    const { identified } = fitScalingLaw(pointsOf([1e6, 4e6, 2e7, 1e8], () => [1e8, 4e8]));
    expect(identified).toMatchObject({ E: false, alpha: true, beta: false });
    expect(identified.sentences[0]).toMatch(/^Two durations tell how far/);
  });

  test('less than 1.5 decades of compute leave the floor open', () => {
    const { identified } = fitScalingLaw(pointsOf([1e6, 2e6, 4e6], () => [1e8, 2e8, 4e8]));
    expect(identified).toMatchObject({ E: false, alpha: true, beta: true });
    expect(identified.reason).toContain('1.2 decades');
  });

  test('one size tells nothing of size: the law has no term for it and still meets the points', () => {
    const points = pointsOf([1e7], () => [1e7, 4e7, 2e8, 1e9, 5e9]);
    const fit = fitScalingLaw(points);
    expect(fit.identified).toMatchObject({ E: false, alpha: false, beta: true });
    expect(fit.identified.sentences[0]).toBe(
      'All points have one size, so how the loss falls with size (A, alpha) is not known.',
    );
    expect(fit.law.A).toBe(0);
    expectClose([fit.law.beta, fit.meanError], [law.beta, 0], 1e-5);
  });

  test('one duration tells nothing of duration', () => {
    const fit = fitScalingLaw(pointsOf([1e6, 4e6, 2e7, 1e8, 5e8], () => [1e9]));
    expect(fit.identified).toMatchObject({ E: false, alpha: true, beta: false });
    expect(fit.identified.sentences[0]).toContain('All points have one duration');
    expect(fit.law.B).toBe(0);
    expectClose([fit.law.alpha, fit.meanError], [law.alpha, 0], 1e-5);
  });

  test('twenty tokens for each parameter everywhere are one line, on which size and duration cannot be told apart', () => {
    const fit = fitScalingLaw(pointsOf([1e6, 4e6, 2e7, 1e8, 5e8], (size) => [20 * size]));
    expect(fit.identified).toMatchObject({ E: false, alpha: false, beta: false });
    expect(fit.identified.reason).toContain('one line of log N and log D');
    expect(fit.meanError).toBeLessThan(1e-3);
  });

  test('a second duration a factor of two away leaves the line', () => {
    const fit = fitScalingLaw(pointsOf([1e6, 4e6, 2e7, 1e8, 5e8], (size) => [20 * size, 40 * size]));
    expect(fit.identified).toMatchObject({ E: true, alpha: true, beta: true, design: { isLine: false } });
  });

  test('a loss that does not fall with size leaves alpha open, however many sizes there are', () => {
    for (const power of [0, 0.05]) {
      const points = pointsOf([1e6, 1e7, 1e8], () => [1e8, 1e9, 1e10]).map((point) => ({
        ...point,
        loss: (point.numParameters / 1e8) ** power + 300 * point.numTokens ** -0.35,
      }));
      const { identified } = fitScalingLaw(points);
      expect(identified).toMatchObject({ alpha: false, beta: true });
      expect(identified.reason).toContain('does not fall with size (A, alpha)');
    }
  });

  test('sizes that differ by less than a hundredth are one', () => {
    const points = pointsOf([1e7, 1.005e7], () => [1e8, 4e8, 2e9]);
    expect(fitScalingLaw(points).identified.design.numSizes).toBe(1);
  });

  test('runs that another beats with less compute are not on the frontier', () => {
    const points = pointsOf([1e6, 5e6, 2e7], () => [1e8, 4e8]);
    const [worst] = points as [LawPoint];
    const spoilt = [...points, { ...worst, numTokens: 1e11, loss: 6 }];
    const [a, b] = [fitScalingLaw(points), fitScalingLaw(spoilt)];
    expect(b.identified.frontier?.exponent).toBe(a.identified.frontier?.exponent);
    expect(b.identified.frontier?.numPoints).toBeLessThan(7);
  });
});
