import { present } from '../../core/index.ts';
import {
  type AttributesOf,
  type CompositeName,
  expandComposites,
  isComposite,
  type NumericArray,
  type OpName,
  type PrimitiveName,
  type Program,
  type Shape,
  sizeOf,
  stridesOf,
} from '../../tensor/index.ts';
import { GraphBuilder } from './builder.ts';
import { foldConstants } from './constant-folding.ts';
import { type OnnxDType, type OnnxGraph, type OnnxValue, onnxDtypes } from './graph.ts';
import { sineOf } from './sine.ts';

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

export type LoweringRule<Name extends OpName> = (node: Lowered<Name>) => OnnxValue;

/** Ops that one provider has a faster form for; they take precedence over definitions and over the portable rules. */
export type ProviderForms = { readonly [Name in OpName]?: LoweringRule<Name> };

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
  after: ({ builder, inputs, shape }) => {
    const [x, trigger] = pair(inputs);
    const flat = builder.node('Reshape', [trigger, builder.int64s([-1])], [sizeOf(trigger.shape)], trigger.dtype);
    const element = builder.node('Gather', [flat, builder.int32s([1], [0])], [1], trigger.dtype, { axis: 0 });
    const probe = asFloat(builder, element);
    const condition = builder.node('Equal', [probe, probe], [1], 'bool');
    return boolsAsFloats(builder, [x], ([y]) => builder.node('Where', [condition, y, y], shape, y.dtype));
  },

  // The WebGPU provider has Neg and Abs of floats only.
  negate: ({ builder, inputs, shape, dtype }) =>
    dtype === 'int32'
      ? builder.node('Sub', [scalar(builder, 0, dtype), first(inputs)], shape, dtype)
      : builder.node('Neg', inputs, shape, dtype),
  abs: ({ builder, inputs, shape, dtype }) => {
    if (dtype !== 'int32') return builder.node('Abs', inputs, shape, dtype);
    const negated = builder.node('Sub', [scalar(builder, 0, dtype), first(inputs)], shape, dtype);
    return builder.node('Max', [first(inputs), negated], shape, dtype);
  },
  // The WebGPU provider has no Sign.
  sign: ({ builder, inputs, shape, dtype }) => {
    const x = first(inputs);
    const zero = scalar(builder, 0, dtype);
    const positive = builder.node(
      'Cast',
      [builder.node('Greater', [x, zero], shape, 'bool')],
      shape,
      dtype,
      castTo(dtype),
    );
    const negative = builder.node(
      'Cast',
      [builder.node('Less', [x, zero], shape, 'bool')],
      shape,
      dtype,
      castTo(dtype),
    );
    return builder.node('Sub', [positive, negative], shape, dtype);
  },
  exp: direct('Exp'),
  log: direct('Log'),
  sqrt: direct('Sqrt'),
  reciprocal: direct('Reciprocal'),
  floor: direct('Floor'),
  sin: ({ builder, inputs }) => sineOf(builder, first(inputs), 'sin'),
  cos: ({ builder, inputs }) => sineOf(builder, first(inputs), 'cos'),
  tanh: direct('Tanh'),
  erf: direct('Erf'),
  add: direct('Add'),
  subtract: direct('Sub'),
  multiply: direct('Mul'),
  divide: direct('Div'),
  // The WebGPU provider's Pow fails where both operands stretch.
  power: ({ builder, inputs, shape, dtype }) =>
    builder.node(
      'Pow',
      stretchesOne(inputs, shape) ? inputs : inputs.map((x) => stretched(builder, x, shape)),
      shape,
      dtype,
    ),
  maximum: direct('Max'),
  minimum: direct('Min'),
  equal: direct('Equal'),
  less: direct('Less'),
  lessOrEqual: direct('LessOrEqual'),
  and: direct('And'),
  // The WebGPU provider has no Or.
  or: ({ builder, inputs, shape, dtype }) => {
    const [x, y] = pair(inputs);
    const neither = [builder.node('Not', [x], x.shape, dtype), builder.node('Not', [y], y.shape, dtype)];
    return builder.node('Not', [builder.node('And', neither, shape, dtype)], shape, dtype);
  },
  not: direct('Not'),
  where: direct('Where'),
  cast: ({ builder, inputs, shape, dtype }) => builder.node('Cast', inputs, shape, dtype, castTo(dtype)),

  reduceSum: reduction('ReduceSum'),
  reduceMax: reduction('ReduceMax'),
  // ArgMax gives int64, which the WebGPU provider cannot cast: the least index among those of the largest values.
  argMax: ({ builder, inputs, attributes, shape }) => {
    const x = first(inputs);
    const { axis } = attributes;
    const extent = x.shape[axis] ?? 1;
    const axes = builder.int64s([axis]);
    const kept = x.shape.map((size, i) => (i === axis ? 1 : size));
    const maxima = builder.node('ReduceMax', [x, axes], kept, x.dtype, { keepdims: 1 });
    const isMaximum = builder.node('Equal', [x, maxima], x.shape, 'bool');
    const places = builder.floats(
      x.shape.map((_, i) => (i === axis ? extent : 1)),
      Array.from({ length: extent }, (_, i) => i),
    );
    const candidates = builder.node('Where', [isMaximum, places, builder.floats([], [extent])], x.shape, 'float32');
    const least = builder.node('ReduceMin', [candidates, axes], shape, 'float32', { keepdims: 0 });
    return builder.node('Cast', [least], shape, 'int32', castTo('int32'));
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
  transpose: ({ builder, inputs, attributes, shape }) =>
    boolsAsFloats(builder, inputs, ([x]) =>
      builder.node('Transpose', [x], shape, x.dtype, { perm: attributes.permutation }),
    ),
  broadcastTo: ({ builder, inputs, shape, dtype }) =>
    builder.node('Expand', [first(inputs), builder.int64s(shape)], shape, dtype),
  slice: ({ builder, inputs, attributes, shape }) =>
    boolsAsFloats(builder, inputs, ([x]) => cut(builder, x, attributes, shape)),
  pad: ({ builder, inputs, attributes, shape, dtype }) =>
    builder.node('Pad', [first(inputs), builder.int64s([...attributes.before, ...attributes.after])], shape, dtype),
  concatenate: ({ builder, inputs, attributes, shape }) =>
    boolsAsFloats(builder, inputs, (parts) =>
      builder.node('Concat', parts, shape, first(parts).dtype, { axis: attributes.axis }),
    ),

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
  takeAlongAxis: ({ builder, inputs, attributes, shape }) => {
    const [data, indices] = pair(inputs);
    return boolsAsFloats(builder, [data], ([x]) =>
      x.dtype === 'int32'
        ? takeFlat(builder, x, indices, attributes.axis)
        : builder.node('GatherElements', [x, indices], shape, x.dtype, { axis: attributes.axis }),
    );
  },
  scatterAddAlongAxis: ({ builder, inputs, attributes, shape, dtype }) =>
    builder.node('ScatterElements', inputs, shape, dtype, { axis: attributes.axis, reduction: 'add' }),

  relu: direct('Relu'),
  sigmoid: direct('Sigmoid'),
  softmax: ({ builder, inputs, attributes, shape, dtype }) =>
    builder.node('Softmax', inputs, shape, dtype, { axis: attributes.axis }),
};

