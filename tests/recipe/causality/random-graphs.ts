import type { RandomStream } from '../../../src/core/index.ts';
import * as t from '../../../src/tensor/index.ts';

export const batchSize = 2;
export const contextLength = 4;
const width = 3;

/**
 * A random graph over tokens [2, 4] as a Program: every value on the way is an output `value.N`, so that all of them can be
 * compared with what was proved of them. Ops are drawn from all kinds: products with known zeros, masks, sorts of lookups, moves. It
 * computes in `dtype`, on states of float32.
 */
export function randomProgram(random: RandomStream, numOps: number, dtype: t.DType = 'float32'): t.Program {
  return t.trace(
    ({ tokens, segments }, states) => {
      const [embedding, matrix, vector] = [states.embedding, states.matrix, states.vector].map((x) =>
        t.cast(x, dtype),
      ) as [t.Tensor, t.Tensor, t.Tensor];
      const x = t.gatherRows(embedding, tokens);
      const mask = t.lessOrEqual(
        t.reshape(t.iota(contextLength), [1, contextLength]),
        t.reshape(t.iota(contextLength), [contextLength, 1]),
      );
      const pool: t.Tensor[] = [x, t.cast(tokens, dtype), t.cast(segments, dtype), matrix, vector, t.cast(mask, dtype)];
      for (let i = 0; i < numOps; i++) pool.push(randomOp(random, pool, mask));
      const outputs = pool.map((value, i) => [`value.${i}`, value] as const);
      return { outputs: { logits: x, ...Object.fromEntries(outputs) } };
    },
    {
      inputs: {
        tokens: { shape: [batchSize, contextLength], dtype: 'int32' },
        segments: { shape: [batchSize, contextLength], dtype: 'int32' },
      },
      state: {
        embedding: { shape: [5, width] },
        matrix: { shape: [contextLength, contextLength] },
        vector: { shape: [width] },
      },
    },
  );
}

type Build = (x: t.Tensor, pick: <T>(items: readonly T[]) => T, pool: readonly t.Tensor[], mask: t.Tensor) => t.Tensor;

const unaries = [
  t.negate,
  t.abs,
  t.sign,
  t.exp,
  t.floor,
  t.sin,
  t.cos,
  t.tanh,
  t.erf,
  t.sigmoid,
  t.silu,
  t.relu,
  t.gelu,
  t.stopGradient,
  t.sqrt,
  t.log,
  t.reciprocal,
  (x: t.Tensor) => t.cast(t.equal(x, 0), x.dtype),
];
const binaries = [t.add, t.subtract, t.multiply, t.maximum, t.minimum, t.divide, t.power];
const axisOf = (x: t.Tensor, pick: <T>(items: readonly T[]) => T) => pick(x.shape.map((_, axis) => axis));
const kept = { keepDimensions: true };

/** x against another value that broadcasts with it, or a number. */
const pair: Build = (x, pick, pool) => {
  const partners = pool.filter((y) => t.broadcastShapes(x.shape, y.shape) !== undefined && t.sizeOf(y.shape) <= 64);
  const y = pick([...partners, t.constant(pick([0, 1, -2, 0.5, 1e3]), x.dtype)]);
  return pick(binaries)(x, y);
};

