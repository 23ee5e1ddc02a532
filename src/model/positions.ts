import { add, type DType, gatherRows, rotaryEmbedding, rotaryTables, slice, type Tensor } from '../tensor/index.ts';
import type { GptSettings } from './gpt-config.ts';
import { type ParameterTable, parameterOf } from './layer.ts';
import type { Sequence, Tensors } from './model.ts';

/** How a model learns where a token stands. */
export interface PositionLayer {
  readonly parameters: ParameterTable;
  /** What one forward pass that computes in `dtype` needs, built once for all layers. */
  open(values: Tensors, sequence: Sequence, time: number, dtype: DType): Positions;
}

export interface Positions {
  /** [B, T, D] with learned positions added to the embedding. */
  embed(xBTD: Tensor): Tensor;
  /** Queries or keys [B, H, T, K] turned by their position (Su et al. 2021). */
  rotate(xBHTK: Tensor): Tensor;
  /** What scores lose per position of distance, for each head (Press et al. 2022); undefined: nothing. */
  readonly slopes: readonly number[] | undefined;
}

export function positionLayer(settings: GptSettings): PositionLayer {
  const { positions: kind, contextLength, width, numHeads, headWidth, rotaryBase } = settings;
  const unchanged = (x: Tensor): Tensor => x;
  const none: Positions = { embed: unchanged, rotate: unchanged, slopes: undefined };
  if (kind === 'none') return { parameters: {}, open: () => none };
  if (kind === 'alibi') return { parameters: {}, open: () => ({ ...none, slopes: alibiSlopes(numHeads) }) };
  if (kind === 'rotary') {
    return {
      parameters: {},
      open: (_values, { positions }, time, dtype) => {
        const tables = rotaryTables(positions ?? time, headWidth, rotaryBase, dtype);
        return { ...none, rotate: (x) => rotaryEmbedding(x, tables) };
      },
    };
  }
  const name = 'positions';
  const initialization = { kind: 'normal', deviation: settings.embeddingDeviation } as const;
  return {
    parameters: { [name]: { shape: [contextLength, width], role: 'embedding', initialization } },
    open: (values, { positions, documentPositions }, time) => {
      const table = parameterOf(values, name);
      const places = documentPositions?.() ?? positions;
      const rows = places ? gatherRows(table, places) : slice(table, 0, 0, time);
      return { ...none, embed: (xBTD) => add(xBTD, rows) };
    },
  };
}

/**
 * The slopes of ALiBi: 2^(−8h/H) for h = 1 … H where H is a power of two; else those of the power below, and between them every
 * second one of the power above (Press et al. 2022, "Train Short, Test Long", and their code).
 */
export function alibiSlopes(numHeads: number): number[] {
  const geometric = (n: number) => Array.from({ length: n }, (_, i) => 2 ** ((-8 * (i + 1)) / n));
  const power = 2 ** Math.floor(Math.log2(numHeads));
  const between = geometric(2 * power).filter((_, i) => i % 2 === 0);
  return [...geometric(power), ...between.slice(0, numHeads - power)];
}
