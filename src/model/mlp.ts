import { gelu, multiply, reluSquared, scope, silu, type Tensor } from '../tensor/index.ts';
import { type GptSettings, isGated, type MlpKind } from './gpt-config.ts';
import { type Layer, parametersOf } from './layer.ts';
import { linearLayer } from './linear.ts';
import { axesOf } from './scaling.ts';

/** The nonlinearity of each MLP. */
const activations: { readonly [kind in MlpKind]: (x: Tensor) => Tensor } = {
  swiglu: silu,
  geglu: (x) => gelu(x, 'tanh'),
  reluSquared,
  gelu: (x) => gelu(x),
  geluTanh: (x) => gelu(x, 'tanh'),
};

/**
 * The part of a block that works on each position by itself, [B, T, D] → [B, T, D]: down(f(up x)), or gated down(f(gate x) · up x)
 * (Shazeer 2020, "GLU Variants Improve Transformer").
 */
export function mlpLayer(settings: GptSettings, name: string): Layer {
  const { width, hidden } = axesOf(settings);
  const gate = isGated(settings.mlp) ? linearLayer(settings, `${name}.gate`, { out: hidden, in: width }) : undefined;
  const up = linearLayer(settings, `${name}.up`, { out: hidden, in: width });
  const down = linearLayer(settings, `${name}.down`, { out: width, in: hidden, isOutput: true });
  const activation = activations[settings.mlp];
  return {
    parameters: parametersOf([...(gate ? [gate] : []), up, down]),
    apply: (values, xBTD) =>
      scope('mlp', () => {
        const upBTF = up.apply(values, xBTD);
        const hBTF = gate ? multiply(activation(gate.apply(values, xBTD)), upBTF) : activation(upBTF);
        return down.apply(values, hBTF);
      }),
  };
}
