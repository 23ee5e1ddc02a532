import { add, layerNorm, multiply, rmsNorm } from '../tensor/index.ts';
import type { GptSettings } from './gpt-config.ts';
import { type Layer, parameterOf, vectorSpec } from './layer.ts';

/** The norm of the settings over the last axis: RMSNorm, or LayerNorm; with gain g, and in LayerNorm with `hasBiases` + b. */
export function normLayer(settings: GptSettings, name: string, width: number): Layer {
  const { norm, normEpsilon: epsilon, hasNormGains, hasBiases } = settings;
  const [gain, bias] = [`${name}.gain`, `${name}.bias`];
  const hasBias = norm === 'layerNorm' && hasBiases;
  return {
    parameters: {
      ...(hasNormGains ? { [gain]: vectorSpec('gain', width, 1) } : {}),
      ...(hasBias ? { [bias]: vectorSpec('bias', width, 0) } : {}),
    },
    apply: (values, x) => {
      const normal = norm === 'rmsNorm' ? rmsNorm(x, { epsilon }) : layerNorm(x, { epsilon });
      const scaled = hasNormGains ? multiply(normal, parameterOf(values, gain)) : normal;
      return hasBias ? add(scaled, parameterOf(values, bias)) : scaled;
    },
  };
}
