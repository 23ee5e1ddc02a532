import type { DType, Shape } from '../../tensor/index.ts';
import { commonShape, compress, type Field, stretch } from './field.ts';
import { isLoose } from './intervals.ts';

/**
 * What is known of the elements of a tensor without running anything: which tokens each depends on at most, and between which
 * bounds it lies. An element whose bounds meet is a constant and depends on nothing.
 *
 * Finite bounds say that the element is a number between them; bounds of −∞ and ∞ say nothing, so that it may be NaN; if both are the
 * same infinity, that is the value. All of it leaves the sign of zeros open: for that, `hidden` stands.
 */
export interface Knowledge {
  /** The shape of the tensor. */
  readonly shape: Shape;
  /** The tokens that an element depends on, as `reachOf` writes them. */
  readonly reach: Field<Int32Array>;
  readonly range: Range;
  /** What the sign of a zero may depend on beyond `reach`, for any element: the reach of all that was found to be 0 on the way here. */
  readonly hidden: number;
}

/** Bounds of the elements: `low` and `high` in one grid. */
export interface Range {
  readonly shape: Shape;
  readonly low: Float64Array;
  readonly high: Float64Array;
}

/** Depends on no token. */
export const none = 0;
const timeBits = 20;
const timeMask = 2 ** timeBits - 1;
/** The row of what depends on tokens of several rows. */
const severalRows = 2 ** (31 - timeBits) - 1;
/** Times and rows of tokens lie below these. */
export const maxTime = timeMask;
export const maxRow = severalRows;

/** Depends on tokens of a row up to a time. */
export function reachOf(row: number, time: number): number {
  return row * 2 ** timeBits + time + 1;
}

/** The row that a reach lies in, or `several`. */
export function rowOf(reach: number): number | 'several' {
  const row = reach >> timeBits;
  return row === severalRows ? 'several' : row;
}

/** The largest time of a reach; −1 for none. */
export function timeOf(reach: number): number {
  return (reach & timeMask) - 1;
}

/** The reach of what depends on both. */
export function joinReach(a: number, b: number): number {
  if (a === b || b === none) return a;
  if (a === none) return b;
  if (a >> timeBits === b >> timeBits) return a > b ? a : b;
  return (severalRows << timeBits) | Math.max(a & timeMask, b & timeMask);
}

/** The join of fields, place by place. Shares the arrays of an operand that it equals. */
export function joinFieldsOfReach(fields: readonly Field<Int32Array>[]): Field<Int32Array> {
  return fields.reduce((left, right) => {
    if (left.data === right.data) return left;
    if (right.data.length === 1 && right.data[0] === none) return left;
    if (left.data.length === 1 && left.data[0] === none) return right;
    const shape = commonShape([left.shape, right.shape]);
    const [a, b] = [stretch(left, shape).data, stretch(right, shape).data];
    const data = new Int32Array(a.length);
    let [isLeft, isRight] = [a === left.data, b === right.data];
    for (let i = 0; i < data.length; i++) {
      const [x, y] = [a[i] as number, b[i] as number];
      const joined = joinReach(x, y);
      data[i] = joined;
      isLeft &&= joined === x;
      isRight &&= joined === y;
    }
    if (isLeft) return left;
    return isRight ? right : compress({ shape, data });
  });
}

/** One element over a whole tensor. */
export function uniform<N extends Int32Array | Float64Array>(shape: Shape, data: N): Field<N> {
  return { shape: shape.map(() => 1), data };
}

/** Equal bounds over a whole tensor. */
export function uniformRange(shape: Shape, low: number, high: number): Range {
  return { shape: shape.map(() => 1), low: Float64Array.of(low), high: Float64Array.of(high) };
}

/** Depends on nothing. */
export function independent(shape: Shape): Field<Int32Array> {
  return uniform(shape, Int32Array.of(none));
}

