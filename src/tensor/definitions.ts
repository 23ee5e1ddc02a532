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
    const [query, key, value] = [given(q), given(k), given(v)];
    const [batch = 1, numHeads = 1, time = 1, width = 1] = query.shape;
    const outputs = queryBlocks(time, window).map((block) => {
      const weights = attentionWeights(query, key, scale, window, block);
      const seen = slice(value, 2, block.from, block.end);
      return reshape(matmul(weights, seen), [batch, numHeads, block.end - block.start, width]);
    });
    return concatenate(outputs, 2);
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
  const statistic = reciprocal(sqrt(add(reduceMean(square(x), [-1]), epsilon)));
  return reshape(statistic, [...x.shape.slice(0, -1), 1]);
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

/** Queries from `start` to `end`, which see keys from `from` to `end`. */
export interface QueryBlock {
  readonly start: number;
  readonly end: number;
  readonly from: number;
}

/**
 * Cuts the queries into blocks of about 128 positions. A block meets only the keys that some of its queries see, so the
 * products and passes that a causal mask would throw away are mostly never made: 1 − (1 + 1/n)/2 of them for n blocks.
 */
export function queryBlocks(time: number, window: number | null): QueryBlock[] {
  const numBlocks = Math.min(8, Math.max(1, Math.round(time / 128)));
  const edge = (i: number) => Math.round((i * time) / numBlocks);
  return Array.from({ length: numBlocks }, (_, i) => {
    const start = edge(i);
    return { start, end: edge(i + 1), from: window === null ? 0 : Math.max(0, start - window + 1) };
  });
}

/**
 * The attention weights softmax(scale · q kᵀ + mask) of a block of L queries on the S keys that it sees, with the query
 * heads of one group stacked along time, [B, G, (H/G) · L, S]: so grouped heads need no copy of keys and values, and
 * their gradients sum by themselves.
 */
export function attentionWeights(
  q: Tensor,
  k: Tensor,
  scale: number,
  window: number | null,
  block: QueryBlock,
): Tensor {
  const [batch = 1, numHeads = 1] = q.shape;
  const numGroups = k.shape[1] ?? 1;
  const [length, numKeys] = [block.end - block.start, block.end - block.from];
  const seen = slice(k, 2, block.from, block.end);
  const scores = matmul(scaledQuery(q, k, scale, block), seen, { transposeRight: true });
  const masked = add(
    reshape(scores, [batch, numGroups, numHeads / numGroups, length, numKeys]),
    attentionMask(block, window, q.dtype),
  );
  return softmax(reshape(masked, scores.shape));
}

/** scale · q of a block with the heads of a group stacked along time, [B, G, (H/G) · L, K]. */
export function scaledQuery(q: Tensor, k: Tensor, scale: number, block: QueryBlock): Tensor {
  return stackGroups(multiply(slice(q, 2, block.start, block.end), scale), k);
}

/** [B, H, L, K] → [B, G, (H/G) · L, K] */
export function stackGroups(x: Tensor, k: Tensor): Tensor {
  const [batch = 1, numHeads = 1, length = 1, width = 1] = x.shape;
  const numGroups = k.shape[1] ?? 1;
  return reshape(x, [batch, numGroups, (numHeads / numGroups) * length, width]);
}

/** 0 where a query may see a key, a number that drowns every score elsewhere. [L, S] */
function attentionMask({ start, end, from }: QueryBlock, window: number | null, dtype: Tensor['dtype']): Tensor {
  const query = add(reshape(iota(end - start), [end - start, 1]), start);
  const key = add(reshape(iota(end - from), [1, end - from]), from);
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
