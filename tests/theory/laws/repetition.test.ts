import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  balancedParameters,
  computeOptimum,
  effectiveAmount,
  limitedComputeOptimum,
  lossOf,
  lossWithRepetition,
  mostEpochs,
  repetitionConstants,
  repetitionOf,
  type ScalingLaw,
} from '../../../src/theory/index.ts';
import { besiroglu } from './laws-of-papers.ts';

const positive = (low: number, high: number) => fc.double({ min: low, max: high, noNaN: true });

describe('the worth of repeated tokens', () => {
  test('is that of Muennighoff et al. after 2, 4, 8, 16 and 32 epochs', () => {
    const expected = [1.9682, 3.7257, 6.6241, 10.5825];
    for (const [i, epochs] of [2, 4, 8, 16].entries()) {
      expect(Math.abs(effectiveAmount(epochs * 1e6, 1e6) / 1e6 - (expected[i] as number))).toBeLessThan(1e-4);
    }
    expect(effectiveAmount(32e6, 1e6) / 1e6).toBeCloseTo(14.34, 2);
    expect(effectiveAmount(1e12, 1e6) / 1e6).toBeCloseTo(16.3878, 4);
  });

  test('is that of summing what each further look at a token is worth', () => {
    // D′ = ∫ e^(−r/R*) over repetitions r, added up in slices of a thousandth of an epoch.
    for (const epochs of [1.5, 3, 12]) {
      let sum = 1;
      const slice = 1e-3;
      for (let r = slice / 2; r < epochs - 1; r += slice) sum += slice * Math.exp(-r / repetitionConstants.tokens);
      expect(effectiveAmount(epochs, 1)).toBeCloseTo(sum, 6);
    }
  });

  test('never falls with more tokens, never exceeds them, and is all of them in the first epoch', () => {
    fc.assert(
      fc.property(positive(1, 1e12), positive(1, 1e12), positive(1, 1e9), (a, b, unique) => {
        const [less, more] = [Math.min(a, b), Math.max(a, b)];
        expect(effectiveAmount(less, unique)).toBeLessThanOrEqual(effectiveAmount(more, unique));
        expect(effectiveAmount(more, unique)).toBeLessThanOrEqual(more * (1 + 1e-12));
        if (more <= unique) expect(effectiveAmount(more, unique)).toBe(more);
      }),
    );
  });

  test('has no step where repetition begins, also not for a few tokens more', () => {
    expect(effectiveAmount(1e9 + 1, 1e9)).toBeCloseTo(1e9 + 1, 5);
  });

  test('of parameters wanes three times as fast', () => {
    expect(effectiveAmount(1e9, 1, 'parameters')).toBeCloseTo(1 + repetitionConstants.parameters, 6);
  });

  test('comes with a flag beyond what the law was measured for', () => {
    expect(repetitionOf(mostEpochs * 1e6, 1e6)).toMatchObject({ epochs: 16, isOutOfDomain: false });
    expect(repetitionOf(17e6, 1e6).isOutOfDomain).toBe(true);
    expect(repetitionOf(5e5, 1e6)).toEqual({ epochs: 0.5, effectiveTokens: 5e5, worth: 1, isOutOfDomain: false });
    expect(repetitionOf(16e6, 1e6).worth).toBeCloseTo(0.66, 2);
  });
});

describe('the loss on a limited text', () => {
  test('is the law itself where no token is repeated and no parameter too many', () => {
    expect(lossWithRepetition(besiroglu, 1e6, 1e8, 1e9)).toBe(lossOf(besiroglu, 1e6, 1e8));
  });

  test('falls ever less with size and epochs, and never below what effective amounts allow', () => {
    const unique = 1e7;
    const floor = lossOf(
      besiroglu,
      balancedParameters(besiroglu, unique) * (1 + repetitionConstants.parameters),
      unique * (1 + repetitionConstants.tokens),
    );
    fc.assert(
      fc.property(positive(3, 12), positive(5, 13), positive(1, 4), (logN, logD, factor) => {
        const [n, d] = [10 ** logN, 10 ** logD];
        const loss = lossWithRepetition(besiroglu, n, d, unique);
        expect(lossWithRepetition(besiroglu, factor * n, d, unique)).toBeLessThanOrEqual(loss);
        expect(lossWithRepetition(besiroglu, n, factor * d, unique)).toBeLessThanOrEqual(loss);
        expect(loss).toBeGreaterThanOrEqual(floor);
        expect(loss).toBeGreaterThanOrEqual(lossOf(besiroglu, n, d));
      }),
    );
  });
});

describe('the compute optimum on a limited text', () => {
  test('is the compute optimum where the text is long enough', () => {
    const free = computeOptimum(besiroglu, 1e18);
    const limited = limitedComputeOptimum(besiroglu, 1e18, 2 * free.numTokens);
    expect(limited.numParameters / free.numParameters).toBeCloseTo(1, 5);
    expect(limited.loss).toBeCloseTo(free.loss, 12);
    expect(limited.repetition.epochs).toBeCloseTo(0.5, 5);
  });

  test('is the compute optimum also where E is millions of times what size and tokens still gain', () => {
    const law: ScalingLaw = { E: 0.0078, A: 1, alpha: 0.728, B: 1, beta: 0.8 };
    const free = computeOptimum(law, 1e26);
    const limited = limitedComputeOptimum(law, 1e26, 2 * free.numTokens);
    expect(limited.numParameters / free.numParameters).toBeCloseTo(1, 6);
  });

  test('is the compute optimum also where the text is longer by many powers of ten', () => {
    for (const flops of [1e8, 1e12]) {
      const [free, limited] = [computeOptimum(besiroglu, flops), limitedComputeOptimum(besiroglu, flops, 1e14)];
      expect(limited.numParameters / free.numParameters).toBeCloseTo(1, 5);
    }
  });

  test('is the best of all sizes, by brute force, for a number of FLOPs and for another cost', () => {
    const costs = [6, (n: number) => 6 * n + 1e5 * Math.sqrt(n)];
    for (const cost of costs) {
      for (const flops of [1e15, 1e17, 1e19]) {
        const found = limitedComputeOptimum(besiroglu, flops, 2e6, cost);
        for (let log = 4; log < 12; log += 0.01) {
          const n = 10 ** log;
          const tokens = flops / (typeof cost === 'number' ? cost * n : cost(n));
          expect(found.loss).toBeLessThanOrEqual(lossWithRepetition(besiroglu, n, tokens, 2e6) + 1e-12);
        }
      }
    }
  });

  test('reads the text more often rather than growing, when compute outgrows the text, as Muennighoff et al. advise', () => {
    const free = computeOptimum(besiroglu, 1e17);
    const limited = limitedComputeOptimum(besiroglu, 1e17, free.numTokens / 8);
    expect(limited.repetition.epochs).toBeGreaterThan(8);
    expect(limited.repetition.epochs).toBeLessThan(mostEpochs);
    expect(limited.numParameters).toBeLessThan(free.numParameters);
    expect(limited.loss).toBeGreaterThan(free.loss);
  });
});
