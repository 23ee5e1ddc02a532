import { assert } from '../../core/index.ts';

/** Stops series and continued fractions: what follows no longer changes the last digit. */
const epsilon = 2 ** -53;
/** Far more terms than any argument within reach needs: about √a of them, a the larger parameter. */
const maxTerms = 1_000_000;
/** Keeps the denominators of a continued fraction from being zero (Thompson and Barnett 1986). */
const tiny = 1e-290;

/** ln Γ(x) for x > 0, to about 1e-14 (DLMF 5.11.1, after the argument was moved up to 15 by Γ(x + 1) = xΓ(x)). */
export function logGamma(x: number): number {
  assert(x > 0, `logGamma of ${x}`);
  let product = 1;
  let shifted = x;
  for (; shifted < 15; shifted += 1) product *= shifted;
  return (shifted - 0.5) * Math.log(shifted) - shifted + halfLogTwoPi + stirlingTail(shifted) - Math.log(product);
}

const halfLogTwoPi = 0.5 * Math.log(2 * Math.PI);

/** What Stirling's formula leaves out of ln Γ(x): ln Γ(x) − (x − ½)ln x + x − ½ln 2π, which is 1/12x − 1/360x³ + … */
export function stirlingTail(x: number): number {
  if (x < 15) return logGamma(x) - (x - 0.5) * Math.log(x) + x - halfLogTwoPi;
  const u = 1 / (x * x);
  return (1 / 12 - u * (1 / 360 - u * (1 / 1260 - u * (1 / 1680 - u * (1 / 1188 - (u * 691) / 360360))))) / x;
}

/** ln B(a, b) = ln Γ(a)Γ(b)/Γ(a + b), without the cancellation that large arguments bring. */
export function logBeta(a: number, b: number): number {
  const [small, large] = a < b ? [a, b] : [b, a];
  if (large < 15) return logGamma(a) + logGamma(b) - logGamma(a + b);
  // ln Γ(large) − ln Γ(large + small) by Stirling's formula on both.
  const ratio =
    small -
    small * Math.log(large) -
    (large + small - 0.5) * Math.log1p(small / large) +
    stirlingTail(large) -
    stirlingTail(large + small);
  return logGamma(small) + ratio;
}

/**
 * The regularised incomplete gamma functions P(a, x) and Q(a, x) = 1 − P(a, x), each to full relative precision where it is the
 * smaller (DLMF 8.11.4, 8.9.2).
 *
 * @param a above 0
 * @param x at least 0
 */
export function incompleteGamma(a: number, x: number): { readonly lower: number; readonly upper: number } {
  assert(a > 0 && x >= 0, `incomplete gamma function of (${a}, ${x})`);
  if (x === 0) return { lower: 0, upper: 1 };
  if (x === Number.POSITIVE_INFINITY) return { lower: 1, upper: 0 };
  const front = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let n = 1; term > sum * epsilon; n++) {
      assert(n < maxTerms, `the incomplete gamma series of (${a}, ${x}) does not end`);
      term *= x / (a + n);
      sum += term;
    }
    return { lower: front * sum, upper: 1 - front * sum };
  }
  const fraction = continuedFraction(x + 1 - a, (n) => ({ numerator: -n * (n - a), denominator: x + 1 - a + 2 * n }));
  return { lower: 1 - front / fraction, upper: front / fraction };
}

/**
 * The regularised incomplete beta function I_x(a, b) and its complement, each to full relative precision where it is the smaller
 * (DLMF 8.17.22).
 *
 * @param a above 0
 * @param b above 0
 * @param x from 0 to 1
 * @param y 1 − x; given apart, because near x = 1 the difference has lost its digits
 */
export function incompleteBeta(
  a: number,
  b: number,
  x: number,
  y = 1 - x,
): { readonly lower: number; readonly upper: number } {
  assert(a > 0 && b > 0 && x >= 0 && y >= 0, `incomplete beta function of (${a}, ${b}, ${x})`);
  if (x === 0) return { lower: 0, upper: 1 };
  if (y === 0) return { lower: 1, upper: 0 };
  if (x > (a + 1) / (a + b + 2)) {
    const { lower, upper } = incompleteBeta(b, a, y, x);
    return { lower: upper, upper: lower };
  }
  const logX = x > 0.5 ? Math.log1p(-y) : Math.log(x);
  const logY = y > 0.5 ? Math.log1p(-x) : Math.log(y);
  const front = Math.exp(a * logX + b * logY - logBeta(a, b)) / a;
  const fraction = continuedFraction(1, (n) => {
    const m = Math.floor(n / 2);
    const numerator =
      n % 2 === 0
        ? (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
        : (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    return { numerator, denominator: 1 };
  });
  return { lower: front / fraction, upper: 1 - front / fraction };
}

/** b0 + a1/(b1 + a2/(b2 + …)) by the modified method of Lentz; `termOf(n)` gives (a_n, b_n) from n = 1. */
function continuedFraction(
  first: number,
  termOf: (n: number) => { readonly numerator: number; readonly denominator: number },
): number {
  let value = first === 0 ? tiny : first;
  let c = value;
  let d = 0;
  for (let n = 1; n < maxTerms; n++) {
    const { numerator, denominator } = termOf(n);
    d = denominator + numerator * d;
    d = 1 / (d === 0 ? tiny : d);
    c = denominator + numerator / c;
    if (c === 0) c = tiny;
    value *= c * d;
    if (Math.abs(c * d - 1) < 4 * epsilon) return value;
  }
  assert(false, 'a continued fraction does not end');
}
