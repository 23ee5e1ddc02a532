import { describe, expect, test } from 'vitest';
import { referenceEngine } from '../../src/engine/index.ts';
import { gptModel } from '../../src/model/index.ts';
import {
  defineRecipe,
  describeRecipe,
  differencesOf,
  initialize,
  type Recipe,
  recipeNamed,
  shippedRecipes,
  verifyRecipe,
} from '../../src/recipe/index.ts';
import { add, concatenate, slice } from '../../src/tensor/index.ts';
import { lateRefusalOf, refusalOf } from '../support/expect-refusal.ts';

const size = { vocabularySize: 64, contextLength: 16, numLayers: 1, width: 32 };
const extent = { size, batchTokens: 64, numSteps: 100 };
const baseline = recipeNamed('baseline');

describe('the recipes that ship', () => {
  for (const recipe of shippedRecipes) {
    test(`${recipe.name} is verified and proven causal`, async () => {
      const report = await verifyRecipe(recipe, size, { microBatchSize: 2, engine: referenceEngine() });
      expect(report.causality).toBe('proven');
      const counts = Object.values(report.numParametersByRole);
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(report.numParameters);
      expect(report.flops.backward).toBeGreaterThan(report.flops.forward);
    });
  }

  test('are found by name, and another name is refused with theirs', () => {
    const error = refusalOf(() => recipeNamed('none'));
    expect(error.code).toBe('invalid-recipe');
    for (const { name } of shippedRecipes) expect(error.hint).toContain(name);
  });

  test('with nothing that Hugging Face lacks in the default', () => {
    expect(baseline.model(size).exports.huggingFace).toBe(true);
  });
});

describe('initialisation', () => {
  test('is a function of seed and name: recipes that share a parameter start it equal, whatever else they have', () => {
    const [small, deep] = [1, 3].map((numLayers) => initialize(baseline.model({ ...size, numLayers }), 5));
    for (const [name, values] of small ?? []) expect(deep?.get(name)).toEqual(values);
    expect(initialize(baseline.model(size), 6).get('embedding')).not.toEqual(small?.get('embedding'));
  });

  test('has the deviations that the model asks for', () => {
    const model = recipeNamed('gpt2').model({ ...size, vocabularySize: 2048, width: 128 });
    const values = initialize(model, 1).get('embedding') ?? new Float32Array();
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
    const deviation = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length);
    expect(Math.abs(mean)).toBeLessThan(4 * (0.02 / Math.sqrt(values.length)));
    expect(Math.abs(deviation / 0.02 - 1)).toBeLessThan(4 / Math.sqrt(2 * values.length));
  });

  test('draws these very numbers on every machine', () => {
    const model = recipeNamed('gpt2').model(size);
    expect([...(initialize(model, 1).get('embedding') ?? []).slice(0, 3)]).toMatchInlineSnapshot(`
      [
        -0.010068831034004688,
        -0.027357714250683784,
        -0.00824520830065012,
      ]
    `);
  });
});

