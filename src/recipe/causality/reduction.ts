import { type DType, type Shape, sizeOf } from '../../tensor/index.ts';
import { commonShape, type Field, reducedPlaces, stretch, withExtent } from './field.ts';
import { type Interval, isLoose, roundingOf, settle } from './intervals.ts';
import {
  extremes,
  hasConstants,
  joinReach,
  type Knowledge,
  knowledgeOf,
  none,
  type Range,
  stretchRange,
  uniformRange,
} from './knowledge.ts';
import { integers, operand, type Rule } from './rule.ts';

/** The join over some axes, which are kept with extent 1. */
export function joinAlong(reach: Field<Int32Array>, axes: readonly number[]): Field<Int32Array> {
  const { shape, places } = reducedPlaces(reach.shape, axes);
  const data = new Int32Array(sizeOf(shape));
  for (let i = 0; i < places.length; i++) {
    const place = places[i] as number;
    data[place] = joinReach(data[place] as number, reach.data[i] as number);
  }
  return { shape, data };
}

/** A total of bounds that knows how far rounding may have taken it: exact for integers that the type holds. */
export class Total {
  private low = 0;
  private high = 0;
  private magnitude = 0;
  private isExact = true;

  /** Adds a term `times` times. */
  add(low: number, high: number, times: number): void {
    this.low += low * times;
    this.high += high * times;
    this.magnitude += Math.max(Math.abs(low), Math.abs(high)) * times;
    this.isExact &&= low === high && Number.isInteger(low);
  }

  /** Adds the product of two numbers within bounds `times` times. */
  addProduct(low: number, high: number, otherLow: number, otherHigh: number, times: number): void {
    // Zero times infinity is NaN, with which nothing is known of the total.
    const a = low * otherLow;
    const b = low * otherHigh;
    const c = high * otherLow;
    const d = high * otherHigh;
    this.add(Math.min(a, b, c, d), Math.max(a, b, c, d), times);
  }

  /** Writes the bounds of the total of `numTerms` terms, added up in an element type. */
  write(numTerms: number, dtype: DType, out: Interval): void {
    const rounding = roundingOf(dtype);
    out.low = this.low;
    out.high = this.high;
    if (this.isExact && this.magnitude <= (rounding?.mostExact ?? 0)) return;
    // Each addition rounds by half a unit of the running total at most, which the sum of the magnitudes bounds.
    const slack = numTerms * (rounding?.sumSlack ?? 0) * this.magnitude;
    out.low = Number.isFinite(this.magnitude) ? this.low - slack : Number.NEGATIVE_INFINITY;
    out.high = Number.isFinite(this.magnitude) ? this.high + slack : Number.POSITIVE_INFINITY;
    settle(out, false, rounding);
  }
}

/** By which share of its magnitudes a sum may be off for each of its terms; infinite where nothing is known of it. */
export function sumSlackOf(dtype: DType): number {
  return roundingOf(dtype)?.sumSlack ?? Number.POSITIVE_INFINITY;
}

/** The tensor's shape with the reduced axes kept, and how many elements fall on one place of a grid of it. */
function numTerms(shape: Shape, axes: readonly number[]): number {
  return axes.reduce((count, axis) => count * (shape[axis] ?? 1), 1);
}

/** Drops the reduced axes unless they are kept. */
function reduced(axes: readonly number[], isKept: boolean) {
  return (shape: Shape): Shape => (isKept ? shape : shape.filter((_, axis) => !axes.includes(axis)));
}

export const reduceSum: Rule = ({ attributes, shape, dtype }, inputs) => {
  const x = operand(inputs, 0);
  const axes = integers(attributes, 'axes');
  const drop = reduced(axes, attributes.keepDimensions === true);
  const reach = joinAlong(x.reach, axes);
  const range = sumRange(x, axes, dtype);
  return knowledgeOf(shape, { ...reach, shape: drop(reach.shape) }, { ...range, shape: drop(range.shape) });
};

function sumRange({ shape: full, range }: Knowledge, axes: readonly number[], dtype: DType): Range {
  const isInteger = dtype === 'int32';
  const { shape, places } = reducedPlaces(range.shape, axes);
  const totals = Array.from({ length: sizeOf(shape) }, () => new Total());
  const terms = numTerms(full, axes);
  const times = (terms * totals.length) / range.low.length;
  places.forEach((place, i) => {
    totals[place]?.add(range.low[i] as number, range.high[i] as number, times);
  });
  const out = { low: 0, high: 0 };
  const [low, high] = [new Float64Array(totals.length), new Float64Array(totals.length)];
  totals.forEach((total, i) => {
    total.write(terms, dtype, out);
    const wraps = isInteger && (out.low < -(2 ** 31) || out.high >= 2 ** 31);
    low[i] = wraps ? -(2 ** 31) : Math.floor(out.low);
    high[i] = wraps ? 2 ** 31 - 1 : Math.ceil(out.high);
    if (!isInteger) [low[i], high[i]] = [out.low, out.high];
  });
  return { shape, low, high };
}

