import { describe, expect, test } from 'vitest';
import { type GptConfig, gptConfigSchema, gptModel, gptSettings } from '../../src/model/index.ts';

const sizes = { vocabularySize: 100, contextLength: 64, numLayers: 2, width: 256 };

describe('defaults', () => {
  test('are the Qwen 3 layout', () => {
    expect(gptSettings(sizes)).toMatchObject({
      mlp: 'swiglu',
      norm: 'rmsNorm',
      hasNormGains: true,
      hasBiases: false,
      positions: 'rotary',
      qkNorm: 'beforeRotary',
      hasQkNormGains: true,
      numHeads: 4,
      numGroups: 4,
      headWidth: 64,
      hiddenWidth: 704,
      normEpsilon: 1e-6,
      shortWindow: 16,
    });
    expect(Object.keys(gptModel({ ...sizes, numLayers: 1 }).parameters)).toEqual([
      'embedding',
      'blocks.0.attention.norm.gain',
      'blocks.0.attention.query',
      'blocks.0.attention.key',
      'blocks.0.attention.value',
      'blocks.0.attention.queryNorm.gain',
      'blocks.0.attention.keyNorm.gain',
      'blocks.0.attention.output',
      'blocks.0.mlp.norm.gain',
      'blocks.0.mlp.gate',
      'blocks.0.mlp.up',
      'blocks.0.mlp.down',
      'norm.gain',
      'head',
    ]);
  });

  test('filled in, are a config of the same model', () => {
    const free = { headWidth: 32, numHeads: 6, numGroups: 2, hiddenWidth: 100 };
    const bases = { baseNumHeads: 3, baseNumGroups: 1, baseHiddenWidth: 50 };
    for (const config of [
      { ...sizes, mlp: 'gelu', scaling: { baseWidth: 64 } },
      { ...sizes, ...free, scaling: { baseWidth: 64, ...bases } },
    ] as const) {
      const settings = gptSettings(config);
      expect(gptSettings(settings)).toEqual(settings);
      expect(JSON.parse(JSON.stringify(settings))).toEqual(settings);
      expect(gptModel(settings).parameters).toEqual(gptModel(config).parameters);
    }
  });

  for (const [width, headWidth, numHeads] of [
    [64, 64, 1],
    [96, 48, 2],
    [128, 64, 2],
    [160, 80, 2],
    [320, 64, 5],
    [32, 32, 1],
    [16, 16, 1],
    [74, 74, 1],
    [150, 50, 3],
    [7, 8, 1],
    [202, 68, 3],
  ] as const) {
    test(`width ${width} has ${numHeads} heads of ${headWidth}`, () => {
      expect(gptSettings({ ...sizes, width })).toMatchObject({ headWidth, numHeads });
    });
  }

  test('a given number of heads shares the width', () => {
    expect(gptSettings({ ...sizes, numHeads: 8 })).toMatchObject({ headWidth: 32, numHeads: 8 });
  });

  test('an MLP without gate is four times as wide as the model', () => {
    expect(gptSettings({ ...sizes, mlp: 'reluSquared' }).hiddenWidth).toBe(1024);
  });
});

describe('refusals say what was found', () => {
  const refused: readonly (readonly [string, object, string])[] = [
    ['an unknown option', { dropout: 0.1 }, 'dropout'],
    ['a width of zero', { width: 0 }, 'width'],
    ['groups that do not divide the heads', { numGroups: 3 }, '3 groups of keys and values for 4 heads'],
    ['odd heads with rotary positions', { headWidth: 5 }, 'heads of width 5'],
    ['another letter in the pattern', { windowPattern: 'SXL' }, 'windowPattern'],
    ['an unknown MLP', { mlp: 'moe' }, 'mlp'],
    ...(['numHeads', 'numGroups', 'hiddenWidth'] as const).map(
      (name) =>
        [
          `scaling where ${name} does not follow the width`,
          { [name]: 1, scaling: { baseWidth: 64 }, headWidth: 64 },
          name,
        ] as const,
    ),
  ];
  for (const [name, options, words] of refused) {
    test(name, () => {
      const act = () => gptModel({ ...sizes, ...options } as GptConfig);
      expect(act).toThrow(words);
      expect(act).toThrow(expect.objectContaining({ code: 'invalid-recipe' }));
    });
  }
});

test('every option but the sizes has a default', () => {
  expect(gptConfigSchema.safeParse(sizes).success).toBe(true);
});