/** The bounds of every number of an element type. */
export function boundsOf(dtype: DType): readonly [low: number, high: number] {
  if (dtype === 'bool') return [0, 1];
  return dtype === 'int32' ? [-(2 ** 31), 2 ** 31 - 1] : [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
}

/** A tensor of which nothing is known but that it does not depend on tokens. */
export function unknownConstant(shape: Shape, dtype: DType): Knowledge {
  return { shape, reach: independent(shape), range: uniformRange(shape, ...boundsOf(dtype)), hidden: none };
}

export function compressRange({ shape, low, high }: Range): Range {
  if (low.length === 1) return { shape, low, high };
  const [a, b] = [compress({ shape, data: low }), compress({ shape, data: high })];
  const common = commonShape([a.shape, b.shape]);
  return { shape: common, low: stretch(a, common).data, high: stretch(b, common).data };
}

/** Bounds from a field for each of them. */
export function rangeOf(low: Field<Float64Array>, high: Field<Float64Array>): Range {
  const shape = commonShape([low.shape, high.shape]);
  return { shape, low: stretch(low, shape).data, high: stretch(high, shape).data };
}

/** The same operation on both bounds. */
export function mapRange(range: Range, f: (field: Field<Float64Array>) => Field<Float64Array>): Range {
  return rangeOf(f({ shape: range.shape, data: range.low }), f({ shape: range.shape, data: range.high }));
}

export function stretchRange({ shape, low, high }: Range, to: Shape): Range {
  return { shape: to, low: stretch({ shape, data: low }, to).data, high: stretch({ shape, data: high }, to).data };
}

/** True if some element is known exactly. */
export function hasConstants({ low, high }: Range): boolean {
  for (let i = 0; i < low.length; i++) if (low[i] === high[i]) return true;
  return false;
}

/** The knowledge of a tensor from grids of its rank or less: compressed, and without reach where an element is a constant. */
export function knowledgeOf(shape: Shape, reach: Field<Int32Array>, range: Range): Knowledge {
  const bounds = compressRange({ ...rounded(loosened(range)), shape: ranked(range.shape, shape.length) });
  const own = compress({ shape: ranked(reach.shape, shape.length), data: reach.data });
  return { shape, ...withoutConstants(own, bounds), range: bounds };
}

/** A bound on one side says nothing either, since NaN has none: −∞ and ∞ in its place. */
function loosened(range: Range): Range {
  let [lower, upper] = [range.low, range.high];
  for (let i = 0; i < range.low.length; i++) {
    const [low, high] = [range.low[i] as number, range.high[i] as number];
    const isWide = low === Number.NEGATIVE_INFINITY && high === Number.POSITIVE_INFINITY;
    if (isWide || !isLoose({ low, high })) continue;
    if (lower === range.low) [lower, upper] = [lower.slice(), upper.slice()];
    lower[i] = Number.NEGATIVE_INFINITY;
    upper[i] = Number.POSITIVE_INFINITY;
  }
  return { shape: range.shape, low: lower, high: upper };
}

/** True if every element is a number between finite bounds. */
export function isBounded({ low, high }: Range): boolean {
  for (let i = 0; i < low.length; i++) {
    if (!((low[i] as number) > Number.NEGATIVE_INFINITY && (high[i] as number) < Number.POSITIVE_INFINITY))
      return false;
  }
  return true;
}

/**
 * Loose bounds moved outwards to numbers of four binary digits. Bounds of what is learned are so wide that nothing is lost, and most of
 * them become equal, so that their grids shrink; narrow ones stay as they are.
 */
function rounded(range: Range): Range {
  const { shape, low, high } = range;
  if (low.length < 2) return range;
  let [lower, upper] = [low, high];
  for (let i = 0; i < low.length; i++) {
    const [a, b] = [low[i] as number, high[i] as number];
    if (a === b || b - a <= 0.25 * Math.max(Math.abs(a), Math.abs(b))) continue;
    // Of integers, which may be indices, nothing is lost.
    if (Number.isInteger(a) && Number.isInteger(b) && b - a < 2 ** 32) continue;
    const [below, above] = [-upwards(-a), upwards(b)];
    if (below === a && above === b) continue;
    if (lower === low) [lower, upper] = [low.slice(), high.slice()];
    lower[i] = below;
    upper[i] = above;
  }
  return { shape, low: lower, high: upper };
}

const double = new Float64Array(1);
/** Low and high word of `double`, on machines that store the low one first, as all that run this do. */
const words = new Uint32Array(double.buffer);

/** The least number of four binary digits that is not below x. */
function upwards(x: number): number {
  double[0] = x;
  const [low, high] = [words[0] as number, words[1] as number];
  const kept = high & 0xfffe0000;
  // Cutting digits off moves towards zero: below zero that is upwards, above it one unit more is.
  const isCut = low !== 0 || kept !== (high | 0);
  if (!isCut || !Number.isFinite(x)) return x;
  words[0] = 0;
  words[1] = x > 0 ? kept + 0x20000 : kept;
  return double[0] as number;
}

/** A grid with axes of extent 1 put before it, up to a rank. */
export function ranked(shape: Shape, rank: number): Shape {
  return shape.length === rank ? shape : [...new Array<number>(rank - shape.length).fill(1), ...shape];
}

function withoutConstants(
  reach: Field<Int32Array>,
  range: Range,
): { readonly reach: Field<Int32Array>; readonly hidden: number } {
  if (!hasConstants(range) || (reach.data.length === 1 && reach.data[0] === none)) return { reach, hidden: none };
  const shape = commonShape([reach.shape, range.shape]);
  const full = stretch(reach, shape).data;
  const { low, high } = stretchRange(range, shape);
  const data = full.slice();
  let isChanged = false;
  let hidden = none;
  for (let i = 0; i < data.length; i++) {
    if (low[i] !== high[i] || data[i] === none) continue;
    if (low[i] === 0) hidden = joinReach(hidden, data[i] as number);
    data[i] = none;
    isChanged = true;
  }
  return { reach: isChanged ? compress({ shape, data }) : reach, hidden };
}

/** Everything that any element reaches, and the widest bounds, over the whole tensor: right for each, exact for none. */
export function coarsened({ shape, reach, range, hidden }: Knowledge): Knowledge {
  const [low, high] = extremes(range);
  const all = uniform(shape, Int32Array.of(joined(reach.data)));
  return { shape, reach: all, range: uniformRange(shape, low, high), hidden };
}

/** The join of all. */
export function joined(data: Int32Array): number {
  let all = none;
  for (const reach of data) all = joinReach(all, reach);
  return all;
}

/** The least and the greatest bound. */
export function extremes({ low, high }: Range): [low: number, high: number] {
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const x of low) least = Math.min(least, x);
  for (const x of high) greatest = Math.max(greatest, x);
  return [least, greatest];
}
