import { add, multiply, slice, type Tensor } from '../tensor/index.ts';
import type { GptSettings } from './gpt-config.ts';
import { type ParameterTable, parameterOf, vectorSpec } from './layer.ts';
import type { Tensors } from './model.ts';

/** What is done to the residual stream before each block. */
export interface ResidualMixing {
  readonly parameters: ParameterTable;
  apply(values: Tensors, xBTD: Tensor, embeddedBTD: Tensor, layer: number): Tensor;
}

/**
 * x ← r · x + s · x₀ before each block, with learned numbers r (`residualScales` [L], from 1) and s (`inputScales` [L], from 0.1) of
 * that block and the embedding x₀ (Jordan et al. 2024, modded-nanogpt).
 */
export function residualMixing({ numLayers, hasResidualScales, hasInputScales }: GptSettings): ResidualMixing {
  const scaled = (values: Tensors, name: string, layer: number, xBTD: Tensor) =>
    multiply(xBTD, slice(parameterOf(values, name), 0, layer, layer + 1));
  return {
    parameters: {
      ...(hasResidualScales ? { residualScales: vectorSpec('scale', numLayers, 1) } : {}),
      ...(hasInputScales ? { inputScales: vectorSpec('scale', numLayers, 0.1) } : {}),
    },
    apply: (values, xBTD, embeddedBTD, layer) => {
      const kept = hasResidualScales ? scaled(values, 'residualScales', layer, xBTD) : xBTD;
      return hasInputScales ? add(kept, scaled(values, 'inputScales', layer, embeddedBTD)) : kept;
    },
  };
}
