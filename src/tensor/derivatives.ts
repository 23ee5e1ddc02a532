import { layerNorm, relu, rotaryEmbedding, sigmoid, softmax } from './composites.ts';
import {
  attentionWeights,
  centred,
  geluErf,
  geluTanh,
  inverseRootMeanSquare,
  queryBlocks,
  scaledQuery,
  stackGroups,
  targetIndices,
} from './definitions.ts';
import {
  add,
  broadcastTo,
  cast,
  concatenate,
  cos,
  cumulativeSum,
  divide,
  equal,
  exp,
  fill,
  gatherRows,
  less,
  lessOrEqual,
  log,
  matmul,
  multiply,
  negate,
  pad,
  power,
  reduceMean,
  reduceSum,
  reshape,
  scatterAddAlongAxis,
  scatterAddRows,
  sign,
  sin,
  slice,
  square,
  subtract,
  sumTo,
  takeAlongAxis,
  transpose,
  where,
} from './functions.ts';
import type { OpName } from './ops/index.ts';
import type { Shape } from './shape.ts';
import type { Tensor } from './tensor.ts';

/**
 * The derivative of every op: from a node y = f(x₁, x₂, …) and the gradient g = ∂L/∂y, the gradients ∂L/∂xᵢ. A rule gives
 * `null` for an operand that carries none (indices, conditions). `none` marks ops without a derivative, or whose
 * derivative is zero wherever it exists.
 */
type DerivativeRule<Name extends OpName> = (node: Tensor<Name>, g: Tensor) => readonly (Tensor | null)[];

const none = null;

/** Rules for ops of one operand. */
const ofOne =
  (rule: (x: Tensor, g: Tensor, y: Tensor) => Tensor) =>
  (y: Tensor, g: Tensor): readonly Tensor[] => [rule(at(y, 0), g, y)];

/** Rules for ops of two operands that broadcast: each gradient is summed back to its operand's shape. */
const ofTwo =
  (left: (x: Tensor, y: Tensor, g: Tensor, z: Tensor) => Tensor, right: typeof left) =>
  (z: Tensor, g: Tensor): readonly Tensor[] => {
    const [x, y] = [at(z, 0), at(z, 1)];
    return [sumTo(left(x, y, g, z), x.shape), sumTo(right(x, y, g, z), y.shape)];
  };

/** The greater (or smaller) operand gets the gradient; equals share it, as in JAX and PyTorch. */
const ofExtremum = (isChosen: (x: Tensor, y: Tensor) => [strict: Tensor, weak: Tensor]) => {
  const share = (x: Tensor, y: Tensor, g: Tensor) => {
    const [strict, weak] = isChosen(x, y);
    return multiply(g, multiply(add(cast(strict, g.dtype), cast(weak, g.dtype)), 0.5));
  };
  return ofTwo(
    (x, y, g) => share(x, y, g),
    (x, y, g) => share(y, x, g),
  );
};

