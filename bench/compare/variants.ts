import { present } from '../../src/core/index.ts';
import { gptModel } from '../../src/model/index.ts';
import type { OptimizerSpec } from '../../src/optimizer/index.ts';
import { type Recipe, recipeNamed } from '../../src/recipe/index.ts';

/** What is planted: the default recipe, and recipes that differ from it in one thing each. */
export const variantNames = ['baseline', 'quarter-rate', 'lower-rate', 'no-qk-norm'] as const;
export type VariantName = (typeof variantNames)[number];

/** The default recipe, or the default recipe with one thing changed. */
export function variantNamed(name: VariantName): Recipe {
  const base = recipeNamed('baseline');
  switch (name) {
    case 'baseline':
      return base;
    case 'quarter-rate':
      return { ...base, name, optimizer: (extent) => withRates(base.optimizer(extent), 1 / 4) };
    case 'lower-rate':
      return { ...base, name, optimizer: (extent) => withRates(base.optimizer(extent), 0.8) };
    case 'no-qk-norm':
      return {
        ...base,
        name,
        // The settings are complete, so nothing but the norm of queries and keys is another.
        model: (size) =>
          gptModel({ ...present(base.model(size).gpt, 'the settings of a GPT'), qkNorm: 'none', hasQkNormGains: null }),
      };
  }
}

function withRates(optimizer: OptimizerSpec, factor: number): OptimizerSpec {
  return {
    ...optimizer,
    groups: optimizer.groups.map((group) => ({ ...group, learningRate: factor * group.learningRate })),
  };
}
