import { present } from '../core/index.ts';
import {
  type AdamWScalars,
  type AdamWState,
  abs,
  adamWWith,
  add,
  and,
  type BiasCorrection,
  cast,
  concatenate,
  constant,
  divide,
  lessOrEqual,
  minimum,
  multiply,
  newtonSchulz,
  nextBiasCorrection,
  reduceSum,
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
 * A step whose loss, gradient norm or schedule factor is not finite changes no bit of a parameter or of the optimizer's state. The
 * choice is made by selection, never by multiplication (0 · NaN is NaN), in the form that costs least: gradients become 0 and the
 * scalars of the update those of standing still. What follows holds for every finite x, −0 and denormal numbers included:
 * x + (−0) = x, x − 0 = x, 1 · x = x. So m ← 1 · m + (−c) · 0 is m, and v ← 1 · v + (−1) · 0² is v. A parameter becomes
 * 1 · θ − (0 · m + 0) / (√v + ε'), where the second 0, the nudge, makes 0 of the −0 that a negative m gives. In a step that is applied
 * the nudge is −0, which changes nothing. No −0 is selected, since ONNX Runtime selects by adding up, and −0 + 0 is 0. (WebGPU may
 * take denormal numbers for 0 wherever they pass an operation.)
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
  /**
   * Matrices of one shape are orthogonalised in stacks, which take fewer nodes; else each by itself, which makes all layers alike. The
   * numbers are the same. Default true.
   */
  readonly hasStacks?: boolean;
}

export interface Update {
  /** What each parameter and each state of the optimizer becomes. */
  readonly next: Tensors;
  /** The global norm of the gradients before clipping, a scalar. */
  readonly gradientNorm: Tensor;
  /** float32 1, or 0 where loss, norm or schedule factor is not finite: then nothing changes. */
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

/**
 * Builds the update; see `UpdateArguments` for how a step is skipped. What belongs to one parameter stands in the scope of its name,
 * `optimizer.blocks.3.attention.query`, and what several share in `optimizer`, so that engines find the layers again.
 */
export function updateParameters(given: UpdateArguments): Update {
  return updatePhase(() => scope('optimizer', () => build(given)));
}

function build(given: UpdateArguments): Update {
  const { optimizer, parameters, values, gradients, loss, scheduleFactor, hasStacks = true } = given;
  const assigned = assignParameters(optimizer, parameters);
  const raw = (name: string) => present(gradients[name], `the gradient of ${name}`);
  const value = (name: string) => present(values[name], `the state ${name}`);

  const gradientNorm = normOf(assigned.map(({ name }) => [name, raw(name)]));
  // The loss first, as it is there first: made last, it would keep the activations of all micro-batches until the end.
  const isApplied = [loss, gradientNorm, scheduleFactor].map(isFiniteScalar).reduce((all, one) => and(all, one));
  const clip = optimizer.clipNorm === null ? constant(1) : clippingFactor(gradientNorm, optimizer.clipNorm);
  const step: StepScalars = {
    isApplied,
    clip: where(isApplied, clip, -1),
    nudge: multiply(where(isApplied, constant(-1), 1), 0),
    scheduleFactor,
  };

  const next: Record<string, Tensor> = {};
  const corrections = optimizer.groups.map((group, index): BiasCorrection | undefined => {
    if (group.algorithm !== 'adamw') return undefined;
    const previous = { first: value(firstCorrection(index)), second: value(secondCorrection(index)) };
    const correction = nextBiasCorrection(previous, group);
    next[firstCorrection(index)] = where(isApplied, correction.first, previous.first);
    next[secondCorrection(index)] = where(isApplied, correction.second, previous.second);
    return correction;
  });
  const moving: MovingMatrix[] = [];
  for (const parameter of assigned) {
    const { name, group, groupIndex } = parameter;
    const gradient = scope(name, () => where(isApplied, raw(name), 0));
    const moment = value(firstMoment(name));
    if (group.algorithm === 'muon') {
      const scaled = scope(name, () => multiply(gradient, step.clip));
      const keep = where(isApplied, constant(group.momentum), 1);
      const nextMoment = scope(name, () => add(multiply(moment, keep), scaled));
      const ahead = scope(name, () => add(scaled, multiply(nextMoment, group.momentum)));
      next[firstMoment(name)] = nextMoment;
      moving.push({ assigned: parameter, group, ahead });
    } else {
      const correction = present(corrections[groupIndex], 'a correction');
      const state = { parameter: value(name), firstMoment: moment, secondMoment: value(secondMoment(name)) };
      const updated = adamW(step, parameter, group, correction, state, gradient);
      next[name] = updated.parameter;
      next[firstMoment(name)] = updated.firstMoment;
      next[secondMoment(name)] = updated.secondMoment;
    }
  }
  for (const stack of hasStacks ? stacksOf(moving) : moving.map((matrix) => [matrix])) {
    orthogonalised(stack).forEach((direction, i) => {
      const { assigned: parameter } = present(stack[i], 'a matrix');
      next[parameter.name] = moved(step, parameter, value(parameter.name), direction);
    });
  }
  return { next, gradientNorm, isApplied: cast(isApplied, 'float32') };
}

interface StepScalars {
  readonly isApplied: Tensor;
  /** The factor that clips, −1 in a step that is skipped. */
  readonly clip: Tensor;
  /** Added to what is taken from a parameter: −0, and 0 in a step that is skipped. */
  readonly nudge: Tensor;
  readonly scheduleFactor: Tensor;
}

/** √Σ‖g‖² over all gradients, a scalar. Each adds its own square, in the scope of its name. */
function normOf(gradients: readonly (readonly [name: string, gradient: Tensor])[]): Tensor {
  const squares = gradients.map(([name, g]) => [name, scope(name, () => reduceSum(square(g)))] as const);
  const [first, ...others] = squares;
  if (first === undefined) return constant(0);
  return sqrt(others.reduce((total, [name, x]) => scope(name, () => add(total, x)), first[1]));
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

/** 1 − η λ, or exactly 1 in a skipped step. */
function decayFactor(
  { isApplied, scheduleFactor }: StepScalars,
  { learningRate, weightDecay }: AssignedParameter,
): Tensor {
  return where(isApplied, subtract(1, multiply(scheduleFactor, learningRate * weightDecay)), 1);
}

/**
 * AdamW as tensor/ has it, with the factor that clips g in the scalars before g and g², which saves a pass over the gradient, and with
 * those of standing still in a skipped step.
 */
function adamW(
  step: StepScalars,
  parameter: AssignedParameter,
  { beta1, beta2, epsilon }: AdamWGroup,
  correction: BiasCorrection,
  state: AdamWState,
  gradient: Tensor,
): AdamWState {
  const { isApplied, clip, nudge, scheduleFactor } = step;
  const root = sqrt(correction.second);
  const rate = divide(multiply(multiply(scheduleFactor, parameter.learningRate), root), correction.first);
  const scalars: AdamWScalars = {
    keepFirst: where(isApplied, constant(beta1), 1),
    addFirst: multiply(clip, 1 - beta1),
    keepSecond: where(isApplied, constant(beta2), 1),
    addSecond: where(isApplied, multiply(square(clip), 1 - beta2), -1),
    keepParameter: parameter.weightDecay === 0 ? undefined : decayFactor(step, parameter),
    stepSize: where(isApplied, rate, 0),
    nudge,
    floor: multiply(root, epsilon),
  };
  return scope(parameter.name, () => adamWWith(state, gradient, scalars));
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
  const { name, shape } = assigned;
  if (others.length === 0) return [scope(name, () => newtonSchulz(ahead, options))];
  const rows = stack.map((matrix) => scope(matrix.assigned.name, () => reshape(matrix.ahead, [1, ...shape])));
  const directions = newtonSchulz(concatenate(rows, 0), options);
  return stack.map((matrix, i) => scope(matrix.assigned.name, () => reshape(slice(directions, 0, i, i + 1), shape)));
}

/**
 * Muon (Jordan et al. 2024): m ← μ m + g, then θ ← (1 − η λ) θ − η √max(1, rows/columns) · orthogonalised(g + μ m). The root gives the
 * change the same size per output whatever the shape.
 */
function moved(step: StepScalars, assigned: AssignedParameter, parameter: Tensor, direction: Tensor): Tensor {
  const { isApplied, nudge, scheduleFactor } = step;
  const [rows = 1, columns = 1] = assigned.shape;
  const rate = multiply(scheduleFactor, assigned.learningRate * Math.sqrt(Math.max(1, rows / columns)));
  const keep = assigned.weightDecay === 0 ? undefined : decayFactor(step, assigned);
  const decayed = keep === undefined ? parameter : scope(assigned.name, () => multiply(parameter, keep));
  const size = where(isApplied, rate, 0);
  return scope(assigned.name, () => subtract(decayed, add(multiply(direction, size), nudge)));
}