describe('a recipe', () => {
  const peeking: Recipe = {
    ...baseline,
    name: 'peeking',
    model: (given) => {
      const model = baseline.model(given);
      return {
        ...model,
        forward: (values, tokens, sequence, options) => {
          const logits = model.forward(values, tokens, sequence, options);
          return add(logits, concatenate([slice(logits, 1, 1, 16), slice(logits, 1, 0, 1)], 1));
        },
      };
    },
  };

  test('that looks ahead is refused', async () => {
    const error = await lateRefusalOf(verifyRecipe(defineRecipe(peeking), size, { microBatchSize: 2 }));
    expect(error.code).toBe('future-leak');
  });

  test.each([
    [
      'when it is called again',
      () => {
        let numCalls = 0;
        return () => numCalls++ > 1;
      },
    ],
    ['with blocks computed again', () => (isRecomputing: boolean) => isRecomputing],
  ])('that looks ahead only %s is refused', async (_, when) => {
    const isPeeking = when();
    const changing: Recipe = {
      ...baseline,
      model: (given) => {
        const honest = baseline.model(given);
        const ahead = peeking.model(given);
        return {
          ...honest,
          forward: (parameters, tokens, sequence, options) =>
            (isPeeking(options?.recomputeBlocks === true) ? ahead : honest).forward(
              parameters,
              tokens,
              sequence,
              options,
            ),
        };
      },
    };
    const verified = verifyRecipe(defineRecipe(changing), size, {
      microBatchSize: 2,
      numMicroBatches: 2,
      recompute: true,
    });
    expect((await lateRefusalOf(verified)).code).toBe('future-leak');
  });

  test.each([false, true])(
    'is verified in several passes with blocks computed again (documents: %s)',
    async (documentMask) => {
      for (const recipe of shippedRecipes) {
        const extent = { microBatchSize: 2, numMicroBatches: 3, recompute: true, documentMask };
        expect((await verifyRecipe(recipe, size, extent)).causality).toBe('proven');
      }
    },
  );

  test('whose parameters begin beyond the bounds of the proof is refused', async () => {
    const huge: Recipe = {
      ...baseline,
      model: (given) => {
        const model = baseline.model(given);
        const [name = '', spec] = Object.entries(model.parameters)[0] ?? [];
        const initialization = { kind: 'constant', value: 1e6 } as const;
        return {
          ...model,
          parameters: { ...model.parameters, ...(spec ? { [name]: { ...spec, initialization } } : {}) },
        };
      },
    };
    const error = await lateRefusalOf(verifyRecipe(defineRecipe(huge), size, { microBatchSize: 2 }));
    expect(error.message).toContain('expected at most 1024');
  });

  test('whose matrices train by another algorithm than scaling supposes is refused', async () => {
    const adamW: Recipe = {
      ...baseline,
      name: 'other-rule',
      optimizer: (run) => {
        const [, ...others] = baseline.optimizer(run).groups;
        return {
          groups: others.map((group, i) => (i === 0 ? { ...group, roles: ['embedding', 'matrix'] } : group)),
          clipNorm: 1,
        };
      },
    };
    const muon: Recipe = { ...baseline, model: (given) => gptModel({ ...given, scaling: { baseWidth: 64 } }) };
    for (const [recipe, words] of [
      [adamW, 'rule for matrices under muon, and adamw trains them'],
      [muon, 'rule for matrices under adamw, and muon trains them'],
    ] as const) {
      const error = await lateRefusalOf(verifyRecipe(defineRecipe(recipe), size, { microBatchSize: 2 }));
      expect(error.code).toBe('invalid-recipe');
      expect(error.message).toContain(words);
    }
  });

  test('is described by what it does: the same for the same, and every difference in words', () => {
    const before = describeRecipe(baseline, extent);
    expect(describeRecipe(baseline, extent)).toEqual(before);
    expect(differencesOf(before.content, before.content)).toEqual([]);
    const other = describeRecipe(
      defineRecipe({
        ...baseline,
        optimizer: (run) => ({ ...baseline.optimizer(run), clipNorm: 2 }),
        schedule: { ...baseline.schedule, warmupSteps: 3 },
      }),
      extent,
    );
    expect(other.sha256).not.toBe(before.sha256);
    expect(differencesOf(other.content, before.content).sort()).toEqual([
      'optimizer.clipNorm is 2, expected 1',
      'schedule.warmupSteps is 3, expected 10',
    ]);
    const peeks = describeRecipe({ ...peeking, name: 'baseline' }, extent);
    expect(differencesOf(peeks.content, before.content)).toEqual([
      'the model computes something else from the same parameters',
    ]);
    const tied = describeRecipe(recipeNamed('gpt2'), extent);
    expect(differencesOf(tied.content, before.content)).toContain('the parameter head is gone');
  });
});
