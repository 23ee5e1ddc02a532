import { type DType, type Shape, sizeOf } from '../../tensor/index.ts';
import { commonShape, type Field, reshapeField, stretch, withExtent } from './field.ts';
import { roundingOf, settle } from './intervals.ts';
import {
  extremes,
  joinFieldsOfReach,
  joinReach,
  type Knowledge,
  knowledgeOf,
  mapRange,
  none,
  type Range,
  uniformRange,
} from './knowledge.ts';
import { joinAlong, sumSlackOf } from './reduction.ts';
import { operand, type Rule } from './rule.ts';

/** Places looked at beyond which every index is taken to point anywhere. */
const maxLooks = 2 ** 26;

/** Rows of `indices` as lookups along the first axis: the same numbers under a shape with the axes of a row after one axis. */
function asColumn(indices: Knowledge, rowShape: Shape): Knowledge {
  const column = [sizeOf(indices.shape), ...rowShape.map(() => 1)];
  const move = <N extends Int32Array | Float64Array>(field: Field<N>) => reshapeField(field, indices.shape, column);
  return {
    ...indices,
    shape: [sizeOf(indices.shape), ...rowShape],
    reach: move(indices.reach),
    range: mapRange(indices.range, move),
  };
}

/**
 * Where the indices of one line may point: from `low` to `high` of `extent` places. Engines wrap, clamp or refuse one that lies outside:
 * it may point anywhere.
 */
function pointing(range: Range, i: number, extent: number): [low: number, high: number] {
  const [low, high] = [range.low[i] as number, range.high[i] as number];
  return low < 0 || high > extent - 1 ? [0, extent - 1] : [low, high];
}

/** x at the places that indices along an axis may name. */
function lookUp(x: Knowledge, indices: Knowledge, axis: number): { reach: Field<Int32Array>; range: Range } {
  const extent = x.shape[axis] ?? 1;
  const values = (field: Field<Float64Array>, merge: (a: number, b: number) => number, start: number) =>
    gather(field, indices.range, axis, extent, merge, start);
  const reach = joinFieldsOfReach([
    gather(x.reach, indices.range, axis, extent, joinReach, none) ?? joinAlong(x.reach, [axis]),
    indices.reach,
  ]);
  const [least, greatest] = extremes(x.range);
  const low = values({ shape: x.range.shape, data: x.range.low }, Math.min, Number.POSITIVE_INFINITY);
  const high = values({ shape: x.range.shape, data: x.range.high }, Math.max, Number.NEGATIVE_INFINITY);
  const range =
    low && high ? { shape: low.shape, low: low.data, high: high.data } : uniformRange(x.shape, least, greatest);
  return { reach, range };
}

/** For each index, the merge of what stands where it may point; undefined where that would take too long. */
function gather<N extends Int32Array | Float64Array>(
  x: Field<N>,
  indices: Range,
  axis: number,
  extent: number,
  merge: (a: number, b: number) => number,
  start: number,
): Field<N> | undefined {
  if (x.shape[axis] === 1) return x;
  const others = commonShape([withExtent(x.shape, axis, 1), withExtent(indices.shape, axis, 1)]);
  const shape = withExtent(others, axis, indices.shape[axis] ?? 1);
  if (sizeOf(shape) * averageSpan(indices, extent) > maxLooks) return undefined;
  const source = stretch(x, withExtent(others, axis, extent)).data;
  const low = stretch({ shape: indices.shape, data: indices.low }, shape).data;
  const high = stretch({ shape: indices.shape, data: indices.high }, shape).data;
  const inner = sizeOf(shape.slice(axis + 1));
  const lines = shape[axis] ?? 1;
  const range = { shape, low, high };
  const data = (x.data instanceof Int32Array ? new Int32Array(low.length) : new Float64Array(low.length)) as N;
  for (let i = 0; i < data.length; i++) {
    const [from, to] = pointing(range, i, extent);
    const line = Math.floor(i / (lines * inner)) * extent * inner + (i % inner);
    let merged = start;
    for (let place = from; place <= to; place++) merged = merge(merged, source[line + place * inner] as number);
    data[i] = merged;
  }
  return { shape, data };
}

function averageSpan(indices: Range, extent: number): number {
  let total = 0;
  for (let i = 0; i < indices.low.length; i++) {
    const [from, to] = pointing(indices, i, extent);
    total += to - from + 1;
  }
  return total / indices.low.length;
}

export const takeAlongAxis: Rule = ({ attributes, shape }, inputs) => {
  const { reach, range } = lookUp(operand(inputs, 0), operand(inputs, 1), Number(attributes.axis));
  return knowledgeOf(shape, reach, range);
};

