import { assert } from '../../core/index.ts';
import { conventionalFlops } from '../counts/flops-conventions.ts';
import type { TrainingWorkload } from './workload.ts';

/**
 * Floating-point operations that MFU counts for a token: 6·N_matmul + 12·Σ_layers H·K·T_eff (PaLM, 2204.02311, appendix B). Forward and backward
 * pass, all pairs of positions of a window without a discount for causality, no recomputation, no update. torchtitan counts the same.
 */
export function modelFlopsPerToken({ shape, counts }: Pick<TrainingWorkload, 'shape' | 'counts'>): number {
  const rule = conventionalFlops(shape, counts).find(({ convention }) => convention === 'PaLM, nanochat');
  assert(rule !== undefined, 'the rule is one of the table');
  return rule.perToken;
}
