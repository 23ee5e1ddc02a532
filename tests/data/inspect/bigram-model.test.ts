import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BigramModel } from '../../../src/data/inspect/bigram-model.ts';
import { PairCounts } from '../../../src/data/inspect/pair-counts.ts';

const vocabularySize = 6;
const token = fc.integer({ min: 0, max: vocabularySize - 1 });
/** Documents begin with token 0. */
const documents = fc.array(
  fc.array(token, { maxLength: 30 }).map((tokens) => Uint32Array.from([0, ...tokens])),
  { minLength: 1, maxLength: 8 },
);

/** The formula of the doc comment, word by word, over all pairs of all documents. */
function slowProbability(all: readonly Uint32Array[], discount: number, v: number, w: number): number {
  const pairs = all.flatMap((tokens) => [...tokens].slice(1).map((second, i) => [tokens[i] ?? 0, second] as const));
  const distinct = [...new Set(pairs.map(([a, b]) => a * vocabularySize + b))].map(
    (key) => [Math.floor(key / vocabularySize), key % vocabularySize] as const,
  );
  const count = pairs.filter(([a, b]) => a === v && b === w).length;
  const total = pairs.filter(([a]) => a === v).length;
  const followers = distinct.filter(([a]) => a === v).length;
  const predecessors = distinct.filter(([, b]) => b === w).length;
  const share = (predecessors + 0.5) / (distinct.length + 0.5 * vocabularySize);
  return total === 0 ? share : Math.max(0, count - discount) / total + ((discount * followers) / total) * share;
}

function modelOf(all: readonly Uint32Array[]): BigramModel {
  const model = new BigramModel(vocabularySize);
  for (const tokens of all) model.add(tokens, 0, tokens.length);
  return model;
}

describe('the bigram model', () => {
  test('gives the probabilities of its formula, which sum to 1', () => {
    fc.assert(
      fc.property(documents, (all) => {
        const model = modelOf(all);
        const discount = model.estimateDiscount();
        for (let v = 0; v < vocabularySize; v++) {
          let sum = 0;
          for (let w = 0; w < vocabularySize; w++) {
            const probability = model.probability(v, w);
            expect(probability).toBeGreaterThan(0);
            expect(probability).toBeCloseTo(slowProbability(all, discount, v, w), 12);
            sum += probability;
          }
          expect(sum).toBeCloseTo(1, 12);
        }
      }),
    );
  });

  test('without a document is the model of all others, and with it again what it was', () => {
    fc.assert(
      fc.property(documents, (all) => {
        const model = modelOf(all);
        const discount = model.estimateDiscount();
        const before = model.bits(all[0] as Uint32Array, 0, all[0]?.length ?? 0);
        all.forEach((tokens, left) => {
          model.remove(tokens, 0, tokens.length);
          const others = all.filter((_, index) => index !== left);
          let bits = 0;
          for (let i = 1; i < tokens.length; i++) {
            bits -= Math.log2(slowProbability(others, discount, tokens[i - 1] ?? 0, tokens[i] ?? 0));
          }
          expect(model.bits(tokens, 0, tokens.length)).toBeCloseTo(bits, 9);
          model.add(tokens, 0, tokens.length);
        });
        expect(model.bits(all[0] as Uint32Array, 0, all[0]?.length ?? 0)).toBe(before);
      }),
      { numRuns: 50 },
    );
  });

  test('estimates its discount from pairs seen once and twice', () => {
    // 0 1 twice, 1 2 once, 2 3 once, 3 4 three times: n₁ = 2, n₂ = 1.
    const model = modelOf(
      [
        [0, 1],
        [0, 1],
        [1, 2, 3],
        [3, 4],
        [3, 4],
        [3, 4],
      ].map((tokens) => Uint32Array.from(tokens)),
    );
    expect(model.estimateDiscount()).toBeCloseTo(2 / (2 + 2 * 1));
  });

  test('knows the parts of a buffer from each other', () => {
    const buffer = Uint32Array.from([5, 5, 0, 1, 2, 4, 4]);
    const model = new BigramModel(vocabularySize);
    model.add(buffer, 2, 5);
    model.estimateDiscount();
    const alone = modelOf([Uint32Array.from([0, 1, 2])]);
    alone.estimateDiscount();
    expect(model.bits(buffer, 2, 5)).toBe(alone.bits(Uint32Array.from([0, 1, 2]), 0, 3));
  });

  test('refuses to lose a document that it does not hold', () => {
    const model = modelOf([Uint32Array.from([0, 1])]);
    expect(() => model.remove(Uint32Array.from([0, 2]), 0, 2)).toThrow('Groundwork is at fault');
  });
});

test('pair counts are those of a map, as the table grows', () => {
  const pair = fc.tuple(
    fc.integer({ min: 0, max: 40 }),
    fc.integer({ min: 0, max: 2 ** 31 - 1 }).map((x) => x % 50),
  );
  fc.assert(
    fc.property(fc.array(pair, { maxLength: 600 }), (pairs) => {
      const counts = new PairCounts(4);
      const expected = new Map<string, number>();
      for (const [first, second] of pairs) {
        const key = `${first} ${second}`;
        expect(counts.add(first, second, 1)).toBe(expected.get(key) ?? 0);
        expected.set(key, (expected.get(key) ?? 0) + 1);
      }
      for (const [key, count] of expected) {
        const [first = 0, second = 0] = key.split(' ').map(Number);
        expect(counts.count(first, second)).toBe(count);
      }
      expect(counts.count(41, 0)).toBe(0);
      for (const times of [1, 2, 3]) {
        expect(counts.numPairsWithCount(times)).toBe([...expected.values()].filter((count) => count === times).length);
      }
    }),
  );
});
