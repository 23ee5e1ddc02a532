import { GroundworkError, present } from '../core/index.ts';
import { formatShape, type Shape } from '../tensor/index.ts';
import type { OptimizerGroup, OptimizerSpec } from './optimizer.ts';

/** What an optimizer must know of a parameter. The model's ParameterSpec is one. */
export interface TrainedParameter {
  readonly shape: Shape;
  /** Chooses the group. */
  readonly role: string;
  /** Factor on the learning rate of its group. Default 1. */
  readonly learningRateFactor?: number;
  /** Factor on the weight decay of its group. Default 1. */
  readonly weightDecayFactor?: number;
}

/** A parameter with its group and its own peak learning rate and weight decay. */
export interface AssignedParameter {
  readonly name: string;
  readonly shape: Shape;
  readonly group: OptimizerGroup;
  /** The place of the group in the optimizer. */
  readonly groupIndex: number;
  readonly learningRate: number;
  readonly weightDecay: number;
}

/**
 * Gives every parameter to the group of its role.
 *
 * @throws GroundworkError `invalid-recipe` for a role without a group, a parameter that Muon cannot update, or a weight decay that
 *   would take more than half of a parameter in one step
 */
export function assignParameters(
  { groups }: OptimizerSpec,
  parameters: { readonly [name: string]: TrainedParameter },
): AssignedParameter[] {
  return Object.entries(parameters).map(([name, { shape, role, learningRateFactor = 1, weightDecayFactor = 1 }]) => {
    const groupIndex = groups.findIndex(({ roles }) => roles.includes(role));
    if (groupIndex < 0) {
      const known = groups.flatMap(({ roles }) => roles).join(', ');
      fail(
        `no group of the optimizer updates the parameter ${name}: its role is ${role}, the groups have ${known}`,
        `Add "${role}" to the roles of one group.`,
      );
    }
    const group = present(groups[groupIndex], 'a group');
    if (group.algorithm === 'muon' && shape.length !== 2) {
      fail(
        `Muon updates matrices, but the parameter ${name} (${role}) has the shape ${formatShape(shape)}`,
        `Give the role ${role} to a group with the algorithm adamw.`,
      );
    }
    const learningRate = group.learningRate * learningRateFactor;
    const weightDecay = group.weightDecay * weightDecayFactor;
    const isNumber = [learningRate, weightDecay].every((x) => Number.isFinite(Math.fround(x)));
    if (!isNumber || learningRate < 0 || weightDecay < 0 || learningRate * weightDecay > 0.5) {
      fail(
        `the parameter ${name} would train with learning rate ${learningRate} and weight decay ${weightDecay}; ` +
          'both must be 0 or more, and their product, the share that a step takes away, at most 0.5',
        'Choose smaller numbers in the group, or smaller factors in the model.',
      );
    }
    return { name, shape, group, groupIndex, learningRate, weightDecay };
  });
}

function fail(message: string, hint: string): never {
  throw new GroundworkError('invalid-recipe', message, { hint });
}
