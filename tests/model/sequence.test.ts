import { describe, expect, test } from 'vitest';
import { present } from '../../src/core/index.ts';
import {
  cachedSequence,
  causalSequence,
  documentSequence,
  type GptConfig,
  gptModel,
  type KeysAndValues,
  type Model,
  prefillSequence,
  type Sequence,
  type Tensors,
} from '../../src/model/index.ts';
import { maskedAttention } from '../../src/model/masked-attention.ts';
import { attention, concatenate, gradient, reduceSum, reshape, square, type Tensor } from '../../src/tensor/index.ts';
import { evaluate, normals } from '../support/evaluate.ts';
import { expectClose } from '../support/expect-close.ts';
import { type Given, integers, randomParameters, randomTokens, runModel } from './support/run-model.ts';
import { slowLogits } from './support/slow-gpt.ts';
import { smallConfig, variants } from './support/variants.ts';

const V = smallConfig.vocabularySize;
const T = smallConfig.contextLength;

async function logitsOf(
  model: Model,
  given: Given,
  sequence: (inputs: Tensors) => Sequence,
): Promise<ArrayLike<number>> {
  const run = await runModel(model, given, (values, inputs) => ({
    logits: model.forward(values, present(inputs.tokens, 'tokens'), sequence(inputs)),
  }));
  return present(run.logits, 'logits');
}

/** The variants that concern time. */
const timely = [
  'the default',
  'learned positions',
  'ALiBi for three heads',
  'no positions',
  'windows SL',
  'ALiBi with windows',
  'nanochat',
];

describe('documentSequence', () => {
  // Documents of several lengths, one of a single token, and padding.
  const segments = [
    [1, 1, 1, 2, 2, 0],
    [7, 3, 3, 3, 3, 3],
  ];
  const tokens = randomTokens(V, 2, T);
  for (const name of timely) {
    test(`lets no document see another: ${name}`, async () => {
      const config: GptConfig = { ...smallConfig, ...variants[name] };
      const model = gptModel(config);
      const parameters = randomParameters(model);
      const given = { parameters, inputs: { tokens: integers(tokens), segments: integers(segments) } };
      const isSameText = (row: number, query: number, key: number) => segments[row]?.[query] === segments[row]?.[key];
      const expected = slowLogits(config, parameters, tokens, isSameText).flat(2);
      const found = await logitsOf(model, given, (inputs) => documentSequence(T, present(inputs.segments, 'segments')));
      expectClose(found, expected, 1e-10);
    });
  }

  for (const name of timely) {
    test(`makes of a packed document what it is alone: ${name}`, async () => {
      const model = gptModel({ ...smallConfig, ...variants[name] });
      const parameters = randomParameters(model);
      const row = tokens.slice(0, 1);
      const inputs = { tokens: integers(row), segments: integers([[1, 1, 1, 2, 2, 0]]) };
      const alone = { parameters, inputs: { tokens: integers(row.map((all) => all.slice(3, 5))) } };
      const packed = await logitsOf(model, { parameters, inputs }, (given) =>
        documentSequence(T, present(given.segments, 'segments')),
      );
      expectClose(Array.from(packed).slice(3 * V, 5 * V), await logitsOf(model, alone, () => causalSequence(2)), 1e-10);
    });
  }

  test('rows of padding alone give finite logits and gradients', async () => {
    const model = gptModel(smallConfig);
    const given = {
      parameters: randomParameters(model),
      inputs: { tokens: integers(tokens), segments: integers([new Array(T).fill(0), new Array(T).fill(0)]) },
    };
    const names = Object.keys(model.parameters);
    const found = await runModel(model, given, (values, inputs) => {
      const sequence = documentSequence(T, present(inputs.segments, 'segments'));
      const logits = model.forward(values, present(inputs.tokens, 'tokens'), sequence);
      const wanted = names.map((name) => present(values[name], name));
      const gradients = gradient(reduceSum(square(logits)), wanted);
      return { logits, ...Object.fromEntries(gradients.map((g, i) => [`gradient.${names[i]}`, g])) };
    });
    for (const [name, data] of Object.entries(found)) expect([...data].every(Number.isFinite), name).toBe(true);
  });
});

