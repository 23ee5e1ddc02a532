import { assert } from '../../core/index.ts';
import { type Accelerator, peakFlopsOf } from './accelerator.ts';
import { type DeviceMesh, numDevicesOf } from './mesh.ts';
import { modelFlopsPerToken } from './model-flops.ts';
import { type ParameterGroup, sizeOfGroup, stepTokens, type TrainingWorkload } from './workload.ts';

/** What a step takes on each device, in milliseconds. */
export interface DeviceStepTime {
  /** The arithmetic of both passes, at the efficiency. */
  readonly computeMs: number;
  /** Muon's orthogonalisation in float32, at the efficiency, shared out as the parameters are. No count of public figures has it. */
  readonly updateMs: number;
  /** Parameters and gradients on their way between devices, which can go on while they compute. */
  readonly hiddenMs: number;
  /** Sums of activations within each matrix product that is split: nothing else can be done meanwhile. */
  readonly exposedMs: number;
  readonly msPerStep: number;
  /** Between what the parameters travel; null on one device. */
  readonly link: string | null;
}

export interface StepTimeOptions {
  readonly efficiency: number;
  /** Micro-batches of a step: parameters are gathered for each. */
  readonly numMicroBatches: number;
}

/**
 * The time of a step: F / (n · peak · efficiency), or the time of the communication that can hide behind it where that is longer, plus the
 * communication that cannot, plus Muon's orthogonalisation.
 *
 * Collectives are counted as rings (each device sends (k − 1) / k of what is gathered or summed, twice that for an all-reduce):
 *
 * - FSDP: for each micro-batch parameters are gathered in the precision of the passes before the forward and again before the backward pass, and
 *   float32 gradients are summed and shared out;
 * - copies: float32 gradients are summed over all copies for each micro-batch;
 * - tensor parallel: four sums of the residual stream a block, two of them once more where blocks are recomputed.
 *
 * @returns undefined where the vendor tells no peak rate for the precision
 */
export function deviceStepTime(
  workload: TrainingWorkload,
  accelerator: Accelerator,
  mesh: DeviceMesh,
  { efficiency, numMicroBatches }: StepTimeOptions,
): DeviceStepTime | undefined {
  assert(efficiency > 0, 'a device that does nothing takes for ever');
  const peak = peakFlopsOf(accelerator, workload.precision);
  if (peak === undefined) return undefined;
  const { data, fsdp, model } = mesh;
  const { parameters, shape, precision, kept } = workload;
  const p = precision === 'bfloat16' ? 2 : 4;
  const numDevices = numDevicesOf(mesh);
  const computeMs = (1000 * modelFlopsPerToken(workload) * stepTokens(workload)) / (numDevices * peak * efficiency);

  const { tensorFloat32, bfloat16 } = accelerator.peakFlops;
  const updateRate = precision === 'float32' ? peak : (tensorFloat32 ?? bfloat16 / passesOfFloat32);
  const updateMs = (1000 * orthogonalisationFlops(parameters)) / (fsdp * model * updateRate * efficiency);

  const total = parameters.reduce((sum, group) => sum + sizeOfGroup(group), 0) / model;
  const ring = (parts: number) => (parts - 1) / parts;
  const link = linkOf(accelerator, numDevices, mesh);
  const sent = numMicroBatches * total * (ring(fsdp) * (2 * p + 4) + (ring(data) * 2 * 4) / fsdp);
  const hiddenMs = (1000 * sent) / link.bytesPerSecond;

  const activations = (p * stepTokens(workload) * shape.width) / (data * fsdp);
  const sums = shape.numLayers * (kept === 'all' ? 4 : 6);
  const exposedMs = (1000 * sums * 2 * ring(model) * activations) / accelerator.inner.bytesPerSecond;
  return {
    computeMs,
    updateMs,
    hiddenMs,
    exposedMs,
    msPerStep: Math.max(computeMs, hiddenMs) + exposedMs + updateMs,
    link: numDevices === 1 ? null : link.name,
  };
}

/** Products in bfloat16 that a TPU makes one in float32 of. */
const passesOfFloat32 = 6;

/** Floating-point operations of Newton and Schulz on all matrices: for rows r ≤ columns c, iterations · (4r²c + 2r³). */
function orthogonalisationFlops(groups: readonly ParameterGroup[]): number {
  return groups.reduce((sum, { shape, count, numIterations }) => {
    const [r = 1, c = 1] = shape.toSorted((a, b) => a - b);
    return sum + count * numIterations * (4 * r * r * c + 2 * r ** 3);
  }, 0);
}

/** What the rings of `data` and `fsdp` run over: all cards of a host serve each ring that leaves it. */
function linkOf({ inner, outer, devicesPerHost }: Accelerator, numDevices: number, { model }: DeviceMesh) {
  if (numDevices <= inner.numDevices) return inner;
  // Where nothing is common between hosts, the fast links of a slice are all there is.
  if (outer === null) return inner;
  const cards = Math.max(1, Math.floor(devicesPerHost / model));
  return { name: outer.name, bytesPerSecond: Math.min(inner.bytesPerSecond, cards * outer.bytesPerSecond) };
}
