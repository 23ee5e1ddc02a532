import type { z } from 'zod';
import { GroundworkError, type JsonValue } from '../../core/index.ts';
import { type DType, isFloating } from '../dtype.ts';
import { currentContext } from '../scope.ts';
import { broadcastShapes, formatShape, type Shape } from '../shape.ts';

/** What an op is told besides its operands. Plain data, so that it can stand in a Program. */
export type Attributes = { readonly [name: string]: JsonValue };

/** What a rule knows of an operand. */
export interface Operand {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** Numbers in row-major order. Booleans are 0 and 1, so that one array type serves every element type. */
export interface NumericArray extends Operand {
  readonly data: Float64Array;
}

/** What every op states: how many tensors it reads, its attributes, and the shape and type that follow. */
export interface Rule<A extends Attributes = Attributes> {
  readonly arity: number | 'variadic';
  readonly schema: z.ZodType<A>;
  /** Shape and element type of the result. Throws `GroundworkError` where the operands do not fit. */
  infer(inputs: readonly Operand[], attributes: A): Operand;
}

/**
 * A primitive op: its rule, its cost and its meaning. The derivative stands beside it in `derivatives.ts`; the lowering
 * tables of the engines are exhaustive over the same names.
 */
export interface Signature<A extends Attributes = Attributes> extends Rule<A> {
  /** Floating-point operations of one evaluation. A multiply-add counts two, a transcendental function one, a move none. */
  flops(inputs: readonly Operand[], output: Operand, attributes: A): number;
  /** The meaning, in float64. Slow and obviously right: every engine is tested against it. */
  evaluate(inputs: readonly NumericArray[], attributes: A, output: Operand): Float64Array;
}

/** Throws `shape-mismatch` at the current scope. */
export function failShape(message: string, hint: string): never {
  throw new GroundworkError('shape-mismatch', message, { hint, scope: currentContext().scope });
}

/** Throws `dtype-mismatch` at the current scope. */
export function failDtype(message: string, hint: string): never {
  throw new GroundworkError('dtype-mismatch', message, { hint, scope: currentContext().scope });
}

/** Throws `invalid-attribute` at the current scope. */
export function failAttribute(message: string, hint: string): never {
  throw new GroundworkError('invalid-attribute', message, { hint, scope: currentContext().scope });
}

/** The operand at `index`; the arity was checked before any rule runs. */
export function operand<T extends Operand>(inputs: readonly T[], index: number): T {
  const found = inputs[index];
  if (found === undefined) return failShape(`operand ${index} is missing`, 'Give the op all of its operands.');
  return found;
}

export function requireFloating(op: string, input: Operand): void {
  if (!isFloating(input.dtype)) {
    failDtype(`${op} needs a floating-point tensor, found ${input.dtype}`, "Convert it first: cast(x, 'float32').");
  }
}

export function requireNumeric(op: string, input: Operand): void {
  if (input.dtype === 'bool') failDtype(`${op} needs numbers, found bool`, "Convert it first: cast(x, 'float32').");
}

export function requireDtype(op: string, what: string, input: Operand, dtype: DType): void {
  if (input.dtype !== dtype) {
    failDtype(`${op} needs ${what} of type ${dtype}, found ${input.dtype}`, `Convert it first: cast(x, '${dtype}').`);
  }
}

export function requireSameDtype(op: string, a: Operand, b: Operand): void {
  if (a.dtype !== b.dtype) {
    failDtype(
      `${op} needs operands of one type, found ${a.dtype} and ${b.dtype}`,
      `Convert one of them: cast(x, '${a.dtype}').`,
    );
  }
}

/** The common shape of operands, or a `shape-mismatch` that names the op. */
export function broadcastOrFail(op: string, a: Shape, b: Shape): Shape {
  return (
    broadcastShapes(a, b) ??
    failShape(
      `${op}: shapes ${formatShape(a)} and ${formatShape(b)} do not broadcast`,
      'Aligned at the last axis, two extents must be equal or one of them 1. Reshape or transpose one operand.',
    )
  );
}

export function requireAxis(op: string, axis: number, rank: number): void {
  if (axis >= rank) {
    failAttribute(`${op}: axis ${axis} of a tensor with ${rank} axes`, `Choose an axis from 0 to ${rank - 1}.`);
  }
}
