import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  balancedParameters,
  computeForLoss,
  computeOptimum,
  deadweightCompute,
  frontierExponents,
  hasOptimum,
  inferenceOptimum,
  lossOf,
  type ScalingLaw,
  type TokenCost,
  withoutFloor,
  worthOfCompute,
} from '../../../src/theory/index.ts';
import { besiroglu, hoffmann } from './laws-of-papers.ts';

/** E is millions of times what size and tokens still gain at 1e26 FLOPs. */
const almostAtE: ScalingLaw = { E: 0.0078, A: 1, alpha: 0.728, B: 1, beta: 0.8 };

const relative = (actual: number, expected: number): number => Math.abs(actual / expected - 1);

/** The best of a fine grid over ln N, narrowed around its best cell thrice: slow, and right for any cost. E hides small slopes. */
function bruteOptimum(law: ScalingLaw, flops: number, costOf: (numParameters: number) => number) {
  const reducible = withoutFloor(law);
  let [low, high] = [Math.log(10), Math.log(1e16)];
  let best = 0;
  for (let round = 0; round < 4; round++) {
    let least = Number.POSITIVE_INFINITY;
    const cell = (high - low) / 4000;
    for (let i = 0; i <= 4000; i++) {
      const n = Math.exp(low + cell * i);
      const loss = lossOf(reducible, n, flops / costOf(n));
      if (loss < least) [least, best] = [loss, low + cell * i];
    }
    [low, high] = [best - 2 * cell, best + 2 * cell];
  }
  return Math.exp(best);
}

const anyLaw = fc.record({
  E: fc.double({ min: 0, max: 3, noNaN: true }),
  A: fc.double({ min: 1, max: 5000, noNaN: true }),
  alpha: fc.double({ min: 0.1, max: 0.8, noNaN: true }),
  B: fc.double({ min: 1, max: 5000, noNaN: true }),
  beta: fc.double({ min: 0.1, max: 0.8, noNaN: true }),
});
const anyFlops = fc.double({ min: 11, max: 26, noNaN: true }).map((log) => 10 ** log);

describe('the compute optimum', () => {
  test('is what the law of Besiroglu et al. says of 5.88e23 FLOPs', () => {
    const optimum = computeOptimum(besiroglu, 5.88e23);
    expect(relative(optimum.numParameters, 7.302e10)).toBeLessThan(1e-3);
    expect(relative(optimum.numTokens, 1.342e12)).toBeLessThan(1e-3);
    expect(relative(optimum.tokensPerParameter, 18.38)).toBeLessThan(1e-3);
    expect(relative(optimum.loss, 1.97386)).toBeLessThan(1e-5);
  });

  test('is what the rounded law of Hoffmann et al. says of 3.8e25 FLOPs', () => {
    const optimum = computeOptimum(hoffmann, 3.8e25);
    expect(relative(optimum.numParameters, 2.135e11)).toBeLessThan(1e-3);
    expect(relative(optimum.numTokens, 2.967e13)).toBeLessThan(1e-3);
    expect(relative(optimum.loss, 1.81653)).toBeLessThan(1e-5);
  });

  test('has D/N far apart for constants of one paper that were rounded and that were not', () => {
    const precise: ScalingLaw = { E: 1.6934, A: 406.4, alpha: 0.33917, B: 410.7, beta: 0.28491 };
    expect(computeOptimum(hoffmann, 5.88e23).tokensPerParameter).toBeCloseTo(92.8, 0);
    expect(computeOptimum(precise, 5.88e23).tokensPerParameter).toBeCloseTo(59.0, 0);
  });

  test('is the minimum that a search by brute force finds, for any law', () => {
    fc.assert(
      fc.property(anyLaw, anyFlops, (law, flops) => {
        const { numParameters, numTokens, loss } = computeOptimum(law, flops);
        fc.pre(numParameters > 100 && numParameters < 1e15);
        expect(relative(6 * numParameters * numTokens, flops)).toBeLessThan(1e-12);
        const brute = bruteOptimum(law, flops, (n) => 6 * n);
        expect(loss).toBeLessThanOrEqual(lossOf(law, brute, flops / (6 * brute)) * (1 + 1e-14));
        expect(relative(numParameters, brute)).toBeLessThan(1e-4);
      }),
      { numRuns: 40 },
    );
  });

  test('takes a cost that is no multiple of N: attention and head make small models dear', () => {
    // Width d of 4 layers: 12·4·d² parameters, and a head of 8,192·d that the law does not count.
    const cost = (numParameters: number): number => 6 * (numParameters + 8192 * Math.sqrt(numParameters / 48));
    for (const flops of [1e13, 1e16, 1e20]) {
      const found = computeOptimum(hoffmann, flops, cost);
      const brute = bruteOptimum(hoffmann, flops, cost);
      expect(relative(found.numParameters, brute)).toBeLessThan(1e-5);
      expect(relative(found.numTokens * cost(found.numParameters), flops)).toBeLessThan(1e-12);
      expect(found.numParameters).toBeGreaterThan(computeOptimum(hoffmann, flops).numParameters);
    }
  });

  test('by a cost given as a function is that of the same cost given as a number', () => {
    fc.assert(
      fc.property(anyLaw, anyFlops, (law, flops) => {
        const [one, other] = [computeOptimum(law, flops, 6), computeOptimum(law, flops, (n) => 6 * n)];
        expect(relative(other.numParameters, one.numParameters)).toBeLessThan(1e-6);
        expect(relative(other.loss, one.loss)).toBeLessThan(1e-13);
      }),
      { numRuns: 60, examples: [[almostAtE, 1e26]] },
    );
  });

  test('lies where parameters and tokens gain alike', () => {
    const { numParameters, numTokens } = computeOptimum(besiroglu, 1e20);
    expect(relative(balancedParameters(besiroglu, numTokens), numParameters)).toBeLessThan(1e-12);
  });

  test('is refused by a law without a term in N or D', () => {
    expect(hasOptimum(besiroglu)).toBe(true);
    expect(hasOptimum({ ...besiroglu, A: 0 })).toBe(false);
    expect(() => computeOptimum({ ...besiroglu, B: 0 }, 1e20)).toThrow(/no best size/);
  });
});

