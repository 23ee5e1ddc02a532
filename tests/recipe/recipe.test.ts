import { describe, expect, test } from 'vitest';
import {
  defineRecipe,
  describeRecipe,
  parseRecipe,
  type Recipe,
  recipeNamed,
  verifyRecipe,
} from '../../src/recipe/index.ts';
import { lateRefusalOf, refusalOf } from '../support/expect-refusal.ts';

const size = { vocabularySize: 64, contextLength: 16, numLayers: 1, width: 32 };
const extent = { size, batchTokens: 64, numSteps: 100 };
const baseline = recipeNamed('baseline');

/** A recipe with some fields of strangers, whatever their types. */
function strange(fields: object): Recipe {
  return defineRecipe({ ...baseline, ...fields } as Recipe);
}

const throwing: { readonly [name: string]: () => never } = {
  'a symbol': () => {
    throw Symbol('mine');
  },
  'an object without a text': () => {
    throw Object.create(null);
  },
  undefined: () => {
    throw undefined;
  },
  'an error that cannot be read': () => {
    throw Object.defineProperty(new Error('x'), 'message', { get: () => throwing.undefined?.() });
  },
  'a thing that throws whatever is asked of it': () => {
    throw new Proxy(
      {},
      { getPrototypeOf: () => throwing['a symbol']?.() ?? null, get: () => throwing['a symbol']?.() },
    );
  },
};

describe('whatever code of a recipe throws is refused as a fault of the recipe', () => {
  for (const [name, body] of Object.entries(throwing)) {
    test(name, () => {
      for (const work of [
        () => strange({ model: body }).model(size),
        () => strange({ optimizer: body }).optimizer(extent),
        () => describeRecipe(strange({ model: () => ({ ...baseline.model(size), forward: body }) }), extent),
        () =>
          strange({ model: () => Object.defineProperty({ ...baseline.model(size) }, 'cache', { get: body }) }).model(
            size,
          ),
        () =>
          strange({
            optimizer: () => ({
              groups: [],
              get clipNorm() {
                return body();
              },
            }),
          }).optimizer(extent),
        () =>
          parseRecipe(
            {
              get name() {
                return body();
              },
            },
            'something',
          ),
      ]) {
        expect(refusalOf(work).code).toBe('invalid-recipe');
      }
    });
  }
});

describe('a forward pass that returns no tensor is refused with what it returned', () => {
  const cases: { readonly [words: string]: unknown } = {
    '5': 5,
    undefined: undefined,
    null: null,
    'Symbol(mine)': Symbol('mine'),
    'a list': [],
    'an object': { shape: [1, 16, 64], dtype: 'float32' },
  };
  for (const [words, value] of Object.entries(cases)) {
    test(words, async () => {
      const recipe = strange({ model: () => ({ ...baseline.model(size), forward: () => value }) });
      const error = await lateRefusalOf(verifyRecipe(recipe, size, { microBatchSize: 1 }));
      expect([error.code, error.message]).toEqual([
        'invalid-recipe',
        `the recipe baseline: forward returned ${words}, expected a tensor`,
      ]);
    });
  }
});

test('an optimizer whose numbers float32 does not hold is refused with the field', () => {
  const { groups, clipNorm } = baseline.optimizer(extent);
  const recipe = strange({
    optimizer: () => ({ groups: groups.map((one) => ({ ...one, learningRate: 1e-50 })), clipNorm }),
  });
  const error = refusalOf(() => recipe.optimizer(extent));
  expect(error.code).toBe('invalid-recipe');
  expect(error.message).toMatch(/field groups\.0\.learningRate: .*float32/);
});

test('a probe without an engine is refused', async () => {
  const error = await lateRefusalOf(verifyRecipe(baseline, size, { microBatchSize: 1, probe: true }));
  expect(error.code).toBe('usage');
  expect(error.message).toContain('needs an engine');
});
