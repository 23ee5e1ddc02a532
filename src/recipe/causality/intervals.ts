import type { PrimitiveName } from '../../tensor/index.ts';

/** Bounds of one number, both of them included. */
export interface Interval {
  low: number;
  high: number;
}

/**
 * Bounds of the results of the elementwise ops, from bounds of their operands. They hold for the float32 arithmetic of every
 * engine and for the float64 of the reference: a number is only said to be known (both bounds equal) where each of them gives
 * exactly that number, as IEEE 754 demands of sums, products, quotients and roots that float32 can hold.
 */
export type ElementwiseName = Extract<
  PrimitiveName,
  | 'negate'
  | 'abs'
  | 'sign'
  | 'exp'
  | 'log'
  | 'sqrt'
  | 'reciprocal'
  | 'floor'
  | 'sin'
  | 'cos'
  | 'tanh'
  | 'erf'
  | 'add'
  | 'subtract'
  | 'multiply'
  | 'divide'
  | 'power'
  | 'maximum'
  | 'minimum'
  | 'equal'
  | 'less'
  | 'lessOrEqual'
  | 'and'
  | 'or'
  | 'not'
>;

type Bounds = Readonly<Interval>;

/** Writes the bounds of the result over `out`; `y` equals `x` for ops of one operand. */
type IntervalRule = (x: Bounds, y: Bounds, out: Interval) => void;

const infinity = Number.POSITIVE_INFINITY;
const largest = 3.4028234663852886e38;
const smallestNormal = 1.1754943508222875e-38;

function write(out: Interval, low: number, high: number): void {
  // A product of zero and an infinite bound, or a difference of two: no finite bound is known.
  out.low = Number.isNaN(low) ? -infinity : low;
  out.high = Number.isNaN(high) ? infinity : high;
}

export function isKnown({ low, high }: Bounds): boolean {
  return low === high;
}

/** Widens bounds for rounding; a result that float32 holds stays known if the op rounds correctly. */
export function settle(out: Interval, isExact: boolean): void {
  const { low, high } = out;
  const isNormal = low === 0 || Math.abs(low) >= smallestNormal;
  if (low === high && (isExact || Math.abs(low) === infinity) && isNormal && Math.fround(low) === low) return;
  const slack = 2 ** -18;
  out.low = low - Math.abs(low) * slack;
  out.high = high + Math.abs(high) * slack;
  // What is too small for a normal float32 may be flushed to zero.
  if (out.low > 0 && out.low < smallestNormal) out.low = 0;
  if (out.high < 0 && out.high > -smallestNormal) out.high = 0;
  if (out.high > largest) out.high = infinity;
  if (out.low < -largest) out.low = -infinity;
  if (out.low > largest) out.low = largest;
  if (out.high < -largest) out.high = -largest;
}

/** A function that never decreases. */
const increasing =
  (f: (x: number) => number): IntervalRule =>
  (x, _, out) =>
    write(out, f(x.low), f(x.high));

/** `f` where its argument is known to be `argument`, else −1 … 1. */
const wave =
  (f: (x: number) => number): IntervalRule =>
  (x, _, out) =>
    x.low === 0 && x.high === 0 ? write(out, f(0), f(0)) : write(out, -1, 1);

function isTruth(out: Interval, isTrue: boolean, isFalse: boolean): void {
  write(out, isTrue ? 1 : 0, isFalse ? 0 : 1);
}

/** Zero times an infinite bound is zero: the bound stands for finite numbers. */
function product(x: number, y: number): number {
  return x === 0 || y === 0 ? 0 : x * y;
}

function multiply(x: Bounds, y: Bounds, out: Interval): void {
  const a = product(x.low, y.low);
  const b = product(x.low, y.high);
  const c = product(x.high, y.low);
  const d = product(x.high, y.high);
  write(out, Math.min(a, b, c, d), Math.max(a, b, c, d));
}

function add(x: Bounds, y: Bounds, out: Interval): void {
  // A known infinity outweighs whatever finite number is added.
  if (isKnown(x) && Math.abs(x.low) === infinity && (!isKnown(y) || y.low !== -x.low)) write(out, x.low, x.low);
  else if (isKnown(y) && Math.abs(y.low) === infinity && (!isKnown(x) || x.low !== -y.low)) write(out, y.low, y.low);
  else write(out, x.low + y.low, x.high + y.high);
}

const exp: IntervalRule = (x, _, out) => {
  // e^−746 is below the smallest number of either arithmetic.
  write(out, x.low < -746 ? 0 : Math.exp(x.low), x.high < -746 ? 0 : Math.exp(x.high));
};

