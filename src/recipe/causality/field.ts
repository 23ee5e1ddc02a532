import { assert, present } from '../../core/index.ts';
import { broadcastShapes, type Shape, sameShape, sizeOf, stridesOf } from '../../tensor/index.ts';

/** Arrays of numbers that fields are made of: times are integers, bounds are not. */
export type Numbers = Int32Array | Float64Array;

/**
 * Numbers laid over a tensor: one for each element, kept in a grid of the tensor's rank in which every axis along which nothing
 * varies has extent 1. What is known of a [B, H, T, K] tensor of an honest model fits into [B, 1, T, 1].
 */
export interface Field<N extends Numbers = Numbers> {
  readonly shape: Shape;
  readonly data: N;
}

/** Marks a place of a grid that no element of the source stands at. */
export const nowhere = -(2 ** 30);

/** Grids beyond this many places are not written out. */
const maxPlaces = 2 ** 24;

/** Thrown where a grid would need more memory than the analysis may take: the caller must make do with less exact operands. */
export class GridTooLarge extends Error {}

function requirePlaces(numPlaces: number): void {
  if (numPlaces > maxPlaces) throw new GridTooLarge(`${numPlaces} places`);
}

/** For each place of a grid, the sum of one number for each of its axes; negative where some axis says `nowhere`. */
export function separable(shape: Shape, offsetsOf: (axis: number) => (index: number) => number): Int32Array {
  requirePlaces(sizeOf(shape));
  let sums = new Int32Array(1);
  shape.forEach((extent, axis) => {
    const offsetOf = offsetsOf(axis);
    const offsets = Int32Array.from({ length: extent }, (_, i) => offsetOf(i));
    if (extent === 1 && offsets[0] === 0) return;
    const next = new Int32Array(sums.length * extent);
    let place = 0;
    for (const sum of sums) {
      for (let i = 0; i < extent; i++) {
        // Two axes that both say `nowhere` must not wrap around. Within `extent` by the loop.
        next[place++] = Math.max(nowhere, sum + (offsets[i] as number));
      }
    }
    sums = next;
  });
  return sums;
}

function emptyLike<N extends Numbers>(data: N, length: number): N {
  return (data instanceof Int32Array ? new Int32Array(length) : new Float64Array(length)) as N;
}

/** The numbers at the given places; 0 where a place is negative. */
export function take<N extends Numbers>(data: N, places: Int32Array): N {
  const out = emptyLike(data, places.length);
  for (let i = 0; i < places.length; i++) {
    const place = places[i] as number;
    if (place >= 0) out[i] = data[place] as number;
  }
  return out;
}

/** A grid rearranged: each axis of the result says which offset of the source each of its indices stands for. */
export function rearrange<N extends Numbers>(
  field: Field<N>,
  shape: Shape,
  offsetsOf: (axis: number, strides: readonly number[]) => (index: number) => number,
): Field<N> {
  const strides = stridesOf(field.shape);
  return {
    shape,
    data: take(
      field.data,
      separable(shape, (axis) => offsetsOf(axis, strides)),
    ),
  };
}

/** The grid with some axes of extent 1 written out. */
export function stretch<N extends Numbers>(field: Field<N>, shape: Shape): Field<N> {
  if (sameShape(field.shape, shape)) return field;
  const missing = shape.length - field.shape.length;
  return rearrange(field, shape, (axis, strides) => {
    const own = axis - missing;
    const stride = own < 0 || field.shape[own] === 1 ? 0 : (strides[own] ?? 0);
    return (i) => i * stride;
  });
}

/** The smallest grid that all of these stretch to. */
export function commonShape(shapes: readonly Shape[]): Shape {
  return shapes.reduce((a, b) => present(broadcastShapes(a, b), 'a common grid'));
}

