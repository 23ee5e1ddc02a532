import { GroundworkError } from '../core/index.ts';
import { type DType, isFloating } from './dtype.ts';
import { currentContext } from './scope.ts';
import { broadcastShapes, formatShape, normalizeAxis, type Shape, sameShape, sizeOf } from './shape.ts';
import { makeTensor, type Tensor } from './tensor.ts';

/**
 * The primitives as functions of tensors. Each makes one node (or none, where the result is an operand unchanged).
 * Two operands broadcast: aligned at the last axis, an extent of 1 stretches. A number stands for a scalar tensor of the
 * other operand's type. Wrong shapes, types and axes throw `GroundworkError` with the scope in which they were found.
 */
export type TensorLike = Tensor | number;

/** A scalar that holds `value`, which the element type must have: no fraction in an int32, only 0 and 1 as bool. */
export function constant(value: number, dtype: DType = 'float32'): Tensor {
  return makeTensor('constant', [], { value: value === 0 ? 0 : value, dtype });
}

/** The tensor `[0, 1, …, length − 1]`. */
export function iota(length: number, dtype: 'float32' | 'int32' = 'int32'): Tensor {
  return makeTensor('iota', [], { length, dtype });
}

/** A tensor of `shape` in which every element is `value`. */
export function fill(value: number, shape: Shape, dtype: DType = 'float32'): Tensor {
  return broadcastTo(constant(value, dtype), shape);
}

/** x unchanged, but `gradient` treats it as a constant. */
export function stopGradient(x: Tensor): Tensor {
  return makeTensor('stopGradient', [x], {});
}

/** x unchanged, but no engine may compute what depends on it before `trigger` has been computed. */
export function after(x: Tensor, trigger: Tensor): Tensor {
  return makeTensor('after', [x, trigger], {});
}

type UnaryName = 'negate' | 'abs' | 'sign' | 'exp' | 'log' | 'sqrt' | 'reciprocal' | 'floor';
type UnaryFunctionName = UnaryName | 'sin' | 'cos' | 'tanh' | 'erf' | 'not';
const unary =
  (op: UnaryFunctionName) =>
  (x: Tensor): Tensor =>
    makeTensor(op, [x], {});

export const negate = unary('negate');
export const abs = unary('abs');
/** −1, 0 or 1. */
export const sign = unary('sign');
export const exp = unary('exp');
/** The natural logarithm. */
export const log = unary('log');
export const sqrt = unary('sqrt');
/** 1 / x */
export const reciprocal = unary('reciprocal');
export const floor = unary('floor');
export const sin = unary('sin');
export const cos = unary('cos');
export const tanh = unary('tanh');
/** The error function 2/√π ∫₀ˣ e^(−t²) dt. */
export const erf = unary('erf');
export const not = unary('not');

type BinaryName =
  | 'add'
  | 'subtract'
  | 'multiply'
  | 'divide'
  | 'power'
  | 'maximum'
  | 'minimum'
  | 'equal'
  | 'less'
  | 'lessOrEqual'
  | 'and'
  | 'or';
const binary =
  (op: BinaryName) =>
  (x: TensorLike, y: TensorLike): Tensor =>
    makeTensor(op, lift(x, y), {});

export const add = binary('add');
export const subtract = binary('subtract');
export const multiply = binary('multiply');
export const divide = binary('divide');
/** x to the power y */
export const power = binary('power');
export const maximum = binary('maximum');
export const minimum = binary('minimum');
export const equal = binary('equal');
/** x < y */
export const less = binary('less');
/** x ≤ y */
export const lessOrEqual = binary('lessOrEqual');
export const and = binary('and');
export const or = binary('or');

/** x · x */
export function square(x: Tensor): Tensor {
  return multiply(x, x);
}

/** Where `condition` holds, x; elsewhere y. All three broadcast. */
export function where(condition: Tensor, x: TensorLike, y: TensorLike): Tensor {
  return makeTensor('where', [condition, ...lift(x, y)], {});
}

/** x converted to another element type. Floats become int32 by dropping the fraction, and bool by comparing with 0. */
export function cast(x: Tensor, to: DType): Tensor {
  return x.dtype === to ? x : makeTensor('cast', [x], { to });
}

