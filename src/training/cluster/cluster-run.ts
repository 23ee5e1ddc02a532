import { GroundworkError } from '../../core/index.ts';
import type { Recipe } from '../../recipe/index.ts';
import {
  type Accelerator,
  type ClusterForecast,
  type ComputePrecision,
  clusterForecast,
  type DeviceMesh,
  fitDevices,
  hasAttentionKernel,
  meshOf,
  modelFlopsPerToken,
  numRowGroups,
  type ParameterCounts,
  parameterCounts,
  peakFlopsOf,
  type TrainingWorkload,
  trainingWorkload,
} from '../../theory/index.ts';
import type { Budget } from '../plan.ts';
import { type CandidateSize, tokensPerStep } from '../sizing.ts';

/** A training that is to be foretold for accelerators, with no text at hand. */
export interface ClusterRequest {
  readonly recipe: Recipe;
  readonly size: CandidateSize;
  readonly vocabularySize: number;
  /** Default 2,048. */
  readonly contextLength?: number;
  /** Rows of a step, over all devices; default: what suits the length of the run. */
  readonly batchSize?: number;
  /** Rows that are computed at once, over all devices; default: as many as fit. */
  readonly microBatchSize?: number;
  /** Default: 20 tokens for each parameter that matrix products read (Hoffmann et al. 2022). */
  readonly budget?: Budget;
  /** Compute blocks a second time; default: where nothing else fits. */
  readonly recompute?: boolean;
  readonly documentMask?: boolean;
  /** The kernel of attention, as the runner takes it; default: `cudnn` where the device has it, in bfloat16 with heads of at most 128. */
  readonly attention?: 'xla' | 'cudnn';
  readonly precision: ComputePrecision;
  readonly accelerator: Accelerator;
  readonly numDevices: number;
  /** Parameters and optimizer are shared out over all devices. Default false: each holds all. */
  readonly fsdp?: boolean;
  /** Devices that share each matrix product. Default 1. */
  readonly numModelDevices?: number;
  /** MFU; default: what public figures tell. */
  readonly efficiency?: number;
  readonly pricePerHour?: number;
}

/** A run on accelerators with its forecast. */
export interface ClusterRun {
  readonly forecast: ClusterForecast;
  readonly workload: TrainingWorkload;
  readonly counts: ParameterCounts;
  /** What was chosen and why, a sentence each. */
  readonly reasons: readonly string[];
}

const defaultContext = 2048;
/** Tokens for each parameter, where nothing else is asked for. */
const defaultTokensPerParameter = 20;

/**
 * Foretells memory, time and cost of a training on accelerators. Nothing is traced or measured: sizes of any number of parameters take no time.
 *
 * @throws GroundworkError `usage` for devices that cannot be laid out as asked, `invalid-recipe` for a recipe that has no model of this size, or
 *   one that `gptModel` did not make
 */