/** The field with every axis along which nothing varies cut to extent 1. */
export function compress<N extends Numbers>(field: Field<N>): Field<N> {
  let { shape, data } = field;
  for (let axis = 0; axis < shape.length; axis++) {
    const extent = shape[axis] ?? 1;
    const inner = sizeOf(shape.slice(axis + 1));
    if (extent === 1 || !isConstantAlong(data, extent, inner)) continue;
    const numOuter = data.length / (extent * inner);
    const kept = emptyLike(data, numOuter * inner);
    for (let outer = 0; outer < numOuter; outer++) {
      const start = outer * extent * inner;
      kept.set(data.subarray(start, start + inner), outer * inner);
    }
    data = kept;
    shape = shape.map((e, i) => (i === axis ? 1 : e));
  }
  return data === field.data ? field : { shape, data };
}

function isConstantAlong(data: Numbers, extent: number, inner: number): boolean {
  const block = extent * inner;
  for (let start = 0; start < data.length; start += block) {
    for (let i = start + inner; i < start + block; i++) if (data[i] !== data[i - inner]) return false;
  }
  return true;
}

/** The same elements in the same order under another shape. `from` and `to` are the shapes of the tensors. */
export function reshapeField<N extends Numbers>(field: Field<N>, from: Shape, to: Shape): Field<N> {
  const written: number[] = [];
  const result: number[] = [];
  for (const { inputs, outputs } of axisGroups(from, to)) {
    const isConstant = inputs.every((axis) => field.shape[axis] === 1);
    for (const axis of inputs) written[axis] = isConstant ? 1 : (from[axis] ?? 1);
    for (const axis of outputs) result[axis] = isConstant ? 1 : (to[axis] ?? 1);
  }
  return compress({ shape: result, data: stretch(field, written).data });
}

/** The axes of two shapes of equal size in the smallest groups of equal size, from the first to the last. */
function axisGroups(from: Shape, to: Shape): { inputs: number[]; outputs: number[] }[] {
  const groups: { inputs: number[]; outputs: number[] }[] = [];
  let [i, j] = [0, 0];
  while (i < from.length || j < to.length) {
    const group = { inputs: [] as number[], outputs: [] as number[] };
    let [left, right] = [1, 1];
    const takeInput = () => {
      left *= from[i] ?? 1;
      group.inputs.push(i++);
    };
    const takeOutput = () => {
      right *= to[j] ?? 1;
      group.outputs.push(j++);
    };
    if (i < from.length) takeInput();
    else takeOutput();
    while (left !== right) {
      if (left < right) takeInput();
      else takeOutput();
    }
    groups.push(group);
    assert(i <= from.length && j <= to.length, 'a reshape changes the number of elements');
  }
  return groups;
}

/** Fields joined along an axis whose extents in the tensors are given. */
export function joinFields<N extends Numbers>(
  parts: readonly Field<N>[],
  extents: readonly number[],
  axis: number,
): Field<N> {
  const others = commonShape(parts.map(({ shape }) => shape.map((extent, i) => (i === axis ? 1 : extent))));
  const total = extents.reduce((sum, extent) => sum + extent, 0);
  const inner = sizeOf(others.slice(axis + 1));
  const outer = sizeOf(others.slice(0, axis));
  const [first] = parts;
  requirePlaces(outer * total * inner);
  const data = emptyLike(present(first, 'a part').data, outer * total * inner);
  let before = 0;
  parts.forEach((part, k) => {
    const extent = extents[k] ?? 1;
    const full = stretch(part, withExtent(others, axis, extent)).data;
    for (let row = 0; row < outer; row++) {
      const start = row * extent * inner;
      data.set(full.subarray(start, start + extent * inner), (row * total + before) * inner);
    }
    before += extent;
  });
  return compress({ shape: withExtent(others, axis, total), data });
}

/** A shape with one extent replaced. */
export function withExtent(shape: Shape, axis: number, extent: number): Shape {
  return shape.map((e, i) => (i === axis ? extent : e));
}

/** For each place of a grid, its place in the grid whose reduced axes have extent 1. */
export function reducedPlaces(shape: Shape, axes: readonly number[]): { shape: Shape; places: Int32Array } {
  const kept = shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
  const strides = stridesOf(kept);
  const places = separable(shape, (axis) => {
    const stride = axes.includes(axis) ? 0 : (strides[axis] ?? 0);
    return (i) => i * stride;
  });
  return { shape: kept, places };
}
