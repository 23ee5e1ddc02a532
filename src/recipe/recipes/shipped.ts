import { GroundworkError } from '../../core/index.ts';
import type { Recipe } from '../recipe.ts';
import { baseline } from './baseline.ts';
import { gpt2 } from './gpt2.ts';
import { nanochat2025 } from './nanochat-2025.ts';

/** The recipes that ship with Groundwork, the default first. */
export const shippedRecipes: readonly Recipe[] = [baseline, nanochat2025, gpt2];

/**
 * A recipe that ships with Groundwork.
 *
 * @throws GroundworkError `invalid-recipe` if there is none of this name
 */
export function recipeNamed(name: string): Recipe {
  const found = shippedRecipes.find((recipe) => recipe.name === name);
  if (found) return found;
  throw new GroundworkError('invalid-recipe', `there is no recipe called "${name}"`, {
    hint: `These ship with Groundwork: ${shippedRecipes.map((recipe) => recipe.name).join(', ')}. For your own, give a path such as ./my-recipe.ts.`,
  });
}
