import { present } from '../core/index.ts';
import {
  abs,
  add,
  and,
  cast,
  concatenate,
  constant,
  divide,
  globalNorm,
  lessOrEqual,
  minimum,
  multiply,
  negate,
  newtonSchulz,
  reshape,
  type StateSpec,
  scope,
  sizeOf,
  slice,
  sqrt,
  square,
  subtract,
  type Tensor,
  updatePhase,
  where,
} from '../tensor/index.ts';
import { type AssignedParameter, assignParameters, type TrainedParameter } from './assignment.ts';
import type { AdamWGroup, MuonGroup, OptimizerSpec } from './optimizer.ts';

type Tensors = { readonly [name: string]: Tensor };

/**
 * The update of all parameters in one step, with clipping, and with the choice to leave everything as it is.
 *
 * A step whose loss or gradient norm is not finite changes no bit of a parameter or of the optimizer's state. The choice is made by
 * selection, never by multiplication (0 · NaN is NaN), in the form that costs least: gradients become −0 and the scalars of
 * the update those of standing still. Then m ← 1 · m + c · (−0) is m, bit for bit, since x + (−0) = x for every x, and
 * so is v ← 1 · v + c · (−0)². A parameter becomes 1 · θ − 0 · m / (√v + ε'), which is θ for every θ but −0 (and
 * −0 comes from no step: x − y is −0 only where x is, and a factor of 1/2 or more takes no number but −0 to −0;
 * `assignParameters` sees to the factor, `initialize` of recipe/ to the start).
 */
export interface UpdateArguments {
  readonly optimizer: OptimizerSpec;
  /** What is trained, by name. */
  readonly parameters: { readonly [name: string]: TrainedParameter };
  /** The values of the parameters and of the states that `optimizerState` names. */
  readonly values: Tensors;
  /** The gradient of each parameter, by the parameter's name. */
  readonly gradients: Tensors;
  /** A scalar. */
  readonly loss: Tensor;
  /** The schedule's factor on all learning rates, a scalar. */
  readonly scheduleFactor: Tensor;
}

export interface Update {
  /** What each parameter and each state of the optimizer becomes. */
  readonly next: Tensors;
  /** The global norm of the gradients before clipping, a scalar. */
  readonly gradientNorm: Tensor;
  /** float32 1, or 0 where loss or norm is not finite: then nothing changes. */
  readonly isApplied: Tensor;
}

/** The states that the update keeps from step to step, all of which start at 0, with the kind `optimizer`. */
export function optimizerState(
  optimizer: OptimizerSpec,
  parameters: { readonly [name: string]: TrainedParameter },
): { readonly [name: string]: StateSpec } {
  const state: Record<string, StateSpec> = {};
  for (const { name, shape, group } of assignParameters(optimizer, parameters)) {
    state[firstMoment(name)] = { shape, kind: 'optimizer' };
    if (group.algorithm === 'adamw') state[secondMoment(name)] = { shape, kind: 'optimizer' };
  }
  optimizer.groups.forEach(({ algorithm }, index) => {
    if (algorithm !== 'adamw') return;
    state[firstCorrection(index)] = { shape: [], kind: 'optimizer' };
    state[secondCorrection(index)] = { shape: [], kind: 'optimizer' };
  });
  return state;
}

const firstMoment = (name: string) => `optimizer.${name}.firstMoment`;
const secondMoment = (name: string) => `optimizer.${name}.secondMoment`;
const firstCorrection = (group: number) => `optimizer.groups.${group}.firstCorrection`;
const secondCorrection = (group: number) => `optimizer.groups.${group}.secondCorrection`;

/** Builds the update; see `UpdateArguments` for how a step is skipped. */
export function updateParameters(given: UpdateArguments): Update {
  return updatePhase(() => scope('optimizer', () => build(given)));
}

