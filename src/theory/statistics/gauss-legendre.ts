import { assert } from '../../core/index.ts';

/** Points and weights of a quadrature rule. */
export interface Quadrature {
  readonly points: Float64Array;
  readonly weights: Float64Array;
}

/** The Gauss–Legendre rule with `numPoints` points on [low, high]: exact for polynomials below degree 2n (DLMF 3.5(v)). */
export function gaussLegendre(numPoints: number, low: number, high: number): Quadrature {
  assert(Number.isInteger(numPoints) && numPoints > 0, `a rule of ${numPoints} points`);
  const points = new Float64Array(numPoints);
  const weights = new Float64Array(numPoints);
  const half = (high - low) / 2;
  for (let i = 0; i < numPoints; i++) {
    // Tricomi's estimate of the root, then Newton's method.
    let x = Math.cos((Math.PI * (i + 0.75)) / (numPoints + 0.5));
    let slope = 0;
    for (let round = 0; round < 10; round++) {
      let [before, value] = [1, x];
      for (let n = 2; n <= numPoints; n++) [before, value] = [value, ((2 * n - 1) * x * value - (n - 1) * before) / n];
      slope = numPoints === 1 ? 1 : (numPoints * (x * value - before)) / (x * x - 1);
      const step = value / slope;
      x -= step;
      if (Math.abs(step) < 1e-15) break;
    }
    points[i] = low + half * (1 - x);
    weights[i] = (2 * half) / ((1 - x * x) * slope * slope);
  }
  return { points, weights };
}