export interface ReductionOptions {
  /** Keep the reduced axes with extent 1. Default false. */
  readonly keepDimensions?: boolean;
}

/** The sum over the given axes (negative axes count from the end; all axes where none are given). */
export function reduceSum(x: Tensor, axes?: readonly number[], options: ReductionOptions = {}): Tensor {
  return makeTensor('reduceSum', [x], reductionAttributes('reduceSum', x, axes, options));
}

/** The greatest element over the given axes. */
export function reduceMax(x: Tensor, axes?: readonly number[], options: ReductionOptions = {}): Tensor {
  return makeTensor('reduceMax', [x], reductionAttributes('reduceMax', x, axes, options));
}

/** The mean over the given axes. */
export function reduceMean(x: Tensor, axes?: readonly number[], options: ReductionOptions = {}): Tensor {
  // The factor meets the reduced axes dropped: kernels are slow on a last axis of extent 1.
  const total = reduceSum(x, axes);
  const mean = multiply(total, sizeOf(total.shape) / sizeOf(x.shape));
  return options.keepDimensions ? reshape(mean, keptShape(x, axes)) : mean;
}

/** The shape of x with the given axes at extent 1. */
function keptShape(x: Tensor, axes: readonly number[] | undefined): Shape {
  const reduced = new Set((axes ?? x.shape.map((_, axis) => axis)).map((axis) => axisOf('reduceMean', axis, x)));
  return x.shape.map((extent, axis) => (reduced.has(axis) ? 1 : extent));
}

/** The index of the greatest element along an axis, as int32; the first of equals. The axis disappears. */
export function argMax(x: Tensor, axis = -1): Tensor {
  return makeTensor('argMax', [x], { axis: axisOf('argMax', axis, x) });
}

/** The running sum along an axis, from its end if `reverse`. */
export function cumulativeSum(x: Tensor, axis: number, { reverse = false } = {}): Tensor {
  return makeTensor('cumulativeSum', [x], { axis: axisOf('cumulativeSum', axis, x), reverse });
}

export interface MatmulOptions {
  /** Transpose the last two axes of the left operand first. Default false. */
  readonly transposeLeft?: boolean;
  /** Transpose the last two axes of the right operand first. Default false. */
  readonly transposeRight?: boolean;
}

/** The matrix product over the last two axes, [..., M, K] · [..., K, N] → [..., M, N]; leading axes broadcast. */
export function matmul(left: Tensor, right: Tensor, options: MatmulOptions = {}): Tensor {
  const { transposeLeft = false, transposeRight = false } = options;
  return makeTensor('matmul', [left, right], { transposeLeft, transposeRight });
}

/** The same elements in the same order under another shape. One extent may be −1: it follows from the others. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const given = shape.filter((extent) => extent !== -1);
  const open = sizeOf(x.shape) / sizeOf(given);
  if (given.length < shape.length && (shape.length - given.length > 1 || !Number.isInteger(open))) {
    throw new GroundworkError('shape-mismatch', `reshape: ${formatShape(x.shape)} to ${formatShape(shape)}`, {
      hint: 'At most one extent may be −1, and the product of the others must divide the number of elements.',
      scope: currentContext().scope,
    });
  }
  const resolved = shape.map((extent) => (extent === -1 ? open : extent));
  return sameShape(resolved, x.shape) ? x : makeTensor('reshape', [x], { shape: resolved });
}

/** The axes in another order: axis i of the result is axis `permutation[i]` of x. */
export function transpose(x: Tensor, permutation: readonly number[]): Tensor {
  const axes = permutation.map((axis) => axisOf('transpose', axis, x));
  return axes.every((axis, i) => axis === i) && axes.length === x.shape.length
    ? x
    : makeTensor('transpose', [x], { permutation: axes });
}

/** x stretched to `shape`. */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  return sameShape(x.shape, shape) ? x : makeTensor('broadcastTo', [x], { shape });
}

/** The elements from `start` up to (not including) `end` along one axis. */
export function slice(x: Tensor, axis: number, start: number, end: number): Tensor {
  const at = axisOf('slice', axis, x);
  if (start === 0 && end === x.shape[at]) return x;
  return makeTensor('slice', [x], {
    starts: x.shape.map((_, i) => (i === at ? start : 0)),
    ends: x.shape.map((extent, i) => (i === at ? end : extent)),
  });
}

