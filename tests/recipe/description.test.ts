import { expect, test } from 'vitest';
import { defineRecipe, describeRecipe, differencesOf, recipeNamed } from '../../src/recipe/index.ts';
import { scope } from '../../src/tensor/index.ts';

const size = { vocabularySize: 64, contextLength: 16, numLayers: 1, width: 32 };
const extent = { size, batchTokens: 64, numSteps: 100 };
const baseline = recipeNamed('baseline');

test('two recipes that differ in the order of their parameters alone differ in that', () => {
  const { content } = describeRecipe(baseline, extent);
  const turned = { ...content, parameters: content.parameters.toReversed() };
  expect(differencesOf(turned, content)).toEqual(['the parameters stand in another order']);
  expect(differencesOf(turned, turned)).toEqual([]);
});

test('the names of scopes are part of what a recipe is', () => {
  const scoped = defineRecipe({
    ...baseline,
    model: (given) => {
      const model = baseline.model(given);
      return { ...model, forward: (...operands) => scope('mine', () => model.forward(...operands)) };
    },
  });
  expect(describeRecipe(scoped, extent).sha256).not.toBe(describeRecipe(baseline, extent).sha256);
});
