import { randomStream } from '../../src/core/index.ts';
import type { NumericData } from '../../src/engine/index.ts';
import * as t from '../../src/tensor/index.ts';

/** How to draw the numbers of an operand. */
type Range =
  | { readonly kind: 'float'; readonly low: number; readonly high: number }
  /** Distinct numbers with gaps, so that a central difference never crosses a kink or a tie. */
  | { readonly kind: 'separated' }
  | { readonly kind: 'index'; readonly limit: number }
  | { readonly kind: 'bool' };

export interface OperandSpec {
  readonly shape: t.Shape;
  readonly dtype: t.DType;
  readonly range: Range;
}

/** One use of an op: operands with their ranges, and the graph that applies it. */
export interface OpCase {
  readonly name: string;
  readonly op: t.OpName;
  readonly operands: readonly OperandSpec[];
  readonly build: (...operands: t.Tensor[]) => t.Tensor;
}

const float = (shape: t.Shape, low = -2, high = 2): OperandSpec => ({
  shape,
  dtype: 'float32',
  range: { kind: 'float', low, high },
});
const separated = (shape: t.Shape): OperandSpec => ({ shape, dtype: 'float32', range: { kind: 'separated' } });
const index = (shape: t.Shape, limit: number): OperandSpec => ({
  shape,
  dtype: 'int32',
  range: { kind: 'index', limit },
});
const bool = (shape: t.Shape): OperandSpec => ({ shape, dtype: 'bool', range: { kind: 'bool' } });

type Unary = (x: t.Tensor) => t.Tensor;
type Binary = (x: t.Tensor, y: t.Tensor) => t.Tensor;

/** Shapes for ops of one operand: a scalar, size-1 axes, several ranks. */
const shapes: readonly t.Shape[] = [[], [1], [7], [3, 1], [2, 3, 4], [1, 5, 1, 2]];

/** Pairs of shapes that broadcast in every way: equal, scalar, size-1 axes on either side, missing axes. */
const broadcasts: readonly (readonly [t.Shape, t.Shape])[] = [
  [
    [3, 4],
    [3, 4],
  ],
  [[], [2, 3]],
  [[2, 3], []],
  [
    [3, 1],
    [1, 4],
  ],
  [[4], [2, 3, 4]],
  [
    [2, 1, 4],
    [3, 1],
  ],
  [[1], [1]],
];

function unaryCases(op: t.OpName, build: Unary, low = -2, high = 2): OpCase[] {
  return shapes.map((shape) => ({ name: `${op} [${shape}]`, op, operands: [float(shape, low, high)], build }));
}

function binaryCases(op: t.OpName, build: Binary, make: (shape: t.Shape, side: number) => OperandSpec): OpCase[] {
  return broadcasts.map(([x, y]) => ({ name: `${op} [${x}] [${y}]`, op, operands: [make(x, 0), make(y, 1)], build }));
}

function axesCases(op: t.OpName, build: (x: t.Tensor, axes: number[], keepDimensions: boolean) => t.Tensor): OpCase[] {
  const reductions: [t.Shape, number[]][] = [
    [[5], [0]],
    [[3, 4], [1]],
    [[3, 4], [0]],
    [
      [2, 3, 4],
      [0, 2],
    ],
    [[2, 1, 3], [1]],
    [
      [2, 3],
      [0, 1],
    ],
  ];
  return reductions.flatMap(([shape, axes]) =>
    [false, true].map((keep) => ({
      name: `${op} [${shape}] over ${axes}${keep ? ' kept' : ''}`,
      op,
      operands: [separated(shape)],
      build: (x: t.Tensor) => build(x, axes, keep),
    })),
  );
}

const one = (name: string, op: t.OpName, operands: OperandSpec[], build: OpCase['build']): OpCase => ({
  name: `${op} ${name}`,
  op,
  operands,
  build,
});

