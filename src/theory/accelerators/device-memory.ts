import { assert } from '../../core/index.ts';
import { sizeOf } from '../../tensor/index.ts';
import type { ComputePrecision } from './accelerator.ts';
import { type DeviceMesh, numRowGroups } from './mesh.ts';
import { type ParameterGroup, sizeOfGroup, type TrainingWorkload } from './workload.ts';

/** What one device holds at the peak of a step, in bytes, by what it is for. */
export interface DeviceMemory {
  /** Parameters in float32, and their copy in bfloat16 that the passes read. */
  readonly parameters: number;
  /** What the optimizer keeps, float32. */
  readonly optimizer: number;
  /** float32; of several micro-batches, those of the last beside the sum. */
  readonly gradients: number;
  /** What waits for the backward pass, and what a block holds while it is at work. */
  readonly activations: number;
  /** Scores of the whole vocabulary and their gradient. */
  readonly logits: number;
  /** What the optimizer makes on the way: the matrices that Muon orthogonalises. Activations and logits are free again by then. */
  readonly update: number;
  /** Parameters that were gathered from other devices, and gradients on their way to them. */
  readonly communication: number;
  /** Driver, kernels and libraries: no formula has it. */
  readonly runtime: number;
  /** All that is there at once: the update does not meet activations and logits. */
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
/** float32 matrices that the iteration of Newton and Schulz holds at once for each that goes in: X, the next X, and products of X with itself. */
const orthogonalisationCopies = 3;
/** Of what one block keeps, what its backward pass holds besides: gradients that flow through it. */
const blockGradientShare = 0.5;

/**
 * The peak memory of one device, by formula (Korthikanti et al. 2022, 2205.05198, with what is counted here in place of their layer; ZeRO,
 * Rajbhandari et al. 2019, 1910.02054, for what is shared out).
 *
 * With P parameters, f · m devices that share them out, b rows of T tokens on a device, L layers and p bytes of the precision:
 * parameters 4P / fm, and pP / fm for their copy where p is 2; optimizer 4 · moments / fm; gradients 4P / fm, and pP / fm of the micro-batch
 * at work where there are several; activations bT · (L · kept + one block at work); logits bTV / m · (4 + 4 + what bfloat16 adds).
 *
 * Vectors are not shared out, and neither is what no dimension of divides.
 */
export function deviceMemory(
  workload: TrainingWorkload,
  mesh: DeviceMesh,
  { rowsPerDevice, numMicroBatches, splitsResidual = false }: DeviceMemoryOptions,
): DeviceMemory {
  assert(rowsPerDevice >= 1 && numMicroBatches >= 1, 'a device computes at least one row at once');
  const { parameters: groups, shape, precision } = workload;
  const p = bytesOf[precision];
  const held = (count: (group: ParameterGroup) => number): number =>
    groups.reduce((sum, group) => sum + (count(group) * sizeOfGroup(group)) / numShards(group, mesh), 0);
  const own = held(() => 1);
  const copies = p === 4 ? 0 : p;

  const tokens = rowsPerDevice * shape.contextLength;
  const kept = keptBytesPerToken(workload, mesh, splitsResidual);
  const whole = keptBytesPerToken({ ...workload, kept: 'all' }, mesh, splitsResidual);
  const residual = (p * shape.width) / (splitsResidual ? mesh.model : 1);
  const block = (workload.kept === 'all' ? 0 : whole) + blockGradientShare * whole;
  const activations = tokens * (shape.numLayers * kept + block + 2 * residual);
  const logits = (tokens * shape.vocabularySize * (4 + 4 + copies)) / mesh.model;

  const state = {
    parameters: (4 + copies) * own,
    optimizer: 4 * held(({ numMoments }) => numMoments),
    gradients: (4 + (numMicroBatches > 1 ? p : 0)) * own,
  };
  const update = orthogonalisationCopies * 4 * held(({ isOrthogonalised }) => (isOrthogonalised ? 1 : 0));
  const communication = communicationBytes(workload, mesh);
  const always = state.parameters + state.optimizer + state.gradients + communication + runtimeBytes;
  return {
    ...state,
    activations,
    logits,
    update,
    communication,
    runtime: runtimeBytes,
    peak: always + Math.max(activations + logits, update),
  };
}

/** Devices that hold different parts of a parameter: `model` splits one dimension, `fsdp` the largest other one, each where it divides evenly. */
function numShards({ shape, splitDimension }: ParameterGroup, { fsdp, model }: DeviceMesh): number {
  const byModel = splitDimension !== null && (shape[splitDimension] ?? 1) % model === 0 ? model : 1;
  const isFree = (dimension: number) => byModel === 1 || dimension !== splitDimension;
  return byModel * (shape.some((extent, dimension) => isFree(dimension) && extent % fsdp === 0) ? fsdp : 1);
}

/**
 * Bytes that one token keeps in one block until the backward pass reads them. In numbers of the precision:
 *
 * - the residual stream before attention and before the MLP, and both once normalised: 4D
 * - queries, keys and values; queries and keys once more where they are normalised or turned; what attention returns: 3HK + 3GK
 * - of the MLP up, its activation and the product: 4F gated, 2F else
 * - of attention one float32 a head; where it is no single operation, its scores twice, 2HT
 *
 * D wide numbers are whole on each device, all others are split over `model`.
 */
export function keptBytesPerToken(
  { shape, precision, kept, hasQkNorm, hasFusedAttention }: TrainingWorkload,
  { model }: DeviceMesh,
  splitsResidual = false,
): number {
  const { width: D, numHeads: H, numGroups: G, headWidth: K, hiddenWidth: F, isGated, contextLength: T } = shape;
  const p = bytesOf[precision];
  const residual = (p * D) / (splitsResidual ? model : 1);
  if (kept === 'blocks') return residual;
  const statistics = 4 * H;
  if (kept === 'selective') {
    const products = 2 * (H + G) * K + D + (isGated ? 2 : 1) * F;
    return residual + (p * (products / 2 + H * K) + statistics) / model;
  }
  const attention = (2 * H + 3 * G) * K + (hasQkNorm ? (H + G) * K : 0) + H * K;
  const scores = hasFusedAttention ? 0 : 2 * H * T;
  return 4 * residual + (p * (attention + scores + (isGated ? 4 : 2) * F) + statistics) / model;
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
