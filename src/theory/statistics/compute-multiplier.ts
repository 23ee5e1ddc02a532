import type { KnownSpread } from './mean-difference.ts';

/**
 * On what a multiplier counts: the same runs laid out along their floating-point operations, their seconds or their tokens say how
 * much of each the treatment saves.
 */
export type MultiplierAxis = 'flops' | 'seconds' | 'tokens';

/**
 * A compute multiplier, CM(C) = C_baseline(L_treatment(C))/C: by how much more the baseline would have to spend for the loss that the
 * treatment reaches with C. Above 1 the treatment saves.
 */
export interface MultiplierEstimate {
  readonly multiplier: number;
  /** Where the true multiplier lies, at the level asked for. */
  readonly interval: readonly [low: number, high: number];
}

/** Replicate runs of one length. */
export interface RunsAt {
  /** What each has spent, in the unit of the axis. */
  readonly spent: number;
  /** Final losses, one a seed. */
  readonly losses: readonly number[];
  /** Scatter of their losses where it is known from elsewhere; needed of a single run. */
  readonly noise?: KnownSpread;
}
