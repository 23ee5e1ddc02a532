import { z } from 'zod';
import { isFloating } from '../dtype.ts';
import { type Shape, sizeOf, stridesOf } from '../shape.ts';
import {
  failAttribute,
  type NumericArray,
  operand,
  requireAxis,
  requireFloating,
  requireNumeric,
  type Signature,
} from './signature.ts';

const axisIndex = z.int().min(0);

const reductionAttributes = z.strictObject({ axes: z.array(axisIndex).readonly(), keepDimensions: z.boolean() });
type ReductionAttributes = z.output<typeof reductionAttributes>;

function reducedShape(op: string, shape: Shape, { axes, keepDimensions }: ReductionAttributes): Shape {
  axes.forEach((axis, i) => {
    requireAxis(op, axis, shape.length);
    if (i > 0 && axis <= (axes[i - 1] ?? -1)) {
      failAttribute(`${op}: axes [${axes.join(', ')}] do not ascend`, 'Name each axis once, in ascending order.');
    }
  });
  if (keepDimensions) return shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
  return shape.filter((_, axis) => !axes.includes(axis));
}

/** Folds the elements that fall on the same place of the result. */
function reduce(
  input: NumericArray,
  axes: readonly number[],
  initial: number,
  f: (total: number, x: number) => number,
): Float64Array {
  const kept = input.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
  const strides = stridesOf(input.shape);
  const outStrides = stridesOf(kept);
  const out = new Float64Array(sizeOf(kept)).fill(initial);
  input.data.forEach((value, i) => {
    let position = 0;
    kept.forEach((extent, axis) => {
      if (extent > 1) position += (Math.floor(i / (strides[axis] ?? 1)) % extent) * (outStrides[axis] ?? 0);
    });
    out[position] = f(out[position] ?? initial, value);
  });
  return out;
}

function reduction(
  op: string,
  initial: number,
  f: (total: number, x: number) => number,
): Signature<ReductionAttributes> {
  return {
    arity: 1,
    schema: reductionAttributes,
    infer(inputs, attributes) {
      const x = operand(inputs, 0);
      requireNumeric(op, x);
      return { shape: reducedShape(op, x.shape, attributes), dtype: x.dtype };
    },
    flops: (inputs) => (isFloating(operand(inputs, 0).dtype) ? sizeOf(operand(inputs, 0).shape) : 0),
    evaluate: (inputs, { axes }, output) => {
      const result = reduce(operand(inputs, 0), axes, initial, f);
      // int32 wraps around; float64 holds any sum of int32 that an array can have, so once at the end is enough.
      return output.dtype === 'int32' ? result.map((x) => x | 0) : result;
    },
  };
}

/** Calls `visit` with the start of each line along `axis`, and the distance between neighbours on it. */
function forEachLine(shape: Shape, axis: number, visit: (start: number, stride: number, line: number) => void): void {
  const stride = stridesOf(shape)[axis] ?? 1;
  const extent = shape[axis] ?? 1;
  const numLines = sizeOf(shape) / extent;
  for (let line = 0; line < numLines; line++) {
    visit(Math.floor(line / stride) * stride * extent + (line % stride), stride, line);
  }
}

const argMax: Signature<{ axis: number }> = {
  arity: 1,
  schema: z.strictObject({ axis: axisIndex }),
  infer(inputs, { axis }) {
    const x = operand(inputs, 0);
    requireFloating('argMax', x);
    requireAxis('argMax', axis, x.shape.length);
    return { shape: x.shape.filter((_, i) => i !== axis), dtype: 'int32' };
  },
  flops: (inputs) => sizeOf(operand(inputs, 0).shape),
  evaluate(inputs, { axis }, output) {
    const x = operand(inputs, 0);
    const out = new Float64Array(sizeOf(output.shape));
    forEachLine(x.shape, axis, (start, stride, line) => {
      let best = 0;
      // The first of equal values wins.
      for (let i = 1; i < (x.shape[axis] ?? 1); i++) {
        if ((x.data[start + i * stride] ?? 0) > (x.data[start + best * stride] ?? 0)) best = i;
      }
      out[line] = best;
    });
    return out;
  },
};

const cumulativeSum: Signature<{ axis: number; reverse: boolean }> = {
  arity: 1,
  schema: z.strictObject({ axis: axisIndex, reverse: z.boolean() }),
  infer(inputs, { axis }) {
    const x = operand(inputs, 0);
    requireFloating('cumulativeSum', x);
    requireAxis('cumulativeSum', axis, x.shape.length);
    return { shape: x.shape, dtype: x.dtype };
  },
  flops: (_, output) => sizeOf(output.shape),
  evaluate(inputs, { axis, reverse }) {
    const x = operand(inputs, 0);
    const out = new Float64Array(x.data.length);
    const extent = x.shape[axis] ?? 1;
    forEachLine(x.shape, axis, (start, stride) => {
      let total = 0;
      for (let i = 0; i < extent; i++) {
        const position = start + (reverse ? extent - 1 - i : i) * stride;
        total += x.data[position] ?? 0;
        out[position] = total;
      }
    });
    return out;
  },
};

export const reductions = {
  reduceSum: reduction('reduceSum', 0, (total, x) => total + x),
  reduceMax: reduction('reduceMax', Number.NEGATIVE_INFINITY, Math.max),
  argMax,
  cumulativeSum,
};
