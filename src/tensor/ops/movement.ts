import { z } from 'zod';
import { formatShape, type Shape, sizeOf, stridesOf } from '../shape.ts';
import {
  broadcastOrFail,
  failAttribute,
  failShape,
  type NumericArray,
  operand,
  requireAxis,
  requireNumeric,
  requireSameDtype,
  type Signature,
} from './signature.ts';

const extents = z.array(z.int().min(1)).readonly();
const offsets = z.array(z.int().min(0)).readonly();

/** Fills an array of `shape` by asking, for each multi-index, which element of the source stands there (or none). */
function gatherBy(input: NumericArray, shape: Shape, source: (index: number[]) => number[] | undefined): Float64Array {
  const out = new Float64Array(sizeOf(shape));
  const strides = stridesOf(shape);
  const inStrides = stridesOf(input.shape);
  for (let i = 0; i < out.length; i++) {
    const index = shape.map((extent, axis) => Math.floor(i / (strides[axis] ?? 1)) % extent);
    const from = source(index);
    if (from) out[i] = input.data[from.reduce((sum, x, axis) => sum + x * (inStrides[axis] ?? 0), 0)] ?? 0;
  }
  return out;
}

const reshape: Signature<{ shape: readonly number[] }> = {
  arity: 1,
  schema: z.strictObject({ shape: extents }),
  infer(inputs, { shape }) {
    const x = operand(inputs, 0);
    if (sizeOf(shape) !== sizeOf(x.shape)) {
      failShape(
        `reshape: ${formatShape(x.shape)} has ${sizeOf(x.shape)} elements, ${formatShape(shape)} has ${sizeOf(shape)}`,
        'The product of the extents must stay the same.',
      );
    }
    return { shape, dtype: x.dtype };
  },
  flops: () => 0,
  evaluate: (inputs) => operand(inputs, 0).data.slice(),
};

const transpose: Signature<{ permutation: readonly number[] }> = {
  arity: 1,
  schema: z.strictObject({ permutation: offsets }),
  infer(inputs, { permutation }) {
    const x = operand(inputs, 0);
    const sorted = [...permutation].sort((a, b) => a - b);
    if (sorted.length !== x.shape.length || sorted.some((axis, i) => axis !== i)) {
      failAttribute(
        `transpose: [${permutation.join(', ')}] is no order of the ${x.shape.length} axes of ${formatShape(x.shape)}`,
        `Name each axis from 0 to ${x.shape.length - 1} once.`,
      );
    }
    return { shape: permutation.map((axis) => x.shape[axis] ?? 1), dtype: x.dtype };
  },
  flops: () => 0,
  evaluate(inputs, { permutation }, output) {
    return gatherBy(operand(inputs, 0), output.shape, (index) => {
      const from = new Array<number>(index.length);
      permutation.forEach((axis, i) => {
        from[axis] = index[i] ?? 0;
      });
      return from;
    });
  },
};

const broadcastTo: Signature<{ shape: readonly number[] }> = {
  arity: 1,
  schema: z.strictObject({ shape: extents }),
  infer(inputs, { shape }) {
    const x = operand(inputs, 0);
    if (formatShape(broadcastOrFail('broadcastTo', x.shape, shape)) !== formatShape(shape)) {
      failShape(
        `broadcastTo: ${formatShape(x.shape)} does not stretch to ${formatShape(shape)}`,
        'Aligned at the last axis, each extent must be 1 or equal to the target.',
      );
    }
    return { shape, dtype: x.dtype };
  },
  flops: () => 0,
  evaluate(inputs, _, output) {
    const x = operand(inputs, 0);
    const offset = output.shape.length - x.shape.length;
    return gatherBy(x, output.shape, (index) =>
      x.shape.map((extent, axis) => (extent === 1 ? 0 : (index[axis + offset] ?? 0))),
    );
  },
};

const slice: Signature<{ starts: readonly number[]; ends: readonly number[] }> = {
  arity: 1,
  schema: z.strictObject({ starts: offsets, ends: extents }),
  infer(inputs, { starts, ends }) {
    const x = operand(inputs, 0);
    const fits = starts.length === x.shape.length && ends.length === x.shape.length;
    if (
      !fits ||
      x.shape.some((extent, axis) => (starts[axis] ?? 0) >= (ends[axis] ?? 0) || (ends[axis] ?? 0) > extent)
    ) {
      failAttribute(
        `slice: [${starts.join(', ')}] to [${ends.join(', ')}] is not inside ${formatShape(x.shape)}`,
        'Give one start and one end per axis, with 0 ≤ start < end ≤ extent.',
      );
    }
    return { shape: x.shape.map((_, axis) => (ends[axis] ?? 0) - (starts[axis] ?? 0)), dtype: x.dtype };
  },
  flops: () => 0,
  evaluate: (inputs, { starts }, output) =>
    gatherBy(operand(inputs, 0), output.shape, (index) => index.map((i, axis) => i + (starts[axis] ?? 0))),
};

const pad: Signature<{ before: readonly number[]; after: readonly number[] }> = {
  arity: 1,
  schema: z.strictObject({ before: offsets, after: offsets }),
  infer(inputs, { before, after }) {
    const x = operand(inputs, 0);
    requireNumeric('pad', x);
    if (before.length !== x.shape.length || after.length !== x.shape.length) {
      failAttribute(
        `pad: ${before.length} and ${after.length} amounts for ${formatShape(x.shape)}`,
        'Give one per axis.',
      );
    }
    return { shape: x.shape.map((extent, axis) => (before[axis] ?? 0) + extent + (after[axis] ?? 0)), dtype: x.dtype };
  },
  flops: () => 0,
  evaluate(inputs, { before }, output) {
    const x = operand(inputs, 0);
    return gatherBy(x, output.shape, (index) => {
      const from = index.map((i, axis) => i - (before[axis] ?? 0));
      return from.every((i, axis) => i >= 0 && i < (x.shape[axis] ?? 0)) ? from : undefined;
    });
  },
};

const concatenate: Signature<{ axis: number }> = {
  arity: 'variadic',
  schema: z.strictObject({ axis: z.int().min(0) }),
  infer(inputs, { axis }) {
    const first = operand(inputs, 0);
    requireAxis('concatenate', axis, first.shape.length);
    let total = 0;
    for (const input of inputs) {
      requireSameDtype('concatenate', first, input);
      const agrees = input.shape.length === first.shape.length;
      if (!agrees || input.shape.some((extent, i) => i !== axis && extent !== first.shape[i])) {
        failShape(
          `concatenate: ${formatShape(first.shape)} and ${formatShape(input.shape)} differ outside axis ${axis}`,
          'All extents but that of the joined axis must be equal.',
        );
      }
      total += input.shape[axis] ?? 0;
    }
    return { shape: first.shape.map((extent, i) => (i === axis ? total : extent)), dtype: first.dtype };
  },
  flops: () => 0,
  evaluate(inputs, { axis }, output) {
    const inner = stridesOf(output.shape)[axis] ?? 1;
    const outer = sizeOf(output.shape.slice(0, axis));
    const out = new Float64Array(sizeOf(output.shape));
    let written = 0;
    for (let row = 0; row < outer; row++) {
      for (const input of inputs) {
        const length = (input.shape[axis] ?? 1) * inner;
        out.set(input.data.subarray(row * length, (row + 1) * length), written);
        written += length;
      }
    }
    return out;
  },
};

export const movement = { reshape, transpose, broadcastTo, slice, pad, concatenate };
