import { GroundworkError } from '../../src/core/index.ts';
import type { Model } from '../../src/model/index.ts';
import { type RecipeSize, recipeNamed } from '../../src/recipe/index.ts';
import { sizeOf } from '../../src/tensor/index.ts';

/** What is trained: a recipe at a size, with the rows of a step and the micro-batches to try, the largest first. */
export interface Extent {
  readonly size: RecipeSize;
  readonly precision: 'float32' | 'bfloat16';
  readonly batchSize: number;
  readonly microBatchSizes: readonly number[];
}

/** A model of the benchmark. */
export interface GpuModel extends Extent {
  readonly id: string;
  readonly recipe: string;
  /** The same model, small and in float32, where two right implementations agree to many digits. */
  readonly check: Extent;
}

/** `full`: what is measured on a GPU. `tiny`: the same in seconds on a processor, to rehearse. */
export const scales = ['full', 'tiny'] as const;
export type Scale = (typeof scales)[number];

const check: Extent = {
  size: { vocabularySize: 256, contextLength: 32, numLayers: 3, width: 128 },
  precision: 'float32',
  batchSize: 4,
  microBatchSizes: [2],
};

const tiny: Extent = {
  size: { vocabularySize: 512, contextLength: 64, numLayers: 3, width: 128 },
  precision: 'bfloat16',
  batchSize: 8,
  microBatchSizes: [8, 4],
};

/** Both have 12 layers of width 768 and 64 Ki tokens a step. */
const full: { readonly [id: string]: Extent } = {
  /** GPT-2 of 124 M parameters, its vocabulary rounded up to a multiple of 128 as everybody does. */
  gpt2: {
    size: { vocabularySize: 50_304, contextLength: 1024, numLayers: 12, width: 768 },
    precision: 'bfloat16',
    batchSize: 64,
    microBatchSizes: [64, 32, 16, 8],
  },
  /** nanochat at depth 12, with its vocabulary and context. */
  'nanochat-2025': {
    size: { vocabularySize: 65_536, contextLength: 2048, numLayers: 12, width: 768 },
    precision: 'bfloat16',
    batchSize: 32,
    microBatchSizes: [32, 16, 8, 4],
  },
};

export const modelNames = Object.keys(full);

/** The models of the benchmark by name. */
export function gpuModels(names: readonly string[], scale: Scale): GpuModel[] {
  return names.map((id) => {
    const extent = full[id];
    if (extent === undefined) {
      throw new GroundworkError('usage', `there is no model called "${id}"`, {
        hint: `The models are: ${modelNames.join(', ')}.`,
      });
    }
    return { id, recipe: id, ...(scale === 'full' ? extent : tiny), check };
  });
}

/** The model that an extent stands for. */
export function modelOf(recipe: string, { size }: Extent): Model {
  return recipeNamed(recipe).model(size);
}

/** Parameters of the matrices that every token is multiplied with: those of the blocks, and the head once, tied or not. */
export function numMatmulParameters({ parameters, gpt }: Model): number {
  return Object.entries(parameters).reduce((total, [name, { role, shape }]) => {
    const isHead = role === 'head' || (gpt?.isHeadTied === true && name === 'embedding');
    return role === 'matrix' || isHead ? total + sizeOf(shape) : total;
  }, 0);
}

/**
 * Floating-point operations that the model asks for, per token: 6 · N + 12 · L · H · K · T, with N from `numMatmulParameters`
 * (Chowdhery et al. 2022, PaLM, appendix B). Attention counts in full, as if it were not causal; recomputation counts nothing.
 */
export function flopPerToken(model: Model): number {
  const { gpt } = model;
  if (gpt === undefined) throw new TypeError('a model that gptModel made is needed');
  return 6 * numMatmulParameters(model) + 12 * gpt.numLayers * gpt.numHeads * gpt.headWidth * gpt.contextLength;
}

export const tokensPerStep = ({ batchSize, size }: Extent): number => batchSize * size.contextLength;
