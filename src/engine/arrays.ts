import { GroundworkError } from '../core/index.ts';
import { type DType, formatShape, isFloating, nodeAt, type Program, sizeOf } from '../tensor/index.ts';
import type { ArraySpec, NumericData } from './engine.ts';

const arrayTypes = {
  float32: Float32Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int32: Int32Array,
  bool: Uint8Array,
} as const satisfies Record<DType, unknown>;

/** An array of zeros of the type that stands for `dtype`. */
export function zeros({ shape, dtype }: ArraySpec): NumericData {
  return new arrayTypes[dtype](sizeOf(shape));
}

/** Shape and element type of a named input or state. */
export function specOf(program: Program, kind: 'input' | 'state', name: string): ArraySpec {
  const entries = kind === 'input' ? program.inputs : program.state;
  // Own names only: every object has a `constructor`.
  const isKnown = Object.hasOwn(entries, name);
  const position = kind === 'input' ? program.inputs[name] : program.state[name]?.node;
  if (!isKnown || position === undefined) {
    throw new GroundworkError('unknown-name', `the Program has no ${kind} called "${name}"`, {
      hint: `It has: ${Object.keys(entries).join(', ') || '(none)'}.`,
    });
  }
  const { shape, dtype } = nodeAt(program, position);
  return { shape, dtype };
}

/** Checks that an array fits a named input or state. */
export function checkArray(
  kind: 'input' | 'state',
  name: string,
  spec: ArraySpec,
  data: NumericData | undefined,
): void {
  const expected = `${spec.dtype} ${formatShape(spec.shape)}, ${sizeOf(spec.shape)} elements`;
  if (data === undefined) {
    throw new GroundworkError('invalid-array', `${kind} "${name}" was not given, expected ${expected}`, {
      hint: 'Give one array for each input of the Program.',
    });
  }
  const isDouble = isFloating(spec.dtype) && data instanceof Float64Array;
  if (!(data instanceof arrayTypes[spec.dtype]) && !isDouble) {
    throw new GroundworkError(
      'invalid-array',
      `${kind} "${name}" is a ${data?.constructor?.name ?? typeof data}, expected ${arrayTypes[spec.dtype].name} for ${expected}`,
      { hint: `Convert it: ${arrayTypes[spec.dtype].name}.from(data).` },
    );
  }
  if (data.length !== sizeOf(spec.shape)) {
    throw new GroundworkError('invalid-array', `${kind} "${name}" has ${data.length} elements, expected ${expected}`, {
      hint: 'The array must be row-major and complete.',
    });
  }
}

/** Checks all inputs of a step: none missing, none unknown, all fitting. */
export function checkInputs(program: Program, inputs: { readonly [name: string]: NumericData }): void {
  for (const name of Object.keys(inputs)) specOf(program, 'input', name);
  for (const name of Object.keys(program.inputs)) {
    checkArray('input', name, specOf(program, 'input', name), inputs[name]);
  }
}

/** The error for a call on a session that was closed or broke. */
export function sessionClosed(reason: string): GroundworkError {
  return new GroundworkError('session-closed', `the session ${reason}`, {
    hint: 'Load the Program again and set its state from a checkpoint.',
  });
}
