import { GroundworkError } from '../../core/index.ts';
import { describeRecipe, type Recipe } from '../../recipe/index.ts';
import { candidateSizes } from '../sizing.ts';

/** At what a recipe is looked at to tell it from others, whatever it is trained on. */
const extent = { vocabularySize: 512, contextLength: 64, batchTokens: 2048, numSteps: 1000 } as const;

/**
 * SHA-256 of what a recipe is at one small size: equal for recipes that say the same, at any corpus, so that runs and ladders of one
 * recipe are known as such. The size is the smallest of the planner's from four layers on, or else the first that it has a model for.
 *
 * @throws what the recipe throws where it has a model for none of them
 */
export function recipeFingerprint(recipe: Recipe): string {
  const { vocabularySize, contextLength, batchTokens, numSteps } = extent;
  const sizes = [...candidateSizes].sort((a, b) => Number(b.numLayers >= 4) - Number(a.numLayers >= 4));
  let refusal: unknown;
  for (const { numLayers, width } of sizes) {
    try {
      return describeRecipe(recipe, {
        size: { vocabularySize, contextLength, numLayers, width },
        batchTokens,
        numSteps,
      }).sha256;
    } catch (error) {
      if (!(error instanceof GroundworkError)) throw error;
      refusal = error;
    }
  }
  throw refusal;
}
