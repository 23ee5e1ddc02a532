import { describe, expect, test } from 'vitest';
import { present } from '../../src/core/index.ts';
import { onnxEngine } from '../../src/engine/index.ts';
import {
  type GenerationOptions,
  type Generator,
  type GeneratorOptions,
  openGenerator,
} from '../../src/evaluation/index.ts';
import { SessionPool } from '../../src/evaluation/session-pool.ts';
import { cachedReader, wholeReader, windowStart } from '../../src/evaluation/text-reader.ts';
import { type GptConfig, gptModel, type Model } from '../../src/model/index.ts';
import type { Program } from '../../src/tensor/index.ts';
import { randomParameters } from './random-parameters.ts';

const engine = await onnxEngine('cpu', { numThreads: 1 });
const vocabularySize = 61;
const modelOf = (options: Partial<GptConfig> = {}): Model =>
  gptModel({ vocabularySize, contextLength: 24, numLayers: 2, width: 32, headWidth: 8, ...options });

/** Runs something with a generator and closes it. */
async function withGenerator<T>(
  work: (generator: Generator) => Promise<T>,
  { model = modelOf(), ...options }: GeneratorOptions & { readonly model?: Model } = {},
): Promise<T> {
  const generator = await openGenerator(engine, model, options);
  try {
    await generator.load(randomParameters(model));
    return await work(generator);
  } finally {
    await generator.close();
  }
}

const prompt = [3, 1, 4, 1, 5];
const greedy: GenerationOptions = { temperature: 0, maxTokens: 8 };

describe('the cache', () => {
  const options: { readonly [name: string]: Partial<GptConfig> } = {
    defaults: {},
    'grouped heads': { numGroups: 2 },
    'one group': { numGroups: 1 },
    windows: { windowPattern: 'SL', shortWindow: 5 },
    ALiBi: { positions: 'alibi' },
    'ALiBi with windows': { positions: 'alibi', windowPattern: 'S', shortWindow: 3 },
    'learned positions': { positions: 'learned' },
    'no positions': { positions: 'none' },
    'value embeddings': { hasValueEmbeddings: true },
    'residual and input scales': { hasResidualScales: true, hasInputScales: true },
    'parallel blocks': { hasParallelBlocks: true },
    'layer norm, biases, GELU': { norm: 'layerNorm', hasBiases: true, mlp: 'gelu' },
    'squared ReLU, norm after rotary': { mlp: 'reluSquared', qkNorm: 'afterRotary' },
    'soft cap, tied head': { logitSoftcap: 5, isHeadTied: true },
  };

  test.each(Object.entries(options))(
    'gives the logits of reading everything, at every position and over the end of the context: %s',
    async (_, config) => {
      const model = modelOf(config);
      const parameters = randomParameters(model);
      const pools = [new SessionPool(engine, 4), new SessionPool(engine, 4)] as const;
      for (const pool of pools) await pool.load(parameters);
      const cached = cachedReader(pools[0], model, present(model.cache, 'a cache'), 1);
      const whole = wholeReader(pools[1], model, 1);
      const text = [...prompt];
      let worst = 0;
      // Beyond the context of 24 twice: at 25 and at 37.
      for (let step = 0; step < 36; step++) {
        const [a] = await cached.read([text], step === 0 ? 42 : undefined);
        const [b] = await whole.read([text]);
        a?.forEach((logit, i) => {
          worst = Math.max(worst, Math.abs(logit - present(b?.[i], 'a logit')));
        });
        text.push((step * 7 + text.length) % vocabularySize);
      }
      expect(worst).toBeLessThan(1e-5);
      for (const pool of pools) await pool.close();
    },
  );

  test.each(['defaults', 'windows', 'ALiBi', 'learned positions'])(
    'has only as many places as the text needs: %s',
    async (name) => {
      const model = modelOf({ ...options[name], contextLength: 100 });
      const pools = [new SessionPool(engine, 4), new SessionPool(engine, 4)] as const;
      for (const pool of pools) await pool.load(randomParameters(model));
      const cached = cachedReader(pools[0], model, present(model.cache, 'a cache'), 1);
      const whole = wholeReader(pools[1], model, 1);
      const text = [...prompt];
      // 64 places, the last of which is filled.
      for (let step = 0; step < 60; step++) {
        const [a] = await cached.read([text], step === 0 ? 64 : undefined);
        if (step % 12 === 0 || step === 59) {
          const [b] = await whole.read([text]);
          a?.forEach((logit, i) => {
            expect(Math.abs(logit - present(b?.[i], 'a logit'))).toBeLessThan(1e-5);
          });
        }
        text.push((step * 7 + text.length) % vocabularySize);
      }
      for (const pool of pools) await pool.close();
    },
  );

  test('can be left out: the same text comes out, slower', async () => {
    const options = { maxTokens: 40, seed: 5 };
    const cached = await withGenerator((generator) => generator.generate(prompt, options));
    const whole = await withGenerator((generator) => generator.generate(prompt, options), { uncached: true });
    expect(cached).toEqual(whole);
    expect(cached).toHaveLength(40);
  });

  test('is not needed: a model without one generates', async () => {
    const { cache: _, ...withoutCache } = modelOf();
    const options = { maxTokens: 30, seed: 1 };
    const plain = await withGenerator((generator) => generator.generate(prompt, options), { model: withoutCache });
    expect(plain).toEqual(await withGenerator((generator) => generator.generate(prompt, options)));
  });
});

