import { type DType, type Shape, sizeOf } from '../../tensor/index.ts';
import { commonShape, type Field, separable, stretch } from './field.ts';
import {
  coarsened,
  extremes,
  isBounded,
  joined,
  joinFieldsOfReach,
  joinReach,
  type Knowledge,
  knowledgeOf,
  none,
  type Range,
  uniformRange,
} from './knowledge.ts';
import { transpose } from './movement.ts';
import { joinAlong, sumSlackOf, Total } from './reduction.ts';
import { operand, type Rule } from './rule.ts';

/** Products of grid places beyond which zeros are no longer looked for one by one: about a second. */
const maxProducts = 2 ** 27;

/**
 * The matrix product: an element reaches what its row of the left and its column of the right operand reach, less the pairs in
 * which one factor is known to be exactly 0 and the other to be finite.
 */
export const matmul: Rule = ({ attributes, shape, dtype }, inputs) => {
  const left = oriented(operand(inputs, 0), attributes.transposeLeft === true, dtype);
  const right = oriented(operand(inputs, 1), attributes.transposeRight === true, dtype);
  const numTerms = left.shape.at(-1) ?? 1;
  const counts = {
    left: isBounded(right.range) && hasZeros(left.range),
    right: isBounded(left.range) && hasZeros(right.range),
  };
  const reach = counts.left || counts.right ? reachOfPairs(left, right, counts) : undefined;
  const known = knowledgeOf(shape, reach ?? reachOfLines(left, right), rangeOfProducts(left, right, numTerms, dtype));
  return reach ? { ...known, hidden: joinReach(joined(left.reach.data), joined(right.reach.data)) } : known;
};

function oriented(x: Knowledge, isTransposed: boolean, dtype: DType): Knowledge {
  if (!isTransposed) return x;
  const rank = x.shape.length;
  const permutation = x.shape.map((_, axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis));
  const shape = permutation.map((axis) => x.shape[axis] ?? 1);
  return transpose({ attributes: { permutation }, shape, dtype }, [x]);
}

function hasZeros({ low, high }: Range): boolean {
  for (let i = 0; i < low.length; i++) if (low[i] === 0 && high[i] === 0) return true;
  return false;
}

/** Whole rows of the left with whole columns of the right operand. */
function reachOfLines(left: Knowledge, right: Knowledge): Field<Int32Array> {
  const rows = joinAlong(left.reach, [left.shape.length - 1]);
  return joinFieldsOfReach([rows, joinAlong(right.reach, [right.shape.length - 2])]);
}

/** Grids of both operands written out alike: batch axes, and the contracted axis. */
interface Paired {
  readonly batch: Shape;
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  /** For each matrix of the batch, where it begins in the operand's grid. */
  readonly leftStarts: Int32Array;
  readonly rightStarts: Int32Array;
  readonly left: Shape;
  readonly right: Shape;
}

function paired(left: Shape, right: Shape): Paired {
  const batch = commonShape([left.slice(0, -2), right.slice(0, -2)]);
  const inner = Math.max(left.at(-1) ?? 1, right.at(-2) ?? 1);
  const [rows, columns] = [left.at(-2) ?? 1, right.at(-1) ?? 1];
  const starts = (own: Shape, size: number) => {
    const missing = batch.length - own.length;
    let stride = size;
    const strides = new Array<number>(batch.length).fill(0);
    for (let axis = own.length - 1; axis >= 0; axis--) {
      if (own[axis] !== 1) strides[axis + missing] = stride;
      stride *= own[axis] ?? 1;
    }
    return separable(batch, (axis) => (i) => i * (strides[axis] ?? 0));
  };
  return {
    batch,
    rows,
    inner,
    columns,
    leftStarts: starts(left.slice(0, -2), rows * inner),
    rightStarts: starts(right.slice(0, -2), inner * columns),
    left: [...left.slice(0, -1), inner],
    right: [...right.slice(0, -2), inner, columns],
  };
}

/** Of which operand zeros are to be counted as such: the other one is finite. */
interface Zeros {
  readonly left: boolean;
  readonly right: boolean;
}