const reciprocal: IntervalRule = (x, _, out) => {
  if (x.low > 0 || x.high < 0) write(out, 1 / x.high, 1 / x.low);
  else if (isKnown(x)) write(out, 1 / x.low, 1 / x.low);
  else write(out, -infinity, infinity);
};

const scratch: Interval = { low: 0, high: 0 };

const rules: { readonly [Name in ElementwiseName]: IntervalRule } = {
  negate: (x, _, out) => write(out, -x.high, -x.low),
  abs(x, _, out) {
    const [a, b] = [Math.abs(x.low), Math.abs(x.high)];
    write(out, x.low <= 0 && x.high >= 0 ? 0 : Math.min(a, b), Math.max(a, b));
  },
  sign: increasing(Math.sign),
  exp,
  log(x, _, out) {
    if (x.low >= 0) write(out, Math.log(x.low), Math.log(x.high));
    else write(out, -infinity, infinity);
  },
  sqrt(x, _, out) {
    if (x.high >= 0) write(out, Math.sqrt(Math.max(0, x.low)), Math.sqrt(x.high));
    else write(out, -infinity, infinity);
  },
  reciprocal,
  floor: increasing(Math.floor),
  sin: wave(Math.sin),
  cos: wave(Math.cos),
  tanh: increasing(Math.tanh),
  erf: (x, _, out) => (isKnown(x) && x.low === 0 ? write(out, 0, 0) : write(out, -1, 1)),
  add,
  subtract(x, y, out) {
    scratch.low = -y.high;
    scratch.high = -y.low;
    add(x, scratch, out);
  },
  multiply,
  divide(x, y, out) {
    if (isKnown(x) && isKnown(y)) write(out, x.low / y.low, x.low / y.low);
    else if (isKnown(x) && x.low === 0) write(out, 0, 0);
    else {
      reciprocal(y, y, scratch);
      multiply(x, scratch, out);
    }
  },
  power(x, y, out) {
    if (x.low < 0 || (x.low === 0 && y.low <= 0)) write(out, -infinity, infinity);
    else {
      // Monotone in either argument alone, so the extremes stand at corners.
      const corners = [x.low ** y.low, x.low ** y.high, x.high ** y.low, x.high ** y.high];
      write(out, Math.min(...corners), Math.max(...corners));
    }
  },
  maximum: (x, y, out) => write(out, Math.max(x.low, y.low), Math.max(x.high, y.high)),
  minimum: (x, y, out) => write(out, Math.min(x.low, y.low), Math.min(x.high, y.high)),
  equal: (x, y, out) => isTruth(out, isKnown(x) && isKnown(y) && x.low === y.low, x.high < y.low || y.high < x.low),
  less: (x, y, out) => isTruth(out, x.high < y.low, x.low >= y.high),
  lessOrEqual: (x, y, out) => isTruth(out, x.high <= y.low, x.low > y.high),
  and: (x, y, out) => write(out, Math.min(x.low, y.low), Math.min(x.high, y.high)),
  or: (x, y, out) => write(out, Math.max(x.low, y.low), Math.max(x.high, y.high)),
  not: (x, _, out) => write(out, 1 - x.high, 1 - x.low),
};

/** Ops that IEEE 754 rounds correctly, so that every engine finds the same number. */
const exactOps = new Set<ElementwiseName>([
  'negate',
  'abs',
  'sign',
  'sqrt',
  'reciprocal',
  'floor',
  'add',
  'subtract',
  'multiply',
  'divide',
  'maximum',
  'minimum',
]);

/** Results of the others that are exact everywhere: e⁰, e^−∞, log 1, log 0, sin 0, cos 0, tanh 0, erf 0, x⁰. */
function isSpecial(value: number): boolean {
  return value === 0 || value === 1 || Math.abs(value) === infinity;
}

/** The bounds of an elementwise op on numbers of a kind. */
export function intervalRule(op: ElementwiseName, kind: 'float' | 'int32' | 'bool'): IntervalRule {
  const rule = rules[op];
  if (kind === 'bool') return rule;
  if (kind === 'int32') {
    return (x, y, out) => {
      rule(x, y, out);
      // Beyond int32 numbers wrap around.
      if (out.low < -(2 ** 31) || out.high >= 2 ** 31) write(out, -(2 ** 31), 2 ** 31 - 1);
    };
  }
  const isExact = exactOps.has(op);
  return (x, y, out) => {
    const isFromKnown = isKnown(x) && isKnown(y);
    rule(x, y, out);
    settle(out, isExact || (isKnown(out) && isSpecial(out.low) && (isFromKnown || out.low === 0)));
  };
}
