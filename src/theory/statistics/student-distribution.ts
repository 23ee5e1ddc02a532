import { assert } from '../../core/index.ts';
import { rootAboveZero } from './monotone-root.ts';
import { normalCdf, normalQuantile } from './normal-distribution.ts';
import { incompleteBeta, stirlingTail } from './special-functions.ts';

/**
 * The probability that a Student t variable is at most t, to full relative precision in the lower tail:
 * P(T ≤ −t) = ½ I_x(ν/2, ½) with x = ν/(ν + t²) (Johnson, Kotz and Balakrishnan 1995, chapter 28).
 *
 * @param degreesOfFreedom ν, above 0; infinite for the standard normal distribution
 */
export function studentCdf(t: number, degreesOfFreedom: number): number {
  assert(degreesOfFreedom > 0, `${degreesOfFreedom} degrees of freedom`);
  if (degreesOfFreedom === Number.POSITIVE_INFINITY) return normalCdf(t);
  if (!Number.isFinite(t)) return t > 0 ? 1 : t < 0 ? 0 : Number.NaN;
  const square = t * t;
  if (square === Number.POSITIVE_INFINITY) return t > 0 ? 1 : 0;
  const total = degreesOfFreedom + square;
  const { lower } = incompleteBeta(degreesOfFreedom / 2, 0.5, degreesOfFreedom / total, square / total);
  return t < 0 ? 0.5 * lower : 1 - 0.5 * lower;
}

/** The t that a Student t variable does not exceed with probability p, for 0 < p < 1. */
export function studentQuantile(p: number, degreesOfFreedom: number): number {
  assert(p > 0 && p < 1, `no quantile at ${p}`);
  if (degreesOfFreedom === Number.POSITIVE_INFINITY) return normalQuantile(p);
  if (p > 0.5) return -studentQuantile(1 - p, degreesOfFreedom);
  // In logarithms, so that the far tails do not lose their digits.
  return 0 - rootAboveZero((t) => Math.log(p) - Math.log(studentCdf(-t, degreesOfFreedom)), 1);
}

/**
 * The probability that a noncentral t variable is at most t: T = (Z + δ)/U with Z standard normal and U = √(χ²_ν/ν), so
 * P(T ≤ t) = ∫ Φ(tu − δ) f(u) du (Johnson, Kotz and Balakrishnan 1995, chapter 31). With w = ln u the integrand is smooth and
 * dies away at both ends, where the trapezoidal rule is right to about 1e-13.
 *
 * @param degreesOfFreedom ν, above 0; infinite for the normal distribution around δ
 * @param noncentrality δ
 */
export function noncentralStudentCdf(t: number, degreesOfFreedom: number, noncentrality: number): number {
  const nu = degreesOfFreedom;
  assert(nu > 0, `${nu} degrees of freedom`);
  if (nu === Number.POSITIVE_INFINITY) return normalCdf(t - noncentrality);
  // Beyond this u the weight is below e^−45, so Φ is 0 or 1 all along where both ends of its argument say so. It also bounds δ.
  const furthest = Math.sqrt(1 + 2 * (45 / nu + Math.sqrt(45 / nu)));
  const ends = [-noncentrality, t * furthest - noncentrality];
  if (Math.max(...ends) < -40) return 0;
  if (Math.min(...ends) > 40) return 1;
  // f(u) du = c · exp(νw − νe^(2w)/2) dw; `logShape` is that exponent above its peak at w = 0.
  const logShape = (w: number): number => nu * (w - 0.5 * Math.expm1(2 * w));
  // ln of 2(ν/2)^(ν/2)e^(−ν/2)/Γ(ν/2), without the cancellation.
  const logConstant = Math.log(2) + 0.5 * Math.log(nu / (4 * Math.PI)) - stirlingTail(nu / 2);
  const step = 0.35 / Math.max(2.5, Math.sqrt(2 * nu), Math.abs(noncentrality));
  let sum = 0;
  for (const direction of [1, -1]) {
    for (let i = direction === 1 ? 0 : 1; ; i++) {
      const w = direction * i * step;
      const weight = logShape(w);
      if (weight < -45) break;
      sum += Math.exp(logConstant + weight) * normalCdf(t * Math.exp(w) - noncentrality);
    }
  }
  return Math.min(1, sum * step);
}
