import { afterAll, describe, expect, test } from 'vitest';
import { randomStream } from '../../src/core/index.ts';
import { onnxEngine } from '../../src/engine/index.ts';
import {
  grammarCategoryNames,
  judgeGrammar,
  type MinimalPair,
  minimalPairs,
  openScorer,
  type Scorer,
} from '../../src/evaluation/index.ts';
import { grammarCategories } from '../../src/evaluation/minimal-pairs/generation.ts';
import { gptModel } from '../../src/model/index.ts';
import { byteTokenizer } from '../data/store/small-dataset.ts';
import { randomParameters } from './random-parameters.ts';

const tokenizer = byteTokenizer(257);
const opened: Scorer[] = [];
afterAll(async () => {
  for (const scorer of opened) await scorer.close();
});

/** Finds each sentence as likely as it is told to. */
const scorerBy = (likelihood: (sentence: string) => number): Scorer => ({
  contextLength: 256,
  load: async () => undefined,
  score: async (continuations) =>
    continuations.map(({ continuation }) => ({
      logProbability: likelihood(tokenizer.decode(Array.from(continuation))),
      numTokens: continuation.length,
      isLikeliest: false,
    })),
  close: async () => undefined,
});

describe('minimal pairs', () => {
  test('are there in at least ten categories, 500 distinct ones in each, whatever the seed', () => {
    expect(grammarCategoryNames.length).toBeGreaterThanOrEqual(10);
    for (const seed of [0, 1, 2 ** 40]) {
      const pairs = minimalPairs({ numPairs: 500, seed });
      for (const category of grammarCategoryNames) {
        const own = pairs.filter((pair) => pair.category === category);
        expect(new Set(own.map(({ good, bad }) => `${good}|${bad}`)).size, category).toBe(500);
        const templates = new Set<string>(grammarCategories[category].map(({ name }) => name));
        expect(new Set(own.map(({ paradigm }) => paradigm))).toEqual(templates);
      }
    }
  });

  test('are the same for the same seed, and the first of many are those of few', () => {
    const many = minimalPairs({ numPairs: 50, seed: 7 });
    expect(minimalPairs({ numPairs: 50, seed: 7 })).toEqual(many);
    const few = minimalPairs({ numPairs: 20, seed: 7, categories: ['islands'] });
    expect(few).toEqual(many.filter(({ category }) => category === 'islands').slice(0, 20));
    expect(minimalPairs({ numPairs: 50, seed: 8 })).not.toEqual(many);
  });

  test('are sentences: a capital, words, a full stop or a question mark, and no sentence is both good and bad', () => {
    const pairs = minimalPairs({ numPairs: 500, seed: 3 });
    const shape = /^[A-Z][A-Za-z]*(,? [A-Za-z]+)*[.?]$/;
    for (const { good, bad } of pairs) {
      expect(good).toMatch(shape);
      expect(bad).toMatch(shape);
      expect(`${good}${bad}`).not.toMatch(/undefined| {2}/);
    }
    const bad = new Set(pairs.map((pair) => pair.bad));
    expect(pairs.filter((pair) => bad.has(pair.good))).toEqual([]);
  });

  test('differ by few words', () => {
    const apart = ({ good, bad }: MinimalPair): number => {
      const words = (text: string) => text.toLowerCase().replace(/[.,?]/g, '').split(' ');
      const [a, b] = [words(good), words(bad)];
      const common = a.filter((word) => b.includes(word)).length;
      return Math.max(a.length, b.length) - common;
    };
    for (const pair of minimalPairs({ numPairs: 100 })) expect(apart(pair), pair.good).toBeLessThanOrEqual(2);
  });

  test('cannot be told apart by which words are frequent, nor by length: whatever the words are worth, a sum of them guesses', () => {
    const pairs = minimalPairs({ numPairs: 500, seed: 5 });
    // With a capital it is another word to a model.
    const wordsOf = (text: string) => text.replace(/[.,?]/g, '').split(' ');
    const random = randomStream(1, 'worth');
    const byLength = (word: string) => -1 - word.length;
    const drawn = Array.from({ length: 20 }, () => {
      const worth = new Map<string, number>();
      return (word: string) => {
        if (!worth.has(word)) worth.set(word, -random.nextInteger(1_000_000));
        return worth.get(word) ?? 0;
      };
    });
    for (const worth of [byLength, ...drawn]) {
      const sum = (text: string) => wordsOf(text).reduce((total, word) => total + worth(word), 0);
      for (const category of grammarCategoryNames) {
        const own = pairs.filter((pair) => pair.category === category);
        const points = own.map(({ good, bad }) => (sum(good) === sum(bad) ? 0.5 : sum(good) > sum(bad) ? 1 : 0));
        const share = points.reduce((total: number, point) => total + point, 0) / own.length;
        expect(share, category).toBeGreaterThan(0.35);
        expect(share, category).toBeLessThan(0.65);
      }
    }
  });

  test('are refused in impossible numbers', () => {
    for (const numPairs of [0, -1, 1.5, 501]) {
      expect(() => minimalPairs({ numPairs })).toThrow(expect.objectContaining({ code: 'usage' }));
    }
  });
});

