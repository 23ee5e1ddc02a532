import { z } from 'zod';
import type { Model } from '../model/index.ts';
import { type OptimizerSpec, optimizerSchema, type Schedule, scheduleSchema } from '../optimizer/index.ts';
import type { Tensor } from '../tensor/index.ts';
import { blaming } from './blame.ts';
import { checkModel, failRecipe, failSchema } from './model-check.ts';

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

const functionOf = (expected: string) =>
  z.custom<(...given: never[]) => unknown>((value) => typeof value === 'function', `expected ${expected}`);

const recipeSchema = z.strictObject({
  name: z
    .string()
    .max(60)
    .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'expected lower-case letters, digits and single dashes, such as my-recipe'),
  summary: z.string().min(1).max(300),
  model: functionOf('a function of the size that returns a model'),
  optimizer: functionOf('a function of the run that returns an optimizer'),
  schedule: scheduleSchema,
});

/** Recipes that are checked already, so that a second check need not wrap them again. */
const defined = new WeakSet<object>();

/**
 * A recipe, checked: its fields at once, what its functions return whenever they are called. A fault inside of a function comes
 * out as a fault of the recipe. `verifyRecipe` checks the rest, which takes a size.
 *
 * @throws GroundworkError `invalid-recipe` that says what was found and what was expected
 */
export function defineRecipe(recipe: Recipe): Recipe {
  return parseRecipe(recipe, 'the recipe');
}

/** `defineRecipe` for something of unknown origin; `source` says in messages what it is. */
export function parseRecipe(value: unknown, source: string): Recipe {
  if (typeof value === 'object' && value !== null && defined.has(value)) return value as Recipe;
  const result = blaming(`${source} cannot be read`, () => recipeSchema.safeParse(value));
  if (!result.success) {
    failSchema(source, result.error, 'A recipe has name, summary, model(size), optimizer(extent) and schedule.');
  }
  const given = value as Recipe;
  const { name, summary, schedule } = result.data;
  const what = `the recipe ${name}`;
  const recipe: Recipe = Object.freeze({
    name,
    summary,
    schedule,
    model: (size: RecipeSize): Model => {
      const model = blaming(`${what} failed in model()`, () => {
        const found: unknown = given.model(size);
        checkModel(found, size, what);
        return { ...found };
      });
      return {
        ...model,
        forward: (...operands) =>
          blaming(`${what} failed in forward()`, () => requireTensor(model.forward(...operands), what)),
      };
    },
    optimizer: (extent: RunExtent): OptimizerSpec => {
      const found = blaming(`${what} failed in optimizer()`, () => optimizerSchema.safeParse(given.optimizer(extent)));
      if (found.success) return found.data;
      return failSchema(`the optimizer of ${what}`, found.error, 'An optimizer has groups and clipNorm.');
    },
  });
  defined.add(recipe);
  return recipe;
}

/** What `forward` returned, which need not be what its type says. */
function requireTensor(found: unknown, what: string): Tensor {
  if (tensorSchema.safeParse(found).success) return found as Tensor;
  return failRecipe(
    `${what}: forward returned ${shown(found)}, expected a tensor`,
    'Return the logits, [B, T, V], as the functions of groundwork-lm/tensor make them.',
  );
}

/** The fields of a tensor that no other value has by accident. */
const tensorSchema = z.looseObject({
  id: z.int(),
  op: z.string(),
  inputs: z.array(z.unknown()),
  shape: z.array(z.int()),
  dtype: z.string(),
});

function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value !== null ? 'an object' : `${String(value)}`;
}
