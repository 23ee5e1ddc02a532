import { logSumExp, relu, rmsNorm, sigmoid, softmax } from './composites.ts';
import {
  add,
  and,
  cast,
  concatenate,
  divide,
  equal,
  erf,
  exp,
  iota,
  less,
  lessOrEqual,
  log,
  matmul,
  maximum,
  multiply,
  negate,
  reciprocal,
  reduceMax,
  reduceMean,
  reduceSum,
  reshape,
  slice,
  sqrt,
  square,
  subtract,
  takeAlongAxis,
  tanh,
  where,
} from './functions.ts';
import type { AttributesOf, CompositeName } from './ops/index.ts';
import type { Tensor } from './tensor.ts';

/**
 * What each composite means, in primitives and simpler composites. Attention and normalisation are also given in pieces,
 * so that their derivatives can name an intermediate value: an engine that runs a composite by its definition then
 * computes that value once, because equal nodes of a Program are one node.
 */
export const definitions: {
  readonly [Name in CompositeName]: (inputs: readonly Tensor[], attributes: AttributesOf<Name>) => Tensor;
} = {
  relu: ([x]) => maximum(given(x), 0),
  reluSquared: ([x]) => square(relu(given(x))),
  sigmoid: ([x]) => reciprocal(add(exp(negate(given(x))), 1)),
  silu: ([x]) => multiply(given(x), sigmoid(given(x))),
  gelu: ([x], { approximation }) => {
    const input = given(x);
    return multiply(multiply(input, 0.5), add(approximation === 'tanh' ? geluTanh(input) : geluErf(input), 1));
  },
  softmax: ([x], { axis }) => {
    const exponentials = exp(subtract(given(x), reduceMax(given(x), [axis], { keepDimensions: true })));
    return divide(exponentials, reduceSum(exponentials, [axis], { keepDimensions: true }));
  },
  logSumExp: ([x], { axis }) => {
    const maxima = reduceMax(given(x), [axis], { keepDimensions: true });
    const sums = reduceSum(exp(subtract(given(x), maxima)), [axis], { keepDimensions: true });
    return reshape(
      add(log(sums), maxima),
      given(x).shape.filter((_, i) => i !== axis),
    );
  },
  rmsNorm: ([x], { epsilon }) => multiply(given(x), inverseRootMeanSquare(given(x), epsilon)),
  layerNorm: ([x], { epsilon }) => rmsNorm(centred(given(x)), { epsilon }),
  rotaryEmbedding: ([x, cos, sin]) => rotate(given(x), given(cos), given(sin)),
  attention: ([q, k, v], { scale, window }) => {
    const query = given(q);
    const weights = attentionWeights(query, given(k), scale, window);
    return reshape(matmul(weights, given(v)), query.shape);
  },
  crossEntropy: ([logits, targets], { ignoredTarget }) => {
    const { isIgnored, indices } = targetIndices(given(targets), ignoredTarget);
    const losses = subtract(logSumExp(given(logits)), reshape(takeAlongAxis(given(logits), indices, 1), [-1]));
    return isIgnored ? where(isIgnored, 0, losses) : losses;
  },
};

/** erf(x / √2) */
export function geluErf(x: Tensor): Tensor {
  return erf(multiply(x, Math.SQRT1_2));
}

/** tanh(√(2/π) (x + 0.044715 x³)) */
export function geluTanh(x: Tensor): Tensor {
  const cubic = multiply(x, add(multiply(square(x), 0.044715), 1));
  return tanh(multiply(cubic, Math.sqrt(2 / Math.PI)));
}

/** 1 / √(mean(x²) + ε) over the last axis, kept with extent 1. */
export function inverseRootMeanSquare(x: Tensor, epsilon: number): Tensor {
  return reciprocal(sqrt(add(reduceMean(square(x), [-1], { keepDimensions: true }), epsilon)));
}

/** x − mean(x) over the last axis. */
export function centred(x: Tensor): Tensor {
  return subtract(x, reduceMean(x, [-1], { keepDimensions: true }));
}

/** Each pair (a, b) of first and second half turned: (a cos − b sin, b cos + a sin). */
function rotate(x: Tensor, cos: Tensor, sin: Tensor): Tensor {
  const width = x.shape.at(-1) ?? 2;
  const [first, second] = [slice(x, -1, 0, width / 2), slice(x, -1, width / 2, width)];
  const turned = [
    subtract(multiply(first, cos), multiply(second, sin)),
    add(multiply(second, cos), multiply(first, sin)),
  ];
  return concatenate(turned, -1);
}

/**
 * The attention weights softmax(scale · q kᵀ + mask) with the query heads of one group stacked along time,
 * [B, G, (H/G) · T, T]: so grouped heads need no copy of keys and values, and their gradients sum by themselves.
 */
export function attentionWeights(q: Tensor, k: Tensor, scale: number, window: number | null): Tensor {
  const [batch = 1, numHeads = 1, time = 1] = q.shape;
  const numGroups = k.shape[1] ?? 1;
  const scores = matmul(scaledQuery(q, k, scale), k, { transposeRight: true });
  const masked = add(
    reshape(scores, [batch, numGroups, numHeads / numGroups, time, time]),
    attentionMask(time, window, q.dtype),
  );
  return softmax(reshape(masked, scores.shape));
}

/** scale · q with the heads of a group stacked along time, [B, G, (H/G) · T, K]. */
export function scaledQuery(q: Tensor, k: Tensor, scale: number): Tensor {
  return stackGroups(multiply(q, scale), k);
}

/** [B, H, T, K] → [B, G, (H/G) · T, K] */
export function stackGroups(x: Tensor, k: Tensor): Tensor {
  const [batch = 1, numHeads = 1, time = 1, width = 1] = x.shape;
  const numGroups = k.shape[1] ?? 1;
  return reshape(x, [batch, numGroups, (numHeads / numGroups) * time, width]);
}

/** 0 where position t may see position s, a number that drowns every score elsewhere. [T, T] */
function attentionMask(time: number, window: number | null, dtype: Tensor['dtype']): Tensor {
  const query = reshape(iota(time), [time, 1]);
  const key = reshape(iota(time), [1, time]);
  const isPast = lessOrEqual(key, query);
  const isSeen = window === null ? isPast : and(isPast, less(subtract(query, key), window));
  return cast(where(isSeen, 0, -1e30), dtype);
}

/** Targets as indices [N, 1] that are always in range, and which positions to ignore. */
export function targetIndices(
  targets: Tensor,
  ignoredTarget: number | null,
): { isIgnored: Tensor | undefined; indices: Tensor } {
  const column = (x: Tensor) => reshape(x, [-1, 1]);
  if (ignoredTarget === null) return { isIgnored: undefined, indices: column(targets) };
  const isIgnored = equal(targets, ignoredTarget);
  return { isIgnored, indices: column(where(isIgnored, 0, targets)) };
}

/** One operand whose presence the op's rule has checked. */
function given(x: Tensor | undefined): Tensor {
  if (x === undefined) throw new RangeError('a composite was defined on too few operands');
  return x;
}
