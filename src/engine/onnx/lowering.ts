import { present } from '../../core/index.ts';
import {
  type AttributesOf,
  type CompositeName,
  expandComposites,
  type OpName,
  type PrimitiveName,
  type Program,
  type Shape,
  sizeOf,
} from '../../tensor/index.ts';
import { GraphBuilder } from './builder.ts';
import { type OnnxDType, onnxDtypes, type OnnxGraph, type OnnxValue } from './graph.ts';

/**
 * From a Program to an ONNX graph. One lowering serves all providers: it uses only operators that the WebGPU provider of
 * ONNX Runtime runs on the device, in the types that it knows, and leaves the rest to `rewrites.ts`.
 */

/** Composites that ONNX has a portable kernel for. The others are lowered by their definitions. */
export const keptComposites = new Set<CompositeName>(['relu', 'sigmoid', 'softmax']);

type KeptComposite = 'relu' | 'sigmoid' | 'softmax';
type LoweredName = PrimitiveName | KeptComposite;

interface Lowered<Name extends OpName> {
  readonly builder: GraphBuilder;
  readonly inputs: readonly OnnxValue[];
  readonly attributes: AttributesOf<Name>;
  readonly shape: Shape;
  readonly dtype: OnnxDType;
}

type LoweringRule<Name extends OpName> = (node: Lowered<Name>) => OnnxValue;

/** A node of one operator with the operands as they are. */
const direct =
  (opType: string) =>
  ({ builder, inputs, shape, dtype }: Lowered<OpName>): OnnxValue =>
    builder.node(opType, inputs, shape, dtype);

const reduction =
  (opType: string) =>
  ({ builder, inputs, attributes, shape, dtype }: Lowered<'reduceSum' | 'reduceMax'>): OnnxValue => {
    const x = first(inputs);
    if (attributes.axes.length === 0) return x;
    const keepdims = attributes.keepDimensions ? 1 : 0;
    return builder.node(opType, [x, builder.int64s(attributes.axes)], shape, dtype, { keepdims });
  };

