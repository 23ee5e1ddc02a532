import type { Batch } from '../data/index.ts';
import type { Model } from '../model/index.ts';
import type { OptimizerSpec } from '../optimizer/index.ts';
import { type Recipe, type RecipeSize, traceTrainingStep, verifyRecipe } from '../recipe/index.ts';
import type { Program } from '../tensor/index.ts';
import type { Plan } from './plan.ts';

/** A recipe at the size, batch and length of a run: what a session is loaded with. */
export interface PreparedStep {
  readonly model: Model;
  readonly optimizer: OptimizerSpec;
  readonly program: Program;
  /** Floating-point operations of a step. */
  readonly flopsPerStep: number;
}

export interface StepExtent {
  readonly size: RecipeSize;
  readonly batch: Pick<Plan['batch'], 'batchSize' | 'microBatchSize' | 'documentMask' | 'recompute'>;
  readonly numSteps: number;
}

/**
 * Verifies a recipe and traces the training step of a run. The same arguments give the same Program, to the byte.
 *
 * @throws `future-leak` for a recipe that sees what it is to predict, `invalid-recipe`
 */
export async function prepareStep(recipe: Recipe, { size, batch, numSteps }: StepExtent): Promise<PreparedStep> {
  const { batchSize, microBatchSize, documentMask, recompute } = batch;
  const { program, flops } = await verifyRecipe(recipe, size, {
    microBatchSize,
    numMicroBatches: batchSize / microBatchSize,
    documentMask,
    recompute,
    numSteps,
  });
  const optimizer = recipe.optimizer({ size, batchTokens: batchSize * size.contextLength, numSteps });
  const flopsPerStep = flops.forward + flops.backward + flops.update;
  return { model: recipe.model(size), optimizer, program, flopsPerStep };
}

/** The same Program without the verification, to estimate what it needs. */
export function traceStep(recipe: Recipe, { size, batch, numSteps }: StepExtent): Program {
  const { batchSize, microBatchSize, documentMask, recompute } = batch;
  const optimizer = recipe.optimizer({ size, batchTokens: batchSize * size.contextLength, numSteps });
  return traceTrainingStep(recipe.model(size), optimizer, {
    microBatchSize,
    numMicroBatches: batchSize / microBatchSize,
    contextLength: size.contextLength,
    documentMask,
    recompute,
  });
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
