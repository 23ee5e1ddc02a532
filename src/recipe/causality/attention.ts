import { type Field, nowhere, rearrange, withExtent } from './field.ts';
import { roundingOf } from './intervals.ts';
import {
  extremes,
  isBounded,
  joined,
  joinFieldsOfReach,
  type Knowledge,
  knowledgeOf,
  mapRange,
  type Range,
  uniformRange,
} from './knowledge.ts';
import { joinAlong, runningJoin } from './reduction.ts';
import { operand, type Rule } from './rule.ts';

/** Scores are masked by adding −1e30: what is this much smaller cannot outgrow that. */
const maxScore = 1e29;

/**
 * The fused attention: position t sees the keys and values at s with t − window < s ≤ t, if no score can be so large that it outgrows
 * the mask of its definition and all values are finite; else any position may see any other. A result is a mean of values, so it
 * lies between their bounds.
 */
export const attention: Rule = ({ attributes, shape, dtype }, inputs) => {
  const [query, key, value] = [operand(inputs, 0), operand(inputs, 1), operand(inputs, 2)];
  const scale = Math.max(1, Math.abs(Number(attributes.scale)));
  // NaN where one of them is unknown.
  const score = scale * (shape[3] ?? 1) * greatestOf(query) * greatestOf(key);
  const slack = Math.max(1e-3, roundingOf(dtype)?.slack ?? Number.POSITIVE_INFINITY);
  const isMasked = score < maxScore && isBounded(value.range) && Number.isFinite(slack);
  const [numHeads, numGroups] = [shape[1] ?? 1, key.shape[1] ?? 1];
  const ofHeads = <N extends Int32Array | Float64Array>(field: Field<N>) => repeatGroups(field, numHeads, numGroups);
  const seen = joinFieldsOfReach([joinAlong(key.reach, [3]), value.reach].map(ofHeads));
  const ofQueries = joinAlong(query.reach, [3]);
  if (!isMasked) {
    const everything = joinFieldsOfReach([joinAlong(ofQueries, [2]), joinAlong(seen, [2])]);
    return knowledgeOf(shape, everything, uniformRange(shape, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY));
  }
  const past = typeof attributes.window === 'number' ? windowJoin(seen, attributes.window) : runningJoin(seen, 2);
  const known = knowledgeOf(
    shape,
    joinFieldsOfReach([ofQueries, past]),
    meanRange(mapRange(value.range, ofHeads), slack),
  );
  // A masked weight is 0, and its product with a value a zero with a sign.
  return { ...known, hidden: joined(seen.data) };
};

function greatestOf({ range }: Knowledge): number {
  const [low, high] = extremes(range);
  return Math.max(-low, high);
}

/** [B, G, T, K] as the heads of the groups see it, [B, H, T, K]. */
function repeatGroups<N extends Int32Array | Float64Array>(
  field: Field<N>,
  numHeads: number,
  numGroups: number,
): Field<N> {
  if (field.shape[1] === 1) return field;
  return rearrange(field, withExtent(field.shape, 1, numHeads), (axis, strides) => {
    const stride = strides[axis] ?? 0;
    return axis === 1 ? (head) => Math.floor((head * numGroups) / numHeads) * stride : (i) => i * stride;
  });
}

/** The join of the last `window` positions along axis 2, each its own included. */
function windowJoin(reach: Field<Int32Array>, window: number): Field<Int32Array> {
  // Joins of 1, 2, 4, … positions; two of them that overlap cover any window.
  let joined = reach;
  let covered = 1;
  while (2 * covered <= window) {
    joined = joinFieldsOfReach([joined, shifted(joined, covered)]);
    covered *= 2;
  }
  return joinFieldsOfReach([joined, shifted(joined, window - covered)]);
}

/** The field moved to later positions along axis 2, with nothing before the first. */
function shifted(reach: Field<Int32Array>, distance: number): Field<Int32Array> {
  if (distance === 0 || reach.shape[2] === 1) return reach;
  return rearrange(reach, reach.shape, (axis, strides) => {
    const stride = strides[axis] ?? 0;
    return axis === 2 ? (i) => (i < distance ? nowhere : (i - distance) * stride) : (i) => i * stride;
  });
}

/** Bounds of a mean over axis 2, with room for rounding. */
function meanRange({ shape, low, high }: Range, slack: number): Range {
  const merged = (data: Float64Array, pick: (a: number, b: number) => number): Field<Float64Array> => {
    let extreme = data[0] as number;
    for (const x of data) extreme = pick(extreme, x);
    return { shape: shape.map(() => 1), data: Float64Array.of(extreme) };
  };
  const [least, greatest] = [merged(low, Math.min), merged(high, Math.max)];
  return {
    shape: least.shape,
    low: least.data.map((x) => x - Math.abs(x) * slack),
    high: greatest.data.map((x) => x + Math.abs(x) * slack),
  };
}
