import { GroundworkError, present } from '../../core/index.ts';
import { isGated, type Model, windowOf } from '../../model/index.ts';
import { assignParameters, type OptimizerSpec } from '../../optimizer/index.ts';
import { type Shape, sizeOf } from '../../tensor/index.ts';
import type { TransformerShape } from '../counts/flops-conventions.ts';
import { parameterCounts } from '../counts/parameter-counts.ts';
import type { ParameterCounts } from '../ladder-record.ts';
import type { Accelerator, ComputePrecision } from './accelerator.ts';

/** Parameters that are alike: what is held for one is held for all. */
export interface ParameterGroup {
  readonly shape: Shape;
  readonly count: number;
  /** The dimension that tensor parallelism splits, as the runner's table of rules has it; null for what each device holds whole. */
  readonly splitDimension: number | null;
  /** float32 numbers that the optimizer keeps for each: 2 of AdamW, 1 of Muon. */
  readonly numMoments: number;
  /** Muon makes its step orthogonal, which takes whole matrices. */
  readonly isOrthogonalised: boolean;
  /** In so many iterations; 0 for all others. */
  readonly numIterations: number;
  /** Embedding or head: not part of a block. */
  readonly isTable: boolean;
}

/** Which activations of a forward pass wait for the backward pass. */
export type KeptActivations =
  /** All that a derivative reads. */
  | 'all'
  /** What attention and every second matrix product return (torchtitan's selective checkpointing). */
  | 'selective'
  /** What each block reads: the rest is computed a second time. */
  | 'blocks';

/** A training as far as memory and time of its devices go by it. */
export interface TrainingWorkload {
  readonly shape: TransformerShape;
  readonly counts: ParameterCounts;
  readonly parameters: readonly ParameterGroup[];
  readonly details: WorkloadDetails;
  /**
   * `emitted`: what the emitted step keeps under JAX, to the byte (tests/theory/accelerators). `fused`: what a code with kernels fused by hand
   * keeps, as those have that public figures are of.
   */
  readonly accounting: 'emitted' | 'fused';
  /** Attention is one operation, so that no [T, T] scores wait for the backward pass. */
  readonly hasFusedAttention: boolean;
  /** The loss is computed on the scores of the vocabulary in place, in the precision of the passes. The emitted step's is not. */
  readonly hasFusedLoss: boolean;
  /** Rows of a step, over all devices. */
  readonly batchSize: number;
  readonly precision: ComputePrecision;
  readonly kept: KeptActivations;
}

/** Options of a model that decide what its blocks keep. */
export interface WorkloadDetails {
  /** 2, or 1 where attention and MLP read the same. */
  readonly numNorms: number;
  readonly hasNormGains: boolean;
  readonly hasQkNorm: boolean;
  readonly hasQkNormGains: boolean;
}

export interface WorkloadOptions {
  /** Rows of a step, over all devices. */
  readonly batchSize: number;
  readonly precision: ComputePrecision;
  readonly recompute: boolean;
  /** Rows hold several documents that do not see each other. Default false. */
  readonly documentMask?: boolean;
  /** Attention runs as one kernel, where the model allows it. Default true. */
  readonly hasFusedAttention?: boolean;
}

/**
 * Whether attention runs as one kernel: cuDNN has it for NVIDIA devices, bfloat16 and heads of at most 128 whose width 8 divides, as documented of
 * `jax.nn.dot_product_attention`. It is what the runner takes by default.
 *
 * @param headWidth undefined: not known, so that it is not counted on
 */
export function hasAttentionKernel(
  { kind }: Accelerator,
  precision: ComputePrecision,
  headWidth: number | undefined,
): boolean {
  const isNvidia = kind !== 'tpu' && kind !== 'cdna3';
  return isNvidia && precision === 'bfloat16' && headWidth !== undefined && headWidth <= 128 && headWidth % 8 === 0;
}