function build({ optimizer, parameters, values, gradients, loss, scheduleFactor }: UpdateArguments): Update {
  const assigned = assignParameters(optimizer, parameters);
  const raw = (name: string) => present(gradients[name], `the gradient of ${name}`);
  const value = (name: string) => present(values[name], `the state ${name}`);

  const gradientNorm = globalNorm(assigned.map(({ name }) => raw(name)));
  const isApplied = and(isFiniteScalar(loss), isFiniteScalar(gradientNorm));
  const clip = optimizer.clipNorm === null ? constant(1) : clippingFactor(gradientNorm, optimizer.clipNorm);
  const step: StepScalars = { isApplied, clip: where(isApplied, clip, 1), scheduleFactor };

  const next: Record<string, Tensor> = {};
  const corrections = optimizer.groups.map((group, index) =>
    group.algorithm === 'adamw'
      ? nextCorrection(step, group, value(firstCorrection(index)), value(secondCorrection(index)))
      : undefined,
  );
  corrections.forEach((correction, index) => {
    if (!correction) return;
    next[firstCorrection(index)] = correction.kept.first;
    next[secondCorrection(index)] = correction.kept.second;
  });
  const moving: MovingMatrix[] = [];
  for (const parameter of assigned) {
    const { name, group, groupIndex } = parameter;
    const gradient = where(isApplied, raw(name), negativeZero());
    const moment = value(firstMoment(name));
    if (group.algorithm === 'muon') {
      const scaled = multiply(gradient, step.clip);
      const nextMoment = add(multiply(moment, where(isApplied, constant(group.momentum), 1)), scaled);
      next[firstMoment(name)] = nextMoment;
      moving.push({ assigned: parameter, group, ahead: add(scaled, multiply(nextMoment, group.momentum)) });
    } else {
      const correction = present(corrections[groupIndex], 'a correction');
      const updated = adamW(step, parameter, group, correction, {
        parameter: value(name),
        gradient,
        first: moment,
        second: value(secondMoment(name)),
      });
      next[name] = updated.parameter;
      next[firstMoment(name)] = updated.first;
      next[secondMoment(name)] = updated.second;
    }
  }
  for (const stack of stacksOf(moving)) {
    orthogonalised(stack).forEach((direction, i) => {
      const { assigned: parameter } = present(stack[i], 'a matrix');
      next[parameter.name] = moved(step, parameter, value(parameter.name), direction);
    });
  }
  return { next, gradientNorm, isApplied: cast(isApplied, 'float32') };
}

interface StepScalars {
  readonly isApplied: Tensor;
  /** The factor that clips, 1 in a step that is skipped. */
  readonly clip: Tensor;
  readonly scheduleFactor: Tensor;
}

const largestFloat32 = 3.4028234663852886e38;

/** False for NaN and both infinities. */
function isFiniteScalar(x: Tensor): Tensor {
  return lessOrEqual(abs(x), largestFloat32);
}

/** min(1, clipNorm / (norm + 1e-6)), as PyTorch has it. */
function clippingFactor(norm: Tensor, clipNorm: number): Tensor {
  return minimum(divide(clipNorm, add(norm, 1e-6)), 1);
}

/** What leaves every number as it is when it is added. */
function negativeZero(): Tensor {
  return negate(constant(0));
}

/** Bias correction, cₜ = β cₜ₋₁ + (1 − β) from 0, which is 1 − βᵗ. */
interface Correction {
  readonly first: Tensor;
  readonly second: Tensor;
  /** What the states become: the same, or in a skipped step what they were. */
  readonly kept: { readonly first: Tensor; readonly second: Tensor };
}

function nextCorrection({ isApplied }: StepScalars, group: AdamWGroup, first: Tensor, second: Tensor): Correction {
  const next = (previous: Tensor, beta: number) => add(multiply(previous, beta), 1 - beta);
  const [nextFirst, nextSecond] = [next(first, group.beta1), next(second, group.beta2)];
  return {
    first: nextFirst,
    second: nextSecond,
    kept: { first: where(isApplied, nextFirst, first), second: where(isApplied, nextSecond, second) },
  };
}

/** 1 − η λ, or exactly 1 in a skipped step. */
function decayFactor(
  { isApplied, scheduleFactor }: StepScalars,
  { learningRate, weightDecay }: AssignedParameter,
): Tensor {
  return where(isApplied, subtract(1, multiply(scheduleFactor, learningRate * weightDecay)), 1);
}

