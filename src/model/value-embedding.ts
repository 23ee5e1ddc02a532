import { add, gatherRows, linear, multiply, reshape, scope, sigmoid, slice, type Tensor } from '../tensor/index.ts';
import { extentsOf } from './extents.ts';
import type { GptSettings } from './gpt-config.ts';
import { type ParameterTable, parameterOf } from './layer.ts';
import type { Tensors } from './model.ts';
import { axesOf, matrixSpec } from './scaling.ts';

/** The gate reads this many channels of the normalised input: enough to tell when the token's own meaning is wanted. */
const maxGateChannels = 32;

export interface ValueEmbedding {
  readonly parameters: ParameterTable;
  /** v [B, T, G · K] and, on layers that have one, 2 · sigmoid(gate x) times the token's row of the table. */
  apply(values: Tensors, vBTX: Tensor, xBTD: Tensor, tokensBT: Tensor): Tensor;
}

/**
 * A second embedding of the tokens, [V, G · K], added to the values of every second layer, the last among them, with a factor
 * from 0 to 2 for each group (Zhou et al. 2024, "Value Residual Learning", as nanochat gates it).
 */
export function valueEmbedding(settings: GptSettings, name: string, layer: number): ValueEmbedding {
  const { vocabularySize: V, numGroups: G, headWidth: K, width, numLayers } = settings;
  const isPresent = settings.hasValueEmbeddings && layer % 2 === (numLayers - 1) % 2;
  if (!isPresent) return { parameters: {}, apply: (_values, v) => v };
  const [table, gate] = [`${name}.valueEmbedding`, `${name}.valueGate`];
  const numChannels = Math.min(maxGateChannels, width);
  return {
    parameters: {
      [table]: {
        shape: [V, G * K],
        role: 'embedding',
        initialization: { kind: 'normal', deviation: settings.embeddingDeviation },
      },
      [gate]: {
        ...matrixSpec(settings, { out: axesOf(settings).gates, in: { extent: numChannels, growth: 1 } }),
        initialization: { kind: 'constant', value: 0 },
      },
    },
    apply: (values, vBTX, xBTD, tokensBT) =>
      scope('valueEmbedding', () => {
        const [batch, time] = extentsOf(vBTX, 3);
        const rowsBTGK = reshape(gatherRows(parameterOf(values, table), tokensBT), [batch, time, G, K]);
        const gateBTG = multiply(sigmoid(linear(slice(xBTD, -1, 0, numChannels), parameterOf(values, gate))), 2);
        const added = multiply(rowsBTGK, reshape(gateBTG, [batch, time, G, 1]));
        return add(vBTX, reshape(added, vBTX.shape));
      }),
  };
}