const matmulCases: OpCase[] = [
  { left: [3, 4], right: [4, 5] },
  { left: [1, 4], right: [4, 1] },
  { left: [2, 3, 4], right: [2, 4, 5] },
  { left: [2, 3, 4], right: [4, 5] },
  { left: [1, 3, 4], right: [6, 4, 2] },
  { left: [2, 1, 3, 4], right: [1, 5, 4, 2] },
].flatMap(({ left, right }) =>
  [0, 1, 2, 3].map((flags) => {
    const [transposeLeft, transposeRight] = [(flags & 1) !== 0, (flags & 2) !== 0];
    const swap = (shape: number[], on: boolean) =>
      on ? [...shape.slice(0, -2), shape.at(-1) ?? 1, shape.at(-2) ?? 1] : shape;
    return one(
      `[${left}]${transposeLeft ? 'ᵀ' : ''} [${right}]${transposeRight ? 'ᵀ' : ''}`,
      'matmul',
      [float(swap(left, transposeLeft)), float(swap(right, transposeRight))],
      (x, y) => t.matmul(x as t.Tensor, y as t.Tensor, { transposeLeft, transposeRight }),
    );
  }),
);

const ignoring = (targets: t.Tensor) => t.where(t.equal(targets, 2), -1, targets);

/** At least one case for every op of the language, by op name; `satisfies` makes a missing op a type error. */
export const opCases = {
  input: unaryCases('input', (x) => x),
  state: unaryCases('state', (x) => x),
  constant: [one('scalar', 'constant', [float([2])], (x) => t.multiply(x as t.Tensor, t.constant(1.5)))],
  iota: [
    one('float32', 'iota', [float([5])], (x) => t.multiply(x as t.Tensor, t.iota(5, 'float32'))),
    one('int32', 'iota', [float([5])], (x) => t.multiply(x as t.Tensor, t.cast(t.iota(5), 'float32'))),
  ],
  stopGradient: [
    one('in a product', 'stopGradient', [float([3])], (x) => t.add(t.stopGradient(t.constant(2)), x as t.Tensor)),
  ],
  after: [
    one('[3] after [2, 2]', 'after', [float([3]), float([2, 2])], (x, y) => t.after(x as t.Tensor, y as t.Tensor)),
    one('[2, 3] after a scalar', 'after', [float([2, 3]), float([])], (x, y) => t.after(x as t.Tensor, y as t.Tensor)),
  ],
  negate: unaryCases('negate', t.negate),
  abs: shapes.map((s) => one(`[${s}]`, 'abs', [separated(s)], (x) => t.abs(x as t.Tensor))),
  sign: shapes.map((s) => one(`[${s}]`, 'sign', [separated(s)], (x) => t.sign(x as t.Tensor))),
  exp: unaryCases('exp', t.exp),
  log: unaryCases('log', t.log, 0.2, 3),
  sqrt: unaryCases('sqrt', t.sqrt, 0.2, 3),
  reciprocal: unaryCases('reciprocal', t.reciprocal, 0.5, 3),
  floor: shapes.map((s) => one(`[${s}]`, 'floor', [separated(s)], (x) => t.floor(x as t.Tensor))),
  sin: unaryCases('sin', t.sin),
  cos: unaryCases('cos', t.cos),
  tanh: unaryCases('tanh', t.tanh),
  erf: unaryCases('erf', t.erf, -3, 3),
  add: binaryCases('add', t.add, (s) => float(s)),
  subtract: binaryCases('subtract', t.subtract, (s) => float(s)),
  multiply: binaryCases('multiply', t.multiply, (s) => float(s)),
  divide: binaryCases('divide', t.divide, (s, side) => (side ? float(s, 0.5, 3) : float(s))),
  power: binaryCases('power', t.power, (s, side) => (side ? float(s) : float(s, 0.3, 2))),
  maximum: binaryCases('maximum', t.maximum, (s) => float(s)),
  minimum: binaryCases('minimum', t.minimum, (s) => float(s)),
  equal: [one('int32', 'equal', [float([4]), index([4], 2)], (x, i) => select(t.equal(i as t.Tensor, 1), x))],
  less: [
    one('float', 'less', [separated([4, 3]), float([3], 0, 0.01)], (x, y) =>
      select(t.less(y as t.Tensor, x as t.Tensor), x),
    ),
  ],
  lessOrEqual: [
    one('int32', 'lessOrEqual', [float([4]), index([4], 3)], (x, i) => select(t.lessOrEqual(i as t.Tensor, 1), x)),
  ],
  and: [
    one('[2, 3] [3]', 'and', [float([2, 3]), bool([2, 3]), bool([3])], (x, a, b) =>
      select(t.and(a as t.Tensor, b as t.Tensor), x),
    ),
  ],
  or: [
    one('[2, 3] [3]', 'or', [float([2, 3]), bool([2, 3]), bool([3])], (x, a, b) =>
      select(t.or(a as t.Tensor, b as t.Tensor), x),
    ),
  ],
  not: [one('[2, 3]', 'not', [float([2, 3]), bool([2, 3])], (x, a) => select(t.not(a as t.Tensor), x))],
  where: [
    one('[2, 3]', 'where', [bool([2, 3]), float([2, 3]), float([2, 3])], (c, x, y) =>
      t.where(c as t.Tensor, x as t.Tensor, y as t.Tensor),
    ),
    one('broadcast', 'where', [bool([3, 1]), float([1, 4]), float([])], (c, x, y) =>
      t.where(c as t.Tensor, x as t.Tensor, y as t.Tensor),
    ),
  ],
  cast: [
    one('int32 to float32', 'cast', [float([4]), index([4], 5)], (x, i) =>
      t.multiply(x as t.Tensor, t.cast(i as t.Tensor, 'float32')),
    ),
    one('bool to float32', 'cast', [float([4]), bool([4])], (x, b) =>
      t.multiply(x as t.Tensor, t.cast(b as t.Tensor, 'float32')),
    ),
    one('float32 to int32', 'cast', [separated([4])], (x) => t.cast(t.cast(x as t.Tensor, 'int32'), 'float32')),
    one('float32 to bool', 'cast', [separated([4])], (x) => t.cast(t.cast(x as t.Tensor, 'bool'), 'float32')),
  ],
  reduceSum: axesCases('reduceSum', (x, axes, keepDimensions) => t.reduceSum(x, axes, { keepDimensions })),
  reduceMax: axesCases('reduceMax', (x, axes, keepDimensions) => t.reduceMax(x, axes, { keepDimensions })),
  argMax: [
    one('last axis', 'argMax', [separated([3, 4])], (x) => t.cast(t.argMax(x as t.Tensor), 'float32')),
    one('first axis', 'argMax', [separated([3, 1, 4])], (x) => t.cast(t.argMax(x as t.Tensor, 0), 'float32')),
  ],
  cumulativeSum: [
    one('forward', 'cumulativeSum', [float([3, 4])], (x) => t.cumulativeSum(x as t.Tensor, 1)),
    one('backward', 'cumulativeSum', [float([3, 1, 2])], (x) => t.cumulativeSum(x as t.Tensor, 0, { reverse: true })),
  ],
  matmul: matmulCases,
  reshape: [
    one('[2, 6] to [3, 4]', 'reshape', [float([2, 6])], (x) => t.reshape(x as t.Tensor, [3, 4])),
    one('[1] to []', 'reshape', [float([1])], (x) => t.reshape(x as t.Tensor, [])),
  ],
  transpose: [
    one('[2, 3]', 'transpose', [float([2, 3])], (x) => t.transpose(x as t.Tensor, [1, 0])),
    one('[2, 3, 4, 1]', 'transpose', [float([2, 3, 4, 1])], (x) => t.transpose(x as t.Tensor, [2, 0, 3, 1])),
  ],
  broadcastTo: [
    one('[3, 1] to [2, 3, 4]', 'broadcastTo', [float([3, 1])], (x) => t.broadcastTo(x as t.Tensor, [2, 3, 4])),
    one('[] to [2]', 'broadcastTo', [float([])], (x) => t.broadcastTo(x as t.Tensor, [2])),
  ],
  slice: [
    one('middle', 'slice', [float([4, 5])], (x) => t.slice(x as t.Tensor, 1, 1, 4)),
    one('first axis', 'slice', [float([4, 1, 2])], (x) => t.slice(x as t.Tensor, 0, 3, 4)),
  ],
  pad: [
    one('both sides', 'pad', [float([2, 3])], (x) => t.pad(x as t.Tensor, [1, 0], [0, 2])),
    one('one axis', 'pad', [float([3])], (x) => t.pad(x as t.Tensor, [2], [1])),
  ],
  concatenate: [
    one('axis 0', 'concatenate', [float([2, 3]), float([1, 3])], (x, y) =>
      t.concatenate([x as t.Tensor, y as t.Tensor], 0),
    ),
    one('axis −1, three', 'concatenate', [float([2, 1]), float([2, 3]), float([2, 2])], (...xs) =>
      t.concatenate(xs, -1),
    ),
  ],
  gatherRows: [
    one('repeated', 'gatherRows', [float([4, 3]), index([2, 5], 4)], (x, i) =>
      t.gatherRows(x as t.Tensor, i as t.Tensor),
    ),
    one('one row', 'gatherRows', [float([1, 3]), index([3], 1)], (x, i) => t.gatherRows(x as t.Tensor, i as t.Tensor)),
    one('vector', 'gatherRows', [float([6]), index([4], 6)], (x, i) => t.gatherRows(x as t.Tensor, i as t.Tensor)),
  ],
  scatterAddRows: [
    one('repeated', 'scatterAddRows', [float([4, 3]), index([2, 5], 4), float([2, 5, 3])], (b, i, u) =>
      t.scatterAddRows(b as t.Tensor, i as t.Tensor, u as t.Tensor),
    ),
    one('vector', 'scatterAddRows', [float([3]), index([7], 3), float([7])], (b, i, u) =>
      t.scatterAddRows(b as t.Tensor, i as t.Tensor, u as t.Tensor),
    ),
    one('rank 3', 'scatterAddRows', [float([3, 2, 2]), index([4], 3), float([4, 2, 2])], (b, i, u) =>
      t.scatterAddRows(b as t.Tensor, i as t.Tensor, u as t.Tensor),
    ),
  ],
  takeAlongAxis: [
    one('axis 1', 'takeAlongAxis', [float([3, 4]), index([3, 2], 4)], (x, i) =>
      t.takeAlongAxis(x as t.Tensor, i as t.Tensor, 1),
    ),
    one('axis 0', 'takeAlongAxis', [float([3, 4]), index([5, 4], 3)], (x, i) =>
      t.takeAlongAxis(x as t.Tensor, i as t.Tensor, 0),
    ),
  ],
  scatterAddAlongAxis: [
    one('axis 1, repeated', 'scatterAddAlongAxis', [float([3, 4]), index([3, 6], 4), float([3, 6])], (b, i, u) =>
      t.scatterAddAlongAxis(b as t.Tensor, i as t.Tensor, u as t.Tensor, 1),
    ),
    one('axis 0', 'scatterAddAlongAxis', [float([3, 2]), index([1, 2], 3), float([1, 2])], (b, i, u) =>
      t.scatterAddAlongAxis(b as t.Tensor, i as t.Tensor, u as t.Tensor, 0),
    ),
  ],
  relu: shapes.map((s) => one(`[${s}]`, 'relu', [separated(s)], (x) => t.relu(x as t.Tensor))),
  reluSquared: shapes.map((s) => one(`[${s}]`, 'reluSquared', [separated(s)], (x) => t.reluSquared(x as t.Tensor))),
  sigmoid: unaryCases('sigmoid', t.sigmoid, -4, 4),
  silu: unaryCases('silu', t.silu, -4, 4),
  gelu: [...unaryCases('gelu', (x) => t.gelu(x), -3, 3), ...unaryCases('gelu', (x) => t.gelu(x, 'tanh'), -3, 3)],
  softmax: [
    one('last axis', 'softmax', [float([2, 3, 4])], (x) => t.softmax(x as t.Tensor)),
    one('first axis', 'softmax', [float([3, 1])], (x) => t.softmax(x as t.Tensor, 0)),
  ],
  logSumExp: [
    one('last axis', 'logSumExp', [float([3, 5])], (x) => t.logSumExp(x as t.Tensor)),
    one('middle axis', 'logSumExp', [float([2, 3, 1])], (x) => t.logSumExp(x as t.Tensor, 1)),
    one('large scores', 'logSumExp', [float([3, 5], 90, 100)], (x) => t.logSumExp(x as t.Tensor)),
  ],
  rmsNorm: [
    one('[2, 3, 4]', 'rmsNorm', [float([2, 3, 4])], (x) => t.rmsNorm(x as t.Tensor)),
    one('width 1', 'rmsNorm', [float([3, 1], 0.1, 1)], (x) => t.rmsNorm(x as t.Tensor, { epsilon: 0.1 })),
  ],
  layerNorm: [
    one('[2, 3, 4]', 'layerNorm', [float([2, 3, 4])], (x) => t.layerNorm(x as t.Tensor)),
    one('[5]', 'layerNorm', [float([5])], (x) => t.layerNorm(x as t.Tensor, { epsilon: 0.1 })),
  ],
  rotaryEmbedding: [
    one('[2, 3, 4, 6]', 'rotaryEmbedding', [float([2, 3, 4, 6])], (x) =>
      t.rotaryEmbedding(x as t.Tensor, t.rotaryTables(4, 6)),
    ),
    one('[1, 1, 1, 2]', 'rotaryEmbedding', [float([1, 1, 1, 2])], (x) =>
      t.rotaryEmbedding(x as t.Tensor, t.rotaryTables(1, 2)),
    ),
  ],
  attention: [
    attentionCase('all heads', [2, 3, 5, 4], 3),
    attentionCase('grouped', [1, 4, 6, 2], 2),
    attentionCase('one group', [2, 3, 4, 2], 1),
    attentionCase('window 2', [1, 2, 5, 4], 2, 2),
    attentionCase('one position', [2, 2, 1, 4], 2),
  ],
  crossEntropy: [
    one('[4, 5]', 'crossEntropy', [float([4, 5]), index([4], 5)], (x, i) =>
      t.crossEntropy(x as t.Tensor, i as t.Tensor),
    ),
    one('ignoring', 'crossEntropy', [float([6, 3]), index([6], 3)], (x, i) =>
      t.crossEntropy(x as t.Tensor, ignoring(i as t.Tensor), { ignoredTarget: -1 }),
    ),
    one('one class', 'crossEntropy', [float([2, 1]), index([2], 1)], (x, i) =>
      t.crossEntropy(x as t.Tensor, i as t.Tensor),
    ),
  ],
} satisfies Record<t.OpName, OpCase[]>;

