import { causalSequence, documentSequence, type Model, type Tensors } from '../model/index.ts';
import type { StateSpec, Tensor } from '../tensor/index.ts';

/** The parameters of a model as the states of a Program. */
export function parameterStates({ parameters }: Model): { readonly [name: string]: StateSpec } {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, { shape }]) => [name, { shape, kind: 'parameter' }] as const),
  );
}

export interface ForwardPass {
  /** int32 [B, T]: tokens see only tokens with their own number. Default: all before them. */
  readonly segments?: Tensor;
  /** Build the activations of each block a second time in the backward pass. Default false. */
  readonly recompute?: boolean;
}

/** Logits [B, T, V] of rows of text. */
export function logitsOf(model: Model, parameters: Tensors, tokensBT: Tensor, pass: ForwardPass = {}): Tensor {
  const { segments, recompute = false } = pass;
  const time = tokensBT.shape[1] ?? 1;
  const sequence = segments ? documentSequence(time, segments) : causalSequence(time);
  return model.forward(parameters, tokensBT, sequence, { recomputeBlocks: recompute });
}
