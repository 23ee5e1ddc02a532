import {
  add,
  divide,
  matmul,
  multiply,
  reciprocal,
  reduceSum,
  sqrt,
  square,
  subtract,
  type TensorLike,
  transpose,
} from './functions.ts';
import type { Tensor } from './tensor.ts';

/** Exponential averages of 1: what bias correction divides by. Both start at 0. */
export interface BiasCorrection {
  /** 1 − β₁ᵗ after t steps, a scalar. */
  readonly first: Tensor;
  /** 1 − β₂ᵗ after t steps, a scalar. */
  readonly second: Tensor;
}

export interface AdamWOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Decoupled weight decay: each step multiplies the parameter by 1 − learning rate · weight decay. */
  readonly weightDecay: number;
}

/**
 * The next bias correction, cₜ = β cₜ₋₁ + (1 − β). Equal to 1 − βᵗ, but in float32 the first steps keep their digits where
 * 1 − βᵗ would lose them to cancellation; after many steps it settles within about 1e-5 of 1.
 */
export function nextBiasCorrection(
  previous: BiasCorrection,
  { beta1, beta2 }: Pick<AdamWOptions, 'beta1' | 'beta2'>,
): BiasCorrection {
  return {
    first: add(multiply(previous.first, beta1), 1 - beta1),
    second: add(multiply(previous.second, beta2), 1 - beta2),
  };
}

export interface AdamWState {
  readonly parameter: Tensor;
  readonly firstMoment: Tensor;
  readonly secondMoment: Tensor;
}

/** The numbers of an AdamW update, for who must choose them step by step. */
export interface AdamWScalars {
  /** m ← keepFirst · m + addFirst · g. */
  readonly keepFirst: TensorLike;
  readonly addFirst: TensorLike;
  /** v ← keepSecond · v + addSecond · g². */
  readonly keepSecond: TensorLike;
  readonly addSecond: TensorLike;
  /** θ ← keepParameter · θ − (stepSize · m + nudge) / (√v + floor). Left out: θ as it is, and no nudge. */
  readonly keepParameter?: TensorLike | undefined;
  readonly stepSize: TensorLike;
  readonly nudge?: TensorLike | undefined;
  readonly floor: TensorLike;
}

/** One AdamW update with its scalars as they are given; `adamW` derives them from the usual ones. */
export function adamWWith(state: AdamWState, gradient: Tensor, scalars: AdamWScalars): AdamWState {
  const { keepFirst, addFirst, keepSecond, addSecond, keepParameter, stepSize, nudge, floor } = scalars;
  const firstMoment = add(multiply(state.firstMoment, keepFirst), multiply(gradient, addFirst));
  const secondMoment = add(multiply(state.secondMoment, keepSecond), multiply(square(gradient), addSecond));
  const scaled = multiply(firstMoment, stepSize);
  const step = divide(nudge === undefined ? scaled : add(scaled, nudge), add(sqrt(secondMoment), floor));
  const kept = keepParameter === undefined ? state.parameter : multiply(state.parameter, keepParameter);
  return { parameter: subtract(kept, step), firstMoment, secondMoment };
}

/**
 * One AdamW update (Loshchilov & Hutter 2019, algorithm 2):
 * m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g², θ ← (1 − η λ) θ − η (m / c₁) / (√(v / c₂) + ε).
 *
 * The last quotient is computed as (η √c₂ / c₁) · m / (√v + ε √c₂): the same number, with the scalars gathered in one
 * factor so that fewer passes over the parameter are needed.
 *
 * @param learningRate η, a scalar tensor
 * @param correction c₁ and c₂ of this step
 */
export function adamW(
  state: AdamWState,
  gradient: Tensor,
  learningRate: Tensor,
  correction: BiasCorrection,
  { beta1, beta2, epsilon, weightDecay }: AdamWOptions,
): AdamWState {
  const root = sqrt(correction.second);
  return adamWWith(state, gradient, {
    keepFirst: beta1,
    addFirst: 1 - beta1,
    keepSecond: beta2,
    addSecond: 1 - beta2,
    keepParameter: weightDecay === 0 ? undefined : subtract(1, multiply(learningRate, weightDecay)),
    stepSize: divide(multiply(learningRate, root), correction.first),
    floor: multiply(root, epsilon),
  });
}

export interface NewtonSchulzOptions {
  /** Default 5. */
  readonly numSteps?: number;
  /** a, b, c of X ← aX + (bA + cA²)X. Default 3.4445, −4.7750, 2.0315 (Jordan et al. 2024, "Muon"). */
  readonly coefficients?: readonly [number, number, number];
  /** Added to the norm that X starts divided by. Default 1e-7. */
  readonly epsilon?: number;
}

/**
 * Approximately orthogonal matrices with the singular vectors of those in `x`, by a quintic Newton–Schulz iteration on
 * X / ‖X‖ with A = X Xᵀ. The iteration runs on the orientation with fewer rows, where A is smaller. Matrices of equal shape cost
 * less in one stack than one by one: fewer nodes, and the products of small ones run side by side.
 *
 * @param x [..., M, N]
 * @returns [..., M, N]; with the default coefficients the singular values lie between about 0.7 and 1.2
 */
export function newtonSchulz(x: Tensor, options: NewtonSchulzOptions = {}): Tensor {
  const { numSteps = 5, coefficients = [3.4445, -4.775, 2.0315], epsilon = 1e-7 } = options;
  const [a, b, c] = coefficients;
  const rank = x.shape.length;
  const isTall = (x.shape[rank - 2] ?? 1) > (x.shape[rank - 1] ?? 1);
  const turned = [...Array.from({ length: rank - 2 }, (_, axis) => axis), rank - 1, rank - 2];
  const norm = sqrt(reduceSum(square(x), [-2, -1], { keepDimensions: rank > 2 }));
  let X = multiply(isTall ? transpose(x, turned) : x, reciprocal(add(norm, epsilon)));
  for (let step = 0; step < numSteps; step++) {
    const A = matmul(X, X, { transposeRight: true });
    const polynomial = add(multiply(A, b), multiply(matmul(A, A), c));
    X = add(multiply(X, a), matmul(polynomial, X));
  }
  return isTall ? transpose(X, turned) : X;
}
