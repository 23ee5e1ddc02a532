import { multiply, reshape, rmsNorm, scope, type Tensor, transpose } from '../tensor/index.ts';
import { extentsOf } from './extents.ts';
import { type GptSettings, windowOf } from './gpt-config.ts';
import { type ParameterTable, parameterOf, parametersOf, vectorSpec } from './layer.ts';
import { linearLayer } from './linear.ts';
import type { Sequence, Tensors } from './model.ts';
import type { Positions } from './positions.ts';
import { attentionScale, axesOf } from './scaling.ts';
import { valueEmbedding } from './value-embedding.ts';

export interface AttentionLayer {
  readonly parameters: ParameterTable;
  /** [B, T, D] → [B, T, D]; `tokensBT` are read by value embeddings only. */
  apply(values: Tensors, xBTD: Tensor, tokensBT: Tensor, positions: Positions, sequence: Sequence): Tensor;
}

/**
 * The part of a block that looks back in time: heads of queries meet grouped heads of keys and values (Ainslie et al. 2023),
 * queries and keys normalised per head (Henry et al. 2020) and turned by their position.
 */
export function attentionLayer(settings: GptSettings, name: string, layer: number): AttentionLayer {
  const { headWidth: K } = settings;
  const { width, heads, groups } = axesOf(settings);
  const query = linearLayer(settings, `${name}.query`, { out: heads, in: width });
  const key = linearLayer(settings, `${name}.key`, { out: groups, in: width });
  const value = linearLayer(settings, `${name}.value`, { out: groups, in: width });
  const output = linearLayer(settings, `${name}.output`, { out: width, in: heads, isOutput: true });
  const queryPlacement = placement(settings, `${name}.queryNorm`);
  const keyPlacement = placement(settings, `${name}.keyNorm`);
  const valueTable = valueEmbedding(settings, name, layer);
  const window = windowOf(settings, layer);
  const scale = attentionScale(settings);
  return {
    parameters: parametersOf([query, key, value, queryPlacement, keyPlacement, valueTable, output]),
    apply: (values, xBTD, tokensBT, positions, sequence) =>
      scope('attention', () => {
        const qBHTK = queryPlacement.apply(values, splitHeads(query.apply(values, xBTD), K), positions);
        const kBGTK = keyPlacement.apply(values, splitHeads(key.apply(values, xBTD), K), positions);
        const vBGTK = splitHeads(valueTable.apply(values, value.apply(values, xBTD), xBTD, tokensBT), K);
        const { slopes } = positions;
        const oBHTK = sequence.attend(layer, qBHTK, kBGTK, vBGTK, {
          scale,
          ...(window === undefined ? {} : { window }),
          ...(slopes === undefined ? {} : { slopes }),
        });
        return output.apply(values, joinHeads(oBHTK));
      }),
  };
}

/** Norm, position and fixed factor of queries or keys, [B, H, T, K], in the order of the settings. */
function placement(settings: GptSettings, name: string) {
  const { qkNorm, hasQkNormGains, qkScale, headWidth, normEpsilon: epsilon } = settings;
  const gain = `${name}.gain`;
  const hasGain = qkNorm !== 'none' && hasQkNormGains;
  const normalize = (values: Tensors, x: Tensor) =>
    hasGain ? multiply(rmsNorm(x, { epsilon }), parameterOf(values, gain)) : rmsNorm(x, { epsilon });
  const turn = (values: Tensors, x: Tensor, positions: Positions): Tensor => {
    if (qkNorm === 'none') return positions.rotate(x);
    return qkNorm === 'beforeRotary' ? positions.rotate(normalize(values, x)) : normalize(values, positions.rotate(x));
  };
  return {
    parameters: hasGain ? { [gain]: vectorSpec('gain', headWidth, 1) } : {},
    apply: (values: Tensors, x: Tensor, positions: Positions): Tensor => {
      const turned = turn(values, x, positions);
      return qkScale === 1 ? turned : multiply(turned, qkScale);
    },
  };
}

/** [B, T, H · K] → [B, H, T, K] */
function splitHeads(x: Tensor, headWidth: number): Tensor {
  const [batch, time] = extentsOf(x, 3);
  return transpose(reshape(x, [batch, time, -1, headWidth]), [0, 2, 1, 3]);
}

/** [B, H, T, K] → [B, T, H · K] */
function joinHeads(xBHTK: Tensor): Tensor {
  const [batch, , time] = extentsOf(xBHTK, 4);
  return reshape(transpose(xBHTK, [0, 2, 1, 3]), [batch, time, -1]);
}
