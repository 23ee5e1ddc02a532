import { computeForLoss, computeOptimum } from '../laws/compute-optimum.ts';
import type { ScalingLaw } from '../scaling-law.ts';

/**
 * The compute multiplier between two laws on their frontiers, CM(C) = C_baseline(L*_treatment(C))/C. Where both share E and exponents it
 * is the ratio of their frontier coefficients to the power of one over the frontier's exponent, at every C; where they do not, it
 * changes with C. Infinite where the baseline never reaches that loss.
 *
 * @param flops C, of the treatment's training
 */
export function lawMultiplier(baseline: ScalingLaw, treatment: ScalingLaw, flops: number): number {
  return computeForLoss(baseline, computeOptimum(treatment, flops).loss) / flops;
}
