import { chiSquareTail } from './chi-square-distribution.ts';
import { incompleteBeta } from './special-functions.ts';

/**
 * How often the ratio of two estimates of one variance exceeds x by chance: the upper tail of Fisher's F distribution,
 * I_y(ν₂/2, ν₁/2) with y = ν₂/(ν₂ + ν₁x).
 *
 * @param numeratorDegrees ν₁
 * @param denominatorDegrees ν₂; infinite where the second variance is known
 */
export function varianceRatioTail(x: number, numeratorDegrees: number, denominatorDegrees: number): number {
  if (denominatorDegrees === Number.POSITIVE_INFINITY) return chiSquareTail(numeratorDegrees * x, numeratorDegrees);
  const total = denominatorDegrees + numeratorDegrees * x;
  const share = (numeratorDegrees * x) / total;
  return incompleteBeta(denominatorDegrees / 2, numeratorDegrees / 2, denominatorDegrees / total, share).lower;
}