describe('the frontier', () => {
  test('has the exponents of the published laws', () => {
    expect(frontierExponents(besiroglu).parameters).toBeCloseTo(0.5126, 4);
    expect(frontierExponents(besiroglu).loss).toBeCloseTo(0.178, 3);
    expect(frontierExponents({ ...hoffmann, alpha: 0.33917, beta: 0.28491 }).loss).toBeCloseTo(0.155, 3);
  });

  test('rises and falls by its exponents, for any law', () => {
    fc.assert(
      fc.property(anyLaw, anyFlops, (law, flops) => {
        const exponents = frontierExponents(law);
        const [here, there] = [computeOptimum(law, flops), computeOptimum(law, 100 * flops)];
        expect(there.numParameters / here.numParameters / 100 ** exponents.parameters).toBeCloseTo(1, 9);
        expect(there.numTokens / here.numTokens / 100 ** exponents.tokens).toBeCloseTo(1, 9);
        // Subtracting E would lose the digits of a loss that is almost E.
        const reducible = withoutFloor(law);
        const [excess, excessThere] = [
          computeOptimum(reducible, flops).loss,
          computeOptimum(reducible, 100 * flops).loss,
        ];
        expect(excessThere / excess / 100 ** -exponents.loss).toBeCloseTo(1, 9);
        expect(relative(here.loss, law.E + excess)).toBeLessThan(1e-13);
      }),
    );
  });

  test('gives back the compute of its losses, whatever tokens cost', () => {
    const costs: readonly TokenCost[] = [6, 8.5, (n) => 6 * n + 4e5 * Math.sqrt(n)];
    for (const cost of costs) {
      for (const flops of [1e14, 1e19, 1e24]) {
        expect(
          relative(computeForLoss(besiroglu, computeOptimum(besiroglu, flops, cost).loss, cost), flops),
        ).toBeLessThan(1e-6);
      }
    }
    expect(computeForLoss(besiroglu, 1.8)).toBe(Number.POSITIVE_INFINITY);
    const flat: ScalingLaw = { E: 1, A: 10, alpha: 0.01, B: 10, beta: 0.01 };
    for (const cost of costs) expect(computeForLoss(flat, 1.01, cost)).toBe(Number.POSITIVE_INFINITY);
  });

  test('says what more compute buys', () => {
    const [twice, ten] = worthOfCompute(hoffmann, 1e20);
    expect(twice?.factor).toBe(2);
    expect(ten?.flops).toBe(1e21);
    expect(twice?.loss).toBe(computeOptimum(hoffmann, 2e20).loss);
    expect(ten?.gain).toBeCloseTo(computeOptimum(hoffmann, 1e20).loss - computeOptimum(hoffmann, 1e21).loss, 14);
    expect(ten?.gain).toBeGreaterThan(twice?.gain ?? 0);
    const [more] = worthOfCompute(almostAtE, 1e26, { factors: [2] });
    const share = 1 - 2 ** -frontierExponents(almostAtE).loss;
    expect(relative(more?.gain ?? 0, share * computeOptimum(withoutFloor(almostAtE), 1e26).loss)).toBeLessThan(1e-9);
  });
});

