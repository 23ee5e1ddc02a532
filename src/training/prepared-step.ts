import type { Batch } from '../data/index.ts';
import type { StepParts } from '../engine/index.ts';
import type { Model } from '../model/index.ts';
import type { OptimizerSpec } from '../optimizer/index.ts';
import {
  type Recipe,
  type RecipeSize,
  type TrainingStepOptions,
  traceStepParts,
  traceTrainingStep,
  verifyRecipe,
} from '../recipe/index.ts';
import type { Program } from '../tensor/index.ts';
import type { Plan } from './plan.ts';

/** A recipe at the size, batch and length of a run: what a session is loaded with. */
export interface PreparedStep {
  readonly model: Model;
  readonly optimizer: OptimizerSpec;
  readonly program: Program;
  /** Traces the same step taken apart, for engines that ask for it. */
  readonly parts: () => StepParts;
  /** Floating-point operations of a step. */
  readonly flopsPerStep: number;
}

export interface StepExtent {
  readonly size: RecipeSize;
  readonly batch: Pick<Plan['batch'], 'batchSize' | 'microBatchSize' | 'documentMask' | 'recompute' | 'precision'>;
  readonly numSteps: number;
}

/**
 * Verifies a recipe and traces the training step of a run. The same arguments give the same Program, to the byte.
 *
 * @throws `future-leak` for a recipe that sees what it is to predict, `invalid-recipe`
 */
export async function prepareStep(recipe: Recipe, extent: StepExtent): Promise<PreparedStep> {
  const { size, numSteps } = extent;
  const options = tracingOptions(extent);
  const { program, flops } = await verifyRecipe(recipe, size, { ...options, numSteps });
  const [model, optimizer] = [recipe.model(size), optimizerOf(recipe, extent)];
  const flopsPerStep = flops.forward + flops.backward + flops.update;
  return { model, optimizer, program, parts: () => traceStepParts(model, optimizer, options), flopsPerStep };
}

/** The same Program without the verification, to estimate what it needs. */
export function traceStep(recipe: Recipe, extent: StepExtent): Program {
  return traceTrainingStep(recipe.model(extent.size), optimizerOf(recipe, extent), tracingOptions(extent));
}

function optimizerOf(recipe: Recipe, { size, batch, numSteps }: StepExtent): OptimizerSpec {
  return recipe.optimizer({ size, batchTokens: batch.batchSize * size.contextLength, numSteps });
}

function tracingOptions({ size, batch }: StepExtent): TrainingStepOptions {
  const { batchSize, microBatchSize, documentMask, recompute, precision = 'float32' } = batch;
  const numMicroBatches = batchSize / microBatchSize;
  return { microBatchSize, numMicroBatches, contextLength: size.contextLength, documentMask, recompute, precision };
}

/** The inputs of a training step, as views of a batch: when the batch is written over, so are they. */
export type StepInputs = {
  readonly tokens: Int32Array;
  readonly targets: Int32Array;
  readonly weights: Float32Array;
  /** The factor on all learning rates, one number. */
  readonly scheduleFactor: Float32Array;
} & { readonly [name: string]: Int32Array | Float32Array };

export function stepInputs({ tokens, targets, weights, segments }: Batch, documentMask: boolean): StepInputs {
  const scheduleFactor = new Float32Array(1);
  return { tokens, targets, weights, scheduleFactor, ...(documentMask ? { segments } : {}) };
}