export const gatherRows: Rule = ({ shape }, inputs) => {
  const [table, indices] = [operand(inputs, 0), operand(inputs, 1)];
  const rowShape = table.shape.slice(1);
  const found = lookUp(table, asColumn(indices, rowShape), 0);
  const flat = [sizeOf(indices.shape), ...rowShape];
  const move = <N extends Int32Array | Float64Array>(field: Field<N>) => reshapeField(field, flat, shape);
  return knowledgeOf(shape, move(found.reach), mapRange(found.range, move));
};

/** `base` with updates added wherever their indices may point along an axis. */
function scatter(
  base: Knowledge,
  indices: Knowledge,
  updates: Knowledge,
  axis: number,
  dtype: DType,
): { reach: Field<Int32Array>; range: Range } {
  const extent = base.shape[axis] ?? 1;
  const landing = joinFieldsOfReach([updates.reach, indices.reach]);
  const lines = commonShape([landing.shape, indices.range.shape]);
  const shape = withExtent(
    commonShape([withExtent(base.reach.shape, axis, 1), withExtent(lines, axis, 1)]),
    axis,
    extent,
  );
  const isSlow = sizeOf(lines) * averageSpan(indices.range, extent) > maxLooks;
  const spread = isSlow
    ? joinAlong(landing, [axis])
    : land(
        stretch(landing, withExtent(withExtent(shape, axis, 1), axis, lines[axis] ?? 1)),
        indices.range,
        axis,
        extent,
      );
  const [least, greatest] = extremes(updates.range);
  const times = updates.shape[axis] ?? 1;
  const most = times * (1 + 2 * times * sumSlackOf(dtype));
  return {
    reach: joinFieldsOfReach([base.reach, spread]),
    range: grown(base.range, Math.min(0, least * most), Math.max(0, greatest * most), dtype),
  };
}

/** Bounds after something from `least` to `greatest` was added to each number, or nothing. */
function grown({ shape, low, high }: Range, least: number, greatest: number, dtype: DType): Range {
  if (least === 0 && greatest === 0) return { shape, low, high };
  const [lower, upper] = [new Float64Array(low.length), new Float64Array(low.length)];
  const out = { low: 0, high: 0 };
  for (let i = 0; i < low.length; i++) {
    out.low = (low[i] as number) + least;
    out.high = (high[i] as number) + greatest;
    settle(out, false, roundingOf(dtype));
    lower[i] = out.low;
    upper[i] = out.high;
  }
  return { shape, low: lower, high: upper };
}

/** For each place along the axis, the join of the updates that may land on it. */
function land(updates: Field<Int32Array>, indices: Range, axis: number, extent: number): Field<Int32Array> {
  const inner = sizeOf(updates.shape.slice(axis + 1));
  const lines = updates.shape[axis] ?? 1;
  const shape = withExtent(updates.shape, axis, extent);
  const range = {
    shape: updates.shape,
    low: stretch({ shape: indices.shape, data: indices.low }, updates.shape).data,
    high: stretch({ shape: indices.shape, data: indices.high }, updates.shape).data,
  };
  const data = new Int32Array(sizeOf(shape));
  updates.data.forEach((update, i) => {
    const [from, to] = pointing(range, i, extent);
    const line = Math.floor(i / (lines * inner)) * extent * inner + (i % inner);
    for (let place = from; place <= to; place++) {
      data[line + place * inner] = joinReach(data[line + place * inner] as number, update);
    }
  });
  return { shape, data };
}

export const scatterAddAlongAxis: Rule = ({ attributes, shape, dtype }, inputs) => {
  const [base, indices, updates] = [operand(inputs, 0), operand(inputs, 1), operand(inputs, 2)];
  const { reach, range } = scatter(base, indices, updates, Number(attributes.axis), dtype);
  return knowledgeOf(shape, reach, range);
};

export const scatterAddRows: Rule = ({ shape, dtype }, inputs) => {
  const [base, indices, updates] = [operand(inputs, 0), operand(inputs, 1), operand(inputs, 2)];
  const rowShape = shape.slice(1);
  const column = asColumn(indices, rowShape);
  const move = <N extends Int32Array | Float64Array>(field: Field<N>) =>
    reshapeField(field, updates.shape, column.shape);
  const rows = { ...updates, shape: column.shape, reach: move(updates.reach), range: mapRange(updates.range, move) };
  const { reach, range } = scatter(base, column, rows, 0, dtype);
  return knowledgeOf(shape, reach, range);
};
