import { assert } from '../../core/index.ts';
import { sizeOf } from '../../tensor/index.ts';
import type { ComputePrecision } from './accelerator.ts';
import { type DeviceMesh, numRowGroups } from './mesh.ts';
import { type ParameterGroup, sizeOfGroup, type TrainingWorkload } from './workload.ts';

/** What one device holds at the peak of a step, in bytes, by what it is for. */
export interface DeviceMemory {
  /** Parameters in float32, and copies of them that the passes keep. */
  readonly parameters: number;
  /** What the optimizer keeps, float32. */
  readonly optimizer: number;
  /** float32; of several micro-batches, those of one beside the sum. */
  readonly gradients: number;
  /** What waits for the backward pass. */
  readonly activations: number;
  /** What one block holds while its backward pass is at work; the logits are free by then. */
  readonly block: number;
  /** Scores of the whole vocabulary and their gradient. */
  readonly logits: number;
  /** What the optimizer makes on the way: the matrices that Muon orthogonalises. Activations are free by then. */
  readonly update: number;
  /** Parameters that were gathered from other devices, and gradients on their way to them. */
  readonly communication: number;
  /** Driver, kernels and libraries: no formula has it. */
  readonly runtime: number;
  /** The most that is there at once. */
  readonly peak: number;
}

export interface DeviceMemoryOptions {
  /** Rows that go through the model at once on one device. */
  readonly rowsPerDevice: number;
  /** Micro-batches of a step, on each device. */
  readonly numMicroBatches: number;
  /** The residual stream is split over `model` too, as sequence parallelism does. Default false: the runner does not. */
  readonly splitsResidual?: boolean;
}

const bytesOf: { readonly [precision in ComputePrecision]: number } = { float32: 4, bfloat16: 2 };
/** CUDA or TPU runtime, compiled programs, buffers of communication libraries: what is commonly seen before the first tensor. */
const runtimeBytes = 1.5e9;
/**
 * What Muon's update holds besides gradients, in float32 copies of its matrices: those that go in and those that come out, as stacks of layers,
 * and where `fsdp` shares them out, what the compiler gathers of the stacks. As XLA accounts for emitted steps (docs/accelerators.md).
 */
const orthogonalisationCopies = { own: 2.2, gathered: 0.8 } as const;
/** What the backward pass of one block holds, over what the block keeps: by XLA's account where JAX keeps all or a block, and for fused kernels. */
const blockWork = { all: 0.9, again: 1.8, fused: 0.5, fusedAgain: 1.5 } as const;

/**
 * The peak memory of one device, by formula (in the manner of Korthikanti et al. 2022, 2205.05198, with what is counted here in place of their
 * layer; ZeRO, Rajbhandari et al. 2019, 1910.02054, for what is shared out).
 *
 * With P parameters, f · m devices that share them out, b rows of T tokens on a device, L layers and p bytes of the precision:
 * parameters 4P / fm, and a copy in p of those that wait for the backward pass; optimizer 4 · moments / fm; gradients 4P / fm, twice that where
 * several micro-batches are added up; activations bT · L · kept and one block at work, or in its place the logits bTV / m · (4 + 4 + p of
 * bfloat16); the update in place of all activations. Vectors are not shared out, and neither is what no dimension of divides.
 */
export function deviceMemory(
  workload: TrainingWorkload,
  mesh: DeviceMesh,
  { rowsPerDevice, numMicroBatches, splitsResidual = false }: DeviceMemoryOptions,
): DeviceMemory {
  assert(rowsPerDevice >= 1 && numMicroBatches >= 1, 'a device computes at least one row at once');
  const { parameters: groups, shape, precision, kept, accounting } = workload;
  const isEmitted = accounting === 'emitted';
  const p = bytesOf[precision];
  const held = (count: (group: ParameterGroup) => number, shards = mesh): number =>
    groups.reduce((sum, group) => sum + (count(group) * sizeOfGroup(group)) / numShards(group, shards), 0);
  const own = held(() => 1);
  const copied = isEmitted ? held(({ isTable }) => (isTable ? Number(p !== 4) : Number(kept === 'all'))) : 0;

  const tokens = rowsPerDevice * shape.contextLength;
  const whole = keptBytesPerToken({ ...workload, kept: 'all' }, mesh, splitsResidual);
  const work = isEmitted
    ? kept === 'all'
      ? blockWork.all
      : blockWork.again
    : kept === 'all'
      ? blockWork.fused
      : blockWork.fusedAgain;
  const waiting = tokens * shape.numLayers * keptBytesPerToken(workload, mesh, splitsResidual);
  const logits = (tokens * shape.vocabularySize * bytesOfScore(workload)) / mesh.model;

  const muons = ({ isOrthogonalised }: ParameterGroup) => Number(isOrthogonalised);
  const update =
    4 * orthogonalisationCopies.own * held(muons) +
    (mesh.fsdp > 1 ? 4 * orthogonalisationCopies.gathered * held(muons, { ...mesh, fsdp: 1 }) : 0);
  const parts = {
    parameters: 4 * own + p * copied,
    optimizer: 4 * held(({ numMoments }) => numMoments),
    gradients: 4 * own * (isEmitted && numMicroBatches > 1 ? 2 : 1),
    activations: waiting,
    block: tokens * whole * work,
    logits,
    update,
    communication: communicationBytes(workload, mesh),
    runtime: runtimeBytes,
  };
  const always = parts.parameters + parts.optimizer + parts.gradients + parts.runtime;
  const passes = parts.communication + waiting + Math.max(logits, parts.block);
  return { ...parts, peak: always + Math.max(passes, update) };
}

