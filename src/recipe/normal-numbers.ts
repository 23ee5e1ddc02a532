import type { RandomStream } from '../core/index.ts';

/**
 * Standard normal numbers, the same on every machine and in every version of JavaScript. The language leaves the digits of
 * `Math.log` and `Math.cos` to each engine (those of `Math.pow` did change between Node 20 and 26), so this uses nothing but
 * + − × ÷ and √, which are rounded exactly everywhere.
 *
 * Marsaglia's polar method (Marsaglia & Bray 1964): for a point (x, y) in the unit disc with s = x² + y², the numbers
 * x √(−2 ln s / s) and y √(−2 ln s / s) are independent normals.
 *
 * @param into filled from front to back; a last number that does not fit is dropped
 * @param deviation factor on every number
 */
export function fillWithNormals(into: Float32Array, random: RandomStream, deviation: number): void {
  for (let i = 0; i < into.length; ) {
    const x = (random.nextUint32() + 0.5) / 2 ** 31 - 1;
    const y = (random.nextUint32() + 0.5) / 2 ** 31 - 1;
    const s = x * x + y * y;
    if (s >= 1) continue;
    const radius = deviation * Math.sqrt((-2 * logarithm(s)) / s);
    into[i++] = x * radius;
    if (i < into.length) into[i++] = y * radius;
  }
}

/**
 * ln x for 0 < x ≤ 1, to 1e-13: x = m / 2ᵉ with m between 1/√2 and √2, and ln m = 2 artanh t with t = (m − 1) / (m + 1), |t| < 0.172,
 * by its series.
 */
export function logarithm(x: number): number {
  let m = x;
  let exponent = 0;
  while (m < Math.SQRT1_2) {
    m *= 2;
    exponent += 1;
  }
  const t = (m - 1) / (m + 1);
  const q = t * t;
  const series = 1 + q * (1 / 3 + q * (1 / 5 + q * (1 / 7 + q * (1 / 9 + q * (1 / 11 + q * (1 / 13 + q / 15))))));
  return 2 * t * series - exponent * Math.LN2;
}