const builds: readonly Build[] = [
  (x, pick) => pick(unaries)(x),
  pair,
  pair,
  (x, _, pool) =>
    t.matmul(x.shape.length >= 2 && x.shape.at(-2) === contextLength ? (pool[5] ?? x) : x, x, {
      transposeRight: x.shape.at(-2) !== contextLength,
    }),
  (x, pick, pool) => {
    const left = pick(pool.filter(({ shape }) => shape.length === 2 && shape[1] === contextLength));
    return x.shape.at(-2) === contextLength
      ? t.matmul(left, x, { transposeLeft: pick([true, false]) && left.shape[0] === contextLength })
      : x;
  },
  (x, _pick, _pool, mask) => {
    if (x.shape.at(-1) !== contextLength || x.shape.at(-2) !== contextLength) return t.square(x);
    return t.where(mask, t.softmax(t.where(mask, x, -1e30)), 0);
  },
  (x, pick, pool, mask) =>
    x.shape.at(-1) === contextLength ? t.where(mask, x, pick([0, -1e30])) : t.add(x, pool[4] ?? x),
  (x, _pick, _pool, mask) => {
    const isNegative = t.less(x, 0);
    return t.where(
      t.broadcastShapes(x.shape, mask.shape) ? t.or(isNegative, mask) : isNegative,
      t.fill(1, [1], x.dtype),
      2,
    );
  },
  (x, pick) => t.cumulativeSum(x, axisOf(x, pick), { reverse: pick([true, false]) }),
  (x, pick) => pick([t.reduceSum, t.reduceMax, t.reduceMean])(x, [axisOf(x, pick)], kept),
  (x, pick) => t.softmax(x, axisOf(x, pick)),
  (x) => t.rmsNorm(x),
  (x, pick) =>
    t.transpose(x, pick([x.shape.map((_, i) => i).reverse(), x.shape.map((_, i) => (i + 1) % x.shape.length)])),
  (x, pick) => {
    const axis = axisOf(x, pick);
    const extent = x.shape[axis] ?? 1;
    return extent === 1
      ? x
      : t.concatenate([t.slice(x, axis, extent - 1, extent), t.slice(x, axis, 0, extent - 1)], axis);
  },
  (x, pick) => {
    const axis = axisOf(x, pick);
    const before = x.shape.map((_, i) => Number(i === axis));
    return t.slice(
      t.pad(
        x,
        before,
        x.shape.map(() => 0),
      ),
      axis,
      0,
      x.shape[axis] ?? 1,
    );
  },
  (x, pick) =>
    t.reshape(
      x,
      pick(
        [[-1], [batchSize, -1], [...x.shape, 1], [1, ...x.shape]].filter(
          (shape) => t.sizeOf(x.shape) % t.sizeOf(shape.map(Math.abs)) === 0,
        ),
      ),
    ),
  (x, pick) => {
    const axis = axisOf(x, pick);
    return t.multiply(
      x,
      t.cast(t.less(t.reshape(t.iota(x.shape[axis] ?? 1), [-1, ...x.shape.slice(axis + 1).map(() => 1)]), 2), x.dtype),
    );
  },
  (x, pick) => {
    const axis = axisOf(x, pick);
    const extent = x.shape[axis] ?? 1;
    const own = t.broadcastTo(t.reshape(t.iota(extent), [-1, ...x.shape.slice(axis + 1).map(() => 1)]), x.shape);
    const wanted = t.cast(t.minimum(t.maximum(x, 0), extent - 1), 'int32');
    return t.takeAlongAxis(x, pick([own, wanted, t.minimum(own, wanted), t.maximum(t.subtract(own, 1), 0)]), axis);
  },
  (x, pick) => {
    const axis = axisOf(x, pick);
    const extent = x.shape[axis] ?? 1;
    const indices = t.cast(t.minimum(t.maximum(x, 0), extent - 1), 'int32');
    return t.scatterAddAlongAxis(pick([x, t.fill(0, x.shape, x.dtype)]), indices, x, axis);
  },
  (x, pick) => t.reshape(t.cast(t.argMax(x, axisOf(x, pick)), x.dtype), [-1]),
  (x, pick, pool) =>
    t.gatherRows(
      pick(pool.filter(({ shape }) => (shape[0] ?? 0) === contextLength)),
      t.cast(t.minimum(t.maximum(x, 0), 3), 'int32'),
    ),
  (x, pick, pool) =>
    t.where(t.less(x, pick([0, 1e30, -1e30])), x, pool[4] && t.broadcastShapes(x.shape, pool[4].shape) ? pool[4] : 1),
  (x, pick) => {
    if (x.shape.length !== 3 || x.shape[0] !== batchSize) return t.divide(x, 2);
    const heads = t.reshape(x, [batchSize, 1, x.shape[1] ?? 1, x.shape[2] ?? 1]);
    return t.reshape(t.attention(heads, heads, heads, pick([{}, { window: 2 }, { window: 3 }])), x.shape);
  },
];

function randomOp(random: RandomStream, pool: readonly t.Tensor[], mask: t.Tensor): t.Tensor {
  const pick = <T>(items: readonly T[]): T => items[random.nextInteger(items.length)] as T;
  for (;;) {
    // Later values more often, so that graphs get deep.
    const x = pick([...pool, ...pool.slice(-2), ...pool.slice(-2)]);
    if (x.shape.length === 0 || x.shape.length > 4) continue;
    try {
      const made = pick(builds)(x, pick, pool, mask);
      if (t.sizeOf(made.shape) <= 512 && made.shape.length <= 5) return made;
    } catch {
      // A draw whose shapes do not fit.
    }
  }
}
