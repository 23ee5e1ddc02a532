import { present } from '../core/index.ts';
import type { Tensor } from '../tensor/index.ts';
import type { ParameterSpec, Tensors } from './model.ts';

/** Parameters by their full name. */
export type ParameterTable = { readonly [name: string]: ParameterSpec };

/** Parameters and what they do to a tensor. */
export interface Layer {
  readonly parameters: ParameterTable;
  apply(values: Tensors, x: Tensor): Tensor;
}

/** The value of one parameter. */
export function parameterOf(values: Tensors, name: string): Tensor {
  return present(values[name], `parameter ${name}`);
}

/** A parameter [width] that begins with the same number everywhere. */
export function vectorSpec(role: 'gain' | 'bias' | 'scale', width: number, value: number): ParameterSpec {
  return { shape: [width], role, initialization: { kind: 'constant', value } };
}

/** The parameters of several layers, in order. */
export function parametersOf(layers: readonly { readonly parameters: ParameterTable }[]): ParameterTable {
  return Object.assign({}, ...layers.map(({ parameters }) => parameters));
}
