import { elementwise } from './elementwise.ts';
import { withExtent } from './field.ts';
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
  const isBounded = low > Number.NEGATIVE_INFINITY && high < Number.POSITIVE_INFINITY;
  const exponentials = clamped(exp(at(shape), [subtract(at(shape), [x, maxima])]), 0, 1, isBounded);
  const sums = reduceSum({ ...at(lines), attributes: { axes: [axis], keepDimensions: true } }, [exponentials]);
  const total = clamped(sums, 1, shape[axis] ?? 1, isBounded);
  // Never 0, so that signs of zeros do not matter.
  const divisor = { ...total, hidden: none };
  return clamped(divide(at(shape), [exponentials, divisor]), 0, 1, isBounded);

  function at(extents: typeof shape) {
    return { attributes: {}, shape: extents, dtype };
  }
};

/** Bounds cut to `least` … `greatest`, with room for rounding, where that is known to hold. */
function clamped(known: Knowledge, least: number, greatest: number, holds: boolean): Knowledge {
  if (!holds) return known;
  const { shape, reach, range, hidden } = known;
  const slack = 1e-3;
  const bounded = knowledgeOf(shape, reach, {
    shape: range.shape,
    low: range.low.map((x) => Math.max(x, least * (1 - slack))),
    high: range.high.map((x) => Math.min(x, greatest * (1 + slack))),
  });
  return { ...bounded, hidden };
}
