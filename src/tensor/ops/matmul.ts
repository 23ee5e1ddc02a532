import { z } from 'zod';
import { broadcastShapes, formatShape, type Shape, sizeOf } from '../shape.ts';
import { failShape, operand, requireFloating, requireSameDtype, type Signature } from './signature.ts';

const attributes = z.strictObject({ transposeLeft: z.boolean(), transposeRight: z.boolean() });

/** Rows and columns of the last two axes, after an optional transposition. */
function matrixExtents(shape: Shape, transposed: boolean): [rows: number, columns: number] {
  const rows = shape[shape.length - 2] ?? 1;
  const columns = shape[shape.length - 1] ?? 1;
  return transposed ? [columns, rows] : [rows, columns];
}

const matmul: Signature<z.output<typeof attributes>> = {
  arity: 2,
  schema: attributes,
  infer(inputs, { transposeLeft, transposeRight }) {
    const [left, right] = [operand(inputs, 0), operand(inputs, 1)];
    requireFloating('matmul', left);
    requireSameDtype('matmul', left, right);
    if (left.shape.length < 2 || right.shape.length < 2) {
      failShape(
        `matmul: ${formatShape(left.shape)} times ${formatShape(right.shape)}`,
        'Both operands need at least two axes; reshape a vector to a matrix.',
      );
    }
    const [rows, inner] = matrixExtents(left.shape, transposeLeft);
    const [innerRight, columns] = matrixExtents(right.shape, transposeRight);
    const batch = broadcastShapes(left.shape.slice(0, -2), right.shape.slice(0, -2));
    if (inner !== innerRight || batch === undefined) {
      const mark = (flag: boolean) => (flag ? 'ᵀ' : '');
      return failShape(
        `matmul: ${formatShape(left.shape)}${mark(transposeLeft)} times ${formatShape(right.shape)}${mark(transposeRight)}` +
          (inner === innerRight ? ' have batch axes that do not broadcast' : ` contract ${inner} with ${innerRight}`),
        'The contracted extents must be equal and the leading axes must broadcast. Is a transposition missing?',
      );
    }
    return { shape: [...batch, rows, columns], dtype: left.dtype };
  },
  flops(inputs, output, { transposeLeft }) {
    const [, inner] = matrixExtents(operand(inputs, 0).shape, transposeLeft);
    return 2 * sizeOf(output.shape) * inner;
  },
  evaluate(inputs, { transposeLeft, transposeRight }, output) {
    const [left, right] = [operand(inputs, 0), operand(inputs, 1)];
    const [rows, inner] = matrixExtents(left.shape, transposeLeft);
    const [, columns] = matrixExtents(right.shape, transposeRight);
    const batch = output.shape.slice(0, -2);
    const out = new Float64Array(sizeOf(output.shape));
    const [leftStep, rightStep] = [batchOffsets(left.shape, batch), batchOffsets(right.shape, batch)];
    for (let b = 0; b < sizeOf(batch); b++) {
      const leftStart = (leftStep[b] ?? 0) * rows * inner;
      const rightStart = (rightStep[b] ?? 0) * inner * columns;
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) {
          let sum = 0;
          for (let k = 0; k < inner; k++) {
            const x = left.data[leftStart + (transposeLeft ? k * rows + i : i * inner + k)] ?? 0;
            const y = right.data[rightStart + (transposeRight ? j * inner + k : k * columns + j)] ?? 0;
            sum += x * y;
          }
          out[(b * rows + i) * columns + j] = sum;
        }
      }
    }
    return out;
  },
};

/** For each matrix of the broadcast batch, which matrix of an operand it uses. */
function batchOffsets(shape: Shape, batch: Shape): number[] {
  const own = shape.slice(0, -2);
  const offset = batch.length - own.length;
  return Array.from({ length: sizeOf(batch) }, (_, flat) => {
    let rest = flat;
    let position = 0;
    let stride = 1;
    for (let axis = batch.length - 1; axis >= 0; axis--) {
      const index = rest % (batch[axis] ?? 1);
      rest = Math.floor(rest / (batch[axis] ?? 1));
      const extent = axis < offset ? 1 : (own[axis - offset] ?? 1);
      if (extent > 1) position += index * stride;
      stride *= extent;
    }
    return position;
  });
}

export const products = { matmul };
