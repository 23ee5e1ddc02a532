import type { DType, PrimitiveName } from '../../tensor/index.ts';

/** Bounds of one number, both of them included. */
export interface Interval {
  low: number;
  high: number;
}

/**
 * Bounds of the results of the elementwise ops, from bounds of their operands. Bounds that are both finite, or the same infinity,
 * say that the number is one between them, and no NaN; any others say nothing. They hold for the arithmetic of every engine in the
 * element type, rounded after each op or only now and then, and for the float64 of the reference: a number is only said to be known
 * (both bounds equal) where each of them gives exactly that number up to the sign of a zero, as IEEE 754 demands of sums and products
 * that the type can hold. (Quotients and roots are not rounded correctly everywhere: WGSL allows 2.5 units in the last place.)
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

/** True if nothing is known of a number, not even that it is one. */
export function isLoose({ low, high }: Bounds): boolean {
  return !(low > -infinity && high < infinity) && low !== high;
}

function loosen(out: Interval): void {
  out.low = -infinity;
  out.high = infinity;
}

function write(out: Interval, low: number, high: number): void {
  // A product of zero and infinity, or a difference of infinities: NaN.
  out.low = Number.isNaN(low) ? -infinity : low;
  out.high = Number.isNaN(high) ? infinity : high;
}

export function isKnown({ low, high }: Bounds): boolean {
  return low === high;
}

/** How an element type rounds. */
export interface Rounding {
  /** Whether it holds a number exactly. */
  readonly holds: (x: number) => boolean;
  /** By which share of itself a result may be off, with room to spare. */
  readonly slack: number;
  /** By which share of the sum of all magnitudes a sum may be off for each of its terms. */
  readonly sumSlack: number;
  /** Integers are exact up to this one. */
  readonly mostExact: number;
}

const ofFloat32: Rounding = {
  holds: (x) => Math.fround(x) === x,
  slack: 2 ** -14,
  sumSlack: 2 ** -23,
  mostExact: 2 ** 24,
};

const single = new Float32Array(1);
const bits = new Uint32Array(single.buffer);

/** The range of float32 with 8 digits instead of 24. */
const ofBfloat16: Rounding = {
  holds: (x) => {
    single[0] = x;
    return single[0] === x && ((bits[0] as number) & 0xffff) === 0;
  },
  slack: 2 ** -6,
  sumSlack: 2 ** -8,
  mostExact: 2 ** 8,
};

/** The rounding of an element type, where anything is known of what it makes of numbers: float16 overflows too early. */
export function roundingOf(dtype: DType): Rounding | undefined {
  if (dtype === 'float16') return undefined;
  return dtype === 'bfloat16' ? ofBfloat16 : ofFloat32;
}

/** Widens bounds for rounding; a result that the type holds stays known if the op rounds correctly. */
export function settle(out: Interval, isExact: boolean, rounding: Rounding | undefined): void {
  if (rounding === undefined) {
    loosen(out);
    return;
  }
  const { low, high } = out;
  const isNormal = low === 0 || Math.abs(low) >= smallestNormal;
  if (low === high && (isExact || Math.abs(low) === infinity) && isNormal && rounding.holds(low)) return;
  const { slack } = rounding;
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

/** `f` where its argument is known to be 0, else −1 … 1 for a finite one. */
const wave =
  (f: (x: number) => number): IntervalRule =>
  (x, _, out) =>
    x.low === 0 && x.high === 0 ? write(out, f(0), f(0)) : Number.isFinite(x.low) ? write(out, -1, 1) : loosen(out);

function isTruth(out: Interval, isTrue: boolean, isFalse: boolean): void {
  write(out, isTrue ? 1 : 0, isFalse ? 0 : 1);
}

function multiply(x: Bounds, y: Bounds, out: Interval): void {
  // Zero times infinity is NaN, which makes the bounds NaN.
  const a = x.low * y.low;
  const b = x.low * y.high;
  const c = x.high * y.low;
  const d = x.high * y.high;
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
  // Which infinity 1 / 0 is depends on the sign of the zero, which is not known.
  if (x.low > 0 || x.high < 0) write(out, 1 / x.high, 1 / x.low);
  else loosen(out);
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
    // Near 1 the error of a logarithm is not a share of it.
    if (x.low >= 0) write(out, Math.log(x.low) - 1e-6, Math.log(x.high) + 1e-6);
    else loosen(out);
  },
  sqrt(x, _, out) {
    if (x.low >= 0) write(out, Math.sqrt(x.low), Math.sqrt(x.high));
    else loosen(out);
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
    if (y.low <= 0 && y.high >= 0) loosen(out);
    else if (isKnown(x) && isKnown(y)) write(out, x.low / y.low, x.low / y.low);
    else {
      reciprocal(y, y, scratch);
      multiply(x, scratch, out);
    }
  },
  power(x, y, out) {
    if (x.low < 0 || (x.low === 0 && y.low <= 0) || x.high === infinity || y.high === infinity) loosen(out);
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
  'floor',
  'add',
  'subtract',
  'multiply',
  'maximum',
  'minimum',
]);

/** Results of the others that are exact everywhere: e⁰, e^−∞, log 0, cos 0, x⁰, and quotients by powers of two. */
function isSpecial(op: ElementwiseName, x: Bounds, y: Bounds): boolean {
  if (op === 'power') return isKnown(y) && y.low === 0;
  if (op === 'divide') return isKnown(x) && isPowerOfTwo(y);
  return op === 'reciprocal' ? isPowerOfTwo(x) : isKnown(x) && (x.low === 0 || Math.abs(x.low) === infinity);
}

function isPowerOfTwo({ low, high }: Bounds): boolean {
  return low === high && Number.isInteger(Math.log2(Math.abs(low))) && 2 ** Math.log2(Math.abs(low)) === Math.abs(low);
}

/** The bounds of an elementwise op that gives numbers of a type. */
export function intervalRule(op: ElementwiseName, dtype: DType): IntervalRule {
  const rule = rules[op];
  if (dtype === 'bool') {
    return (x, y, out) => {
      // NaN is neither less nor equal, whatever it is compared with.
      if (isLoose(x) || isLoose(y)) write(out, 0, 1);
      else rule(x, y, out);
    };
  }
  if (dtype === 'int32') {
    return (x, y, out) => {
      rule(x, y, out);
      // Beyond int32 numbers wrap around.
      if (out.low < -(2 ** 31) || out.high >= 2 ** 31) write(out, -(2 ** 31), 2 ** 31 - 1);
    };
  }
  const isExact = exactOps.has(op);
  const rounding = roundingOf(dtype);
  return (x, y, out) => {
    if (isLoose(x) || isLoose(y)) return loosen(out);
    const isSettled = isExact || isSpecial(op, x, y);
    rule(x, y, out);
    settle(out, isSettled, rounding);
    if (isLoose(out)) loosen(out);
  };
}
