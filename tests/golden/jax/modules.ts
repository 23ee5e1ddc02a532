import { emitProgram, emitTrainingStep } from '../../../src/engine/jax/emit/index.ts';
import { type Recipe, shippedRecipes, traceStepParts, traceTrainingStep } from '../../../src/recipe/index.ts';

/** The modules whose text is kept here: a training step of each shipped recipe at a small size, in both forms. */
export interface StepShape {
  readonly numLayers: number;
  readonly numMicroBatches?: number;
  readonly recompute?: boolean;
}

/** A small training step of a recipe as Python, in both forms. */
export function stepModules(recipe: Recipe, { numLayers, ...shape }: StepShape): { reference: string; fast: string } {
  const size = { vocabularySize: 64, contextLength: 16, width: 32, numLayers };
  const model = recipe.model(size);
  const optimizer = recipe.optimizer({ size, batchTokens: 64, numSteps: 10 });
  const options = { microBatchSize: 2, ...shape };
  const program = traceTrainingStep(model, optimizer, options);
  const title = `A training step of ${recipe.name}.`;
  return {
    reference: emitProgram(program, { title }),
    fast: emitTrainingStep(program, traceStepParts(model, optimizer, options), { title }),
  };
}

/** The kept texts by their file names. */
export function goldenModules(): ReadonlyMap<string, string> {
  return new Map(
    shippedRecipes.flatMap((recipe) => {
      const { reference } = stepModules(recipe, { numLayers: 4 });
      const { fast } = stepModules(recipe, { numLayers: 4, numMicroBatches: 2, recompute: true });
      return [
        [`${recipe.name}.reference.py`, reference],
        [`${recipe.name}.fast.py`, fast],
      ] as const;
    }),
  );
}