function attentionCase(
  name: string,
  shape: readonly [number, number, number, number],
  numGroups: number,
  window?: number,
): OpCase {
  const [B, , T, K] = shape;
  const grouped = [B, numGroups, T, K];
  return one(name, 'attention', [float(shape), float(grouped), float(grouped)], (q, k, v) =>
    t.attention(q as t.Tensor, k as t.Tensor, v as t.Tensor, window === undefined ? {} : { window }),
  );
}

/** x where the condition holds, else a part of it: makes a condition visible in a floating-point result. */
function select(condition: t.Tensor, x: t.Tensor | undefined): t.Tensor {
  return t.where(condition, x as t.Tensor, t.multiply(x as t.Tensor, 0.25));
}

/** Numbers for an operand, a pure function of seed and name. */
export function drawOperand(spec: OperandSpec, seed: number, name: string): NumericData {
  const random = randomStream(seed, name);
  const size = t.sizeOf(spec.shape);
  switch (spec.range.kind) {
    case 'float': {
      const { low, high } = spec.range;
      // Rounded to float32, so that engines and reference start from the same numbers.
      return Float32Array.from({ length: size }, () => low + (high - low) * random.nextUniform());
    }
    case 'separated': {
      const order = Array.from({ length: size }, (_, i) => i);
      for (let i = size - 1; i > 0; i--) {
        const j = random.nextInteger(i + 1);
        [order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0];
      }
      // Steps of 0.25, away from zero, from integers and from each other.
      return Float32Array.from(order, (place) => (place - Math.floor(size / 2)) * 0.25 + 0.13);
    }
    case 'index': {
      const { limit } = spec.range;
      return Int32Array.from({ length: size }, () => random.nextInteger(limit));
    }
    case 'bool':
      return Uint8Array.from({ length: size }, () => random.nextInteger(2));
  }
}
