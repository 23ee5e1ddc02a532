import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { randomStream } from '../../../src/core/index.ts';
import {
  criticalBatchRule,
  criticalBatchTokens,
  diagnoseBatch,
  gradientNoise,
  optimalBatchRule,
  stepLawBatchRule,
  stepLawLearningRate,
} from '../../../src/theory/index.ts';

describe('the critical batch', () => {
  test('follows Power Lines, in tokens', () => {
    expect(criticalBatchTokens(1e9)).toBeCloseTo(0.0471 * 1e9 ** 0.462 * 2048, 3);
    expect(diagnoseBatch({ batchTokens: 1, numTokens: 1e9 }).optimalTokens).toBeCloseTo(
      0.0306 * 1e9 ** 0.383 * 2048,
      3,
    );
    expect(criticalBatchRule.source).toMatch(/2505\.13738/);
    expect(optimalBatchRule.source).toMatch(/2505\.13738/);
  });

  test('tells a batch beyond it, and takes other constants', () => {
    const numTokens = 1e8;
    const critical = criticalBatchTokens(numTokens);
    expect(diagnoseBatch({ batchTokens: 0.9 * critical, numTokens }).isBeyondCritical).toBe(false);
    expect(diagnoseBatch({ batchTokens: 1.1 * critical, numTokens }).isBeyondCritical).toBe(true);
    const mine = { law: { coefficient: 10, exponent: 0.5 }, source: 'measured here' };
    expect(diagnoseBatch({ batchTokens: 2e5, numTokens }, { critical: mine }).ratio).toBeCloseTo(2, 12);
    expect(criticalBatchTokens(numTokens, stepLawBatchRule)).toBeCloseTo(0.58 * numTokens ** 0.571, 6);
  });

  test('trades steps for tokens: (S/S_min − 1)·(E/E_min − 1) = 1 at any batch', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 10, max: 1e8, noNaN: true }),
        fc.double({ min: 1e4, max: 1e13, noNaN: true }),
        (batch, d) => {
          const { stepsOverLeast, tokensOverLeast } = diagnoseBatch({ batchTokens: batch, numTokens: d });
          expect((stepsOverLeast - 1) * (tokensOverLeast - 1)).toBeCloseTo(1, 6);
        },
      ),
    );
  });

  test('costs twice the tokens that the smallest batch would, and one of twice its size three times', () => {
    const numTokens = 1e8;
    const critical = criticalBatchTokens(numTokens);
    expect(diagnoseBatch({ batchTokens: critical, numTokens }).tokensOverLeast).toBeCloseTo(2, 12);
    expect(diagnoseBatch({ batchTokens: 2 * critical, numTokens }).tokensOverLeast).toBeCloseTo(3, 12);
  });
});

describe('the noise of a gradient', () => {
  test('is exact where the norms are their means', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 100, noNaN: true }),
        fc.double({ min: 0.01, max: 1e4, noNaN: true }),
        fc.integer({ min: 1, max: 64 }),
        fc.integer({ min: 2, max: 32 }),
        (signal, noise, smallBatch, factor) => {
          const largeBatch = factor * smallBatch;
          const found = gradientNoise([
            {
              smallBatch,
              smallSquaredNorm: signal + noise / smallBatch,
              largeBatch,
              largeSquaredNorm: signal + noise / largeBatch,
            },
          ]);
          expect(found.signal / signal).toBeCloseTo(1, 6);
          expect(found.noise / noise).toBeCloseTo(1, 6);
          expect(found.scale / (noise / signal)).toBeCloseTo(1, 5);
        },
      ),
    );
  });

  test('is found from gradients of samples, where a mean of ratios would be far off', () => {
    const stream = randomStream(1, 'gradients');
    const dimensions = 20;
    const deviation = 3;
    const truth = Array.from({ length: dimensions }, () => 0.5);
    const squaredNorm = (sum: readonly number[], n: number) =>
      sum.reduce((total, value) => total + (value / n) ** 2, 0);
    const pairs = Array.from({ length: 400 }, () => {
      const sum = truth.map(() => 0);
      let small = 0;
      for (let sample = 1; sample <= 32; sample++) {
        for (const [i, g] of truth.entries()) sum[i] = (sum[i] as number) + g + deviation * stream.nextNormal();
        if (sample === 4) small = squaredNorm(sum, 4);
      }
      return { smallBatch: 4, smallSquaredNorm: small, largeBatch: 32, largeSquaredNorm: squaredNorm(sum, 32) };
    });
    const found = gradientNoise(pairs);
    const expected = (dimensions * deviation ** 2) / (dimensions * 0.25);
    expect(Math.abs(found.signal / 5 - 1)).toBeLessThan(0.1);
    expect(Math.abs(found.noise / 180 - 1)).toBeLessThan(0.1);
    expect(Math.abs(found.scale / expected - 1)).toBeLessThan(0.15);
    // Unaveraged ratios are biased, and wild where a signal happens to be near zero.
    const meanOfRatios = pairs.reduce((sum, pair) => sum + gradientNoise([pair]).scale, 0) / pairs.length;
    expect(Math.abs(meanOfRatios / expected - 1)).toBeGreaterThan(0.15);
  });

  test('has no scale where no signal is seen, and takes no two equal batches', () => {
    const one = { smallBatch: 2, smallSquaredNorm: 4, largeBatch: 8, largeSquaredNorm: 0.9 };
    expect(gradientNoise([one]).scale).toBe(Number.POSITIVE_INFINITY);
    expect(() => gradientNoise([{ ...one, largeBatch: 2 }])).toThrow(/tell nothing apart/);
    expect(() => gradientNoise([])).toThrow(/at least one pair/);
  });
});

describe('the learning rate of Step Law', () => {
  test('falls with size and rises with tokens', () => {
    expect(stepLawLearningRate(1e9, 2e10)).toBeCloseTo(1.79 * 1e9 ** -0.713 * 2e10 ** 0.307, 12);
    expect(stepLawLearningRate(2e9, 2e10)).toBeLessThan(stepLawLearningRate(1e9, 2e10));
    expect(stepLawLearningRate(1e9, 4e10)).toBeGreaterThan(stepLawLearningRate(1e9, 2e10));
  });
});