describe('generation', () => {
  test('at temperature 0 takes the likeliest token each time, whatever the seed', async () => {
    const texts = await withGenerator(async (generator) => [
      await generator.generate(prompt, greedy),
      await generator.generate(prompt, { ...greedy, seed: 99 }),
    ]);
    expect(texts[0]).toEqual(texts[1]);
    expect(texts[0]).toHaveLength(8);
  });

  test('is a pure function of seed and prompt, and another with another seed', async () => {
    const [first, again, other] = await withGenerator(async (generator) => [
      await generator.generate(prompt, { seed: 1, maxTokens: 20 }),
      await generator.generate(prompt, { seed: 1, maxTokens: 20 }),
      await generator.generate(prompt, { seed: 2, maxTokens: 20 }),
    ]);
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });

  test('taken up again anywhere goes on as it would have, also beyond the context', async () => {
    await withGenerator(async (generator) => {
      const whole = await generator.generate(prompt, { seed: 3, maxTokens: 50 });
      for (const taken of [1, 18, 19, 20, 21, 30, 31, 32, 33, 44]) {
        const rest = await generator.generate([...prompt, ...whole.slice(0, taken)], {
          seed: 3,
          maxTokens: 50 - taken,
        });
        expect(rest, `after ${taken} tokens`).toEqual(whole.slice(taken));
      }
    });
  });

  test('of several samples is that of each alone, whatever the batch', async () => {
    const options = { seed: 4, maxTokens: 30, numSamples: 5 };
    const one = await withGenerator((generator) => generator.generateSamples(prompt, options));
    const three = await withGenerator((generator) => generator.generateSamples(prompt, options), { batchSize: 3 });
    const third = await withGenerator((generator) =>
      generator.generateSamples(prompt, { ...options, numSamples: 1, firstSample: 2 }),
    );
    expect(three).toEqual(one);
    expect(third[0]).toEqual(one[2]);
    expect(new Set(one.map(({ tokens }) => tokens.join())).size).toBe(5);
  });

  test('ends at an end token, which is left out, while other samples go on', async () => {
    await withGenerator(
      async (generator) => {
        const options = { seed: 6, maxTokens: 30, numSamples: 3 };
        const free = await generator.generateSamples(prompt, options);
        const end = present(free[1]?.tokens[10], 'a token');
        const ended = await generator.generateSamples(prompt, { ...options, endTokens: [end] });
        ended.forEach(({ tokens, ending }, i) => {
          const whole = present(free[i], 'a sample').tokens;
          const at = whole.indexOf(end);
          expect(tokens).toEqual(at < 0 ? whole : whole.slice(0, at));
          expect(ending).toBe(at < 0 ? 'length' : 'end');
        });
      },
      { batchSize: 3 },
    );
  });

  test('tells each token as it comes, and stops where it is told to', async () => {
    await withGenerator(async (generator) => {
      const seen: number[] = [];
      const tokens = await generator.generate(prompt, greedy, (token) => {
        seen.push(token);
        return seen.length === 3 ? 'stop' : undefined;
      });
      expect(seen).toEqual(tokens);
      expect(tokens).toHaveLength(3);
      const stop = new AbortController();
      const [sample] = await generator.generateSamples(prompt, { ...greedy, signal: stop.signal }, () => {
        stop.abort();
        return undefined;
      });
      expect(sample).toMatchObject({ ending: 'aborted', tokens: [tokens[0]] });
    });
  });

  test('follows the parameters that were loaded last', async () => {
    const model = modelOf();
    await withGenerator(async (generator) => {
      const before = await generator.generate(prompt, greedy);
      await generator.load(randomParameters(model, 2));
      expect(await generator.generate(prompt, greedy)).not.toEqual(before);
      await generator.load(randomParameters(model, 1));
      expect(await generator.generate(prompt, greedy)).toEqual(before);
    });
  });

  test('that is asked for twice at once is done one after the other', async () => {
    await withGenerator(async (generator) => {
      const other = [7, 7, 7, 7, 7, 7, 7];
      const alone = [await generator.generate(prompt, greedy), await generator.generate(other, greedy)];
      expect(await Promise.all([generator.generate(prompt, greedy), generator.generate(other, greedy)])).toEqual(alone);
    });
  });

  test('makes few Programs for many lengths of prompts', async () => {
    let numPrograms = 0;
    const counting = {
      ...engine,
      load: (program: Program) => {
        numPrograms += 1;
        return engine.load(program);
      },
    };
    const model = modelOf();
    const generator = await openGenerator(counting, model);
    await generator.load(randomParameters(model));
    for (let length = 1; length <= 22; length++) {
      await generator.generate(Array(length).fill(1), { temperature: 0, maxTokens: 2 });
    }
    // Prompts of up to 16 tokens and longer ones, and decoding.
    expect(numPrograms).toBe(3);
    await generator.close();
  });

  test.each([
    [[], {}, 'an empty prompt'],
    [[61], {}, 'token 61'],
    [[1], { temperature: -1 }, 'temperature'],
    [[1], { topK: 0 }, 'top-k'],
    [[1], { topP: 0 }, 'top-p'],
    [[1], { topP: 1.1 }, 'top-p'],
    [[1], { minP: 2 }, 'min-p'],
    [[1], { repetitionPenalty: 0 }, 'repetition penalty'],
    [[1], { seed: 0.5 }, 'seed'],
    [[1], { temperature: Number.NaN }, 'temperature'],
  ])('refuses %j with %j', async (tokens, options, fault) => {
    await expect(withGenerator((generator) => generator.generate(tokens, options))).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining(fault),
    });
  });
});

describe('where reading begins', () => {
  test('is a pure function of the length that moves by half a context when the context is full', () => {
    for (const contextLength of [1, 2, 3, 8, 9]) {
      let start = 0;
      for (let length = 1; length < 50; length++) {
        const step = Math.max(1, Math.floor(contextLength / 2));
        if (length - start > contextLength) start += step;
        expect(windowStart(length, contextLength), `${length} of ${contextLength}`).toBe(start);
      }
    }
  });
});