describe('attention in primitives', () => {
  for (const [time, window] of [
    [1, undefined],
    [7, 3],
    [300, undefined],
    [300, 40],
    [1100, 1],
  ] as const) {
    test(`equals the fused op over ${time} positions and ${window ?? 'no'} window`, async () => {
      const inputs = [normals('q', [1, 4, time, 2]), normals('k', [1, 2, time, 2]), normals('v', [1, 2, time, 2])];
      const options = { scale: 0.9, ...(window === undefined ? {} : { window }) };
      const run = (f: typeof attention) =>
        evaluate((...x: Tensor[]) => f(present(x[0], 'q'), present(x[1], 'k'), present(x[2], 'v'), options), inputs);
      expectClose(await run(maskedAttention), await run(attention), 1e-11);
    });
  }

  test('has the gradients of the fused op', async () => {
    const inputs = [normals('q', [2, 4, 9, 2]), normals('k', [2, 2, 9, 2]), normals('v', [2, 2, 9, 2])];
    const run = (f: typeof attention) =>
      evaluate((...x: Tensor[]) => {
        const out = f(present(x[0], 'q'), present(x[1], 'k'), present(x[2], 'v'), { window: 4 });
        return concatenate(
          gradient(reduceSum(square(out)), x).map((g) => reshape(g, [-1])),
          0,
        );
      }, inputs);
    expectClose(await run(maskedAttention), await run(attention), 1e-12);
  });

  test('gives a masked pair a weight of exactly zero', async () => {
    // Values louder than any weight but zero.
    const time = 5;
    const v = { shape: [1, 1, time, 2], data: Float64Array.from([1, 1, 1, 1, 1, 1, 1e300, 1e300, 1e300, 1e300]) };
    const found = await evaluate(
      (q, k, values) => maskedAttention(q as Tensor, k as Tensor, values as Tensor),
      [normals('q', [1, 1, time, 2]), normals('k', [1, 1, time, 2]), v],
    );
    expectClose(found.slice(0, 6), [1, 1, 1, 1, 1, 1]);
  });
});

describe('cached logits equal uncached', () => {
  const tokens = randomTokens(V, 2, T);

  interface Caches {
    readonly [name: string]: ArrayLike<number>;
  }

  /** Prefill of the first tokens, in caches whose other places hold noise. */
  async function prefill(model: Model, given: Given, numPrompt: number): Promise<Caches> {
    const prompt = tokens.map((row) => row.map((token, t) => (t < numPrompt ? token : 0)));
    const inputs = { tokens: integers(prompt) };
    return runModel(model, { ...given, inputs }, (values, { tokens: tokensBT }) => {
      const sequence = prefillSequence(T);
      model.forward(values, present(tokensBT, 'tokens'), sequence);
      return outputsOf(sequence.layers);
    });
  }

  const outputsOf = (layers: readonly KeysAndValues[]): { [name: string]: Tensor } =>
    Object.fromEntries(
      layers.flatMap(({ keys, values }, layer) => [
        [`${layer}.keys`, keys],
        [`${layer}.values`, values],
      ]),
    );

  /** Logits of `numTokens` tokens from `position` on, and the caches after them. */
  async function decode(model: Model, given: Given, caches: Caches, position: number, numTokens: number) {
    const { numLayers, numGroups, headWidth } = present(model.cache, 'cache');
    const spec = { shape: [2, numGroups, T, headWidth] };
    const cacheInputs = Object.entries(caches).map(
      ([name, data]) => [name, { spec, data: Float64Array.from(data) }] as const,
    );
    const inputs = {
      tokens: integers(tokens.map((row) => row.slice(position, position + numTokens))),
      position: { spec: { shape: [], dtype: 'int32' as const }, data: Int32Array.of(position) },
      ...Object.fromEntries(cacheInputs),
    };
    return runModel(model, { ...given, inputs }, (values, all) => {
      const sequence = cachedSequence({
        position: present(all.position, 'position'),
        caches: Array.from({ length: numLayers }, (_, layer) => ({
          keys: present(all[`${layer}.keys`], 'keys'),
          values: present(all[`${layer}.values`], 'values'),
        })),
        numTokens,
      });
      const logits = model.forward(values, present(all.tokens, 'tokens'), sequence);
      return { logits, ...outputsOf(sequence.layers) };
    });
  }

  for (const name of timely) {
    for (const numTokens of [1, 2]) {
      test(`${name}, ${numTokens} at a time`, async () => {
        const model = gptModel({ ...smallConfig, ...variants[name] });
        const given = { parameters: randomParameters(model), inputs: { tokens: integers(tokens) } };
        const all = await logitsOf(model, given, () => causalSequence(T));
        let caches = await prefill(model, given, 2);
        for (let position = 2; position < T; position += numTokens) {
          const { logits, ...next } = await decode(model, given, caches, position, numTokens);
          const expected = [0, 1].flatMap((row) =>
            Array.from(all).slice((row * T + position) * V, (row * T + position + numTokens) * V),
          );
          expectClose(present(logits, 'logits'), expected, 1e-10);
          caches = next;
        }
      });
    }
  }
});

test('a sequence longer than the model reads is refused', async () => {
  const model = gptModel(smallConfig);
  const tokens = randomTokens(V, 1, T + 1);
  const given = { parameters: randomParameters(model), inputs: { tokens: integers(tokens) } };
  await expect(logitsOf(model, given, () => causalSequence(T + 1))).rejects.toThrow('7 positions, the model reads 6');
});