/**
 * What some axes' elements reach that can be the greatest: one whose upper bound lies below another's lower bound never is, so
 * nothing follows from its value. Where one may be NaN, anything may come out.
 */
export function joinOfGreatest(
  { reach, range }: Knowledge,
  axes: readonly number[],
): { reach: Field<Int32Array>; range: Range } {
  const { shape, places } = reducedPlaces(range.shape, axes);
  const low = new Float64Array(sizeOf(shape)).fill(Number.NEGATIVE_INFINITY);
  const high = low.slice();
  places.forEach((place, i) => {
    low[place] = Math.max(low[place] as number, range.low[i] as number);
    high[place] = Math.max(high[place] as number, range.high[i] as number);
  });
  places.forEach((place, i) => {
    if (!isLoose({ low: range.low[i] as number, high: range.high[i] as number })) return;
    low[place] = Number.NEGATIVE_INFINITY;
    high[place] = Number.POSITIVE_INFINITY;
  });
  if (range.low.length === low.length) return { reach: joinAlong(reach, axes), range: { shape, low, high } };
  const full = commonShape([reach.shape, range.shape]);
  const data = stretch(reach, full).data.slice();
  const highest = stretchRange(range, full).high;
  const threshold = stretch({ shape, data: low }, full).data;
  for (let i = 0; i < data.length; i++) if ((highest[i] as number) < (threshold[i] as number)) data[i] = none;
  return { reach: joinAlong({ shape: full, data }, axes), range: { shape, low, high } };
}

export const reduceMax: Rule = ({ attributes, shape }, inputs) => {
  const axes = integers(attributes, 'axes');
  const drop = reduced(axes, attributes.keepDimensions === true);
  const { reach, range } = joinOfGreatest(operand(inputs, 0), axes);
  return knowledgeOf(shape, { ...reach, shape: drop(reach.shape) }, { ...range, shape: drop(range.shape) });
};

export const argMax: Rule = ({ attributes, shape }, inputs) => {
  const x = operand(inputs, 0);
  const axes = [Number(attributes.axis)];
  const { reach } = joinOfGreatest(x, axes);
  const range = { shape: [], low: Float64Array.of(0), high: Float64Array.of(numTerms(x.shape, axes) - 1) };
  return knowledgeOf(shape, { ...reach, shape: reduced(axes, false)(reach.shape) }, range);
};

/** Element i reaches what the elements up to i reach (from i on, in reverse). */
export function runningJoin(reach: Field<Int32Array>, axis: number, isReverse = false): Field<Int32Array> {
  const extent = reach.shape[axis] ?? 1;
  if (extent === 1) return reach;
  const data = reach.data.slice();
  const inner = sizeOf(reach.shape.slice(axis + 1));
  const block = extent * inner;
  for (let start = 0; start < data.length; start += block) {
    for (let i = inner; i < block; i++) {
      const place = start + (isReverse ? block - 1 - i : i);
      const before = place + (isReverse ? inner : -inner);
      data[place] = joinReach(data[place] as number, data[before] as number);
    }
  }
  return { shape: reach.shape, data };
}

export const cumulativeSum: Rule = ({ attributes, shape, dtype }, inputs) => {
  const x = operand(inputs, 0);
  const axis = Number(attributes.axis);
  const isReverse = attributes.reverse === true;
  return knowledgeOf(shape, runningJoin(x.reach, axis, isReverse), runningRange(x, axis, isReverse, dtype));
};

function runningRange({ shape, range }: Knowledge, axis: number, isReverse: boolean, dtype: DType): Range {
  const extent = shape[axis] ?? 1;
  if (!hasConstants(range)) {
    // Between the term that is furthest down, once or as often as there are terms, and likewise above.
    const [least, greatest] = extremes(range);
    const most = extent * (1 + 2 * extent * sumSlackOf(dtype));
    return uniformRange(shape, Math.min(least, least * most), Math.max(greatest, greatest * most));
  }
  const full = withExtent(range.shape, axis, extent);
  const terms = stretchRange(range, full);
  const [low, high] = [terms.low.slice(), terms.high.slice()];
  const inner = sizeOf(full.slice(axis + 1));
  const out = { low: 0, high: 0 };
  for (let line = 0; line < low.length / extent; line++) {
    const start = Math.floor(line / inner) * extent * inner + (line % inner);
    const total = new Total();
    for (let i = 0; i < extent; i++) {
      const place = start + (isReverse ? extent - 1 - i : i) * inner;
      total.add(low[place] as number, high[place] as number, 1);
      total.write(i + 1, dtype, out);
      low[place] = out.low;
      high[place] = out.high;
    }
  }
  return { shape: full, low, high };
}
