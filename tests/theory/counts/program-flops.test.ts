import { describe, expect, test } from 'vitest';
import { gptModel } from '../../../src/model/index.ts';
import { recipeNamed, traceTrainingStep } from '../../../src/recipe/index.ts';
import {
  conventionalFlops,
  flopsComparison,
  parameterCounts,
  programFlops,
  type TransformerShape,
} from '../../../src/theory/index.ts';

/** A model without anything but products: no norm gains, no gate, plain MLP. */
const sizes = { vocabularySize: 1000, contextLength: 16, numLayers: 3, width: 64 };
const batch = { microBatchSize: 2, numMicroBatches: 1 };
const recipe = recipeNamed('baseline');

describe('the operations of a training step', () => {
  const model = gptModel({ ...sizes, mlp: 'reluSquared', hasNormGains: false });
  const settings = model.gpt ?? expect.fail('a model of gptModel has settings');
  const counts = parameterCounts(model);
  const tokensPerStep = batch.microBatchSize * sizes.contextLength;
  const optimizer = recipe.optimizer({ size: sizes, batchTokens: tokensPerStep, numSteps: 100 });
  const program = traceTrainingStep(model, optimizer, batch);
  const flops = programFlops(program, tokensPerStep);
  const shape: TransformerShape = { ...sizes, ...settings, isGated: false };

  test('are the sum of their phases, and of their parts', () => {
    expect(flops.forward + flops.backward + flops.update).toBe(flops.perStep);
    expect(flops.perToken).toBe(flops.perStep / tokensPerStep);
    expect(flops.parts.reduce((sum, part) => sum + part.flops, 0)).toBeCloseTo(flops.perStep, 3);
    expect(flops.parts.reduce((sum, part) => sum + part.share, 0)).toBeCloseTo(1, 9);
  });

  test('of all blocks are counted together, most first', () => {
    const names = flops.parts.map(({ part }) => part);
    expect(names).toContain('blocks.attention');
    expect(names).toContain('blocks.mlp');
    expect(names.filter((name) => /\d/.test(name))).toEqual([]);
    const counted = flops.parts.map((part) => part.flops);
    expect(counted).toEqual(counted.toSorted((a, b) => b - a));
  });

  test('of the head are the products that its shape tells, and little beside', () => {
    const head = flops.parts.find(({ part }) => part === 'head')?.flops ?? 0;
    const products = 6 * sizes.width * sizes.vocabularySize * tokensPerStep;
    expect(head).toBeGreaterThanOrEqual(products);
    expect(head).toBeLessThan(1.1 * products);
  });

  test("forward and backward are PaLM's count and a few per cent for what is no product", () => {
    const palm = conventionalFlops(shape, counts).find(({ convention }) => convention === 'PaLM, nanochat');
    const ratio = (flops.forward + flops.backward) / tokensPerStep / (palm?.perToken ?? Number.NaN);
    expect(ratio).toBeGreaterThan(1);
    expect(ratio).toBeLessThan(1.12);
  });

  test('are far from 6N without the head in a model as small as this, and a sentence says so', () => {
    const { rows, sentences } = flopsComparison(shape, counts, flops);
    const ratioOf = (convention: string) => rows.find((row) => row.convention === convention)?.ratio ?? Number.NaN;
    expect(ratioOf('6N non-embedding')).toBeLessThan(0.8);
    expect(sentences.join(' ')).toContain('The head alone is');
    expect(sentences.join(' ')).toContain('since a step has 32 tokens to share it');
  });
});
