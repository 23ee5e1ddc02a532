import { describe, expect, test } from 'vitest';
import { present } from '../../src/core/index.ts';
import type { NumericData } from '../../src/engine/index.ts';
import { causalSequence, type GptConfig, gptModel } from '../../src/model/index.ts';
import { gradient, multiply, reduceSum, square } from '../../src/tensor/index.ts';
import { expectClose } from '../support/expect-close.ts';
import { integers, randomParameters, randomTokens, runModel } from './support/run-model.ts';
import { slowLogits } from './support/slow-gpt.ts';
import { smallConfig, variants } from './support/variants.ts';

async function logitsOf(config: GptConfig, tokens: readonly (readonly number[])[]): Promise<number[]> {
  const model = gptModel(config);
  const given = { parameters: randomParameters(model), inputs: { tokens: integers(tokens) } };
  const found = await runModel(model, given, (values, inputs) => ({
    logits: model.forward(values, present(inputs.tokens, 'tokens'), causalSequence(tokens[0]?.length ?? 1)),
  }));
  return [...present(found.logits, 'logits')];
}

describe('the logits are those of the formulas', () => {
  const tokens = randomTokens(smallConfig.vocabularySize, 2, smallConfig.contextLength);
  for (const [name, options] of Object.entries(variants)) {
    test(name, async () => {
      const config = { ...smallConfig, ...options };
      const expected = slowLogits(config, randomParameters(gptModel(config)), tokens).flat(2);
      expectClose(await logitsOf(config, tokens), expected, 1e-10);
    });
  }

  test('shorter rows too', async () => {
    const short = tokens.map((row) => row.slice(0, 3));
    const config = { ...smallConfig, positions: 'learned' } as const;
    const expected = slowLogits(config, randomParameters(gptModel(config)), short).flat(2);
    expectClose(await logitsOf(config, short), expected, 1e-10);
  });
});

test('no two variants are the same model', () => {
  const tokens = randomTokens(smallConfig.vocabularySize, 1, smallConfig.contextLength);
  const texts = Object.values(variants).map((options) => {
    const config = { ...smallConfig, ...options };
    return slowLogits(config, randomParameters(gptModel(config)), tokens)
      .flat()
      .at(-1)
      ?.join();
  });
  expect(new Set(texts).size).toBe(texts.length);
});

describe('gradients', () => {
  const tokens = randomTokens(smallConfig.vocabularySize, 2, smallConfig.contextLength);

  async function gradientsOf(config: GptConfig, recomputeBlocks: boolean): Promise<[string, NumericData][]> {
    const model = gptModel(config);
    const given = { parameters: randomParameters(model), inputs: { tokens: integers(tokens) } };
    const names = Object.keys(model.parameters);
    const found = await runModel(model, given, (values, inputs) => {
      const sequence = causalSequence(smallConfig.contextLength);
      const logits = model.forward(values, present(inputs.tokens, 'tokens'), sequence, { recomputeBlocks });
      const parameters = names.map((name) => present(values[name], name));
      const gradients = gradient(reduceSum(multiply(square(logits), 0.1)), parameters);
      return Object.fromEntries(names.map((name, i) => [name, present(gradients[i], name)]));
    });
    return Object.entries(found);
  }

  for (const name of ['the default', 'layerNorm with biases', 'nanochat', 'GPT-2', 'parallel blocks']) {
    test(`reach every parameter, and are the same when blocks are built twice: ${name}`, async () => {
      const config = { ...smallConfig, ...variants[name] };
      const [kept, rebuilt] = [await gradientsOf(config, false), new Map(await gradientsOf(config, true))];
      // Without norm and rotation a bias of keys moves all scores of a query alike, and softmax does not see it.
      const isUnseen = (parameter: string) => name === 'GPT-2' && parameter.endsWith('key.bias');
      for (const [parameter, data] of kept) {
        const isReached = data.some((value) => Math.abs(value) > 1e-9);
        expect(isReached, parameter).toBe(!isUnseen(parameter));
        expectClose(present(rebuilt.get(parameter), parameter), data, 1e-12);
      }
    });
  }
});
