// recipe/: what a person or an AI writes: traced at a size, initialised by parameter name, verified before a step runs.
export type { Recipe, RecipeSize, RunExtent } from './recipe.ts';
