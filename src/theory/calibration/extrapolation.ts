import type { LawPoint } from '../scaling-law.ts';

/** Where a loss is asked for. */
export interface PredictionTarget {
  /** N, under the convention of the points that the law was fitted on. */
  readonly numParameters: number;
  /** D, tokens to be trained on. */
  readonly numTokens: number;
  /** C, floating-point operations of the training, counted as those of the points; 6·N·D where it is absent. */
  readonly flops?: number;
}

/** A finished training with the compute that it took. */
export interface ComputePoint extends LawPoint {
  /** C, floating-point operations of the training; 6·N·D where it is absent. */
  readonly flops?: number;
}

/** C of a training in floating-point operations, by the rule 6·N·D (Kaplan et al. 2020, section 2.1) where it was not counted. */
export function computeOf({ flops, numParameters, numTokens }: PredictionTarget): number {
  return flops ?? 6 * numParameters * numTokens;
}

/**
 * How far a target lies beyond what a law was fitted on: C of the target over the largest C of the points, and 1 for
 * everything below that.
 */
export function extrapolationFactor(points: readonly ComputePoint[], target: PredictionTarget): number {
  const largest = points.reduce((most, point) => Math.max(most, computeOf(point)), 0);
  return Math.max(1, computeOf(target) / largest);
}

/** Points with at most a fraction of the largest compute, and those with more. */
export interface ComputeSplit {
  readonly small: readonly ComputePoint[];
  readonly large: readonly ComputePoint[];
}

/** Divides points at the largest compute among them over `cut`. */
export function splitByCompute(points: readonly ComputePoint[], cut: number): ComputeSplit {
  const largest = points.reduce((most, point) => Math.max(most, computeOf(point)), 0);
  // Compute within a part in a thousand of the limit is at the limit: budgets of iso-FLOP tables are rounded.
  const isSmall = (point: ComputePoint): boolean => computeOf(point) <= (largest / cut) * 1.001;
  return { small: points.filter(isSmall), large: points.filter((point) => !isSmall(point)) };
}

/**
 * Whether points are a design that a law can be fitted on and its forecast be worth scoring: eight trainings, three sizes,
 * three durations and a factor of ten in compute, each or more.
 */
export function isDesign(points: readonly ComputePoint[]): boolean {
  const sizes = new Set(points.map(({ numParameters }) => numParameters));
  const durations = new Set(points.map(({ numTokens }) => numTokens));
  const computes = points.map(computeOf);
  const span = Math.max(...computes) / Math.min(...computes);
  return points.length >= 8 && sizes.size >= 3 && durations.size >= 3 && span >= 10;
}