describe('judging grammar', () => {
  const pairs = minimalPairs({ numPairs: 30, seed: 1 });
  const good = new Set(pairs.map((pair) => pair.good));

  test('gives all or nothing to a model that knows all or nothing, by category', async () => {
    const knowing = await judgeGrammar(
      scorerBy((text) => (good.has(text) ? -1 : -2)),
      tokenizer,
      pairs,
    );
    expect(knowing).toMatchObject({ accuracy: 1, numItems: 360, numNonFinite: 0 });
    expect(knowing.categories.map(({ accuracy }) => accuracy)).toEqual(Array(12).fill(1));
    const perverse = await judgeGrammar(
      scorerBy((text) => (good.has(text) ? -2 : -1)),
      tokenizer,
      pairs,
    );
    expect(perverse.accuracy).toBe(0);
  });

  test('counts a draw and a broken model as wrong', async () => {
    expect(
      await judgeGrammar(
        scorerBy(() => -1),
        tokenizer,
        pairs,
      ),
    ).toMatchObject({ accuracy: 0, numNonFinite: 0 });
    expect(
      await judgeGrammar(
        scorerBy(() => Number.NaN),
        tokenizer,
        pairs,
      ),
    ).toMatchObject({
      accuracy: 0,
      numNonFinite: 360,
    });
  });

  test('gives an interval of each category that holds its accuracy', async () => {
    const { categories } = await judgeGrammar(
      scorerBy((text) => -text.length),
      tokenizer,
      pairs,
    );
    for (const { accuracy, interval, numItems } of categories) {
      expect(numItems).toBe(30);
      expect(interval[0]).toBeLessThanOrEqual(accuracy);
      expect(interval[1]).toBeGreaterThanOrEqual(accuracy);
      expect(interval[1] - interval[0]).toBeGreaterThan(0.1);
    }
  });

  test('of a model is the difference of two sentences, scored alone', async () => {
    const model = gptModel({ vocabularySize: 257, contextLength: 96, numLayers: 1, width: 16, headWidth: 8 });
    const scorer = await openScorer(await onnxEngine('cpu', { numThreads: 1 }), model);
    opened.push(scorer);
    await scorer.load(randomParameters(model));
    const some = pairs.slice(0, 5);
    const judged = await judgeGrammar(scorer, tokenizer, some);
    for (const { good, bad, margin } of judged.pairs) {
      const [[a], [b]] = [
        await scorer.score([{ context: [256], continuation: tokenizer.encode(good) }]),
        await scorer.score([{ context: [256], continuation: tokenizer.encode(bad) }]),
      ];
      expect(margin).toBeCloseTo((a?.logProbability ?? 0) - (b?.logProbability ?? 0), 4);
    }
  });
});
