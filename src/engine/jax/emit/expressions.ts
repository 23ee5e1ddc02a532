import type { AttributesOf, DType, OpName, Shape } from '../../../tensor/index.ts';
import type { CompositeFunction } from './composite-functions.ts';
import { pythonTuple } from './python-names.ts';

/** What a Python expression reads. `text` is a name, a subscript or a call, so that it needs no brackets. */
export interface OperandText {
  readonly text: string;
  /** A constant also as a bare number, which takes the type of what it meets. */
  readonly number?: string | undefined;
  readonly shape: Shape;
  readonly dtype: DType;
}

interface Written<Name extends OpName> {
  readonly operands: readonly OperandText[];
  readonly attributes: AttributesOf<Name>;
  readonly shape: Shape;
  readonly dtype: DType;
}

type Expression<Name extends OpName> = (node: Written<Name>) => string;

/** Ops that stand for values which are there before anything is computed; they are no statements. */
export type LeafName = 'input' | 'state' | 'constant' | 'iota';

const jnpDtypes: Readonly<Record<DType, string>> = {
  float32: 'jnp.float32',
  float16: 'jnp.float16',
  bfloat16: 'jnp.bfloat16',
  int32: 'jnp.int32',
  bool: 'jnp.bool_',
};

/** An element type as JAX calls it. */
export function jnpDtype(dtype: DType): string {
  return jnpDtypes[dtype];
}

/** A number as Python writes it: the decimal fraction that the Program holds, which every engine rounds in the same way. */
export function pythonNumber(value: number, dtype: DType): string {
  if (dtype === 'bool') return value === 0 ? 'False' : 'True';
  const text = String(value);
  return dtype === 'int32' || /[.e]/.test(text) ? text : `${text}.0`;
}

/** A call of `name` on the operands as they are. */
const call =
  (name: string) =>
  ({ operands }: Written<OpName>): string =>
    `${name}(${operands.map(({ text }) => text).join(', ')})`;

/** A call of one of the functions at the head of the module. */
const own = (name: CompositeFunction, operands: readonly OperandText[], ...rest: readonly (string | number)[]) =>
  `${name}(${[...operands.map(({ text }) => text), ...rest].join(', ')})`;

/** Two operands of one type; one that is a constant is written as a bare number. */
function numbers(operands: readonly OperandText[]): [string, string] {
  const [x, y] = [at(operands, 0), at(operands, 1)];
  if (x.number !== undefined && y.number === undefined) return [x.number, y.text];
  if (y.number !== undefined && x.number === undefined) return [x.text, y.number];
  return [x.text, y.text];
}

const infix =
  (sign: string) =>
  ({ operands }: Written<OpName>): string =>
    numbers(operands).join(` ${sign} `);

const binaryCall =
  (name: string) =>
  ({ operands }: Written<OpName>): string =>
    `${name}(${numbers(operands).join(', ')})`;

const reduction =
  (name: string) =>
  ({ operands, attributes }: Written<'reduceSum' | 'reduceMax'>): string => {
    const { axes, keepDimensions } = attributes;
    const options = [`axis=${pythonTuple(axes)}`, ...(keepDimensions ? ['keepdims=True'] : [])];
    return `${name}(${[text(operands), ...options].join(', ')})`;
  };

