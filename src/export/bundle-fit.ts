import { assert, GroundworkError } from '../core/index.ts';
import type { Recipe } from '../recipe/index.ts';
import {
  type Accelerator,
  type DeviceFit,
  type DeviceMesh,
  fitDevices,
  hasAttentionKernel,
  numRowGroups,
  trainingWorkload,
} from '../theory/index.ts';
import type { Plan } from '../training/index.ts';

/** How a step may be cut up, the first choice that fits is taken. */
export interface FitChoices {
  readonly device: Accelerator;
  readonly meshes: readonly DeviceMesh[];
  /** Blocks computed a second time in the backward pass or not. */
  readonly recompute: readonly boolean[];
  /** Rows that are computed at once, over all devices; undefined: as many as fit. */
  readonly microBatchSize: number | undefined;
}

/**
 * How the step of a plan is cut up on devices.
 *
 * @returns undefined for a model of which no formula tells what it takes
 * @throws `out-of-memory` where the devices hold it in none of the ways; `usage` for rows that they cannot share out
 */
export function chooseFit(
  recipe: Recipe,
  { batch, size, numSteps }: Pick<Plan, 'batch' | 'size' | 'numSteps'>,
  { device, meshes, recompute: ways, microBatchSize }: FitChoices,
): { readonly fit: DeviceFit; readonly recompute: boolean } | undefined {
  const model = recipe.model(size);
  if (model.gpt === undefined) return undefined;
  const { batchSize, contextLength, documentMask, precision = 'float32' } = batch;
  const optimizer = recipe.optimizer({ size, batchTokens: batchSize * contextLength, numSteps });
  const hasFusedAttention = hasAttentionKernel(device, precision, model.gpt.headWidth);
  let last: DeviceFit | undefined;
  for (const recompute of ways) {
    const options = { batchSize, precision, recompute, documentMask, hasFusedAttention };
    const workload = trainingWorkload(model, optimizer, options);
    for (const mesh of meshes) {
      const fit = fitDevices(workload, device, mesh, microRowsOf(microBatchSize, batchSize, mesh));
      if (fit?.fits === true) return { fit, recompute };
      last = fit ?? last;
    }
  }
  assert(last !== undefined, 'the rows of a batch are shared out over the devices');
  const { memory, usableBytes } = last;
  const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  throw new GroundworkError(
    'out-of-memory',
    `a step needs ${gib(memory.peak)} on each device, found ${gib(usableBytes)} that may be used of ${device.title}`,
    { hint: 'Take more devices with --fsdp, a smaller --micro-batch, or a smaller model.' },
  );
}

function microRowsOf(
  microBatchSize: number | undefined,
  batchSize: number,
  mesh: DeviceMesh,
): { readonly microRowsPerDevice?: number } {
  const groups = numRowGroups(mesh);
  if (microBatchSize === undefined) return {};
  refuseUnsharedRows(microBatchSize, batchSize, groups);
  return { microRowsPerDevice: microBatchSize / groups };
}

/** @throws `usage` for micro-batches that do not cut a batch evenly, or that groups of devices cannot share out */
export function refuseUnsharedRows(microBatchSize: number, batchSize: number, groups: number): void {
  if (microBatchSize % groups === 0 && batchSize % microBatchSize === 0) return;
  throw new GroundworkError(
    'usage',
    `micro-batches of ${microBatchSize} rows do not divide a batch of ${batchSize} over ${groups} groups of devices`,
    { hint: `Choose a multiple of ${groups} that divides the batch.` },
  );
}
