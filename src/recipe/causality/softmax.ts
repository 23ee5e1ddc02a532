import { elementwise } from './elementwise.ts';
import { withExtent } from './field.ts';
import { roundingOf } from './intervals.ts';
import { extremes, type Knowledge, knowledgeOf, none } from './knowledge.ts';
import { joinOfGreatest, reduceSum } from './reduction.ts';
import { operand, type Rule } from './rule.ts';

const [subtract, exp, divide] = [elementwise('subtract'), elementwise('exp'), elementwise('divide')];

/**
 * exp(x − max x) / Σ exp(x − max x), with what its steps do not show: where the maximum is finite, so is all that counts, no
 * exponential exceeds 1, and as that of the greatest is 1, their sum is at least 1. So a weight is 0 wherever its exponential is,
 * for a score of −∞ or one far below another.
 */
export const softmax: Rule = ({ attributes, shape, dtype }, inputs) => {
  const x = operand(inputs, 0);
  const axis = Number(attributes.axis);
  const lines = withExtent(shape, axis, 1);
  const found = joinOfGreatest(x, [axis]);
  const maxima = knowledgeOf(lines, found.reach, found.range);
  const [low, high] = extremes(maxima.range);
  const rounding = roundingOf(dtype);
  const isBounded = rounding !== undefined && low > Number.NEGATIVE_INFINITY && high < Number.POSITIVE_INFINITY;
  const exponentials = cut(exp(at(shape), [subtract(at(shape), [x, maxima])]), 0, 1);
  const sums = reduceSum({ ...at(lines), attributes: { axes: [axis], keepDimensions: true } }, [exponentials]);
  const total = cut(sums, 1, shape[axis] ?? 1);
  // Never 0, so that signs of zeros do not matter.
  const divisor = { ...total, hidden: none };
  return cut(divide(at(shape), [exponentials, divisor]), 0, 1);

  function at(extents: typeof shape) {
    return { attributes: {}, shape: extents, dtype };
  }
  function cut(known: Knowledge, least: number, greatest: number) {
    return isBounded ? clamped(known, least, greatest, Math.max(1e-3, rounding?.slack ?? 0)) : known;
  }
};

/** Bounds cut to `least` … `greatest`, with room for rounding. */
function clamped(known: Knowledge, least: number, greatest: number, slack: number): Knowledge {
  const { shape, reach, range, hidden } = known;
  const bounded = knowledgeOf(shape, reach, {
    shape: range.shape,
    low: range.low.map((x) => Math.max(x, least * (1 - slack))),
    high: range.high.map((x) => Math.min(x, greatest * (1 + slack))),
  });
  return { ...bounded, hidden };
}