/** The expression of every op that is computed. Matrix products of bfloat16 add up in float32, as JAX does by itself. */
export const expressions: { readonly [Name in Exclude<OpName, LeafName>]: Expression<Name> } = {
  stopGradient: call('jax.lax.stop_gradient'),
  after: ({ operands }) => `jax.lax.optimization_barrier((${text(operands)}, ${text(operands, 1)}))[0]`,

  negate: ({ operands }) => `-${text(operands)}`,
  abs: call('jnp.abs'),
  sign: call('jnp.sign'),
  exp: call('jnp.exp'),
  log: call('jnp.log'),
  sqrt: call('jnp.sqrt'),
  reciprocal: ({ operands }) => `1.0 / ${text(operands)}`,
  floor: call('jnp.floor'),
  sin: call('jnp.sin'),
  cos: call('jnp.cos'),
  tanh: call('jnp.tanh'),
  erf: call('jax.lax.erf'),
  add: infix('+'),
  subtract: infix('-'),
  multiply: infix('*'),
  divide: infix('/'),
  power: binaryCall('jnp.power'),
  maximum: binaryCall('jnp.maximum'),
  minimum: binaryCall('jnp.minimum'),
  equal: infix('=='),
  less: infix('<'),
  lessOrEqual: infix('<='),
  and: ({ operands }) => `${text(operands)} & ${text(operands, 1)}`,
  or: ({ operands }) => `${text(operands)} | ${text(operands, 1)}`,
  not: ({ operands }) => `~${text(operands)}`,
  where: ({ operands }) => `jnp.where(${text(operands)}, ${numbers(operands.slice(1)).join(', ')})`,
  cast: ({ operands, attributes }) => `${text(operands)}.astype(${jnpDtype(attributes.to)})`,

  reduceSum: reduction('jnp.sum'),
  reduceMax: reduction('jnp.max'),
  // The first of equals, as everywhere.
  argMax: ({ operands, attributes }) => `jnp.argmax(${text(operands)}, axis=${attributes.axis}).astype(jnp.int32)`,
  cumulativeSum: ({ operands, attributes: { axis, reverse } }) =>
    `jax.lax.cumsum(${text(operands)}, axis=${axis}, reverse=${reverse ? 'True' : 'False'})`,

  matmul: ({ operands, attributes: { transposeLeft, transposeRight } }) =>
    `${turned(at(operands, 0), transposeLeft)} @ ${turned(at(operands, 1), transposeRight)}`,

  reshape: ({ operands, shape }) => `${text(operands)}.reshape(${pythonTuple(shape)})`,
  transpose: ({ operands, attributes }) => `${text(operands)}.transpose(${pythonTuple(attributes.permutation)})`,
  broadcastTo: ({ operands, shape, dtype }) => {
    const { number } = at(operands, 0);
    if (number !== undefined) return `jnp.full(${pythonTuple(shape)}, ${number}, ${jnpDtype(dtype)})`;
    return `jnp.broadcast_to(${text(operands)}, ${pythonTuple(shape)})`;
  },
  slice: ({ operands, attributes: { starts, ends } }) => {
    const { shape } = at(operands, 0);
    const ranges = shape.map((extent, axis) => {
      const [start = 0, end = extent] = [starts[axis], ends[axis]];
      return start === 0 && end === extent ? ':' : `${start}:${end}`;
    });
    // Axes behind the last that is cut need not be named.
    while (ranges.length > 1 && ranges.at(-1) === ':') ranges.pop();
    return ranges.length === 0 ? text(operands) : `${text(operands)}[${ranges.join(', ')}]`;
  },
  pad: ({ operands, attributes: { before, after }, shape }) =>
    shape.length === 0
      ? text(operands)
      : `jnp.pad(${text(operands)}, ${pythonTuple(before.map((count, axis) => `(${count}, ${after[axis] ?? 0})`))})`,
  concatenate: ({ operands, attributes }) =>
    `jnp.concatenate([${operands.map((operand) => operand.text).join(', ')}], axis=${attributes.axis})`,

  // Indices are in range, or the data are wrong and were refused before.
  gatherRows: ({ operands }) => `jnp.take(${text(operands)}, ${text(operands, 1)}, axis=0, mode="clip")`,
  scatterAddRows: ({ operands }) => `${text(operands)}.at[${text(operands, 1)}].add(${text(operands, 2)})`,
  takeAlongAxis: ({ operands, attributes }) =>
    `jnp.take_along_axis(${text(operands)}, ${text(operands, 1)}, axis=${attributes.axis}, mode="clip")`,
  scatterAddAlongAxis: ({ operands, attributes }) => own('scatter_add_along_axis', operands, attributes.axis),

  relu: call('jax.nn.relu'),
  reluSquared: ({ operands }) => `jnp.square(jax.nn.relu(${text(operands)}))`,
  sigmoid: call('jax.nn.sigmoid'),
  silu: call('jax.nn.silu'),
  gelu: ({ operands, attributes }) =>
    `jax.nn.gelu(${text(operands)}, approximate=${attributes.approximation === 'tanh' ? 'True' : 'False'})`,
  softmax: ({ operands, attributes, dtype }) =>
    rounded(`jax.nn.softmax(${widened(operands)}, axis=${attributes.axis})`, dtype),
  logSumExp: ({ operands, attributes, dtype }) =>
    rounded(`jax.nn.logsumexp(${widened(operands)}, axis=${attributes.axis})`, dtype),
  rmsNorm: ({ operands, attributes }) => own('rms_norm', operands, pythonNumber(attributes.epsilon, 'float32')),
  layerNorm: ({ operands, attributes }) => own('layer_norm', operands, pythonNumber(attributes.epsilon, 'float32')),
  rotaryEmbedding: ({ operands }) => own('rotary_embedding', operands),
  attention: ({ operands, attributes: { scale, window } }) =>
    own('attention', operands, pythonNumber(scale, 'float32'), window ?? 'None'),
  crossEntropy: ({ operands, attributes }) => own('cross_entropy', operands, attributes.ignoredTarget ?? 'None'),
};

/**
 * The same for text that JAX differentiates: activations are functions at the head of the module, which say what is kept of them for the
 * gradient.
 */
export const differentiatedExpressions: typeof expressions = {
  ...expressions,
  relu: ({ operands }) => own('relu', operands),
  reluSquared: ({ operands }) => own('relu_squared', operands),
  silu: ({ operands }) => own('silu', operands),
  gelu: ({ operands, attributes }) => own('gelu', operands, attributes.approximation === 'tanh' ? 'True' : 'False'),
};

/** An operand of a matrix product, its last two axes exchanged where `isTransposed`. */
function turned({ text: x, shape }: OperandText, isTransposed: boolean): string {
  if (!isTransposed) return x;
  return shape.length === 2 ? `${x}.T` : `jnp.swapaxes(${x}, -1, -2)`;
}

/** The first operand in float32. */
function widened(operands: readonly OperandText[]): string {
  const x = at(operands, 0);
  return x.dtype === 'float32' ? x.text : `${x.text}.astype(jnp.float32)`;
}

/** A float32 expression rounded to the element type of its node. */
function rounded(expression: string, dtype: DType): string {
  return dtype === 'float32' ? expression : `${expression}.astype(${jnpDtype(dtype)})`;
}

function text(operands: readonly OperandText[], index = 0): string {
  return at(operands, index).text;
}

/** The operand at `index`; the op's rule has checked how many there are. */
function at(operands: readonly OperandText[], index: number): OperandText {
  const operand = operands[index];
  if (operand === undefined) throw new RangeError(`an expression has no operand ${index}`);
  return operand;
}
