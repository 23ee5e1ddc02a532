import { describe, expect, test } from 'vitest';
import { type Recipe, recipeNamed } from '../../src/recipe/index.ts';
import { stepCost } from '../../src/theory/index.ts';
import { traceStep } from '../../src/training/prepared-step.ts';
import { otherCost, pricedSizes } from '../../src/training/size-prices.ts';
import { costOfStep } from '../../src/training/sizing.ts';

const shapes = [
  { numLayers: 2, width: 32, vocabularySize: 2048, contextLength: 64, batchSize: 4 },
  { numLayers: 3, width: 64, vocabularySize: 257, contextLength: 128, batchSize: 2 },
  { numLayers: 4, width: 128, vocabularySize: 1000, contextLength: 32, batchSize: 16 },
];

function graphCost(recipe: Recipe, { batchSize, ...size }: (typeof shapes)[number]) {
  const batch = { batchSize, microBatchSize: batchSize, documentMask: false, recompute: false };
  return stepCost(traceStep(recipe, { size, batch, numSteps: 1000 }));
}

describe.each(['baseline', 'gpt2'])('the price of a size with %s', (name) => {
  const recipe = recipeNamed(name);

  test.each(shapes)('has the matrix products of its graph, to the last ($numLayers layers)', (shape) => {
    const { numLayers, width, contextLength, vocabularySize, batchSize } = shape;
    const [priced] = pricedSizes(recipe, { size: { numLayers, width }, contextLength }, vocabularySize);
    const { matrixFlops } = graphCost(recipe, shape);
    expect(priced && costOfStep(priced, batchSize * contextLength, 'flops')).toBe(matrixFlops);
  });

  test.each(shapes)('has what else its graph moves within 15 %, and its kernels ($numLayers layers)', (shape) => {
    const { batchSize, ...size } = shape;
    const optimizer = recipe.optimizer({ size, batchTokens: batchSize * size.contextLength, numSteps: 1000 });
    const { bytesPerToken, bytesPerUpdate, numKernels } = otherCost(recipe.model(size), optimizer, size);
    const graph = graphCost(recipe, shape);
    const ratio = (bytesPerToken * batchSize * size.contextLength + bytesPerUpdate) / graph.movedBytes;
    expect(Math.abs(ratio - 1)).toBeLessThan(0.15);
    expect(Math.abs(numKernels / graph.numKernels - 1)).toBeLessThan(0.15);
  });
});
