import { add, scope, type Tensor } from '../tensor/index.ts';
import { attentionLayer } from './attention.ts';
import type { GptSettings } from './gpt-config.ts';
import { type ParameterTable, parametersOf } from './layer.ts';
import { mlpLayer } from './mlp.ts';
import type { Sequence, Tensors } from './model.ts';
import { normLayer } from './norm.ts';
import type { Positions } from './positions.ts';

export interface Block {
  readonly parameters: ParameterTable;
  /** The residual stream [B, T, D] after this block. */
  apply(values: Tensors, xBTD: Tensor, tokensBT: Tensor, positions: Positions, sequence: Sequence): Tensor;
}

/**
 * One block: x + attention(norm x), then x + mlp(norm x); in parallel x + attention(norm x) + mlp(norm x) with one norm (Wang &
 * Komatsuzaki 2021, GPT-J).
 */
export function block(settings: GptSettings, layer: number): Block {
  const name = `blocks.${layer}`;
  const { width, hasParallelBlocks: isParallel } = settings;
  const attention = attentionLayer(settings, `${name}.attention`, layer);
  const mlp = mlpLayer(settings, `${name}.mlp`);
  const norm = normLayer(settings, isParallel ? `${name}.norm` : `${name}.attention.norm`, width);
  const mlpNorm = isParallel ? undefined : normLayer(settings, `${name}.mlp.norm`, width);
  return {
    parameters: parametersOf([norm, attention, ...(mlpNorm ? [mlpNorm] : []), mlp]),
    apply: (values, xBTD, tokensBT, positions, sequence) =>
      scope(name, () => {
        const hBTD = scope(isParallel ? 'norm' : 'attention', () => norm.apply(values, xBTD));
        const yBTD = add(xBTD, attention.apply(values, hBTD, tokensBT, positions, sequence));
        const inputBTD = mlpNorm ? scope('mlp', () => mlpNorm.apply(values, yBTD)) : hBTD;
        return add(yBTD, mlp.apply(values, inputBTD));
      }),
  };
}