const lowerings: { readonly [Name in LoweredName]: LoweringRule<Name> } = {
  input: ({ builder, attributes, shape, dtype }) => builder.input(`input.${attributes.name}`, shape, dtype),
  state: ({ builder, attributes, shape, dtype }) => builder.input(`state.${attributes.name}`, shape, dtype),
  constant: ({ builder, attributes, dtype }) => scalar(builder, attributes.value, dtype),
  iota: ({ builder, attributes, shape, dtype }) => {
    const values = Array.from({ length: attributes.length }, (_, i) => i);
    return dtype === 'int32' ? builder.int32s(shape, values) : builder.floats(shape, values);
  },
  stopGradient: ({ inputs }) => first(inputs),
  // A selection between x and x by a condition that is read off the trigger: x, but not before the trigger is there.
  after: ({ builder, inputs, shape, dtype }) => {
    const [x, trigger] = pair(inputs);
    const flat = builder.node('Reshape', [trigger, builder.int64s([-1])], [sizeOf(trigger.shape)], trigger.dtype);
    const probe = builder.node('Slice', [flat, builder.int64s([0]), builder.int64s([1])], [1], trigger.dtype);
    const condition = builder.node('Equal', [probe, probe], [1], 'bool');
    return builder.node('Where', [condition, x, x], shape, dtype);
  },

  negate: direct('Neg'),
  abs: direct('Abs'),
  // The WebGPU provider has no Sign.
  sign: ({ builder, inputs, shape, dtype }) => {
    const x = first(inputs);
    const zero = scalar(builder, 0, dtype);
    const positive = builder.node('Cast', [builder.node('Greater', [x, zero], shape, 'bool')], shape, dtype, castTo(dtype));
    const negative = builder.node('Cast', [builder.node('Less', [x, zero], shape, 'bool')], shape, dtype, castTo(dtype));
    return builder.node('Sub', [positive, negative], shape, dtype);
  },
  exp: direct('Exp'),
  log: direct('Log'),
  sqrt: direct('Sqrt'),
  reciprocal: direct('Reciprocal'),
  floor: direct('Floor'),
  sin: direct('Sin'),
  cos: direct('Cos'),
  tanh: direct('Tanh'),
  erf: direct('Erf'),
  add: direct('Add'),
  subtract: direct('Sub'),
  multiply: direct('Mul'),
  divide: direct('Div'),
  power: direct('Pow'),
  maximum: direct('Max'),
  minimum: direct('Min'),
  equal: direct('Equal'),
  less: direct('Less'),
  lessOrEqual: direct('LessOrEqual'),
  and: direct('And'),
  or: direct('Or'),
  not: direct('Not'),
  where: direct('Where'),
  cast: ({ builder, inputs, shape, dtype }) => builder.node('Cast', inputs, shape, dtype, castTo(dtype)),

  reduceSum: reduction('ReduceSum'),
  reduceMax: reduction('ReduceMax'),
  argMax: ({ builder, inputs, attributes, shape }) => {
    const index = builder.node('ArgMax', inputs, shape, 'int64', { axis: attributes.axis, keepdims: 0 });
    return builder.node('Cast', [index], shape, 'int32', castTo('int32'));
  },
  cumulativeSum: ({ builder, inputs, attributes, shape, dtype }) => {
    const axis = builder.int32s([], [attributes.axis]);
    return builder.node('CumSum', [first(inputs), axis], shape, dtype, { reverse: attributes.reverse ? 1 : 0 });
  },

  matmul: ({ builder, inputs, attributes, shape, dtype }) => {
    const [left, right] = pair(inputs);
    const { transposeLeft, transposeRight } = attributes;
    if (left.shape.length === 2 && right.shape.length === 2) {
      const flags = { transA: transposeLeft ? 1 : 0, transB: transposeRight ? 1 : 0 };
      return builder.node('Gemm', [left, right], shape, dtype, flags);
    }
    const operands = [
      transposeLeft ? swapLastAxes(builder, left) : left,
      transposeRight ? swapLastAxes(builder, right) : right,
    ];
    return builder.node('MatMul', operands, shape, dtype);
  },

  reshape: ({ builder, inputs, shape, dtype }) =>
    builder.node('Reshape', [first(inputs), builder.int64s(shape)], shape, dtype),
  transpose: ({ builder, inputs, attributes, shape, dtype }) =>
    builder.node('Transpose', inputs, shape, dtype, { perm: attributes.permutation }),
  broadcastTo: ({ builder, inputs, shape, dtype }) =>
    builder.node('Expand', [first(inputs), builder.int64s(shape)], shape, dtype),
  slice: ({ builder, inputs, attributes, shape, dtype }) => {
    const x = first(inputs);
    // Only the axes that are cut: kernels take a shorter way then.
    const axes = x.shape.map((_, axis) => axis).filter((axis) => shape[axis] !== x.shape[axis]);
    const starts = axes.map((axis) => present(attributes.starts[axis], 'a start'));
    const ends = axes.map((axis) => present(attributes.ends[axis], 'an end'));
    if (axes.length === 0) return x;
    const operands = [x, builder.int64s(starts), builder.int64s(ends), builder.int64s(axes)];
    return builder.node('Slice', operands, shape, dtype);
  },
  pad: ({ builder, inputs, attributes, shape, dtype }) =>
    builder.node('Pad', [first(inputs), builder.int64s([...attributes.before, ...attributes.after])], shape, dtype),
  concatenate: ({ builder, inputs, attributes, shape, dtype }) =>
    builder.node('Concat', inputs, shape, dtype, { axis: attributes.axis }),

  gatherRows: ({ builder, inputs, shape, dtype }) => builder.node('Gather', inputs, shape, dtype, { axis: 0 }),
  scatterAddRows: ({ builder, inputs, shape, dtype }) => {
    const [base, indices, updates] = triple(inputs);
    const numRows = sizeOf(indices.shape);
    const width = sizeOf(base.shape.slice(1));
    const column = builder.node('Reshape', [indices, builder.int64s([numRows, 1])], [numRows, 1], 'int32');
    const elements = builder.node('Expand', [column, builder.int64s([numRows, width])], [numRows, width], 'int32');
    const table = [base.shape[0] ?? 1, width];
    const result = builder.node(
      'ScatterElements',
      [reshaped(builder, base, table), elements, reshaped(builder, updates, [numRows, width])],
      table,
      dtype,
      { axis: 0, reduction: 'add' },
    );
    return reshaped(builder, result, shape);
  },
  takeAlongAxis: ({ builder, inputs, attributes, shape, dtype }) =>
    builder.node('GatherElements', inputs, shape, dtype, { axis: attributes.axis }),
  scatterAddAlongAxis: ({ builder, inputs, attributes, shape, dtype }) =>
    builder.node('ScatterElements', inputs, shape, dtype, { axis: attributes.axis, reduction: 'add' }),

  relu: direct('Relu'),
  sigmoid: direct('Sigmoid'),
  softmax: ({ builder, inputs, attributes, shape, dtype }) =>
    builder.node('Softmax', inputs, shape, dtype, { axis: attributes.axis }),
};

