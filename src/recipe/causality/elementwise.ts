import type { PrimitiveName } from '../../tensor/index.ts';
import { commonShape, stretch } from './field.ts';
import { type ElementwiseName, type Interval, intervalRule, roundingOf, settle } from './intervals.ts';
import {
  boundsOf,
  joinFieldsOfReach,
  joinReach,
  type Knowledge,
  knowledgeOf,
  none,
  type Range,
  stretchRange,
  uniform,
} from './knowledge.ts';
import { operand, type Rule } from './rule.ts';

/** What the bounds of x and y say about which of them a selecting op hands on: 1 the first, 2 the second, 3 perhaps either. */
type Selection = (x: Interval, y: Interval) => 1 | 2 | 3;

const selections: { readonly [Name in PrimitiveName]?: Selection } = {
  maximum: (x, y) => (x.low > y.high ? 1 : y.low > x.high ? 2 : 3),
  minimum: (x, y) => (x.high < y.low ? 1 : y.high < x.low ? 2 : 3),
};

/** Elements that depend on the elements of the operands at the same place. */
export function elementwise(op: ElementwiseName): Rule {
  return ({ shape, dtype }, inputs) => {
    const x = operand(inputs, 0);
    const y = inputs[1] ?? x;
    const rule = intervalRule(op, dtype);
    const select = selections[op];
    const seen = select && x !== y ? joinSelected(x, y, select) : joinFieldsOfReach([x.reach, y.reach]);
    const divisor = op === 'reciprocal' || op === 'power' ? x : op === 'divide' ? y : undefined;
    // The sign of a zero decides which infinity comes out.
    const isSigned = divisor !== undefined && divisor.hidden !== none && mayBeZero(divisor.range);
    const reach = isSigned ? joinFieldsOfReach([seen, uniform(x.shape, Int32Array.of(divisor.hidden))]) : seen;
    return knowledgeOf(shape, reach, mapRanges(x.range, y.range, rule));
  };
}

function mayBeZero({ low, high }: Range): boolean {
  return low.some((least, i) => least <= 0 && (high[i] as number) >= 0);
}

/** The bounds of `rule` at each place of the common grid of two operands. */
function mapRanges(x: Range, y: Range, rule: (x: Interval, y: Interval, out: Interval) => void): Range {
  const shape = commonShape([x.shape, y.shape]);
  const [left, right] = [stretchRange(x, shape), stretchRange(y, shape)];
  const low = new Float64Array(left.low.length);
  const high = new Float64Array(left.low.length);
  const [a, b, out] = [interval(), interval(), interval()];
  for (let i = 0; i < low.length; i++) {
    at(left, i, a);
    at(right, i, b);
    rule(a, b, out);
    low[i] = out.low;
    high[i] = out.high;
  }
  return { shape, low, high };
}

function interval(): Interval {
  return { low: 0, high: 0 };
}

/** Reads the bounds at a place into `out`. Inside the grid by every loop here. */
function at({ low, high }: Range, i: number, out: Interval): void {
  out.low = low[i] as number;
  out.high = high[i] as number;
}

function joinSelected(x: Knowledge, y: Knowledge, select: Selection) {
  const shape = commonShape([x.reach.shape, y.reach.shape, x.range.shape, y.range.shape]);
  const [left, right] = [stretchRange(x.range, shape), stretchRange(y.range, shape)];
  const [fromX, fromY] = [stretch(x.reach, shape).data, stretch(y.reach, shape).data];
  const data = new Int32Array(fromX.length);
  const [a, b] = [interval(), interval()];
  for (let i = 0; i < data.length; i++) {
    at(left, i, a);
    at(right, i, b);
    const chosen = select(a, b);
    const [p, q] = [fromX[i] as number, fromY[i] as number];
    data[i] = joinReach(chosen & 1 ? p : none, chosen & 2 ? q : none);
  }
  return { shape, data };
}

/** A known condition picks its branch; an unknown one hands on both and is itself seen. */
export const where: Rule = ({ shape }, inputs) => {
  const [condition, x, y] = [operand(inputs, 0), operand(inputs, 1), operand(inputs, 2)];
  const rangeShape = commonShape([condition.range.shape, x.range.shape, y.range.shape]);
  const [c, a, b] = [
    stretchRange(condition.range, rangeShape),
    stretchRange(x.range, rangeShape),
    stretchRange(y.range, rangeShape),
  ];
  const low = new Float64Array(c.low.length);
  const high = new Float64Array(c.low.length);
  let isDecided = false;
  for (let i = 0; i < low.length; i++) {
    const [isTrue, isFalse] = [c.low[i] === 1, c.high[i] === 0];
    isDecided ||= isTrue || isFalse;
    const [xLow, xHigh, yLow, yHigh] = [a.low[i], a.high[i], b.low[i], b.high[i]] as [number, number, number, number];
    low[i] = isTrue ? xLow : isFalse ? yLow : Math.min(xLow, yLow);
    high[i] = isTrue ? xHigh : isFalse ? yHigh : Math.max(xHigh, yHigh);
  }
  const range = { shape: rangeShape, low, high };
  if (!isDecided) return knowledgeOf(shape, joinFieldsOfReach([condition.reach, x.reach, y.reach]), range);
  const reachShape = commonShape([condition.range.shape, condition.reach.shape, x.reach.shape, y.reach.shape]);
  const decision = stretchRange(condition.range, reachShape);
  const seen = stretch(condition.reach, reachShape).data;
  const [fromX, fromY] = [stretch(x.reach, reachShape).data, stretch(y.reach, reachShape).data];
  const data = new Int32Array(seen.length);
  for (let i = 0; i < data.length; i++) {
    const [p, q] = [fromX[i] as number, fromY[i] as number];
    if (decision.low[i] === 1) data[i] = p;
    else if (decision.high[i] === 0) data[i] = q;
    else data[i] = joinReach(seen[i] as number, joinReach(p, q));
  }
  return knowledgeOf(shape, { shape: reachShape, data }, range);
};

/** Conversions: floats become int32 without their fraction, and bool by comparing with 0. */
export const cast: Rule = ({ shape, dtype }, inputs) => {
  const x = operand(inputs, 0);
  const [least, greatest] = boundsOf(dtype);
  const range = mapRanges(x.range, x.range, ({ low, high }, _, out) => {
    if (dtype === 'bool') {
      out.low = low > 0 || high < 0 ? 1 : 0;
      out.high = low === 0 && high === 0 ? 0 : 1;
    } else if (dtype === 'int32') {
      [out.low, out.high] = [Math.trunc(low), Math.trunc(high)];
      if (out.low < least || out.high > greatest) [out.low, out.high] = [least, greatest];
    } else {
      [out.low, out.high] = [low, high];
      settle(out, true, roundingOf(dtype));
    }
  });
  return knowledgeOf(shape, x.reach, range);
};