/**
 * Bytes of one score of the vocabulary at the peak: in float32 with its gradient, and in bfloat16 as the product gave it. Codes that call a
 * loss of several operations hold the logarithm of the softmax besides; a fused one works in place.
 */
function bytesOfScore({ accounting, hasFusedLoss, precision }: TrainingWorkload): number {
  const p = bytesOf[precision];
  if (hasFusedLoss) return 2 * p;
  return 4 + 4 + (p === 4 ? 0 : p) + (accounting === 'fused' ? 4 : 0);
}

/** Devices that hold different parts of a parameter: `model` splits one dimension, `fsdp` the largest other one, each where it divides evenly. */
function numShards({ shape, splitDimension }: ParameterGroup, { fsdp, model }: DeviceMesh): number {
  const byModel = splitDimension !== null && (shape[splitDimension] ?? 1) % model === 0 ? model : 1;
  const isFree = (dimension: number) => byModel === 1 || dimension !== splitDimension;
  return byModel * (shape.some((extent, dimension) => isFree(dimension) && extent % fsdp === 0) ? fsdp : 1);
}

/**
 * Bytes that one token keeps in one block until the backward pass reads them.
 *
 * `emitted`, with p bytes of the precision: of each norm its input, its result where a gain follows, and what the next matrices read, 3p · D;
 * of the norms of queries and keys input and result, 2p · (H + G) · K; queries, keys and values, p · (H + 2G) · K; scores twice, (4 + p) · HT, or of a
 * single kernel what it returns, p · HK; what the next matrix reads, p · HK; of the MLP what goes into the activation and comes out of it, 2p · F,
 * gated the other factor and the product besides, 4p · F. What norms and activations compute inside is computed a second time.
 *
 * `fused`: p · (4D + (3H + 3G) · K, once more (H + G) · K where these are normalised, and 4F of a gated MLP, 2F else).
 *
 * D wide numbers are whole on each device (those that matrices read even where the residual stream is split), all others are split over `model`.
 */
export function keptBytesPerToken(workload: TrainingWorkload, { model }: DeviceMesh, splitsResidual = false): number {
  const { shape, precision, kept, details, hasFusedAttention, accounting } = workload;
  const { width: D, numHeads: H, numGroups: G, headWidth: K, hiddenWidth: F, isGated, contextLength: T } = shape;
  const p = bytesOf[precision];
  const shared = splitsResidual ? model : 1;
  if (kept === 'blocks') return (p * D) / shared;
  if (kept === 'selective') {
    const products = 2 * (H + G) * K + D + (isGated ? 2 : 1) * F;
    return (p * D) / shared + (p * (products / 2 + H * K) + 4 * H) / model;
  }
  if (accounting === 'fused') {
    const attention = (3 * H + 3 * G + (details.hasQkNorm ? H + G : 0)) * K;
    // What matrices read is gathered whole, however the stream is split.
    return 2 * p * D + (2 * p * D) / shared + (p * (attention + (isGated ? 4 : 2) * F) + 4 * H) / model;
  }
  const { numNorms, hasNormGains, hasQkNorm, hasQkNormGains } = details;
  const norms = numNorms * D * p * (hasNormGains ? 3 : 2);
  const qkNorms = hasQkNorm ? (H + G) * K * p * (hasQkNormGains ? 2 : 1) : 0;
  const scores = hasFusedAttention ? p * H * K + 4 * H : (4 + p) * H * T + 8 * H;
  const attention = qkNorms + p * (2 * H + 2 * G) * K + scores;
  return norms / shared + (attention + p * F * (isGated ? 4 : 2)) / model;
}

/**
 * Two blocks that were gathered (the one at work and the next one), the gradient of one before it is shared out, and the same of the
 * largest table. Nothing where every device holds its own.
 */
function communicationBytes(
  { parameters, shape, precision }: TrainingWorkload,
  { data, fsdp, model }: DeviceMesh,
): number {
  if (data * fsdp * model === 1) return 0;
  const p = bytesOf[precision];
  const inBlocks = parameters.filter(({ isTable }) => !isTable).reduce((sum, group) => sum + sizeOfGroup(group), 0);
  const block = inBlocks / shape.numLayers / model;
  const table = Math.max(0, ...parameters.filter(({ isTable }) => isTable).map((one) => sizeOf(one.shape))) / model;
  if (fsdp === 1) return p * Math.max(block, table);
  return (2 * p + 4) * block + (p + 4) * table;
}

/** Rows that each device has of a step; undefined where they cannot be shared out evenly. */
export function rowsOfDevice({ batchSize }: Pick<TrainingWorkload, 'batchSize'>, mesh: DeviceMesh): number | undefined {
  const groups = numRowGroups(mesh);
  return batchSize % groups === 0 ? batchSize / groups : undefined;
}