/**
 * What a training asks of its devices.
 *
 * @param model at its size, as `gptModel` makes it
 * @throws GroundworkError `invalid-recipe` for a model that `gptModel` did not make: what its activations take is not known by formula
 */
export function trainingWorkload(model: Model, optimizer: OptimizerSpec, options: WorkloadOptions): TrainingWorkload {
  const { gpt } = model;
  if (gpt === undefined) {
    throw new GroundworkError('invalid-recipe', 'the model of this recipe was not made by gptModel', {
      hint: 'Forecasts for accelerators go by the options of gptModel. A recipe with a model of its own can be trained all the same.',
    });
  }
  const { batchSize, precision, recompute, documentMask = false, hasFusedAttention = true } = options;
  return {
    shape: {
      numLayers: gpt.numLayers,
      width: gpt.width,
      contextLength: model.contextLength,
      vocabularySize: model.vocabularySize,
      numHeads: gpt.numHeads,
      headWidth: gpt.headWidth,
      numGroups: gpt.numGroups,
      hiddenWidth: gpt.hiddenWidth,
      isGated: isGated(gpt.mlp),
      windows: Array.from({ length: gpt.numLayers }, (_, layer) => windowOf(gpt, layer) ?? model.contextLength),
    },
    counts: parameterCounts(model),
    parameters: groupsOf(model, optimizer),
    details: {
      numNorms: gpt.hasParallelBlocks ? 1 : 2,
      hasNormGains: gpt.hasNormGains,
      hasQkNorm: gpt.qkNorm !== 'none',
      hasQkNormGains: gpt.hasQkNormGains,
    },
    accounting: 'emitted',
    hasFusedAttention: hasFusedAttention && !documentMask && gpt.positions !== 'alibi',
    hasFusedLoss: false,
    batchSize,
    precision,
    kept: recompute ? 'blocks' : 'all',
  };
}

function groupsOf(model: Model, optimizer: OptimizerSpec): ParameterGroup[] {
  const groups = new Map<string, ParameterGroup>();
  for (const { name, shape, group } of assignParameters(optimizer, model.parameters)) {
    const { role } = present(model.parameters[name], name);
    const isOrthogonalised = group.algorithm === 'muon';
    const numIterations = group.algorithm === 'muon' ? group.numIterations : 0;
    const isTable = role === 'embedding' || role === 'head';
    const splitDimension = splitDimensionOf(name, shape);
    const key = `${shape.join('×')} ${splitDimension} ${isOrthogonalised} ${isTable}`;
    const one = {
      shape,
      count: 0,
      splitDimension,
      numMoments: isOrthogonalised ? 1 : 2,
      isOrthogonalised,
      numIterations,
      isTable,
    };
    const { count } = groups.get(key) ?? one;
    groups.set(key, { ...one, count: count + 1 });
  }
  return [...groups.values()];
}

/** Which dimension of a parameter lies on `model`, by the end of its name, counted from the end: RULES of python/sharding.py. */
const splitRules: readonly (readonly [RegExp, number])[] = [
  [/(^|\.)(query|key|value|up|gate|valueGate)$/, -2],
  [/(^|\.)(query|key|value|up|gate)\.bias$/, -1],
  [/(^|\.)attention\.valueEmbedding$/, -1],
  [/(^|\.)(attention\.output|mlp\.down)$/, -1],
  [/^(embedding|head)$/, -2],
];

function splitDimensionOf(name: string, shape: Shape): number | null {
  const rule = splitRules.find(([pattern]) => pattern.test(name));
  return rule === undefined || shape.length + rule[1] < 0 ? null : shape.length + rule[1];
}

/** Parameters of a group, all together. */
export const sizeOfGroup = ({ shape, count }: ParameterGroup): number => count * sizeOf(shape);

/** Tokens of a step. */
export const stepTokens = ({ batchSize, shape }: Pick<TrainingWorkload, 'batchSize' | 'shape'>): number =>
  batchSize * shape.contextLength;
