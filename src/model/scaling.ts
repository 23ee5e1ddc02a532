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
 * With Muon the matrices need no factor: its step has spectral norm √(out / in), which moves each activation by the same amount
 * at every width (Bernstein & Newhouse 2024); embedding and head stay with AdamW and follow the table.
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

export interface MatrixOptions {
  /** [out, in] */
  readonly shape: readonly [number, number];
  /** Writes to the residual stream. Default false. */
  readonly isOutput?: boolean;
  /** Its fan-in stays as it is when the width grows. Default false. */
  readonly isFanInFixed?: boolean;
}

/** A matrix of a block under the scaling rules. */
export function matrixSpec(settings: GptSettings, { shape, isOutput, isFanInFixed }: MatrixOptions): ParameterSpec {
  const ratio = isFanInFixed ? 1 : widthRatio(settings);
  const plain =
    settings.matrixDeviation === null ? 1 / Math.sqrt(shape[1]) : settings.matrixDeviation / Math.sqrt(ratio);
  const factors =
    settings.scaling?.matrices === 'adamw' && ratio !== 1
      ? { learningRateFactor: 1 / ratio, weightDecayFactor: ratio }
      : {};
  return { shape, role: 'matrix', initialization: initializationOf(settings, plain, isOutput ?? false), ...factors };
}

function initializationOf(settings: GptSettings, plain: number, isOutput: boolean): Initialization {
  if (!isOutput) return { kind: 'normal', deviation: plain };
  if (settings.outputInitialization === 'zero') return { kind: 'constant', value: 0 };
  return { kind: 'normal', deviation: plain / Math.sqrt(2 * settings.numLayers) };
}
