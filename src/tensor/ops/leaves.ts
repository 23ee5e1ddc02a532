import { z } from 'zod';
import { assert } from '../../core/index.ts';
import { dtypes } from '../dtype.ts';
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

const constant: Signature<{ value: number; dtype: (typeof dtypes)[number] }> = {
  arity: 0,
  schema: z.strictObject({ value: z.number(), dtype: z.enum(dtypes) }),
  infer: (_, { dtype }) => ({ shape: [], dtype }),
  flops: () => 0,
  evaluate: (_, { value }) => Float64Array.of(value),
};

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
