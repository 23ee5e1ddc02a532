// recipe/: what a person or an AI writes: traced at a size, initialised by parameter name, verified before a step runs.
export {
  describeRecipe,
  differencesOf,
  type ParameterContent,
  type RecipeContent,
  type RecipeDescription,
} from './description.ts';
export { type Precision, precisions } from './forward-pass.ts';
export {
  type DecodeOptions,
  type PrefillOptions,
  type ReadingOptions,
  traceDecode,
  traceLogits,
  traceLosses,
  tracePrefill,
} from './inference.ts';
export { initialize } from './initialization.ts';
export { defineRecipe, parseRecipe, type Recipe, type RecipeSize, type RunExtent } from './recipe.ts';
export { recipeNamed, shippedRecipes } from './recipes/shipped.ts';
export { type TrainingStepOptions, traceStepParts, traceTrainingStep } from './training-step.ts';
export { type VerificationOptions, type VerificationReport, verifyRecipe } from './verification.ts';