/** Pair by pair, without those of which one factor is 0; undefined where that would take too long. */
function reachOfPairs(left: Knowledge, right: Knowledge, zeros: Zeros): Field<Int32Array> | undefined {
  const leftGrid = commonShape([left.reach.shape, left.range.shape]);
  const rightGrid = commonShape([right.reach.shape, right.range.shape]);
  const { batch, rows, inner, columns, leftStarts, rightStarts, ...grids } = paired(leftGrid, rightGrid);
  if (sizeOf(batch) * rows * inner * columns > maxProducts) {
    // Columns that differ in nothing but their zeros are looked at as one first.
    return columns === 1 ? undefined : reachOfPairs(left, withoutColumns(right), zeros);
  }
  const x = nonZeroReach(left, grids.left, zeros.left);
  const y = nonZeroReach(right, grids.right, zeros.right);
  const data = new Int32Array(sizeOf(batch) * rows * columns);
  let place = 0;
  leftStarts.forEach((leftStart, b) => {
    for (let row = 0; row < rows; row++) {
      const start = leftStart + row * inner;
      for (let column = 0; column < columns; column++) {
        let all = none;
        let other = (rightStarts[b] as number) + column;
        for (let k = 0; k < inner; k++, other += columns) {
          const [p, q] = [x[start + k] as number, y[other] as number];
          if (p !== zero && q !== zero) all = joinReach(all, joinReach(p, q));
        }
        data[place++] = all;
      }
    }
  });
  return { shape: [...batch, rows, columns], data };
}

/** Stands for an element that is exactly 0. */
const zero = -1;

function nonZeroReach({ reach, range }: Knowledge, shape: Shape, isCounted: boolean): Int32Array {
  const data = stretch(reach, shape).data.slice();
  if (!isCounted) return data;
  const low = stretch({ shape: range.shape, data: range.low }, shape).data;
  const high = stretch({ shape: range.shape, data: range.high }, shape).data;
  for (let i = 0; i < data.length; i++) if (low[i] === 0 && high[i] === 0) data[i] = zero;
  return data;
}

/** The operand with each row as wide as the widest of its elements. */
function withoutColumns(x: Knowledge): Knowledge {
  return { ...x, reach: joinAlong(x.reach, [x.shape.length - 1]), range: coarsened(x).range };
}

function rangeOfProducts(left: Knowledge, right: Knowledge, numTerms: number, dtype: DType): Range {
  const { batch, rows, inner, columns, leftStarts, rightStarts, ...grids } = paired(
    left.range.shape,
    right.range.shape,
  );
  const numProducts = sizeOf(batch) * rows * inner * columns;
  if (numProducts > maxProducts / 4) {
    const [a, b] = [extremes(left.range), extremes(right.range)];
    const rounding = 1 + 2 * numTerms * sumSlackOf(dtype);
    const most = numTerms * Math.max(...a.map(Math.abs)) * Math.max(...b.map(Math.abs)) * rounding;
    const bound = Number.isNaN(most) ? Number.POSITIVE_INFINITY : most;
    return uniformRange(left.shape, -bound, bound);
  }
  const bounds = (x: Range, shape: Shape) => [
    stretch({ shape: x.shape, data: x.low }, shape).data,
    stretch({ shape: x.shape, data: x.high }, shape).data,
  ];
  const [leftLow = new Float64Array(), leftHigh = leftLow] = bounds(left.range, grids.left);
  const [rightLow = new Float64Array(), rightHigh = rightLow] = bounds(right.range, grids.right);
  const shape = [...batch, rows, columns];
  const [low, high] = [new Float64Array(sizeOf(shape)), new Float64Array(sizeOf(shape))];
  const out = { low: 0, high: 0 };
  let place = 0;
  leftStarts.forEach((leftStart, b) => {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const total = new Total();
        for (let k = 0; k < inner; k++) {
          const i = leftStart + row * inner + k;
          const j = (rightStarts[b] as number) + k * columns + column;
          total.addProduct(
            leftLow[i] as number,
            leftHigh[i] as number,
            rightLow[j] as number,
            rightHigh[j] as number,
            numTerms / inner,
          );
        }
        total.write(numTerms, dtype, out);
        low[place] = out.low;
        high[place++] = out.high;
      }
    }
  });
  return { shape, low, high };
}
