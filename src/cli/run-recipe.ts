import { nodeFileSystem } from '../core/node.ts';
import { recipeNamed, shippedRecipes } from '../recipe/index.ts';
import type { RunRecipe } from '../training/index.ts';

/** The recipe that a person named: one that ships with Groundwork, or a file; without a name the default. */
export async function openRecipe(given: string | undefined): Promise<RunRecipe> {
  if (given === undefined) return { recipe: recipeNamed(shippedRecipes[0]?.name ?? ''), file: null };
  const isFile = given.includes('/') || given.includes('\\') || /\.[cm]?[jt]s$/.test(given);
  if (!isFile) return { recipe: recipeNamed(given), file: null };
  // A path that is missing is told as such, before anything is loaded.
  nodeFileSystem.stat(given);
  const { loadRecipe } = await import('../recipe/node.ts');
  return { recipe: await loadRecipe(given), file: given };
}
