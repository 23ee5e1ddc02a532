import type { Model } from '../model/index.ts';
import type { OptimizerSpec, Schedule } from '../optimizer/index.ts';

/** The size at which a recipe is traced: what a plan chooses. */
export interface RecipeSize {
  /** V */
  readonly vocabularySize: number;
  /** T */
  readonly contextLength: number;
  readonly numLayers: number;
  /** D */
  readonly width: number;
}

/** What an optimizer may look at: the extent of the run, so that its numbers can follow batch and length. */
export interface RunExtent {
  readonly size: RecipeSize;
  /** Tokens of a step. */
  readonly batchTokens: number;
  readonly numSteps: number;
}

/**
 * What a person or an AI writes: model, optimizer and schedule, as TypeScript. It sees no targets, no seed, no clock and no step;
 * the lab builds loss, evaluation and batches.
 */
export interface Recipe {
  /** Lower-case letters, digits and dashes. */
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  model(size: RecipeSize): Model;
  optimizer(extent: RunExtent): OptimizerSpec;
  readonly schedule: Schedule;
}
