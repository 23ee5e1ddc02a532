import { describe, expect, test } from 'vitest';
import { exportsOf, type GptConfig, gptSettings, nearestArchitecture } from '../../src/model/index.ts';
import { variants } from './support/variants.ts';

const sizes = { vocabularySize: 100, contextLength: 64, numLayers: 4, width: 128 };
const settingsOf = (options: Partial<GptConfig>) => gptSettings({ ...sizes, ...options });

const firstNanochat: Partial<GptConfig> = {
  hasNormGains: false,
  qkNorm: 'afterRotary',
  mlp: 'reluSquared',
  hasEmbeddingNorm: true,
  logitSoftcap: 15,
};

describe('models that go everywhere, and as what', () => {
  const everywhere: readonly (readonly [string, Partial<GptConfig>, string, string])[] = [
    ['the default', {}, 'Qwen3', 'qwen3'],
    ['a tied head', { isHeadTied: true }, 'Qwen3', 'qwen3'],
    ['grouped heads', { numGroups: 1 }, 'Qwen3', 'qwen3'],
    ['norm after rotary without gains', { qkNorm: 'afterRotary', hasQkNormGains: false }, 'Qwen3', 'qwen3'],
    ['a norm after an untied embedding', { hasEmbeddingNorm: true }, 'Qwen3', 'qwen3'],
    ['residual scales', { hasResidualScales: true }, 'Qwen3', 'qwen3'],
    ['scaling rules', { scaling: { baseWidth: 64, baseHeadWidth: 32 } }, 'Qwen3', 'qwen3'],
    ['no norm of queries and keys', { qkNorm: 'none' }, 'Llama', 'llama'],
    ['biases without it', { qkNorm: 'none', hasBiases: true }, 'Llama', 'llama'],
    ['GPT-2', variants['GPT-2'] ?? {}, 'GPT2', 'gpt2'],
    ['GPT-2 without positions', { ...variants['GPT-2'], positions: 'none' }, 'GPT2', 'gpt2'],
    ['windows as long as the context', { windowPattern: 'SL', shortWindow: 64 }, 'Qwen3', 'qwen3'],
  ];
  for (const [name, options, huggingFace, gguf] of everywhere) {
    test(name, () => {
      const settings = settingsOf(options);
      expect(exportsOf(settings)).toEqual({ huggingFace: true, gguf: true, onnx: true });
      expect(nearestArchitecture(settings, 'huggingFace').architecture).toBe(huggingFace);
      expect(nearestArchitecture(settings, 'gguf').architecture).toBe(gguf);
    });
  }
});

describe('options that stand in the way are named', () => {
  const blocked: readonly (readonly [
    string,
    Partial<GptConfig>,
    readonly string[] | true,
    readonly string[] | true,
  ])[] = [
    ['the first nanochat', firstNanochat, true, ['reluSquared', 'logitSoftcap']],
    ['relu² with normalised queries', { mlp: 'reluSquared' }, true, ['reluSquared']],
    ['relu² without', { mlp: 'reluSquared', qkNorm: 'none' }, true, true],
    ['GELU without gate', { mlp: 'gelu' }, ['mlp gelu'], ['mlp gelu']],
    ['windows', { windowPattern: 'SL' }, true, ['windowPattern SL']],
    ['windows one shorter than the context', { windowPattern: 'SL', shortWindow: 63 }, true, ['windowPattern SL']],
    // Two architectures lack one thing each: the first is named.
    ['a width that its heads do not divide', { width: 202, qkNorm: 'none' }, ['qkNorm none'], true],
    ['the same with relu²', { width: 202, qkNorm: 'none', mlp: 'reluSquared' }, ['qkNorm none'], true],
    ['the same with biases', { width: 202, qkNorm: 'none', hasBiases: true }, ['width 202, numHeads 3'], true],
    ['the same with normalised queries', { width: 202 }, true, true],
    ['a softcap', { logitSoftcap: 15 }, ['logitSoftcap 15'], ['logitSoftcap 15']],
    ['ALiBi', { positions: 'alibi' }, ['positions alibi'], ['positions alibi']],
    ['no positions', { positions: 'none' }, ['positions none'], ['positions none']],
    ['value embeddings', { hasValueEmbeddings: true }, ['hasValueEmbeddings'], ['hasValueEmbeddings']],
    ['input scales', { hasInputScales: true }, ['hasInputScales'], ['hasInputScales']],
    ['parallel blocks', { hasParallelBlocks: true }, ['hasParallelBlocks'], ['hasParallelBlocks']],
    ['gains after rotary', { qkNorm: 'afterRotary' }, ['hasQkNormGains'], ['hasQkNormGains']],
    ['a norm after a tied embedding', { hasEmbeddingNorm: true, isHeadTied: true }, ['isHeadTied'], ['isHeadTied']],
    ['biases beside normalised queries', { hasBiases: true }, ['hasBiases'], ['hasBiases']],
    [
      'the speed-run nanochat',
      variants.nanochat ?? {},
      ['hasValueEmbeddings', 'hasInputScales', 'logitSoftcap'],
      ['hasValueEmbeddings', 'hasInputScales', 'windowPattern', 'reluSquared', 'logitSoftcap'],
    ],
  ];
  for (const [name, options, huggingFace, gguf] of blocked) {
    test(name, () => {
      const support = exportsOf(settingsOf(options));
      expect(support.onnx).toBe(true);
      for (const [found, expected] of [
        [support.huggingFace, huggingFace],
        [support.gguf, gguf],
      ] as const) {
        if (expected === true) expect(found).toBe(true);
        else {
          expect(found).toHaveLength(expected.length);
          for (const word of expected) expect(found).toContainEqual(expect.stringContaining(word));
        }
      }
    });
  }

  test('with the architecture that comes nearest', () => {
    expect(exportsOf(settingsOf({ hasParallelBlocks: true })).gguf).toEqual([
      'parallel blocks (hasParallelBlocks): not in qwen3, the nearest architecture of GGUF',
    ]);
  });
});
