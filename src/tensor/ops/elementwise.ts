import { z } from 'zod';
import { dtypes, isFloating } from '../dtype.ts';
import { type Shape, sizeOf, stridesOf } from '../shape.ts';
import {
  broadcastOrFail,
  failDtype,
  type NumericArray,
  operand,
  requireDtype,
  requireFloating,
  requireNumeric,
  requireSameDtype,
  type Signature,
} from './signature.ts';
import { erf } from './special-functions.ts';

const noAttributes = z.strictObject({});
type None = Record<string, never>;

/** Evaluates `f` at each element of `shape`, with operands stretched to it. */
function mapBroadcast(inputs: readonly NumericArray[], shape: Shape, f: (...values: number[]) => number): Float64Array {
  const out = new Float64Array(sizeOf(shape));
  const outStrides = stridesOf(shape);
  const strides = inputs.map(({ shape: own }) => {
    const offset = shape.length - own.length;
    const full = stridesOf(own);
    return shape.map((_, axis) => (axis < offset || own[axis - offset] === 1 ? 0 : (full[axis - offset] ?? 0)));
  });
  const values = new Array<number>(inputs.length);
  for (let i = 0; i < out.length; i++) {
    inputs.forEach((input, k) => {
      let position = 0;
      for (let axis = 0; axis < shape.length; axis++) {
        const index = Math.floor(i / (outStrides[axis] ?? 1)) % (shape[axis] ?? 1);
        position += index * (strides[k]?.[axis] ?? 0);
      }
      values[k] = input.data[position] ?? 0;
    });
    out[i] = f(...values);
  }
  return out;
}

/** One floating-point operand, one result of the same shape. */
function unary(op: string, f: (x: number) => number): Signature<None> {
  return {
    arity: 1,
    schema: noAttributes,
    infer(inputs) {
      const x = operand(inputs, 0);
      requireFloating(op, x);
      return { shape: x.shape, dtype: x.dtype };
    },
    flops: (_, output) => sizeOf(output.shape),
    evaluate: (inputs) => operand(inputs, 0).data.map((x) => f(x)),
  };
}

/** One numeric operand (also int32), one result of the same shape. */
function numericUnary(op: string, f: (x: number) => number): Signature<None> {
  return {
    ...unary(op, f),
    infer(inputs) {
      const x = operand(inputs, 0);
      requireNumeric(op, x);
      return { shape: x.shape, dtype: x.dtype };
    },
    evaluate: (inputs, _, output) =>
      operand(inputs, 0).data.map(output.dtype === 'int32' ? (x) => f(x) | 0 : (x) => f(x)),
  };
}

/** Two numeric operands that broadcast. int32 wraps around, as in every engine; `ofIntegers` is f before it wraps. */
function arithmetic(op: string, f: (x: number, y: number) => number, ofIntegers = f): Signature<None> {
  return {
    arity: 2,
    schema: noAttributes,
    infer(inputs) {
      const [x, y] = [operand(inputs, 0), operand(inputs, 1)];
      requireNumeric(op, x);
      requireSameDtype(op, x, y);
      return { shape: broadcastOrFail(op, x.shape, y.shape), dtype: x.dtype };
    },
    flops: (_, output) => (isFloating(output.dtype) ? sizeOf(output.shape) : 0),
    evaluate: (inputs, _, output) =>
      mapBroadcast(inputs, output.shape, output.dtype === 'int32' ? (x = 0, y = 0) => ofIntegers(x, y) | 0 : f),
  };
}

/** Two floating-point operands that broadcast. */
function floatArithmetic(op: string, f: (x: number, y: number) => number): Signature<None> {
  const base = arithmetic(op, f);
  return {
    ...base,
    infer(inputs, attributes) {
      requireFloating(op, operand(inputs, 0));
      return base.infer(inputs, attributes);
    },
  };
}

