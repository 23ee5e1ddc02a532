import { describe, expect, test } from 'vitest';
import { present } from '../../src/core/index.ts';
import { type GptConfig, gptModel, gptSettings } from '../../src/model/index.ts';
import { multiply, relu, reluSquared } from '../../src/tensor/index.ts';
import { evaluate, normals } from '../support/evaluate.ts';
import { expectClose } from '../support/expect-close.ts';
import { type Arrays, randomParameters, randomTokens } from './support/run-model.ts';
import { slowLogits } from './support/slow-gpt.ts';
import { smallConfig } from './support/variants.ts';

/**
 * What `exports.ts` relies on: options that no other architecture has, and that are nonetheless no obstacle, since parameters without them
 * say the same.
 */
const tokens = randomTokens(smallConfig.vocabularySize, 2, smallConfig.contextLength);

/** Parameters of one model from those of another. */
type Folding = (parameters: Arrays) => [string, Float64Array][];

/** Checks that a model with options is another without them. */
function expectFolded(config: GptConfig, plain: GptConfig, fold: Folding, tolerance = 1e-10): void {
  const parameters = randomParameters(gptModel(config));
  const folded = new Map([...parameters, ...fold(parameters)]);
  const own = new Map(
    Object.keys(gptModel(plain).parameters).map((name) => [name, present(folded.get(name), name)] as const),
  );
  const expected = slowLogits(config, parameters, tokens).flat(2);
  expectClose(slowLogits(plain, own, tokens).flat(2), expected, tolerance);
  const unfolded = new Map([...own].map(([name, data]) => [name, parameters.get(name) ?? data]));
  const difference = slowLogits(plain, unfolded, tokens)
    .flat(2)
    .map((z, i) => Math.abs(z - (expected[i] ?? 0)));
  // Without the folding it is another model.
  if (fold(parameters).some(([name]) => parameters.has(name))) expect(Math.max(...difference)).toBeGreaterThan(1e-3);
}

const layers = Array.from({ length: smallConfig.numLayers }, (_, layer) => layer);
const of = (parameters: Arrays, name: string) => present(parameters.get(name), name);
const times = (data: Float64Array, factor: number) => data.map((z) => z * factor);
const ones = (length: number) => new Float64Array(length).fill(1);
const config: GptConfig = { ...smallConfig, outputInitialization: 'scaled' };

describe('folds into the parameters of a model without it:', () => {
  for (const hasBiases of [false, true]) {
    test(`residual scales, into what writes to the stream, ${hasBiases ? 'with' : 'without'} biases`, () => {
      // The stream is y times the product of the scales so far, which norms undo but for their epsilon.
      const plain = { ...config, hasBiases, normEpsilon: 1e-14 };
      expectFolded(
        { ...plain, hasResidualScales: true },
        plain,
        (parameters) => {
          let product = 1;
          return layers.flatMap((layer) => {
            product *= present(of(parameters, 'residualScales')[layer], 'a scale');
            const names = ['attention.output', 'mlp.down'].map((part) => `blocks.${layer}.${part}`);
            const all = hasBiases ? names.flatMap((name) => [name, `${name}.bias`]) : names;
            return all.map((name): [string, Float64Array] => [name, times(of(parameters, name), 1 / product)]);
          });
        },
        1e-9,
      );
    });
  }

  test('a factor on queries and keys, into their gains', () => {
    expectFolded({ ...config, qkScale: 1.3 }, config, (parameters) =>
      layers.flatMap((layer) =>
        ['query', 'key'].map((which): [string, Float64Array] => {
          const name = `blocks.${layer}.attention.${which}Norm.gain`;
          return [name, times(of(parameters, name), 1.3)];
        }),
      ),
    );
  });

  test('a factor on queries and keys without a norm, into their matrices', () => {
    const plain = { ...config, qkNorm: 'none' } as const;
    expectFolded({ ...plain, qkScale: 1.3 }, plain, (parameters) =>
      layers.flatMap((layer) =>
        ['query', 'key'].map((which): [string, Float64Array] => {
          const name = `blocks.${layer}.attention.${which}`;
          return [name, times(of(parameters, name), 1.3)];
        }),
      ),
    );
  });

  test('the multipliers of scaling, into the gains of queries and into the head', () => {
    const scaling = { baseWidth: 4, baseHeadWidth: 2, baseNumGroups: 1, baseHiddenWidth: 4 };
    expectFolded({ ...config, scaling }, config, (parameters) => [
      ...layers.map((layer): [string, Float64Array] => {
        const name = `blocks.${layer}.attention.queryNorm.gain`;
        return [name, times(of(parameters, name), Math.sqrt(2 / 4))];
      }),
      ['head', times(of(parameters, 'head'), 4 / 12)],
    ]);
  });

  test('a norm after rotary positions without gains, into one before them', () => {
    const late = { ...config, qkNorm: 'afterRotary', hasQkNormGains: false } as const;
    expectFolded(late, { ...config, qkNorm: 'beforeRotary', hasQkNormGains: false }, () => []);
  });

  test('a norm after the embedding, into the embedding', () => {
    const { width, normEpsilon } = gptSettings(config);
    expectFolded({ ...config, hasEmbeddingNorm: true }, config, (parameters) => {
      const table = of(parameters, 'embedding');
      const normal = table.map((z, i) => {
        const row = table.slice(i - (i % width), i - (i % width) + width);
        return z / Math.sqrt(row.reduce((sum, x) => sum + x * x, 0) / width + normEpsilon);
      });
      return [['embedding', normal]];
    });
  });

  test('no positions, into learned ones of zero', () => {
    const zeros = new Float64Array(smallConfig.contextLength * smallConfig.width);
    expectFolded({ ...config, positions: 'none' }, { ...config, positions: 'learned' }, () => [['positions', zeros]]);
  });

  test('missing gains and biases, into ones and zeros', () => {
    const full = { ...config, norm: 'layerNorm', hasBiases: true, normEpsilon: 1e-5 } as const;
    const bare = { ...full, hasNormGains: false, hasBiases: false };
    const missing = Object.entries(gptModel(full).parameters).filter(([name]) => !(name in gptModel(bare).parameters));
    expect(missing.length).toBeGreaterThan(0);
    expectFolded(bare, full, () =>
      missing.map(([name, { shape, role }]) => [name, times(ones(shape[0] ?? 0), role === 'gain' ? 1 : 0)]),
    );
  });

  test('relu², into a gate by relu that is equal to what it gates', async () => {
    const input = normals('x', [40]);
    const found = await evaluate((x) => multiply(relu(present(x, 'x')), present(x, 'x')), [input]);
    expectClose(found, await evaluate((x) => reluSquared(present(x, 'x')), [input]), 1e-15);
  });
});
