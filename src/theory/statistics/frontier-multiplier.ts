import { assert } from '../../core/index.ts';
import { fitNonNegative } from '../fitting/non-negative-least-squares.ts';
import { argminBetween } from '../laws/scalar-search.ts';
import type { MultiplierEstimate } from './compute-multiplier.ts';
import { leastSquares, quadraticForm } from './least-squares.ts';
import { studentQuantile } from './student-distribution.ts';

/** A point on the frontier of an arm: the best loss for what was spent. */
export interface FrontierPoint {
  readonly arm: 'baseline' | 'treatment';
  /** In the unit of the axis: floating-point operations, seconds or tokens. */
  readonly spent: number;
  readonly loss: number;
}

/** A multiplier that is the same at all scales, from two frontiers of one shape. */
export interface FrontierMultiplier extends MultiplierEstimate {
  /** Shared: what neither arm gets below. */
  readonly E: number;
  /** Shared: γ of L = E + K·C^(−γ). */
  readonly exponent: number;
  /** K of each arm. */
  readonly coefficients: { readonly baseline: number; readonly treatment: number };
  /** Standard deviation of (L − fit)/L. */
  readonly relativeDeviation: number;
}

/**
 * Fits L = E + K·C^(−γ) to both arms at once, E and γ shared and K each its own, by least squares of the relative error, and gives the
 * multiplier (K_baseline/K_treatment)^(1/γ) with the t-interval of its logarithm by the delta method. As it shares E and γ it cannot
 * see a trend over scale: the ladder estimator does.
 *
 * @param level of the interval, 0.95 unless told
 */
export function frontierMultiplier(points: readonly FrontierPoint[], level = 0.95): FrontierMultiplier {
  assert(points.length >= 5, `${points.length} points; five are needed`);
  const numLengths = new Set(points.map(({ spent }) => spent)).size;
  assert(numLengths >= 3, `${numLengths} different amounts spent; three are needed`);
  const center = points.reduce((sum, { spent }) => sum + Math.log(spent), 0) / points.length;
  const x = Float64Array.from(points, ({ spent }) => Math.log(spent) - center);
  const inverseLoss = Float64Array.from(points, ({ loss }) => 1 / loss);
  const ones = new Float64Array(points.length).fill(1);
  const columnsAt = (exponent: number): readonly Float64Array[] => [
    inverseLoss,
    ...(['baseline', 'treatment'] as const).map((arm) =>
      Float64Array.from(points, (point, i) =>
        point.arm === arm ? Math.exp(-exponent * (x[i] as number)) / point.loss : 0,
      ),
    ),
  ];
  const fitAt = (exponent: number) => fitNonNegative(columnsAt(exponent), ones);
  const exponent = Math.exp(argminBetween((log) => fitAt(Math.exp(log)).squares, Math.log(0.005), Math.log(3), 96));
  const { amounts, squares } = fitAt(exponent);
  const [E = 0, baseline = 0, treatment = 0] = amounts;
  assert(baseline > 0 && treatment > 0, 'the loss does not fall with what is spent');

  // Unknowns: ln K of each arm, γ, and E where it is not held at its bound of 0.
  const [, ofBaseline, ofTreatment] = columnsAt(exponent) as [Float64Array, Float64Array, Float64Array];
  const columns = [
    ofBaseline.map((value) => baseline * value),
    ofTreatment.map((value) => treatment * value),
    x.map((value, i) => -value * (baseline * (ofBaseline[i] as number) + treatment * (ofTreatment[i] as number))),
    ...(E > 0 ? [inverseLoss] : []),
  ];
  const degreesOfFreedom = points.length - columns.length;
  const relativeDeviation = Math.sqrt(squares / Math.max(1, degreesOfFreedom));
  const curvature = leastSquares(columns, ones, ones);
  assert(curvature !== null, 'the frontiers do not determine a multiplier');
  const logMultiplier = Math.log(baseline / treatment) / exponent;
  const gradient = [1 / exponent, -1 / exponent, -logMultiplier / exponent, 0].slice(0, columns.length);
  const error = relativeDeviation * Math.sqrt(quadraticForm(curvature.inverse, gradient));
  const radius =
    degreesOfFreedom > 0 ? -studentQuantile((1 - level) / 2, degreesOfFreedom) * error : Number.POSITIVE_INFINITY;
  const atOne = Math.exp(exponent * center);
  return {
    multiplier: Math.exp(logMultiplier),
    interval: [Math.exp(logMultiplier - radius), Math.exp(logMultiplier + radius)],
    E,
    exponent,
    coefficients: { baseline: baseline * atOne, treatment: treatment * atOne },
    relativeDeviation,
  };
}
