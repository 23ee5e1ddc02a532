import { expect, test } from 'vitest';
import { countParameters, gptModel } from '../../src/model/index.ts';

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

test('GPT-2 small has 124,439,808 parameters', () => {
  const [V, T, d, L] = [50257, 1024, 768, 12];
  const blocks = L * (12 * d * d + 13 * d) + 2 * d;
  expect(countParameters(gpt2)).toEqual({
    total: 124_439_808,
    nonEmbedding: blocks,
    matmul: blocks + V * d,
    active: 124_439_808,
  });
  expect(blocks + V * d + T * d).toBe(124_439_808);
});

test('Qwen3-0.6B has 751,632,384 parameters untied and 596,049,920 tied', () => {
  const qwen = (isHeadTied: boolean) =>
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
    });
  expect(countParameters(qwen(true)).total).toBe(596_049_920);
  expect(countParameters(qwen(false)).total).toBe(751_632_384);
  expect(countParameters(qwen(true)).matmul).toBe(596_049_920);
  expect(countParameters(qwen(false)).matmul).toBe(596_049_920);
});

test('tables of values are embeddings and cost no matmul', () => {
  const sizes = { vocabularySize: 50, contextLength: 8, numLayers: 2, width: 64 };
  const [plain, more] = [
    countParameters(gptModel(sizes)),
    countParameters(gptModel({ ...sizes, hasValueEmbeddings: true })),
  ];
  expect(more.total - plain.total).toBe(50 * 64 + 32);
  expect(more.matmul - plain.matmul).toBe(32);
});

test('the head of a model without one is the table of the vocabulary, wherever it stands', () => {
  const table = (numRows: number) => ({
    shape: [numRows, 4],
    role: 'embedding' as const,
    initialization: { kind: 'normal' as const, deviation: 1 },
  });
  const other = { ...gpt2, vocabularySize: 100, parameters: { positions: table(8), embedding: table(100) } };
  expect(countParameters(other)).toEqual({ total: 432, nonEmbedding: 0, matmul: 400, active: 432 });
});
