import { GroundworkError } from '../../src/core/index.ts';
import type { OptimizerSpec } from '../../src/optimizer/index.ts';
import type { Recipe, RunExtent } from '../../src/recipe/index.ts';

/** An optimizer in the comparison. */
export interface Contender {
  /** Such as `muon` or `adamw@0.004`. */
  readonly name: string;
  optimizer(extent: RunExtent): OptimizerSpec;
}

/**
 * `muon` is the recipe's optimizer as it is; `muon@0.01` changes the rate of its matrices; `adamw@0.004` updates the matrices by AdamW
 * at this rate and leaves all other groups as they are.
 *
 * @throws GroundworkError `usage` for another word
 */
export function contenderNamed(name: string, recipe: Recipe): Contender {
  const [, algorithm, rate] = /^(muon|adamw)(?:@([\d.e-]+))?$/.exec(name) ?? [];
  const learningRate = rate === undefined ? undefined : Number(rate);
  const isKnown = algorithm === 'muon' || (algorithm === 'adamw' && learningRate !== undefined);
  if (!isKnown || (learningRate !== undefined && !(learningRate > 0))) {
    throw new GroundworkError('usage', `found the optimizer "${name}", expected muon, muon@RATE or adamw@RATE`, {
      hint: 'See npm run bench -- optimizers --help.',
    });
  }
  return {
    name,
    optimizer: (extent) => {
      const base = recipe.optimizer(extent);
      const groups = base.groups.map((group): OptimizerSpec['groups'][number] => {
        if (group.algorithm !== 'muon') return group;
        if (algorithm === 'muon') return { ...group, learningRate: learningRate ?? group.learningRate };
        const others = base.groups.find((other) => other.algorithm === 'adamw');
        if (others?.algorithm !== 'adamw') throw new RangeError(`${recipe.name} has no group of AdamW to take from`);
        return { ...others, roles: group.roles, learningRate: learningRate ?? others.learningRate };
      });
      return { ...base, groups };
    },
  };
}
