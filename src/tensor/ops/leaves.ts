import { z } from 'zod';
import { assert } from '../../core/index.ts';
import { type DType, dtypes } from '../dtype.ts';
import { operand, type Signature } from './signature.ts';

const named = z.strictObject({
  name: z.string().min(1),
  shape: z.array(z.int().min(1)).readonly(),
  dtype: z.enum(dtypes),
});

/** A leaf whose value is given from outside: an engine puts it in place before it evaluates anything. */
const given: Signature<z.output<typeof named>> = {
  arity: 0,
  schema: named,
  infer: (_, { shape, dtype }) => ({ shape, dtype }),
  flops: () => 0,
  evaluate: (_, { name }) => assert(false, `the value of ${name} was not given`) as never,
};

const constant: Signature<{ value: number; dtype: DType }> = {
  arity: 0,
  schema: z
    .strictObject({ value: z.number(), dtype: z.enum(dtypes) })
    .refine(({ value, dtype }) => isElement(value, dtype), {
      path: ['value'],
      error: 'the element type has no such value',
    }),
  infer: (_, { dtype }) => ({ shape: [], dtype }),
  flops: () => 0,
  evaluate: (_, { value }) => Float64Array.of(value),
};

/** True if the element type can hold the number: engines would each make something else of 0.5 as an int32. */
function isElement(value: number, dtype: DType): boolean {
  // Canonical JSON writes -0 as 0, so the two would be one constant with two meanings.
  if (Object.is(value, -0)) return false;
  if (dtype === 'int32') return value === (value | 0);
  if (dtype === 'bool') return value === 0 || value === 1;
  return Number.isFinite(Math.fround(value));
}

const iota: Signature<{ length: number; dtype: 'float32' | 'int32' }> = {
  arity: 0,
  schema: z.strictObject({ length: z.int().min(1), dtype: z.enum(['float32', 'int32']) }),
  infer: (_, { length, dtype }) => ({ shape: [length], dtype }),
  flops: () => 0,
  evaluate: (_, { length }) => Float64Array.from({ length }, (_, i) => i),
};

const stopGradient: Signature<Record<string, never>> = {
  arity: 1,
  schema: z.strictObject({}),
  infer: (inputs) => ({ shape: operand(inputs, 0).shape, dtype: operand(inputs, 0).dtype }),
  flops: () => 0,
  evaluate: (inputs) => operand(inputs, 0).data.slice(),
};

/** The first operand, to be made available only once the second has been computed. */
const after: Signature<Record<string, never>> = {
  ...stopGradient,
  arity: 2,
  infer(inputs) {
    const x = operand(inputs, 0);
    return { shape: x.shape, dtype: x.dtype };
  },
};

export const leaves = { input: given, state: given, constant, iota };
export const ordering = { stopGradient, after };
