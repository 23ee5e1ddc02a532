import { add, linear } from '../tensor/index.ts';
import type { GptSettings } from './gpt-config.ts';
import { type Layer, parameterOf, vectorSpec } from './layer.ts';
import { type MatrixOptions, matrixSpec } from './scaling.ts';

/** y = x Wᵀ, with `hasBiases` + b, from [..., in] to [..., out]. */
export function linearLayer(settings: GptSettings, name: string, options: MatrixOptions): Layer {
  const bias = `${name}.bias`;
  return {
    parameters: {
      [name]: matrixSpec(settings, options),
      ...(settings.hasBiases ? { [bias]: vectorSpec('bias', options.out.extent, 0) } : {}),
    },
    apply: (values, x) => {
      const y = linear(x, parameterOf(values, name));
      return settings.hasBiases ? add(y, parameterOf(values, bias)) : y;
    },
  };
}
