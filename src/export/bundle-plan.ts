import { assert, type FileSystem, GroundworkError } from '../core/index.ts';
import type { Engine } from '../engine/index.ts';
import type { Recipe } from '../recipe/index.ts';
import { type DType, dtypes } from '../tensor/index.ts';
import {
  type Accelerator,
  acceleratedForecast,
  type ClusterForecast,
  clusterForecast,
  costSentence,
  type DeviceMesh,
  type Forecast,
  fitSentence,
  meshOf,
  numRowGroups,
  peakFlopsOf,
} from '../theory/index.ts';
import { type Plan, type PlanRequest, planRun, type RunDataset } from '../training/index.ts';
import { chooseFit } from './bundle-fit.ts';

export interface BundlePlanRequest extends PlanRequest {
  /** Undefined: nothing is foretold of time and memory. */
  readonly device: Accelerator | undefined;
  /** In all. */
  readonly numDevices: number;
  /** Parameters and optimizer are shared out over all devices; default: where they do not fit otherwise. */
  readonly fsdp?: boolean;
  /** Devices that share each matrix product. Default 1. */
  readonly numModelDevices?: number;
}

export interface BundlePlanSurroundings {
  readonly fs: FileSystem;
  readonly recipe: Recipe;
  readonly datasets: readonly RunDataset[];
}

/** A plan for devices that are not at hand. */
export interface BundlePlan {
  readonly plan: Plan;
  readonly mesh: DeviceMesh;
  /** Undefined where no device was named, or the recipe has a model of its own, for which there is no formula. */
  readonly cluster: ClusterForecast | undefined;
}

/**
 * Plans a run that is trained elsewhere: size, batch and steps as `planRun` chooses them, with nothing measured here; rows of a micro-batch,
 * sharing out and recomputation so that the devices hold them.
 *
 * @throws `usage` for a budget of time, for devices that cannot be laid out as asked, and for rows that they cannot share out;
 *   `out-of-memory` where the devices do not hold it; what `planRun` throws
 */
export async function planBundle(
  request: BundlePlanRequest,
  { fs, recipe, datasets }: BundlePlanSurroundings,
): Promise<BundlePlan> {
  const { device, numDevices, numModelDevices = 1 } = request;
  if (request.budget?.kind === 'time') {
    refuse(
      'a bundle cannot have a budget of time: how fast the machines are that will train it is not known here',
      'Give --tokens, --steps or --flops.',
    );
  }
  if (numDevices % numModelDevices !== 0) {
    refuse(
      `${numDevices} devices cannot be cut into groups of ${numModelDevices} that share matrix products`,
      'Choose a number of devices that --model divides.',
    );
  }
  const surroundings = { fs, recipe, datasets, engine: elsewhere, memory: unlimited };
  const groups = numDevices / numModelDevices;
  const first = await planRun({ ...request, skipProbe: true }, surroundings);
  const plan = isShared(first, groups) ? first : await withSharedRows(request, first, groups, surroundings);
  const layouts = request.fsdp === undefined ? [false, true] : [request.fsdp];
  const meshes = layouts.map((fsdp) => meshOf(numDevices, { fsdp, model: numModelDevices }));
  const recomputed = request.recompute === true ? [true] : [false, true];
  if (device !== undefined && recipe.model(plan.size).gpt !== undefined) refuseUnratedPrecision(device, plan);
  const chosen =
    device &&
    chooseFit(recipe, plan, { device, meshes, recompute: recomputed, microBatchSize: request.microBatchSize });
  if (chosen === undefined || device === undefined) {
    return { plan: withoutDevice(plan), mesh: meshes[0] as DeviceMesh, cluster: undefined };
  }
  const { fit, recompute } = chosen;
  const microBatchSize = fit.microRowsPerDevice * numRowGroups(fit.mesh);
  const { numSteps } = plan;
  const cluster = clusterForecast({
    workload: fit.workload,
    numSteps,
    accelerator: device,
    mesh: fit.mesh,
    microRowsPerDevice: fit.microRowsPerDevice,
  });
  const cut = { ...plan, batch: { ...plan.batch, microBatchSize, recompute } };
  return { plan: onDevices(cut, cluster), mesh: fit.mesh, cluster };
}

/** The forecast to register for a run on these devices. */
export function forecastOnDevices(forecast: Forecast, { cluster }: BundlePlan): Forecast {
  return cluster === undefined ? forecast : acceleratedForecast(forecast, cluster);
}

/** What plans are made with where nothing runs: it computes in every type, and loads nothing. */
const elsewhere: Engine = {
  name: 'jax',
  dtypes: new Set<DType>(dtypes),
  load: () => assert(false, 'a plan for other machines loads nothing') as never,
  estimateMemory: () => ({ stateBytes: 0, activationBytes: 0, peakBytes: 0, overheadBytes: 0 }),
};

const unlimited = { availableBytes: Number.MAX_SAFE_INTEGER, limit: 'memory of the machines that train it' };

const isShared = ({ batch }: Plan, groups: number): boolean => batch.batchSize % groups === 0;

/** The same plan with so many rows that all groups of devices have as many. */
function withSharedRows(
  request: BundlePlanRequest,
  { batch: { batchSize } }: Plan,
  groups: number,
  surroundings: Parameters<typeof planRun>[1],
): Promise<Plan> {
  if (request.batchSize !== undefined) {
    refuse(
      `a batch of ${batchSize} rows cannot be shared out evenly over ${groups} groups of devices`,
      `Choose a multiple of ${groups}.`,
    );
  }
  const rows = groups * Math.max(1, Math.round(batchSize / groups));
  return planRun({ ...request, batchSize: rows, skipProbe: true }, surroundings);
}

function refuseUnratedPrecision(device: Accelerator, { batch: { precision = 'float32' } }: Plan): void {
  if (peakFlopsOf(device, precision) !== undefined) return;
  refuse(`${device.title} has no published rate for ${precision}`, 'Use --precision bfloat16.');
}

/** Time and memory of the devices in place of this machine's. */
function onDevices(plan: Plan, cluster: ClusterForecast): Plan {
  const { msPerStep, numSteps, fit, accelerator } = cluster;
  return {
    ...plan,
    expected: {
      ...plan.expected,
      msPerStep: msPerStep.value,
      source: 'estimated',
      trainingMs: numSteps * msPerStep.value,
      otherMs: 0,
      finalMs: 0,
      closingMs: 0,
    },
    memory: {
      neededBytes: Math.round(fit.memory.peak),
      availableBytes: Math.round(fit.usableBytes),
      limit: `memory of one ${accelerator.title}`,
    },
    reasons: [...withoutTimes(plan), costSentence(cluster), fitSentence(cluster)],
  };
}

function withoutDevice(plan: Plan): Plan {
  const warning = 'No device was named that is known, so time and memory are guesses, for a machine such as this one.';
  return { ...plan, reasons: withoutTimes(plan), warnings: [...plan.warnings, warning] };
}

/** The reasons of a plan without the one that guesses at the time of a step on this machine. */
function withoutTimes({ reasons }: Plan): string[] {
  return reasons.filter((reason) => !reason.endsWith(': a guess, since nothing was measured.'));
}

function refuse(message: string, hint: string): never {
  throw new GroundworkError('usage', message, { hint });
}