describe('deadweight compute', () => {
  /** At D/N so many times the best, at some compute. */
  const offBy = (factor: number, flops = 1e21): number => {
    const { numParameters, numTokens } = computeOptimum(besiroglu, flops);
    const root = Math.sqrt(factor);
    return deadweightCompute(besiroglu, { numParameters: numParameters / root, numTokens: numTokens * root });
  };

  test('is 4.2, 15.6, 31 and 48 % for tokens per parameter 2, 4, 8 and 16 times the best', () => {
    expect(offBy(1)).toBeCloseTo(0, 9);
    for (const [factor, percent] of [
      [2, 4.2],
      [4, 15.6],
      [8, 31.3],
      [16, 48.0],
    ] as const) {
      expect(Math.abs(100 * offBy(factor) - percent)).toBeLessThan(0.1);
    }
  });

  test('does not depend on the compute', () => {
    expect(offBy(4, 1e15)).toBeCloseTo(offBy(4, 1e25), 9);
    const [{ numParameters, numTokens }, { alpha, beta }] = [computeOptimum(almostAtE, 1e26), almostAtE];
    // N halved and D doubled: the loss above E is (2^α/(1 + α/β) + 2^(−β)/(1 + β/α)) times the best.
    const worse = 2 ** alpha / (1 + alpha / beta) + 2 ** -beta / (1 + beta / alpha);
    const share = 1 - worse ** (-1 / frontierExponents(almostAtE).loss);
    const off = { numParameters: numParameters / 2, numTokens: numTokens * 2 };
    expect(deadweightCompute(almostAtE, off)).toBeCloseTo(share, 9);
  });

  test('lies between 0 and 1, and is what a search for the cheapest run of the same loss saves', () => {
    fc.assert(
      fc.property(
        anyLaw,
        fc.double({ min: 4, max: 11, noNaN: true }),
        fc.double({ min: 5, max: 13, noNaN: true }),
        (law, logN, logD) => {
          const [numParameters, numTokens] = [10 ** logN, 10 ** logD];
          const share = deadweightCompute(law, { numParameters, numTokens });
          expect(share).toBeGreaterThanOrEqual(0);
          expect(share).toBeLessThanOrEqual(1);
          const equal = (1 - share) * 6 * numParameters * numTokens;
          fc.pre(share < 0.999_999);
          expect(computeOptimum(law, equal).loss / lossOf(law, numParameters, numTokens)).toBeCloseTo(1, 9);
        },
      ),
    );
  });
});

describe('the optimum with inference', () => {
  /** Cheapest over a fine grid of sizes. */
  const brute = (law: ScalingLaw, loss: number, inferenceTokens: number) => {
    let [least, best] = [Number.POSITIVE_INFINITY, 0];
    for (let log = Math.log(1e5); log < Math.log(1e14); log += 2e-4) {
      const n = Math.exp(log);
      const rest = loss - law.E - law.A * n ** -law.alpha;
      if (rest <= 0) continue;
      const total = 6 * n * (law.B / rest) ** (1 / law.beta) + 2 * n * inferenceTokens;
      if (total < least) [least, best] = [total, n];
    }
    return { least, best };
  };

  test('is the cheapest of all sizes that reach the loss, by brute force', () => {
    for (const inferenceTokens of [1e9, 1e12, 1e14]) {
      const found = inferenceOptimum(besiroglu, { loss: 2.2, inferenceTokens });
      const { least, best } = brute(besiroglu, 2.2, inferenceTokens);
      expect(relative(found.totalFlops, least)).toBeLessThan(1e-6);
      expect(relative(found.numParameters, best)).toBeLessThan(1e-3);
      expect(lossOf(besiroglu, found.numParameters, found.numTokens)).toBeCloseTo(2.2, 9);
    }
  });

  test('without inference is the one that is cheapest to train', () => {
    const { loss, numParameters, numTokens } = computeOptimum(besiroglu, 1e20);
    const found = inferenceOptimum(besiroglu, { loss, inferenceTokens: 0 });
    expect(relative(found.numParameters, numParameters)).toBeLessThan(1e-6);
    expect(relative(found.numTokens, numTokens)).toBeLessThan(1e-6);
    expect(found.saving).toBeCloseTo(0, 9);
  });

  test('is smaller and trained for longer, the more the model is used', () => {
    fc.assert(
      fc.property(anyLaw, fc.double({ min: 14, max: 22, noNaN: true }), (law, logFlops) => {
        const { loss, numTokens } = computeOptimum(law, 10 ** logFlops);
        const found = [0, 1, 10, 100].map((uses) => inferenceOptimum(law, { loss, inferenceTokens: uses * numTokens }));
        for (const [i, one] of found.entries()) {
          const before = found[i - 1];
          if (before === undefined) continue;
          expect(one.numParameters).toBeLessThan(before.numParameters * (1 + 1e-9));
          expect(one.numTokens).toBeGreaterThan(before.numTokens * (1 - 1e-9));
          expect(one.saving).toBeGreaterThanOrEqual(before.saving - 1e-9);
        }
      }),
    );
  });

  test('is refused for a loss that no model reaches', () => {
    expect(() => inferenceOptimum(besiroglu, { loss: 1.8, inferenceTokens: 1e9 })).toThrow(/not above E/);
  });
});
