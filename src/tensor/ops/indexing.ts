import { z } from 'zod';
import { GroundworkError } from '../../core/index.ts';
import { currentContext } from '../scope.ts';
import { formatShape, type Shape, sameShape, sizeOf, stridesOf } from '../shape.ts';
import {
  failShape,
  type NumericArray,
  type Operand,
  operand,
  requireAxis,
  requireDtype,
  requireFloating,
  requireSameDtype,
  type Signature,
} from './signature.ts';

const noAttributes = z.strictObject({});
const axisAttribute = z.strictObject({ axis: z.int().min(0) });

function requireRows(op: string, table: Operand, indices: Operand): void {
  requireDtype(op, 'indices', indices, 'int32');
  if (table.shape.length === 0) failShape(`${op}: a scalar has no rows`, 'Give a tensor with at least one axis.');
}

/** An index as an engine would use it; out of range is a fault of the data. */
function checkedIndex(op: string, index: number, extent: number): number {
  if (index < 0 || index >= extent) {
    throw new GroundworkError('engine-failure', `${op}: index ${index} is outside 0 … ${extent - 1}`, {
      hint: 'Check the token ids or targets: each must be smaller than the extent that it indexes.',
      scope: currentContext().scope,
    });
  }
  return index;
}

const gatherRows: Signature<Record<string, never>> = {
  arity: 2,
  schema: noAttributes,
  infer(inputs) {
    const [table, indices] = [operand(inputs, 0), operand(inputs, 1)];
    requireRows('gatherRows', table, indices);
    return { shape: [...indices.shape, ...table.shape.slice(1)], dtype: table.dtype };
  },
  flops: () => 0,
  evaluate(inputs, _, output) {
    const [table, indices] = [operand(inputs, 0), operand(inputs, 1)];
    const width = sizeOf(table.shape.slice(1));
    const out = new Float64Array(sizeOf(output.shape));
    indices.data.forEach((index, i) => {
      const row = checkedIndex('gatherRows', index, table.shape[0] ?? 1);
      out.set(table.data.subarray(row * width, (row + 1) * width), i * width);
    });
    return out;
  },
};

const scatterAddRows: Signature<Record<string, never>> = {
  arity: 3,
  schema: noAttributes,
  infer(inputs) {
    const [base, indices, updates] = [operand(inputs, 0), operand(inputs, 1), operand(inputs, 2)];
    requireRows('scatterAddRows', base, indices);
    requireFloating('scatterAddRows', base);
    requireSameDtype('scatterAddRows', base, updates);
    const expected = [...indices.shape, ...base.shape.slice(1)];
    if (!sameShape(updates.shape, expected)) {
      failShape(
        `scatterAddRows: updates ${formatShape(updates.shape)}, expected ${formatShape(expected)}`,
        'Give one row of updates for each index.',
      );
    }
    return { shape: base.shape, dtype: base.dtype };
  },
  flops: (inputs) => sizeOf(operand(inputs, 2).shape),
  evaluate(inputs) {
    const [base, indices, updates] = [operand(inputs, 0), operand(inputs, 1), operand(inputs, 2)];
    const width = sizeOf(base.shape.slice(1));
    const out = base.data.slice();
    indices.data.forEach((index, i) => {
      const row = checkedIndex('scatterAddRows', index, base.shape[0] ?? 1);
      for (let j = 0; j < width; j++)
        out[row * width + j] = (out[row * width + j] ?? 0) + (updates.data[i * width + j] ?? 0);
    });
    return out;
  },
};

function requireAlongAxis(op: string, x: Operand, indices: Operand, axis: number): void {
  requireDtype(op, 'indices', indices, 'int32');
  requireAxis(op, axis, x.shape.length);
  const agrees = indices.shape.length === x.shape.length;
  if (!agrees || indices.shape.some((extent, i) => i !== axis && extent !== x.shape[i])) {
    failShape(
      `${op}: indices ${formatShape(indices.shape)} differ from ${formatShape(x.shape)} outside axis ${axis}`,
      'Indices must have the shape of the tensor, except along the axis that they index.',
    );
  }
}

/** For each position of `indices`, the position in an array of `shape` that it points to along `axis`. */
function pointedTo(op: string, indices: NumericArray, shape: Shape, axis: number): Int32Array {
  const strides = stridesOf(shape);
  const own = stridesOf(indices.shape);
  return Int32Array.from(indices.data, (index, i) => {
    let position = checkedIndex(op, index, shape[axis] ?? 1) * (strides[axis] ?? 1);
    indices.shape.forEach((extent, k) => {
      if (k !== axis) position += (Math.floor(i / (own[k] ?? 1)) % extent) * (strides[k] ?? 0);
    });
    return position;
  });
}

const takeAlongAxis: Signature<{ axis: number }> = {
  arity: 2,
  schema: axisAttribute,
  infer(inputs, { axis }) {
    const [x, indices] = [operand(inputs, 0), operand(inputs, 1)];
    requireAlongAxis('takeAlongAxis', x, indices, axis);
    return { shape: indices.shape, dtype: x.dtype };
  },
  flops: () => 0,
  evaluate(inputs, { axis }) {
    const [x, indices] = [operand(inputs, 0), operand(inputs, 1)];
    return Float64Array.from(pointedTo('takeAlongAxis', indices, x.shape, axis), (position) => x.data[position] ?? 0);
  },
};

const scatterAddAlongAxis: Signature<{ axis: number }> = {
  arity: 3,
  schema: axisAttribute,
  infer(inputs, { axis }) {
    const [base, indices, updates] = [operand(inputs, 0), operand(inputs, 1), operand(inputs, 2)];
    requireAlongAxis('scatterAddAlongAxis', base, indices, axis);
    requireFloating('scatterAddAlongAxis', base);
    requireSameDtype('scatterAddAlongAxis', base, updates);
    if (!sameShape(updates.shape, indices.shape)) {
      failShape(
        `scatterAddAlongAxis: updates ${formatShape(updates.shape)}, indices ${formatShape(indices.shape)}`,
        'Give one update for each index.',
      );
    }
    return { shape: base.shape, dtype: base.dtype };
  },
  flops: (inputs) => sizeOf(operand(inputs, 2).shape),
  evaluate(inputs, { axis }) {
    const [base, indices, updates] = [operand(inputs, 0), operand(inputs, 1), operand(inputs, 2)];
    const out = base.data.slice();
    pointedTo('scatterAddAlongAxis', indices, base.shape, axis).forEach((position, i) => {
      out[position] = (out[position] ?? 0) + (updates.data[i] ?? 0);
    });
    return out;
  },
};

export const indexing = { gatherRows, scatterAddRows, takeAlongAxis, scatterAddAlongAxis };
