import { describe, expect, test } from 'vitest';
import { gptModel } from '../../../src/model/index.ts';
import { type CountedModel, parameterCounts } from '../../../src/theory/index.ts';
import { olmoModel, olmoSizes } from './olmo-sizes.ts';

const gpt2 = gptModel({
  vocabularySize: 50257,
  contextLength: 1024,
  numLayers: 12,
  width: 768,
  norm: 'layerNorm',
  hasBiases: true,
  positions: 'learned',
  qkNorm: 'none',
  mlp: 'geluTanh',
  isHeadTied: true,
});

test('GPT-2 small has 124,439,808 parameters, and its embedding is its head', () => {
  const [V, T, d, L] = [50257, 1024, 768, 12];
  expect(parameterCounts(gpt2)).toEqual({
    total: 124_439_808,
    nonEmbedding: L * (12 * d * d + 13 * d) + 2 * d,
    matmul: L * 12 * d * d + V * d,
    // One position is looked up; the table of tokens is read whole, as head.
    active: 124_439_808 - (T - 1) * d,
  });
});

describe('the eight sizes of OLMo', () => {
  test.each(olmoSizes)('$name: the model of that shape has $numParameters parameters but the embedding', (size) => {
    const counts = parameterCounts(olmoModel(size));
    const { numLayers: L, width: d, fusedWidth: h, vocabularySize: V } = size;
    expect(counts.nonEmbedding + V * d).toBe(size.numParameters);
    expect(L * (4 * d * d + 1.5 * h * d + 4 * d) + d + V * d).toBe(size.numParameters);
    expect(counts.total).toBe(size.numParameters + V * d);
    expect(counts.matmul).toBe(L * (4 * d * d + 1.5 * h * d) + V * d);
    expect(counts.active).toBe(size.numParameters + d);
  });
});

test('Qwen3-0.6B has 751,632,384 parameters untied and 596,049,920 tied, and multiplies as many either way', () => {
  const qwen = (isHeadTied: boolean) =>
    parameterCounts(
      gptModel({
        vocabularySize: 151936,
        contextLength: 40960,
        numLayers: 28,
        width: 1024,
        headWidth: 128,
        numHeads: 16,
        numGroups: 8,
        hiddenWidth: 3072,
        isHeadTied,
      }),
    );
  expect(qwen(true).total).toBe(596_049_920);
  expect(qwen(false).total).toBe(751_632_384);
  expect(qwen(true).matmul).toBe(qwen(false).matmul);
  expect(qwen(true).nonEmbedding).toBe(qwen(false).nonEmbedding);
});

test('tables of values are embeddings: looked up, never multiplied', () => {
  const sizes = { vocabularySize: 50, contextLength: 8, numLayers: 2, width: 64 };
  const [plain, more] = [
    parameterCounts(gptModel(sizes)),
    parameterCounts(gptModel({ ...sizes, hasValueEmbeddings: true })),
  ];
  // A table of the vocabulary and a gate of one number for each of 32 columns.
  expect(more.total - plain.total).toBe(50 * 64 + 32);
  expect(more.nonEmbedding - plain.nonEmbedding).toBe(32);
  expect(more.matmul - plain.matmul).toBe(32);
  expect(more.active - plain.active).toBe(64 + 32);
});

test('the head of a model without one is the table of the vocabulary, wherever it stands', () => {
  const table = (numRows: number) => ({ shape: [numRows, 4], role: 'embedding' });
  const model = { vocabularySize: 100, parameters: { positions: table(8), embedding: table(100) } };
  expect(parameterCounts(model)).toEqual({ total: 432, nonEmbedding: 0, matmul: 400, active: 404 });
});

test('of routed experts the active count has those that a token visits', () => {
  const experts = { shape: [8, 16, 4], role: 'matrix', activeShare: 2 / 8 };
  const model: CountedModel = {
    vocabularySize: 10,
    parameters: { embedding: { shape: [10, 4], role: 'embedding' }, experts, head: { shape: [10, 4], role: 'head' } },
  };
  expect(parameterCounts(model)).toEqual({ total: 592, nonEmbedding: 512, matmul: 552, active: 4 + 128 + 40 });
});