/** The graph of a verified Program, with inputs `input.NAME` and `state.NAME`, outputs `output.NAME` and `next.NAME`. */
export function lowerProgram(program: Program, forms: ProviderForms = {}): OnnxGraph {
  const expanded = expandComposites(
    program,
    new Set([...keptComposites, ...(Object.keys(forms) as OpName[]).filter(isComposite)]),
  );
  const constants = foldConstants(expanded);
  const builder = new GraphBuilder();
  const values = new Map<number, OnnxValue>();
  const at = (position: number): OnnxValue => {
    const constant = constants.get(position);
    // Written where it is first read, so that the graph holds no constant that only other constants are made of.
    if (constant && !values.has(position)) values.set(position, literal(builder, constant));
    return present(values.get(position), `the value of node ${position}`);
  };
  expanded.nodes.forEach(({ op, inputs, attributes, shape, dtype, scope, phase }, index) => {
    if (constants.has(index)) return;
    builder.at(scope, phase);
    // The op is known at run time only; the table is exhaustive over what expansion leaves.
    const rule = (forms[op] ?? lowerings[op as LoweredName]) as LoweringRule<OpName>;
    const typed = attributes as unknown as AttributesOf<OpName>;
    values.set(index, rule({ builder, inputs: inputs.map(at), attributes: typed, shape, dtype }));
  });
  for (const [name, position] of Object.entries(expanded.outputs)) builder.output(`output.${name}`, at(position));
  for (const [name, { node, next }] of Object.entries(expanded.state)) {
    // A state that never changes is no output: it stays where it is.
    if (next !== node) builder.output(`next.${name}`, at(next));
  }
  return builder.build();
}

