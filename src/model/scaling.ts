import type { GptSettings } from './gpt-config.ts';
import type { Initialization, ParameterSpec } from './model.ts';

/**
 * How initialisation, learning rates and multipliers follow the width, so that what was tuned at a base width serves the
 * next (muP: Yang et al. 2022, "Tensor Programs V", table 8). With m = width / baseWidth and AdamW:
 *
 * | parameter | deviation | learning rate | weight decay | multiplier |
 * |---|---|---|---|---|
 * | embedding, positions, gain, bias, scale | · 1 | · 1 | · 1 | |
 * | matrix whose fan-in grows with the width | · 1/√m | · 1/m | · m | |
 * | head | · 1 | · 1 | · 1 | logits · 1/m |
 * | attention | | | | scores · √baseHeadWidth / K in place of 1/√K |
 *
 * Weight decay rises as the rate falls, so that their product, the share of a matrix that a step forgets, stays.
 *
 * m of a matrix is by how much its own fan-in has grown, which is less where the hidden width or the heads stay as they are; m of the
 * logits is that of the width.
 *
 * With Muon a matrix moves each activation by the same amount at every width if its step has spectral norm √(out / in) (Bernstein &
 * Newhouse 2024). The optimizer's step has √max(1, out / in), so that wide matrices get the rest, √min(1, out / in), as a factor on
 * the learning rate, and its inverse on weight decay. Both are relative to the base, and 1 for all matrices that grow as much in
 * either direction. Embedding and head stay with AdamW and follow the table.
 */

/** m = width / baseWidth; 1 without scaling. */
export function widthRatio({ width, scaling }: GptSettings): number {
  return scaling === null ? 1 : width / scaling.baseWidth;
}

/** The factor on the logits. */
export function outputMultiplier(settings: GptSettings): number {
  return 1 / widthRatio(settings);
}

/** The factor on attention scores: 1/√K, and under scaling √baseHeadWidth / K. */
export function attentionScale({ headWidth, scaling }: GptSettings): number {
  return Math.sqrt(scaling?.baseHeadWidth ?? headWidth) / headWidth;
}

/** One side of a matrix. */
export interface Axis {
  readonly extent: number;
  /** Extent over the extent at the base; 1 without scaling. */
  readonly growth: number;
}

/** The sides that matrices of a block have. */
export interface Axes {
  /** D */
  readonly width: Axis;
  /** H · K, of queries */
  readonly heads: Axis;
  /** G · K, of keys and values */
  readonly groups: Axis;
  /** G, of the gates of value embeddings */
  readonly gates: Axis;
  /** F */
  readonly hidden: Axis;
}

/** Where no base is given, an axis grows as the width does; `gptSettings` has seen to it that this is true. */
export function axesOf(settings: GptSettings): Axes {
  const { width: D, numHeads: H, numGroups: G, headWidth: K, hiddenWidth: F, scaling } = settings;
  const { baseNumHeads = null, baseNumGroups = null, baseHiddenWidth = null } = scaling ?? {};
  const m = widthRatio(settings);
  const growthOfK = K / (scaling?.baseHeadWidth ?? K);
  const heads = baseNumHeads === null ? m : (H / baseNumHeads) * growthOfK;
  const groups = baseNumGroups === null ? heads : (G / baseNumGroups) * growthOfK;
  return {
    width: { extent: D, growth: m },
    heads: { extent: H * K, growth: heads },
    groups: { extent: G * K, growth: groups },
    gates: { extent: G, growth: groups / growthOfK },
    hidden: { extent: F, growth: baseHiddenWidth === null ? m : F / baseHiddenWidth },
  };
}

export interface MatrixOptions {
  readonly out: Axis;
  readonly in: Axis;
  /** Writes to the residual stream. Default false. */
  readonly isOutput?: boolean;
}

/** A matrix of a block under the scaling rules. */
export function matrixSpec(settings: GptSettings, options: MatrixOptions): ParameterSpec {
  const { out, in: fanIn, isOutput = false } = options;
  const { matrixDeviation } = settings;
  const plain = matrixDeviation === null ? 1 / Math.sqrt(fanIn.extent) : matrixDeviation / Math.sqrt(fanIn.growth);
  const factor = learningRateFactor(settings, options);
  return {
    shape: [out.extent, fanIn.extent],
    role: 'matrix',
    initialization: initializationOf(settings, plain, isOutput),
    ...(factor === 1 ? {} : { learningRateFactor: factor, weightDecayFactor: 1 / factor }),
  };
}

function learningRateFactor({ scaling }: GptSettings, { out, in: fanIn }: MatrixOptions): number {
  if (scaling === null) return 1;
  if (scaling.matrices === 'adamw') return 1 / fanIn.growth;
  if (out.growth === fanIn.growth) return 1;
  const lacking = (numOut: number, numIn: number) => Math.sqrt(Math.min(1, numOut / numIn));
  return lacking(out.extent, fanIn.extent) / lacking(out.extent / out.growth, fanIn.extent / fanIn.growth);
}

function initializationOf(settings: GptSettings, plain: number, isOutput: boolean): Initialization {
  if (!isOutput) return { kind: 'normal', deviation: plain };
  if (settings.outputInitialization === 'zero') return { kind: 'constant', value: 0 };
  return { kind: 'normal', deviation: plain / Math.sqrt(2 * settings.numLayers) };
}
