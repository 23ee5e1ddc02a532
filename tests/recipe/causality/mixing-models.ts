import type { Model, ParameterSpec, Sequence, Tensors } from '../../../src/model/index.ts';
import { add, gatherRows, linear, rmsNorm, scope, type Tensor } from '../../../src/tensor/index.ts';

/** How a model mixes positions: parameters besides embedding and head, and what is added to the residual stream [B, T, D]. */
export interface Mixing {
  readonly parameters?: { readonly [name: string]: readonly number[] };
  readonly mix: (x: Tensor, parameter: (name: string) => Tensor, sequence: Sequence) => Tensor;
}

export const width = 8;
export const vocabularySize = 12;

/** A small model: embedding, norm, one way of mixing positions (in the scope `mixing`), head. */
export function mixingModel({ parameters = {}, mix }: Mixing, contextLength: number): Model {
  const spec = (shape: readonly number[], role: ParameterSpec['role']): ParameterSpec => ({
    shape,
    role,
    initialization: { kind: 'normal', deviation: 0.02 },
  });
  const mixers = Object.entries(parameters).map(([name, shape]) => [name, spec(shape, 'matrix')] as const);
  return {
    vocabularySize,
    contextLength,
    parameters: {
      embedding: spec([vocabularySize, width], 'embedding'),
      ...Object.fromEntries(mixers),
      head: spec([vocabularySize, width], 'head'),
    },
    exports: { huggingFace: ['a test'], gguf: ['a test'], onnx: true },
    forward(values: Tensors, tokensBT: Tensor, sequence: Sequence): Tensor {
      const parameter = (name: string): Tensor => {
        const found = values[name];
        if (!found) throw new RangeError(`there is no ${name}`);
        return found;
      };
      const xBTD = scope('embedding', () => gatherRows(parameter('embedding'), tokensBT));
      const mixed = scope('mixing', () => add(xBTD, mix(rmsNorm(xBTD), parameter, sequence)));
      return scope('head', () => linear(rmsNorm(mixed), parameter('head')));
    },
  };
}

/** B, T and D of [B, T, D]. */
export function extents(x: Tensor): readonly [number, number, number] {
  const [batch = 1, time = 1, features = 1] = x.shape;
  return [batch, time, features];
}