/** A constant that is in the model file. */
function literal(builder: GraphBuilder, { shape, dtype, data }: NumericArray): OnnxValue {
  switch (dtype) {
    case 'int32':
      return builder.initializer(shape, 'int32', Int32Array.from(data));
    case 'bool':
      return builder.initializer(shape, 'bool', Uint8Array.from(data));
    default:
      return builder.initializer(shape, 'float32', Float32Array.from(data));
  }
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

/** For operators that the WebGPU provider does not have for bools: the same on 0.0 and 1.0, which it has everywhere. */
function boolsAsFloats(
  builder: GraphBuilder,
  inputs: readonly OnnxValue[],
  body: (operands: readonly [OnnxValue, ...OnnxValue[]]) => OnnxValue,
): OnnxValue {
  const isBool = first(inputs).dtype === 'bool';
  const [x, ...others] = isBool ? inputs.map((input) => asFloat(builder, input)) : inputs;
  const y = body([present(x, 'operand 0'), ...others]);
  return isBool ? builder.node('Cast', [y], y.shape, 'bool', castTo('bool')) : y;
}

function asFloat(builder: GraphBuilder, x: OnnxValue): OnnxValue {
  const isFloat = x.dtype !== 'bool' && x.dtype !== 'int32' && x.dtype !== 'int64';
  return isFloat ? x : builder.node('Cast', [x], x.shape, 'float32', castTo('float32'));
}

/** The part of x from `starts` to `ends`. Only the axes that are cut are named: kernels take a shorter way then. */
function cut(builder: GraphBuilder, x: OnnxValue, { starts, ends }: AttributesOf<'slice'>, shape: Shape): OnnxValue {
  const axes = x.shape.map((_, axis) => axis).filter((axis) => shape[axis] !== x.shape[axis]);
  if (axes.length === 0) return x;
  const at = (offsets: readonly number[]) => axes.map((axis) => present(offsets[axis], 'an offset'));
  if (x.dtype !== 'int32') {
    const operands = [x, builder.int64s(at(starts)), builder.int64s(at(ends)), builder.int64s(axes)];
    return builder.node('Slice', operands, shape, x.dtype);
  }
  // The WebGPU provider cuts floats only, but gathers integers too.
  return axes.reduce((part, axis) => {
    const extent = shape[axis] ?? 1;
    const places = Array.from({ length: extent }, (_, i) => (starts[axis] ?? 0) + i);
    const smaller = part.shape.map((size, i) => (i === axis ? extent : size));
    return builder.node('Gather', [part, builder.int32s([extent], places)], smaller, x.dtype, { axis });
  }, x);
}

/** `takeAlongAxis` by places in the flat array: the WebGPU provider has GatherElements of floats only. */
function takeFlat(builder: GraphBuilder, x: OnnxValue, indices: OnnxValue, axis: number): OnnxValue {
  const strides = stridesOf(x.shape);
  const { shape } = indices;
  const along = builder.node('Mul', [indices, builder.int32s([], [strides[axis] ?? 1])], shape, 'int32');
  // Where each line along the axis starts; the axis itself has extent 1 here.
  const lines = shape.map((extent, i) => (i === axis ? 1 : extent));
  const ownStrides = stridesOf(lines);
  const starts = Array.from({ length: sizeOf(lines) }, (_, place) =>
    lines.reduce((sum, extent, i) => sum + (Math.floor(place / (ownStrides[i] ?? 1)) % extent) * (strides[i] ?? 0), 0),
  );
  const places = builder.node('Add', [along, builder.int32s(lines, starts)], shape, 'int32');
  const flat = builder.node('Reshape', [x, builder.int64s([-1])], [sizeOf(x.shape)], x.dtype);
  return builder.node('Gather', [flat, places], shape, x.dtype, { axis: 0 });
}

/** True if at least one operand has the shape of the result. */
function stretchesOne(inputs: readonly OnnxValue[], shape: Shape): boolean {
  return inputs.some((x) => x.shape.join() === shape.join());
}

function stretched(builder: GraphBuilder, x: OnnxValue, shape: Shape): OnnxValue {
  if (shape.join() === x.shape.join()) return x;
  return builder.node('Expand', [x, builder.int64s(shape)], shape, x.dtype);
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
