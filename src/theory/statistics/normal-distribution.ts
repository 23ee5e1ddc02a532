import { assert } from '../../core/index.ts';

/** φ(x), the density of the standard normal distribution. */
export function normalDensity(x: number): number {
  return Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
}

/**
 * Φ(x), the probability of at most x, to twelve digits or more of itself also in the lower tail: near 0 by the series
 * ½ + φ(x)(x + x³/3 + x⁵/(3·5) + …), farther out by Φ(−x) = φ(x)/(x + 1/(x + 2/(x + 3/(x + …)))) (Marsaglia 2004; DLMF 7.9.2).
 */
export function normalCdf(x: number): number {
  const size = Math.abs(x);
  if (size < 2) {
    let term = x;
    let sum = x;
    for (let n = 3; Math.abs(term) > 1e-17 * Math.abs(sum); n += 2) {
      term *= (x * x) / n;
      sum += term;
    }
    return 0.5 + normalDensity(x) * sum;
  }
  // From 2 on, 120 levels leave nothing; farther out fewer do.
  let fraction = size;
  for (let n = Math.ceil(20 + 400 / (size * size)); n > 0; n--) fraction = size + n / fraction;
  const tail = normalDensity(x) / fraction;
  return x < 0 ? tail : 1 - tail;
}

/** The x with Φ(x) = p, for 0 ≤ p ≤ 1. */
export function normalQuantile(p: number): number {
  assert(p >= 0 && p <= 1, `no quantile at ${p}`);
  if (p > 0.5) return -normalQuantile(1 - p);
  if (p === 0) return Number.NEGATIVE_INFINITY;
  // ln Φ is concave and Φ(x) ≤ ½e^(−x²/2) below 0: Newton's method climbs from this bound without overshooting.
  let x = -Math.sqrt(-2 * Math.log(2 * p));
  for (let i = 0; i < 100; i++) {
    const cdf = normalCdf(x);
    const step = ((Math.log(p) - Math.log(cdf)) * cdf) / normalDensity(x);
    x += step;
    if (Math.abs(step) <= 1e-15 * Math.max(1, -x)) break;
  }
  return Math.min(0, x);
}
