import type { Model } from '../peers/protocol.mjs';

/** The models of the benchmark: S is small, M is a real pre-training size for a laptop, W has a wide vocabulary. */
export const models = {
  S: sizes({ vocabularySize: 256, width: 128, numLayers: 4, numHeads: 4, contextLength: 128, batchSize: 8 }),
  M: sizes({ vocabularySize: 4096, width: 384, numLayers: 6, numHeads: 6, contextLength: 256, batchSize: 8 }),
  W: sizes({ vocabularySize: 32768, width: 256, numLayers: 4, numHeads: 4, contextLength: 256, batchSize: 4 }),
} as const;

export type ModelName = keyof typeof models;
export const modelNames = Object.keys(models) as readonly ModelName[];

function sizes(model: Omit<Model, 'hiddenWidth'>): Model {
  return { ...model, hiddenWidth: 4 * model.width };
}

/** Tokens that one training step learns from. */
export function tokensPerStep({ batchSize, contextLength }: Model): number {
  return batchSize * contextLength;
}

/** Parameters of all matrices but the embedding: those that every token is multiplied with. */
export function numMatmulParameters({ vocabularySize, width, numLayers, hiddenWidth }: Model): number {
  return numLayers * (4 * width ** 2 + 2 * hiddenWidth * width) + vocabularySize * width;
}

/**
 * Floating point operations of a training step by the usual convention, 6·N·tokens + 12·L·D·T·tokens: what the model
 * asks for, whatever a framework does. Attention counts in full, as if it were not causal.
 */
export function flopPerStep(model: Model): number {
  const { numLayers, width, contextLength } = model;
  return (6 * numMatmulParameters(model) + 12 * numLayers * width * contextLength) * tokensPerStep(model);
}

/** A matrix product [m, k] · [k, n], with operands stored transposed or not. */
export interface GemmShape {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeLeft: boolean;
  readonly transposeRight: boolean;
}

/** Such as `1024×512×128 nt`: m×n×k, then n or t for each operand. */
export function nameGemm({ m, n, k, transposeLeft, transposeRight }: GemmShape): string {
  return `${m}×${n}×${k} ${transposeLeft ? 't' : 'n'}${transposeRight ? 't' : 'n'}`;
}

/** Every product of a weight matrix in a training step (forward, gradient of input and of weight) in every form. */
export function gemmShapes(model: Model): GemmShape[] {
  const { width, hiddenWidth, vocabularySize } = model;
  const rows = tokensPerStep(model);
  const weights = [
    [width, width],
    [hiddenWidth, width],
    [width, hiddenWidth],
    [vocabularySize, width],
  ] as const;
  const shapes = new Map<string, GemmShape>();
  for (const [out, input] of weights) {
    const products = [
      { m: rows, n: out, k: input },
      { m: rows, n: input, k: out },
      { m: out, n: input, k: rows },
    ];
    for (const product of products) {
      for (const transposeLeft of [false, true]) {
        for (const transposeRight of [false, true]) {
          const shape = { ...product, transposeLeft, transposeRight };
          shapes.set(nameGemm(shape), shape);
        }
      }
    }
  }
  return [...shapes.values()];
}
