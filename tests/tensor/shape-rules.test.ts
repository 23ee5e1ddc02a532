import { describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../src/core/index.ts';
import * as t from '../../src/tensor/index.ts';
import { expectRefusal, refusalOf } from '../support/expect-refusal.ts';

let numLeaves = 0;
/** A tensor of a shape and type to try ops on. */
function leaf(shape: t.Shape, dtype: t.DType = 'float32'): t.Tensor {
  numLeaves += 1;
  return t.makeTensor('input', [], { name: `x${numLeaves}`, shape, dtype });
}
const int = (...shape: number[]) => leaf(shape, 'int32');
const bool = (...shape: number[]) => leaf(shape, 'bool');
const float = (...shape: number[]) => leaf(shape);
const half = (...shape: number[]) => leaf(shape, 'float16');

/** Attributes that the types forbid. */
const attributes = (value: object) => value as never;

type Refused = readonly [what: string, code: ErrorCode, build: () => t.Tensor];
const shape = 'shape-mismatch';
const dtype = 'dtype-mismatch';
const attribute = 'invalid-attribute';

const floatingUnary = [
  'sign',
  'exp',
  'log',
  'sqrt',
  'reciprocal',
  'floor',
  'sin',
  'cos',
  'tanh',
  'erf',
  'relu',
  'reluSquared',
  'sigmoid',
  'silu',
] as const;
const arithmetic = ['add', 'subtract', 'multiply', 'maximum', 'minimum', 'equal', 'less', 'lessOrEqual'] as const;
const floatArithmetic = ['divide', 'power'] as const;
const logical = ['and', 'or'] as const;
const reductions = { reduceSum: t.reduceSum, reduceMax: t.reduceMax };
const softmaxes = { softmax: t.softmax, logSumExp: t.logSumExp };
const norms = { rmsNorm: t.rmsNorm, layerNorm: t.layerNorm };
const namesOf = <Name extends string>(record: Record<Name, unknown>) => Object.keys(record) as Name[];
const noAttributeOps = [
  ...floatingUnary,
  ...arithmetic,
  ...floatArithmetic,
  ...logical,
  'negate',
  'abs',
  'not',
] as const;

/** What every op must refuse. `satisfies` makes an op without an entry a type error. */
const refused = {
  input: [
    ['an extent of 0', attribute, () => leaf([2, 0])],
    ['a negative extent', attribute, () => leaf([-1])],
    ['a fractional extent', attribute, () => leaf([1.5])],
    ['an empty name', attribute, () => t.makeTensor('input', [], { name: '', shape: [], dtype: 'float32' })],
    ['an unknown type', attribute, () => leaf([], 'float64' as t.DType)],
    ['more elements than a number counts exactly', shape, () => leaf([2 ** 30, 2 ** 30])],
  ],
  state: [
    ['an extent of 0', attribute, () => t.makeTensor('state', [], { name: 's', shape: [0], dtype: 'float32' })],
    ['operands', 'invalid-program', () => t.makeTensor('state', [float()], { name: 's', shape: [], dtype: 'float32' })],
  ],
  constant: [
    ['NaN', attribute, () => t.constant(Number.NaN)],
    ['infinity', attribute, () => t.constant(Number.POSITIVE_INFINITY)],
    ['a float that overflows in float32', attribute, () => t.constant(1e39)],
    ['a fraction as int32', attribute, () => t.add(int(3), 0.5)],
    ['an int32 beyond 32 bits', attribute, () => t.equal(int(3), 2 ** 31)],
    ['a bool other than 0 and 1', attribute, () => t.and(bool(3), 2)],
    [
      '-0, which canonical JSON cannot tell from 0',
      attribute,
      () => t.makeTensor('constant', [], { value: -0, dtype: 'float32' }),
    ],
  ],
  iota: [
    ['no length', attribute, () => t.iota(0)],
    ['a fractional length', attribute, () => t.iota(2.5)],
    ['the type bool', attribute, () => t.makeTensor('iota', [], attributes({ length: 3, dtype: 'bool' }))],
  ],
  stopGradient: [['two operands', 'invalid-program', () => t.makeTensor('stopGradient', [float(), float()], {})]],
  after: [['no trigger', 'invalid-program', () => t.makeTensor('after', [float()], {})]],
  ...perOp(floatingUnary, (op) => [
    ['int32', dtype, () => t.makeTensor(op, [int(2)], {})],
    ['bool', dtype, () => t.makeTensor(op, [bool(2)], {})],
    ['two operands', 'invalid-program', () => t.makeTensor(op, [float(2), float(2)], {})],
  ]),
  ...perOp(['negate', 'abs'] as const, (op) => [
    ['bool', dtype, () => t.makeTensor(op, [bool(2)], {})],
    ['no operand', 'invalid-program', () => t.makeTensor(op, [], {})],
  ]),
  ...perOp(arithmetic, (op) => [
    ['float32 with int32', dtype, () => t.makeTensor(op, [float(2), int(2)], {})],
    ['float32 with float16', dtype, () => t.makeTensor(op, [float(2), half(2)], {})],
    ['bools', dtype, () => t.makeTensor(op, [bool(2), bool(2)], {})],
    ['extents that do not broadcast', shape, () => t.makeTensor(op, [float(2, 3), float(2)], {})],
    ['one operand', 'invalid-program', () => t.makeTensor(op, [float(2)], {})],
  ]),
  ...perOp(floatArithmetic, (op) => [
    ['int32', dtype, () => t.makeTensor(op, [int(2), int(2)], {})],
    ['float32 with int32', dtype, () => t.makeTensor(op, [float(2), int(2)], {})],
    ['extents that do not broadcast', shape, () => t.makeTensor(op, [float(2, 3), float(4, 3)], {})],
  ]),
  ...perOp(logical, (op) => [
    ['a float', dtype, () => t.makeTensor(op, [bool(2), float(2)], {})],
    ['an int32', dtype, () => t.makeTensor(op, [int(2), bool(2)], {})],
    ['extents that do not broadcast', shape, () => t.makeTensor(op, [bool(2), bool(3)], {})],
  ]),
  not: [
    ['a float', dtype, () => t.not(float(2))],
    ['two operands', 'invalid-program', () => t.makeTensor('not', [bool(2), bool(2)], {})],
  ],
  where: [
    ['a condition of floats', dtype, () => t.where(float(2), float(2), float(2))],
    ['a condition of int32', dtype, () => t.where(int(2), float(2), float(2))],
    ['a choice between bools', dtype, () => t.where(bool(2), bool(2), bool(2))],
    ['a choice between types', dtype, () => t.where(bool(2), float(2), int(2))],
    ['a condition that does not broadcast', shape, () => t.where(bool(3), float(2), float(2))],
    ['choices that do not broadcast', shape, () => t.where(bool(), float(2), float(3))],
  ],
  cast: [['an unknown type', attribute, () => t.cast(float(2), 'float64' as t.DType)]],
  ...perOp(namesOf(reductions), (op) => [
    ['bools', dtype, () => reductions[op](bool(2))],
    ['an axis out of range', attribute, () => reductions[op](float(2, 3), [2])],
    ['a negative axis out of range', attribute, () => reductions[op](float(2, 3), [-3])],
    ['a fractional axis', attribute, () => reductions[op](float(2, 3), [0.5])],
    ['an axis named twice', attribute, () => reductions[op](float(2, 3), [1, -1])],
    ['axes out of order', attribute, () => t.makeTensor(op, [float(2, 3)], { axes: [1, 0], keepDimensions: false })],
    ['an axis of a scalar', attribute, () => reductions[op](float(), [0])],
  ]),
  argMax: [
    ['int32', dtype, () => t.argMax(int(2))],
    ['an axis out of range', attribute, () => t.argMax(float(2), 1)],
    ['an axis out of range, made directly', attribute, () => t.makeTensor('argMax', [float(2)], { axis: 1 })],
  ],
  cumulativeSum: [
    ['int32', dtype, () => t.cumulativeSum(int(2), 0)],
    ['an axis out of range', attribute, () => t.cumulativeSum(float(2), 1)],
    [
      'an axis out of range, made directly',
      attribute,
      () => t.makeTensor('cumulativeSum', [float(2)], { axis: 1, reverse: false }),
    ],
  ],
  matmul: [
    ['int32', dtype, () => t.matmul(int(2, 2), int(2, 2))],
    ['bools', dtype, () => t.matmul(bool(2, 2), bool(2, 2))],
    ['float32 with float16', dtype, () => t.matmul(float(2, 2), half(2, 2))],
    ['a vector', shape, () => t.matmul(float(2, 3), float(3))],
    ['a scalar', shape, () => t.matmul(float(), float(1, 1))],
    ['inner extents that differ', shape, () => t.matmul(float(2, 3), float(2, 3))],
    [
      'inner extents that differ once transposed',
      shape,
      () => t.matmul(float(2, 3), float(3, 2), { transposeRight: true }),
    ],
    ['batches that do not broadcast', shape, () => t.matmul(float(2, 2, 3), float(3, 3, 2))],
  ],
  reshape: [
    ['another number of elements', shape, () => t.reshape(float(2, 3), [5])],
    ['an open extent that does not divide', shape, () => t.reshape(float(2, 3), [4, -1])],
    ['two open extents', shape, () => t.reshape(float(1), [-1, -1])],
    ['an extent of 0', attribute, () => t.reshape(float(2), [0])],
  ],
  transpose: [
    ['an axis left out', attribute, () => t.transpose(float(2, 3), [1])],
    ['an axis named twice', attribute, () => t.transpose(float(2, 3), [1, 1])],
    ['an axis out of range', attribute, () => t.transpose(float(2, 3), [0, 2])],
  ],
  broadcastTo: [
    ['an extent other than 1 that would change', shape, () => t.broadcastTo(float(2, 3), [2, 4])],
    ['fewer axes', shape, () => t.broadcastTo(float(1, 3), [3])],
    ['a smaller extent', shape, () => t.broadcastTo(float(3), [1])],
  ],
  slice: [
    ['an end beyond the extent', attribute, () => t.slice(float(3), 0, 1, 4)],
    ['a negative start', attribute, () => t.slice(float(3), 0, -1, 2)],
    ['an empty part', attribute, () => t.slice(float(3), 0, 2, 2)],
    ['an axis out of range', attribute, () => t.slice(float(3), 1, 0, 1)],
    ['too few bounds', attribute, () => t.makeTensor('slice', [float(3, 3)], { starts: [0], ends: [1] })],
  ],
  pad: [
    ['bools', dtype, () => t.pad(bool(2), [1], [1])],
    ['too few amounts', attribute, () => t.pad(float(2, 2), [1], [1, 1])],
    ['a negative amount', attribute, () => t.pad(float(2), [-1], [0])],
    ['more elements than a number counts exactly', shape, () => t.pad(float(2, 8), [2 ** 50, 0], [2 ** 52, 0])],
  ],
  concatenate: [
    ['nothing', 'invalid-program', () => t.concatenate([], 0)],
    ['mixed types', dtype, () => t.concatenate([float(2), int(2)], 0)],
    ['extents that differ elsewhere', shape, () => t.concatenate([float(2, 3), float(2, 4)], 0)],
    ['ranks that differ', shape, () => t.concatenate([float(2, 3), float(2)], 0)],
    ['an axis out of range', attribute, () => t.concatenate([float(2), float(2)], 1)],
    ['an axis out of range of a single tensor', attribute, () => t.concatenate([float(2)], 1)],
    ['scalars', attribute, () => t.concatenate([float(), float()], 0)],
  ],
  gatherRows: [
    ['indices of floats', dtype, () => t.gatherRows(float(4, 2), float(3))],
    ['rows of a scalar', shape, () => t.gatherRows(float(), int(3))],
  ],
  scatterAddRows: [
    ['indices of floats', dtype, () => t.scatterAddRows(float(4, 2), float(3), float(3, 2))],
    ['int32', dtype, () => t.scatterAddRows(int(4, 2), int(3), int(3, 2))],
    ['updates of another type', dtype, () => t.scatterAddRows(float(4, 2), int(3), half(3, 2))],
    ['too few updates', shape, () => t.scatterAddRows(float(4, 2), int(3), float(2, 2))],
    ['rows of a scalar', shape, () => t.scatterAddRows(float(), int(3), float(3))],
  ],
  takeAlongAxis: [
    ['indices of floats', dtype, () => t.takeAlongAxis(float(4, 2), float(4, 1), 1)],
    ['an axis out of range', attribute, () => t.takeAlongAxis(float(4), int(4), 1)],
    ['indices that differ elsewhere', shape, () => t.takeAlongAxis(float(4, 2), int(3, 1), 1)],
    ['indices of another rank', shape, () => t.takeAlongAxis(float(4, 2), int(4), 1)],
  ],
  scatterAddAlongAxis: [
    ['indices of floats', dtype, () => t.scatterAddAlongAxis(float(4, 2), float(4, 1), float(4, 1), 1)],
    ['int32', dtype, () => t.scatterAddAlongAxis(int(4, 2), int(4, 1), int(4, 1), 1)],
    ['updates of another type', dtype, () => t.scatterAddAlongAxis(float(4, 2), int(4, 1), half(4, 1), 1)],
    ['updates of another shape', shape, () => t.scatterAddAlongAxis(float(4, 2), int(4, 1), float(4, 2), 1)],
  ],
  gelu: [
    ['int32', dtype, () => t.gelu(int(2))],
    ['an unknown approximation', attribute, () => t.gelu(float(2), 'fast' as 'tanh')],
  ],
  ...perOp(namesOf(softmaxes), (op) => [
    ['int32', dtype, () => softmaxes[op](int(2))],
    ['a scalar', attribute, () => softmaxes[op](float())],
    ['an axis out of range', attribute, () => softmaxes[op](float(2), 1)],
    ['an axis out of range, made directly', attribute, () => t.makeTensor(op, [float(2)], { axis: 1 })],
  ]),
  ...perOp(namesOf(norms), (op) => [
    ['int32', dtype, () => norms[op](int(2))],
    ['a scalar', shape, () => norms[op](float())],
    ['a negative epsilon', attribute, () => norms[op](float(2), { epsilon: -1 })],
    ['an epsilon of NaN', attribute, () => norms[op](float(2), { epsilon: Number.NaN })],
  ]),
  rotaryEmbedding: [
    ['an odd head width', shape, () => t.rotaryEmbedding(float(1, 1, 2, 3), { cos: float(2, 1), sin: float(2, 1) })],
    ['three axes', shape, () => t.rotaryEmbedding(float(1, 2, 4), { cos: float(2, 2), sin: float(2, 2) })],
    ['tables of another length', shape, () => t.rotaryEmbedding(float(1, 1, 2, 4), t.rotaryTables(3, 4))],
    ['tables of another width', shape, () => t.rotaryEmbedding(float(1, 1, 2, 4), t.rotaryTables(2, 2))],
    ['tables of another type', dtype, () => t.rotaryEmbedding(half(1, 1, 2, 4), t.rotaryTables(2, 4))],
  ],
  attention: [
    ['int32', dtype, () => t.attention(int(1, 2, 3, 4), int(1, 2, 3, 4), int(1, 2, 3, 4))],
    ['keys of another type', dtype, () => t.attention(float(1, 2, 3, 4), half(1, 2, 3, 4), float(1, 2, 3, 4))],
    [
      'heads that are no multiple of the groups',
      shape,
      () => t.attention(float(1, 3, 3, 4), float(1, 2, 3, 4), float(1, 2, 3, 4)),
    ],
    ['more groups than heads', shape, () => t.attention(float(1, 2, 3, 4), float(1, 4, 3, 4), float(1, 4, 3, 4))],
    ['keys of another length', shape, () => t.attention(float(1, 2, 3, 4), float(1, 2, 5, 4), float(1, 2, 5, 4))],
    ['values unlike the keys', shape, () => t.attention(float(1, 2, 3, 4), float(1, 2, 3, 4), float(1, 1, 3, 4))],
    ['three axes', shape, () => t.attention(float(2, 3, 4), float(2, 3, 4), float(2, 3, 4))],
    [
      'a window of 0',
      attribute,
      () => t.attention(float(1, 2, 3, 4), float(1, 2, 3, 4), float(1, 2, 3, 4), { window: 0 }),
    ],
    [
      'a scale of NaN',
      attribute,
      () => t.attention(float(1, 2, 3, 4), float(1, 2, 3, 4), float(1, 2, 3, 4), { scale: Number.NaN }),
    ],
  ],
  crossEntropy: [
    ['targets of floats', dtype, () => t.crossEntropy(float(2, 3), float(2))],
    ['logits of int32', dtype, () => t.crossEntropy(int(2, 3), int(2))],
    ['logits with a batch axis', shape, () => t.crossEntropy(float(2, 2, 3), int(2))],
    ['too few targets', shape, () => t.crossEntropy(float(2, 3), int(1))],
    ['a fractional ignored target', attribute, () => t.crossEntropy(float(2, 3), int(2), { ignoredTarget: 0.5 })],
  ],
} satisfies Record<t.OpName, readonly Refused[]>;

function perOp<Name extends t.OpName>(names: readonly Name[], rows: (op: Name) => Refused[]): Record<Name, Refused[]> {
  return Object.fromEntries(names.map((name) => [name, rows(name)])) as Record<Name, Refused[]>;
}

describe('what does not fit is refused where it was made', () => {
  for (const [op, rows] of Object.entries(refused)) {
    for (const [what, code, build] of rows) {
      test(`${op} refuses ${what}`, () => {
        const error = refusalOf(() => t.scope('blocks.3', () => t.scope('attention', build)));
        expectRefusal(error, code, 'blocks.3.attention');
      });
    }
  }

  for (const op of noAttributeOps) {
    test(`${op} refuses an attribute that it does not have`, () => {
      const operands = { not: [bool(2)], and: [bool(2), bool(2)], or: [bool(2), bool(2)] }[op as 'and'] ?? [
        float(2),
        ...([...arithmetic, ...floatArithmetic].includes(op as 'add') ? [float(2)] : []),
      ];
      expect(t.makeTensor(op, operands, {}).op).toBe(op);
      expectRefusal(
        refusalOf(() => t.makeTensor(op, operands, attributes({ axis: 0 }))),
        attribute,
      );
    });
  }

  test('an op that does not exist is refused by name', () => {
    for (const name of ['convolve', 'toString', '__proto__', '']) {
      const error = refusalOf(() => t.scope('a', () => t.makeTensor(name as 'add', [], {})));
      expectRefusal(error, 'unknown-op', 'a');
      expect(error.message).toContain(`"${name}"`);
    }
  });

  test('a missing attribute is refused and named', () => {
    const error = refusalOf(() => t.makeTensor('cast', [float(2)], attributes({})));
    expectRefusal(error, attribute);
    expect(error.message).toContain('to');
  });

  test('sumTo refuses a shape that does not broadcast to that of its operand', () => {
    const error = refusalOf(() => t.scope('a', () => t.sumTo(float(2, 3), [2])));
    expectRefusal(error, shape, 'a');
  });
});