/** The graph of a verified Program, with inputs `input.NAME` and `state.NAME`, outputs `output.NAME` and `next.NAME`. */
export function lowerProgram(program: Program): OnnxGraph {
  const expanded = expandComposites(program, keptComposites);
  const builder = new GraphBuilder();
  const values: OnnxValue[] = [];
  for (const { op, inputs, attributes, shape, dtype, scope, phase } of expanded.nodes) {
    builder.at(scope, phase);
    const operands = inputs.map((position) => present(values[position], 'an operand'));
    // The op is known at run time only; the table is exhaustive over what expansion leaves.
    const rule = lowerings[op as LoweredName] as LoweringRule<OpName>;
    const typed = attributes as unknown as AttributesOf<OpName>;
    values.push(rule({ builder, inputs: operands, attributes: typed, shape, dtype }));
  }
  const at = (position: number) => present(values[position], 'a result');
  for (const [name, position] of Object.entries(expanded.outputs)) builder.output(`output.${name}`, at(position));
  for (const [name, { node, next }] of Object.entries(expanded.state)) {
    // A state that never changes is no output: it stays where it is.
    if (next !== node) builder.output(`next.${name}`, at(next));
  }
  return builder.build();
}

function scalar(builder: GraphBuilder, value: number, dtype: OnnxDType): OnnxValue {
  switch (dtype) {
    case 'float32':
      return builder.floats([], [value]);
    case 'int32':
      return builder.int32s([], [value]);
    case 'bool':
      return builder.initializer([], 'bool', Uint8Array.of(value === 0 ? 0 : 1));
    default:
      // Half-width types are converted from a float32 that the runtime rounds.
      return builder.node('Cast', [builder.floats([], [value])], [], dtype, castTo(dtype));
  }
}



function castTo(dtype: OnnxDType): { to: number } {
  return { to: onnxDtypes[dtype] };
}

function swapLastAxes(builder: GraphBuilder, x: OnnxValue): OnnxValue {
  const rank = x.shape.length;
  const perm = x.shape.map((_, axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis));
  const shape = perm.map((axis) => x.shape[axis] ?? 1);
  return builder.node('Transpose', [x], shape, x.dtype, { perm });
}

function reshaped(builder: GraphBuilder, x: OnnxValue, shape: Shape): OnnxValue {
  if (shape.join() === x.shape.join()) return x;
  return builder.node('Reshape', [x, builder.int64s(shape)], shape, x.dtype);
}

function first(inputs: readonly OnnxValue[]): OnnxValue {
  return present(inputs[0], 'operand 0');
}

function pair(inputs: readonly OnnxValue[]): [OnnxValue, OnnxValue] {
  return [first(inputs), present(inputs[1], 'operand 1')];
}

function triple(inputs: readonly OnnxValue[]): [OnnxValue, OnnxValue, OnnxValue] {
  return [...pair(inputs), present(inputs[2], 'operand 2')];
}