export function forecastClusterRun(request: ClusterRequest): ClusterRun {
  const { recipe, accelerator, precision, numDevices, numModelDevices = 1, fsdp = false } = request;
  if (numDevices % numModelDevices !== 0) {
    fail(
      `${numDevices} devices cannot be cut into groups of ${numModelDevices} that share matrix products`,
      'Choose a number of devices that --model divides.',
    );
  }
  if (peakFlopsOf(accelerator, precision) === undefined) {
    fail(`${accelerator.title} has no published rate for ${precision}`, 'Use --precision bfloat16.');
  }
  const mesh = meshOf(numDevices, { fsdp, model: numModelDevices });
  const { vocabularySize, contextLength = defaultContext } = request;
  const size = { ...request.size, vocabularySize, contextLength };
  const model = recipe.model(size);
  const hasKernel = hasAttentionKernel(accelerator, precision, model.gpt?.headWidth);
  if (request.attention === 'cudnn' && !hasKernel) {
    fail(
      `cuDNN has no attention for ${accelerator.title} in ${precision} with heads of ${model.gpt?.headWidth ?? 'unknown width'}`,
      'It takes an NVIDIA device, bfloat16 and heads of at most 128.',
    );
  }
  const counts = parameterCounts(model);
  const workloadOf = (batchSize: number, numSteps: number, recompute: boolean): TrainingWorkload =>
    trainingWorkload(model, recipe.optimizer({ size, batchTokens: batchSize * contextLength, numSteps }), {
      batchSize,
      precision,
      recompute,
      documentMask: request.documentMask ?? false,
      hasFusedAttention: hasKernel && request.attention !== 'xla',
    });

  const groups = numRowGroups(mesh);
  const wanted = wantedTokens(request, counts, workloadOf(groups, 1, false));
  const batchSize = request.batchSize ?? rowsFor(wanted, contextLength, groups);
  const microRows = microRowsOf(request, batchSize, mesh);
  const rowsOption = microRows === undefined ? {} : { microRowsPerDevice: microRows };
  const stepsOf = (forecastAt: (numSteps: number) => ClusterForecast): number => {
    const { budget } = request;
    if (budget?.kind === 'steps') return budget.numSteps;
    if (budget?.kind === 'time') return Math.max(1, Math.floor(budget.durationMs / forecastAt(1).msPerStep.value));
    return Math.max(1, Math.floor(wanted / (batchSize * contextLength)));
  };
  const keepsAll =
    request.recompute !== true && fitDevices(workloadOf(batchSize, 1, false), accelerator, mesh, rowsOption)?.fits;
  const recompute = keepsAll !== true;
  const forecastAt = (numSteps: number): ClusterForecast =>
    clusterForecast({
      workload: workloadOf(batchSize, numSteps, recompute),
      numSteps,
      accelerator,
      mesh,
      ...rowsOption,
      ...(request.efficiency !== undefined && { efficiency: { value: request.efficiency, source: 'given' } }),
      ...(request.pricePerHour !== undefined && { pricePerHour: request.pricePerHour }),
    });
  const forecast = forecastAt(stepsOf(forecastAt));
  return { forecast, workload: forecast.fit.workload, counts, reasons: reasonsOf(request, forecast, recompute) };
}

function wantedTokens({ budget }: ClusterRequest, counts: ParameterCounts, workload: TrainingWorkload): number {
  switch (budget?.kind) {
    case 'tokens':
      return budget.numTokens;
    case 'flops':
      return budget.flops / modelFlopsPerToken(workload);
    case undefined:
    case 'steps':
    case 'time':
      return defaultTokensPerParameter * counts.matmul;
  }
}

/** Rows of a step that all devices have the same number of. */
function rowsFor(numTokens: number, contextLength: number, groups: number): number {
  return groups * Math.max(1, Math.round(tokensPerStep(numTokens) / contextLength / groups));
}

function microRowsOf({ microBatchSize }: ClusterRequest, batchSize: number, mesh: DeviceMesh): number | undefined {
  const groups = numRowGroups(mesh);
  if (batchSize % groups !== 0) {
    fail(
      `a batch of ${batchSize} rows cannot be shared out evenly over ${groups} groups of devices`,
      `Choose a multiple of ${groups}.`,
    );
  }
  if (microBatchSize === undefined) return undefined;
  if (microBatchSize % groups !== 0 || batchSize % microBatchSize !== 0) {
    fail(
      `micro-batches of ${microBatchSize} rows do not divide a batch of ${batchSize} over ${groups} groups of devices`,
      `Choose a multiple of ${groups} that divides the batch.`,
    );
  }
  return microBatchSize / groups;
}

function reasonsOf(request: ClusterRequest, { fit }: ClusterForecast, recompute: boolean): string[] {
  const { budget } = request;
  return [
    ...(budget === undefined
      ? [
          `Without --tokens or a budget, a run has ${defaultTokensPerParameter} tokens for each parameter that matrix products read.`,
        ]
      : []),
    ...(recompute && request.recompute !== true
      ? [
          fit.fits
            ? `Blocks are computed a second time in the backward pass: with all activations kept, ${rowsText(request)} would not fit.`
            : 'Even with blocks computed a second time it does not fit.',
        ]
      : []),
  ];
}

const rowsText = ({ microBatchSize }: ClusterRequest): string =>
  microBatchSize === undefined ? 'even one row on each device' : `micro-batches of ${microBatchSize} rows`;

function fail(message: string, hint: string): never {
  throw new GroundworkError('usage', message, { hint });
}