/** Two numeric operands that broadcast, to bool. */
function comparison(op: string, f: (x: number, y: number) => boolean): Signature<None> {
  return {
    arity: 2,
    schema: noAttributes,
    infer(inputs) {
      const [x, y] = [operand(inputs, 0), operand(inputs, 1)];
      requireNumeric(op, x);
      requireSameDtype(op, x, y);
      return { shape: broadcastOrFail(op, x.shape, y.shape), dtype: 'bool' };
    },
    flops: () => 0,
    evaluate: (inputs, _, output) => mapBroadcast(inputs, output.shape, (x = 0, y = 0) => Number(f(x, y))),
  };
}

/** Bools that broadcast, to bool. */
function logical(op: string, arity: 1 | 2, f: (x: number, y: number) => number): Signature<None> {
  return {
    arity,
    schema: noAttributes,
    infer(inputs) {
      for (const input of inputs) requireDtype(op, 'operands', input, 'bool');
      const x = operand(inputs, 0);
      const shape = arity === 1 ? x.shape : broadcastOrFail(op, x.shape, operand(inputs, 1).shape);
      return { shape, dtype: 'bool' };
    },
    flops: () => 0,
    evaluate: (inputs, _, output) => mapBroadcast(inputs, output.shape, (x = 0, y = 0) => f(x, y)),
  };
}

const where: Signature<None> = {
  arity: 3,
  schema: noAttributes,
  infer(inputs) {
    const [condition, x, y] = [operand(inputs, 0), operand(inputs, 1), operand(inputs, 2)];
    requireDtype('where', 'a condition', condition, 'bool');
    requireSameDtype('where', x, y);
    if (x.dtype === 'bool') failDtype('where selects numbers, found bool', 'Use and, or and not on bools.');
    return {
      shape: broadcastOrFail('where', condition.shape, broadcastOrFail('where', x.shape, y.shape)),
      dtype: x.dtype,
    };
  },
  flops: () => 0,
  evaluate: (inputs, _, output) => mapBroadcast(inputs, output.shape, (c = 0, x = 0, y = 0) => (c ? x : y)),
};

const cast: Signature<{ to: (typeof dtypes)[number] }> = {
  arity: 1,
  schema: z.strictObject({ to: z.enum(dtypes) }),
  infer: (inputs, { to }) => ({ shape: operand(inputs, 0).shape, dtype: to }),
  flops: () => 0,
  evaluate(inputs, { to }) {
    const { data } = operand(inputs, 0);
    if (to === 'int32') return data.map((x) => Math.trunc(x));
    if (to === 'bool') return data.map((x) => Number(x !== 0));
    // Floating types stay in float64: the reference shows the mathematics, engines show the rounding.
    return data.slice();
  },
};

export const elementwise = {
  negate: numericUnary('negate', (x) => -x),
  abs: numericUnary('abs', Math.abs),
  sign: unary('sign', Math.sign),
  exp: unary('exp', Math.exp),
  log: unary('log', Math.log),
  sqrt: unary('sqrt', Math.sqrt),
  reciprocal: unary('reciprocal', (x) => 1 / x),
  floor: unary('floor', Math.floor),
  sin: unary('sin', Math.sin),
  cos: unary('cos', Math.cos),
  tanh: unary('tanh', Math.tanh),
  erf: unary('erf', erf),
  add: arithmetic('add', (x, y) => x + y),
  subtract: arithmetic('subtract', (x, y) => x - y),
  // A product of two int32 can have more digits than float64 keeps.
  multiply: arithmetic('multiply', (x, y) => x * y, Math.imul),
  divide: floatArithmetic('divide', (x, y) => x / y),
  power: floatArithmetic('power', (x, y) => x ** y),
  maximum: arithmetic('maximum', Math.max),
  minimum: arithmetic('minimum', Math.min),
  equal: comparison('equal', (x, y) => x === y),
  less: comparison('less', (x, y) => x < y),
  lessOrEqual: comparison('lessOrEqual', (x, y) => x <= y),
  and: logical('and', 2, (x, y) => Number(x !== 0 && y !== 0)),
  or: logical('or', 2, (x, y) => Number(x !== 0 || y !== 0)),
  not: logical('not', 1, (x) => Number(x === 0)),
  where,
  cast,
};