/** x with zeros added before and after it along each axis. */
export function pad(x: Tensor, before: readonly number[], after: readonly number[]): Tensor {
  return makeTensor('pad', [x], { before, after });
}

/** The tensors joined along an axis. */
export function concatenate(tensors: readonly Tensor[], axis: number): Tensor {
  const [first] = tensors;
  const at = first ? axisOf('concatenate', axis, first) : axis;
  return first && tensors.length === 1 ? first : makeTensor('concatenate', tensors, { axis: at });
}

/**
 * Rows of `table` [V, ...] by int32 `indices` [...]: an embedding. Indices outside 0 … V − 1 are an error of the data. Of a table that
 * was converted to another floating type, rows are gathered first and converted after: the same numbers with less work, and
 * their gradients add up in the type of the table.
 */
export function gatherRows(table: Tensor, indices: Tensor): Tensor {
  const [source] = table.op === 'cast' ? table.inputs : [];
  if (source && isFloating(source.dtype) && isFloating(table.dtype)) {
    return cast(gatherRows(source, indices), table.dtype);
  }
  return makeTensor('gatherRows', [table, indices], {});
}

/** `base` [V, ...] with each row of `updates` added at the row that `indices` names; repeated indices add up. */
export function scatterAddRows(base: Tensor, indices: Tensor, updates: Tensor): Tensor {
  return makeTensor('scatterAddRows', [base, indices, updates], {});
}

/** The element of x that `indices` names along `axis`, for each position of `indices`. */
export function takeAlongAxis(x: Tensor, indices: Tensor, axis: number): Tensor {
  return makeTensor('takeAlongAxis', [x, indices], { axis: axisOf('takeAlongAxis', axis, x) });
}

/** `base` with each element of `updates` added at the position that `indices` names along `axis`. */
export function scatterAddAlongAxis(base: Tensor, indices: Tensor, updates: Tensor, axis: number): Tensor {
  const at = axisOf('scatterAddAlongAxis', axis, base);
  return makeTensor('scatterAddAlongAxis', [base, indices, updates], { axis: at });
}

/** The sum of x over the axes along which it was stretched from `shape`: the transpose of broadcasting. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  if (!sameShape(broadcastShapes(shape, x.shape) ?? [], x.shape)) {
    throw new GroundworkError('shape-mismatch', `sumTo: ${formatShape(x.shape)} to ${formatShape(shape)}`, {
      hint: 'The target must be a shape that broadcasts to that of x.',
      scope: currentContext().scope,
    });
  }
  const offset = x.shape.length - shape.length;
  const axes = x.shape.flatMap((extent, axis) =>
    axis < offset || (shape[axis - offset] === 1 && extent !== 1) ? [axis] : [],
  );
  return reshape(reduceSum(x, axes, { keepDimensions: true }), shape);
}

/** Two operands of which one may be a number, which takes the type of the other. */
function lift(x: TensorLike, y: TensorLike): [Tensor, Tensor] {
  if (typeof x === 'number') {
    const right = typeof y === 'number' ? constant(y) : y;
    return [constant(x, right.dtype), right];
  }
  return [x, typeof y === 'number' ? constant(y, x.dtype) : y];
}

/** An axis counted from the front, or `invalid-attribute`. */
export function axisOf(op: string, axis: number, x: Tensor): number {
  const normalized = normalizeAxis(axis, x.shape.length);
  if (normalized === undefined) {
    throw new GroundworkError('invalid-attribute', `${op}: axis ${axis} of a tensor ${formatShape(x.shape)}`, {
      hint: `Choose an axis from ${-x.shape.length} to ${x.shape.length - 1}.`,
      scope: currentContext().scope,
    });
  }
  return normalized;
}

function reductionAttributes(op: string, x: Tensor, axes: readonly number[] | undefined, options: ReductionOptions) {
  const all = axes ?? x.shape.map((_, axis) => axis);
  return {
    axes: all.map((axis) => axisOf(op, axis, x)).sort((a, b) => a - b),
    keepDimensions: options.keepDimensions ?? false,
  };
}
