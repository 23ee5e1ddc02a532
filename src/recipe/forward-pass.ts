import { present } from '../core/index.ts';
import { causalSequence, documentSequence, type Model, type Tensors } from '../model/index.ts';
import { cast, type StateSpec, type Tensor } from '../tensor/index.ts';

/** The element types that a model may compute in. */
export const precisions = ['float32', 'bfloat16'] as const;
export type Precision = (typeof precisions)[number];

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
  /** What the pass computes in. Default float32. */
  readonly precision?: Precision;
}

/** Logits float32 [B, T, V] of rows of text; the model reads its parameters in the precision of the pass. */
export function logitsOf(model: Model, values: Tensors, tokensBT: Tensor, pass: ForwardPass = {}): Tensor {
  const { segments, recompute = false, precision = 'float32' } = pass;
  const time = tokensBT.shape[1] ?? 1;
  const sequence = segments ? documentSequence(time, segments) : causalSequence(time);
  const parameters = inPrecision(model, values, precision);
  return cast(model.forward(parameters, tokensBT, sequence, { recomputeBlocks: recompute }), 'float32');
}

/**
 * The parameters in the precision of a pass. Each is converted where the model reads it, so that it belongs to the layer that does, and is
 * converted a second time instead of kept where that layer is recomputed.
 */
function inPrecision(model: Model, values: Tensors, precision: Precision): Tensors {
  if (precision === 'float32') return values;
  const parameters: Record<string, Tensor> = {};
  for (const name of Object.keys(model.parameters)) {
    const value = present(values[name], name);
    Object.defineProperty(parameters, name, { enumerable: true, get: () => cast(value, precision) });
  }
  return parameters;
}