interface AdamWValues {
  readonly parameter: Tensor;
  readonly gradient: Tensor;
  readonly first: Tensor;
  readonly second: Tensor;
}

/**
 * AdamW (Loshchilov & Hutter 2019, algorithm 2): m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g²,
 * θ ← (1 − η λ) θ − η (m / c₁) / (√(v / c₂) + ε), the quotient as (η √c₂ / c₁) · m / (√v + ε √c₂). The factor that clips g is
 * in the scalars before g and g², which saves a pass over the gradient.
 */
function adamW(
  step: StepScalars,
  parameter: AssignedParameter,
  { beta1, beta2, epsilon }: AdamWGroup,
  correction: Correction,
  values: AdamWValues,
): Omit<AdamWValues, 'gradient'> {
  const { isApplied, clip, scheduleFactor } = step;
  const keep = (beta: number) => where(isApplied, constant(beta), 1);
  const first = add(multiply(values.first, keep(beta1)), multiply(values.gradient, multiply(clip, 1 - beta1)));
  const second = add(
    multiply(values.second, keep(beta2)),
    multiply(square(values.gradient), multiply(square(clip), 1 - beta2)),
  );
  const root = sqrt(correction.second);
  const rate = divide(multiply(multiply(scheduleFactor, parameter.learningRate), root), correction.first);
  const change = divide(multiply(first, where(isApplied, rate, 0)), add(sqrt(second), multiply(root, epsilon)));
  const decayed =
    parameter.weightDecay === 0 ? values.parameter : multiply(values.parameter, decayFactor(step, parameter));
  return { parameter: subtract(decayed, change), first, second };
}

/** A matrix that Muon moves: `ahead` is Nesterov's look at the next moment, g + μ m, which gives the direction. */
interface MovingMatrix {
  readonly assigned: AssignedParameter;
  readonly group: MuonGroup;
  readonly ahead: Tensor;
}

/** Elements of a stack: enough for small matrices to share the cost of a node, and little beside the activations of a step. */
const largestStack = 2 ** 21;

/** Matrices of one shape and one number of iterations, in stacks, since a stack takes as many nodes as one matrix. */
function stacksOf(moving: readonly MovingMatrix[]): MovingMatrix[][] {
  const stacks: MovingMatrix[][] = [];
  const open = new Map<string, MovingMatrix[]>();
  for (const matrix of moving) {
    const { assigned, group } = matrix;
    const key = `${assigned.shape.join('×')} ${group.numIterations}`;
    const stack = open.get(key);
    if (stack && (stack.length + 1) * sizeOf(assigned.shape) <= largestStack) {
      stack.push(matrix);
    } else {
      const fresh = [matrix];
      open.set(key, fresh);
      stacks.push(fresh);
    }
  }
  return stacks;
}

/** The orthogonalised direction of each matrix of a stack. */
function orthogonalised(stack: readonly MovingMatrix[]): Tensor[] {
  const [first, ...others] = stack;
  const { assigned, group, ahead } = present(first, 'a matrix');
  const options = { numSteps: group.numIterations };
  if (others.length === 0) return [newtonSchulz(ahead, options)];
  const { shape } = assigned;
  const whole = concatenate(
    stack.map((matrix) => reshape(matrix.ahead, [1, ...shape])),
    0,
  );
  const directions = newtonSchulz(whole, options);
  return stack.map((_, i) => reshape(slice(directions, 0, i, i + 1), shape));
}

/**
 * Muon (Jordan et al. 2024): m ← μ m + g, then θ ← (1 − η λ) θ − η √max(1, rows/columns) · orthogonalised(g + μ m). The root gives the
 * change the same size per output whatever the shape.
 */
function moved(step: StepScalars, assigned: AssignedParameter, parameter: Tensor, direction: Tensor): Tensor {
  const { isApplied, scheduleFactor } = step;
  const [rows = 1, columns = 1] = assigned.shape;
  const rate = multiply(scheduleFactor, assigned.learningRate * Math.sqrt(Math.max(1, rows / columns)));
  const decayed = assigned.weightDecay === 0 ? parameter : multiply(parameter, decayFactor(step, assigned));
  return subtract(decayed, multiply(direction, where(isApplied, rate, 0)));
}
