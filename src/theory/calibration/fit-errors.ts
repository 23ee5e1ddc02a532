import { fitScalingLaw } from '../fitting/scaling-law-fit.ts';
import { lossOf } from '../scaling-law.ts';
import { type ComputePoint, isDesign, splitByCompute } from './extrapolation.ts';
import { sortedQuantile } from './weighted-quantile.ts';

/** How far a fit is off on the points that it has: what its intervals are scaled by. */
export interface FitErrors {
  /** Standard deviation of ln(loss / fitted loss), widened for the parameters that the fit spent. */
  readonly residual: number;
  /**
   * Root mean square of ln(loss / predicted) over the points above a third of the largest compute, predicted by a law
   * fitted to the points below: a law of the wrong form shows itself here, where the residuals of a flexible fit hide it.
   */
  readonly hindcast: number;
}

/** Where compute is cut for a hindcast, as fractions of the largest; the later ones where an earlier leaves no design. */
const hindcastCuts = [3, 2, 1.5] as const;
/** Hindcast over residuals where no cut leaves a design: the upper side of what other tables have. */
const usualHindcast = 2;

/**
 * Measures how far a fit is off: on its own points, and in a forecast of its largest points from its smaller ones.
 *
 * @param points what the law was fitted on
 * @param residuals ln(loss / fitted loss) of each
 */
export function fitErrors(points: readonly ComputePoint[], residuals: readonly number[]): FitErrors {
  const residual = residualScale(widenedResiduals(residuals));
  const split = hindcastCuts.map((cut) => splitByCompute(points, cut)).find(({ small }) => isDesign(small));
  if (!split) return { residual, hindcast: usualHindcast * residual };
  const { law } = fitScalingLaw(split.small);
  const squares = split.large.map(
    ({ numParameters, numTokens, loss }) => Math.log(loss / lossOf(law, numParameters, numTokens)) ** 2,
  );
  return { residual, hindcast: Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length) };
}

/**
 * Residuals of a fit times √(n / (n − 5)): with five parameters spent, they are smaller than the errors that they come from.
 *
 * @param residuals ln(loss / fitted loss) of each point
 */
export function widenedResiduals(residuals: readonly number[]): number[] {
  const spent = Math.sqrt(residuals.length / Math.max(1, residuals.length - 5));
  return residuals.map((residual) => spent * residual);
}

/**
 * The standard deviation of residuals by their median absolute value (÷ 0.6745, what it is for a normal distribution), so
 * that a single failed training does not widen everything.
 */
export function residualScale(residuals: readonly number[]): number {
  const sizes = Float64Array.from(residuals, Math.abs).sort();
  return sortedQuantile(sizes, 0.5) / 0.6745;
}
