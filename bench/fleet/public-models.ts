import { type GptConfig, gptModel, type Model } from '../../src/model/index.ts';
import type { OptimizerSpec } from '../../src/optimizer/index.ts';
import { type TrainingWorkload, trainingWorkload, type WorkloadOptions } from '../../src/theory/index.ts';

/** AdamW for everything, as all public trainings here have it. */
export const adamW: OptimizerSpec = {
  groups: [
    {
      algorithm: 'adamw',
      roles: ['matrix', 'embedding', 'head', 'gain', 'bias', 'scale'],
      learningRate: 3e-4,
      beta1: 0.9,
      beta2: 0.95,
      epsilon: 1e-8,
      weightDecay: 0.1,
    },
  ],
  clipNorm: 1,
};

const llama = (config: Pick<GptConfig, 'numLayers' | 'width' | 'hiddenWidth' | 'contextLength'>): Model =>
  gptModel({ vocabularySize: 128_256, headWidth: 128, numGroups: 8, qkNorm: 'none', ...config });

/** Llama 3.1 (2407.21783, table 3). */
export const llama8B = llama({ numLayers: 32, width: 4096, hiddenWidth: 14_336, contextLength: 8192 });
export const llama70B = llama({ numLayers: 80, width: 8192, hiddenWidth: 28_672, contextLength: 8192 });

/** MPT as MosaicML's benchmark trains it: plain MLP, tied head, no biases; learned positions count with its parameters. */
export const mpt = (numLayers: number, width: number, numHeads: number, contextLength: number): Model =>
  gptModel({
    vocabularySize: 50_368,
    contextLength,
    numLayers,
    width,
    numHeads,
    mlp: 'gelu',
    norm: 'layerNorm',
    qkNorm: 'none',
    positions: 'learned',
    isHeadTied: true,
  });

/** A model at a batch, in bfloat16 with AdamW, as codes with fused kernels train it. */
export const workloadOf = (
  model: Model,
  options: Partial<WorkloadOptions> & { batchSize: number },
): TrainingWorkload => ({
  ...trainingWorkload(model, adamW, { precision: 'bfloat16', recompute: false, ...options }),
  accounting: 'fused',
});

/** Sizes of OLMo: the ladder of 2412.04403, which OLMo-core trains, and OLMo 2 32B (2501.00656). */
const olmo = (numLayers: number, width: number, hiddenWidth: number, numGroups?: number): Model =>
  gptModel({
    vocabularySize: 100_352,
    contextLength: 4096,
    numLayers,
    width,
    headWidth: 128,
    ...(numGroups !== undefined && { numGroups }),
    hiddenWidth,
  });
export const olmoOfLadder = (size: '1B' | '7B'): Model =>
  size === '1B' ? olmo(16, 2048, 8192) : olmo(32, 4096, 11_008);
export const olmo32B = olmo(64, 5120, 27_648, 8);

/** Olmo 3 7B: three of four layers see 4,096 positions of 8,192. */
export const olmo3 = gptModel({
  vocabularySize: 100_352,
  contextLength: 8192,
  numLayers: 32,
  width: 4096,
  headWidth: 128,
  hiddenWidth: 11_008,
  windowPattern: 'SSSL',
  shortWindow: 4096,
});

/** nanochat at depth 24 in January of 2026: width 1,536, heads of 128, squared ReLU, three of four layers with half the context. */
export const nanochatD24 = gptModel({
  vocabularySize: 32_768,
  contextLength: 2048,
  numLayers: 24,
  width: 1536,
  headWidth: 128,
  mlp: 'reluSquared',
  hasNormGains: false,
  qkNorm: 'afterRotary',
  windowPattern: 'SSSL',
  shortWindow: 1024,
});
