import type { Batch } from '../data/index.ts';

/** The inputs of a training step, as views of a batch: when the batch is written over, so are they. */
export type StepInputs = {
  readonly tokens: Int32Array;
  readonly targets: Int32Array;
  readonly weights: Float32Array;
  /** The factor on all learning rates, one number. */
  readonly scheduleFactor: Float32Array;
} & { readonly [name: string]: Int32Array | Float32Array };

export function stepInputs({ tokens, targets, weights, segments }: Batch, documentMask: boolean): StepInputs {
  const scheduleFactor = new Float32Array(1);
  return { tokens, targets, weights, scheduleFactor, ...(documentMask ? { segments } : {}) };
}