export const derivatives: { readonly [Name in OpName]: DerivativeRule<Name> | null } = {
  input: none,
  state: none,
  constant: none,
  iota: none,
  stopGradient: none,
  after: (_, g) => [g, null],

  negate: ofOne((_, g) => negate(g)),
  abs: ofOne((x, g) => multiply(g, sign(x))),
  sign: none,
  exp: ofOne((_, g, y) => multiply(g, y)),
  log: ofOne((x, g) => divide(g, x)),
  sqrt: ofOne((_, g, y) => divide(multiply(g, 0.5), y)),
  reciprocal: ofOne((_, g, y) => negate(multiply(g, square(y)))),
  floor: none,
  sin: ofOne((x, g) => multiply(g, cos(x))),
  cos: ofOne((x, g) => negate(multiply(g, sin(x)))),
  tanh: ofOne((_, g, y) => multiply(g, subtract(1, square(y)))),
  erf: ofOne((x, g) => multiply(g, multiply(exp(negate(square(x))), 2 / Math.sqrt(Math.PI)))),

  add: ofTwo(
    (_x, _y, g) => g,
    (_x, _y, g) => g,
  ),
  subtract: ofTwo(
    (_x, _y, g) => g,
    (_x, _y, g) => negate(g),
  ),
  multiply: ofTwo(
    (_, y, g) => multiply(g, y),
    (x, _, g) => multiply(g, x),
  ),
  divide: ofTwo(
    (_, y, g) => divide(g, y),
    (_, y, g, z) => negate(divide(multiply(g, z), y)),
  ),
  power: ofTwo(
    // x⁰ is 1 everywhere: without the selection 0 · 0⁻¹ would be no number.
    (x, y, g) => where(equal(y, 0), 0, multiply(g, multiply(y, power(x, subtract(y, 1))))),
    // The logarithm is taken only where x > 0; elsewhere the derivative by the exponent is 0, as in JAX.
    (x, _, g, z) => multiply(g, multiply(z, log(where(less(0, x), x, 1)))),
  ),
  maximum: ofExtremum((x, y) => [less(y, x), lessOrEqual(y, x)]),
  minimum: ofExtremum((x, y) => [less(x, y), lessOrEqual(x, y)]),
  equal: none,
  less: none,
  lessOrEqual: none,
  and: none,
  or: none,
  not: none,
  where: (node, g) => {
    const condition = at(node, 0);
    return [null, sumTo(where(condition, g, 0), at(node, 1).shape), sumTo(where(condition, 0, g), at(node, 2).shape)];
  },
  cast: ofOne((x, g) => cast(g, x.dtype)),

  reduceSum: (node, g) => {
    const x = at(node, 0);
    return [broadcastTo(reshape(g, keptShape(x.shape, node.attributes.axes)), x.shape)];
  },
  reduceMax: (node, g) => {
    const x = at(node, 0);
    const { axes } = node.attributes;
    const kept = keptShape(x.shape, axes);
    const isMaximum = cast(equal(x, reshape(node, kept)), x.dtype);
    const share = divide(isMaximum, reduceSum(isMaximum, axes, { keepDimensions: true }));
    return [multiply(share, reshape(g, kept))];
  },
  argMax: none,
  cumulativeSum: (node, g) => [cumulativeSum(g, node.attributes.axis, { reverse: !node.attributes.reverse })],

  matmul: (node, g) => {
    const [x, y] = [at(node, 0), at(node, 1)];
    const { transposeLeft, transposeRight } = node.attributes;
    // With C = A B: dA = g Bᵀ and dB = Aᵀ g; a transposed operand gets the transpose of that.
    const dx = transposeLeft
      ? matmul(y, g, { transposeLeft: transposeRight, transposeRight: true })
      : matmul(g, y, { transposeRight: !transposeRight });
    const dy = transposeRight
      ? matmul(g, x, { transposeLeft: true, transposeRight: transposeLeft })
      : matmul(x, g, { transposeLeft: !transposeLeft });
    return [sumTo(dx, x.shape), sumTo(dy, y.shape)];
  },

  reshape: ofOne((x, g) => reshape(g, x.shape)),
  transpose: (node, g) => {
    const inverse = new Array<number>(g.shape.length);
    node.attributes.permutation.forEach((axis, i) => {
      inverse[axis] = i;
    });
    return [transpose(g, inverse)];
  },
  broadcastTo: ofOne((x, g) => sumTo(g, x.shape)),
  slice: (node, g) => {
    const { starts, ends } = node.attributes;
    return [
      pad(
        g,
        starts,
        at(node, 0).shape.map((extent, axis) => extent - (ends[axis] ?? 0)),
      ),
    ];
  },
  pad: (node, g) => {
    const { before } = node.attributes;
    return [sliceAll(g, before, at(node, 0).shape)];
  },
  concatenate: (node, g) => {
    const { axis } = node.attributes;
    let start = 0;
    return node.inputs.map((input) => {
      const end = start + (input.shape[axis] ?? 1);
      const part = slice(g, axis, start, end);
      start = end;
      return part;
    });
  },

  gatherRows: (node, g) => [scatterAddRows(fill(0, at(node, 0).shape, g.dtype), at(node, 1), g), null],
  scatterAddRows: (node, g) => [g, null, gatherRows(g, at(node, 1))],
  takeAlongAxis: (node, g) => {
    const zeros = fill(0, at(node, 0).shape, g.dtype);
    return [scatterAddAlongAxis(zeros, at(node, 1), g, node.attributes.axis), null];
  },
  scatterAddAlongAxis: (node, g) => [g, null, takeAlongAxis(g, at(node, 1), node.attributes.axis)],

  relu: ofOne((x, g) => where(less(0, x), g, 0)),
  // d max(x, 0)² = 2 max(x, 0): zero where x < 0 without any mask.
  reluSquared: ofOne((x, g) => multiply(g, multiply(relu(x), 2))),
  sigmoid: ofOne((_, g, y) => multiply(g, multiply(y, subtract(1, y)))),
  silu: ofOne((x, g, y) => {
    const s = sigmoid(x);
    return multiply(g, add(s, multiply(y, subtract(1, s))));
  }),
  gelu: (node, g) => {
    const x = at(node, 0);
    if (node.attributes.approximation === 'none') {
      const density = multiply(exp(multiply(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
      const distribution = multiply(add(geluErf(x), 1), 0.5);
      return [multiply(g, add(distribution, multiply(x, density)))];
    }
    const t = geluTanh(x);
    const slope = multiply(add(multiply(square(x), 3 * 0.044715), 1), Math.sqrt(2 / Math.PI));
    const inner = multiply(multiply(x, subtract(1, square(t))), slope);
    return [multiply(multiply(g, 0.5), add(add(t, 1), inner))];
  },
  softmax: (y, g) => {
    const projection = reduceSum(multiply(g, y), [y.attributes.axis], { keepDimensions: true });
    return [multiply(y, subtract(g, projection))];
  },
  logSumExp: (node, g) => {
    const x = at(node, 0);
    const { axis } = node.attributes;
    return [multiply(softmax(x, axis), reshape(g, keptShape(x.shape, [axis])))];
  },
  rmsNorm: (y, g) => {
    const x = at(y, 0);
    const projection = reduceMean(multiply(g, y), [-1], { keepDimensions: true });
    return [multiply(subtract(g, multiply(y, projection)), inverseRootMeanSquare(x, y.attributes.epsilon))];
  },
  layerNorm: (y, g) => {
    const x = at(y, 0);
    const { epsilon } = y.attributes;
    const normalized = layerNorm(x, { epsilon });
    const projection = reduceMean(multiply(g, normalized), [-1], { keepDimensions: true });
    const inner = subtract(centred(g), multiply(normalized, projection));
    return [multiply(inner, inverseRootMeanSquare(centred(x), epsilon))];
  },
  rotaryEmbedding: (node, g) => {
    const [cosines, sines] = [at(node, 1), at(node, 2)];
    const halves = (x: Tensor) => [0, 1].map((half) => slice(x, -1, (half * width) / 2, ((half + 1) * width) / 2));
    const width = g.shape.at(-1) ?? 2;
    const [x1 = g, x2 = g, g1 = g, g2 = g] = [...halves(at(node, 0)), ...halves(g)];
    return [
      // Turning back.
      rotaryEmbedding(g, { cos: cosines, sin: negate(sines) }),
      sumTo(add(multiply(g1, x1), multiply(g2, x2)), cosines.shape),
      sumTo(subtract(multiply(g2, x1), multiply(g1, x2)), sines.shape),
    ];
  },
  attention: (output, g) => {
    const [q, k, v] = [at(output, 0), at(output, 1), at(output, 2)];
    const { scale, window } = output.attributes;
    const [batch = 1, numHeads = 1, time = 1, width = 1] = q.shape;
    // Σₛ P dP along a row equals Σ O dO (Dao et al. 2022, appendix B.2), which is K wide instead of S.
    const projection = reduceSum(multiply(g, output), [-1], { keepDimensions: true });
    const dq: Tensor[] = [];
    let dk: Tensor | undefined;
    let dv: Tensor | undefined;
    for (const block of queryBlocks(time, window)) {
      const { start, end, from } = block;
      const weights = attentionWeights(q, k, scale, window, block);
      const gBlock = stackGroups(slice(g, 2, start, end), k);
      const dWeights = matmul(gBlock, slice(v, 2, from, end), { transposeRight: true });
      const dScores = multiply(weights, subtract(dWeights, stackGroups(slice(projection, 2, start, end), k)));
      const dqBlock = matmul(dScores, slice(k, 2, from, end));
      dq.push(multiply(reshape(dqBlock, [batch, numHeads, end - start, width]), scale));
      // Each block adds to the keys that it saw; those before `end` are all that any block so far has seen.
      dk = addAt(dk, matmul(dScores, scaledQuery(q, k, scale, block), { transposeLeft: true }), from, end);
      dv = addAt(dv, matmul(weights, gBlock, { transposeLeft: true }), from, end);
    }
    return [concatenate(dq, 2), dk ?? null, dv ?? null];
  },
  crossEntropy: (node, g) => {
    const [logits, targets] = [at(node, 0), at(node, 1)];
    const { isIgnored, indices } = targetIndices(targets, node.attributes.ignoredTarget);
    const weight = reshape(isIgnored ? where(isIgnored, 0, g) : g, [-1, 1]);
    const minusOne = fill(-1, indices.shape, logits.dtype);
    return [multiply(scatterAddAlongAxis(softmax(logits), indices, minusOne, 1), weight), null];
  },
};

/** The operand at `index`; the op's rule has checked how many there are. */
function at(node: Tensor, index: number): Tensor {
  const input = node.inputs[index];
  if (input === undefined) throw new RangeError(`${node.op} has no operand ${index}`);
  return input;
}

/** `shape` with the reduced axes at extent 1. */
function keptShape(shape: Shape, axes: readonly number[]): Shape {
  return shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
}

/** The part of x that starts at `starts` and has `shape`. */
function sliceAll(x: Tensor, starts: readonly number[], shape: Shape): Tensor {
  return shape.reduce<Tensor>((part, extent, axis) => {
    const start = starts[axis] ?? 0;
    return slice(part, axis, start, start + extent);
  }, x);
}

/** `total` [B, G, ≤ end, K] grown to `end` positions by zeros, plus `part` at the positions from `from` to `end`. */
function addAt(total: Tensor | undefined, part: Tensor, from: number, end: number): Tensor {
  const along = (x: Tensor, before: number) => {
    const missing = end - before - (x.shape[2] ?? 0);
    return before + missing === 0 ? x : pad(x, [0, 0, before, 0], [0, 0, missing, 0]);
  };
  const placed = along(part, from);
  return total ? add(along(total, 0), placed) : placed;
}
