import { z } from 'zod';
import { GroundworkError } from '../core/index.ts';
import { type Model, parameterRoles } from '../model/index.ts';
import type { OptimizerSpec } from '../optimizer/index.ts';
import { parameterBound } from './causality/causality.ts';
import type { RecipeSize } from './recipe.ts';

const extent = z.int().min(1);
const factor = z.number().min(0).optional();

const parameterSchema = z.strictObject({
  shape: z.array(extent),
  role: z.enum(parameterRoles),
  initialization: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('normal'), deviation: z.number().min(0) }),
    z.strictObject({ kind: z.literal('constant'), value: z.number() }),
  ]),
  learningRateFactor: factor,
  weightDecayFactor: factor,
});

const modelSchema = z.looseObject({
  vocabularySize: extent,
  contextLength: extent,
  // Not a record, which would pass over a parameter called __proto__.
  parameters: z.custom<object>((value) => typeof value === 'object' && value !== null, 'expected parameters by name'),
  cache: z.strictObject({ numLayers: extent, numGroups: extent, headWidth: extent }).optional(),
  forward: z.custom((value) => typeof value === 'function', 'expected a function'),
});

/** Names that a person can read in tables and that no file or state format trips over. */
const parameterName = /^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*$/;

/**
 * Checks what a recipe returned as its model, apart from what `forward` does.
 *
 * @throws GroundworkError `invalid-recipe`
 */
export function checkModel(model: unknown, size: RecipeSize, what: string): asserts model is Model {
  const source = `the model of ${what}`;
  const result = modelSchema.safeParse(model);
  if (!result.success) {
    failSchema(source, result.error, 'A model has vocabularySize, contextLength, parameters, exports and forward.');
  }
  const { vocabularySize, contextLength, parameters } = result.data;
  if (vocabularySize !== size.vocabularySize || contextLength !== size.contextLength) {
    failRecipe(
      `${source} has vocabularySize ${vocabularySize} and contextLength ${contextLength}, ` +
        `expected ${size.vocabularySize} and ${size.contextLength}, as its size says`,
      'Make the model from the size that model(size) is given.',
    );
  }
  const names = Object.keys(parameters);
  if (names.length === 0) failRecipe(`${source} has no parameters`, 'There is nothing to train without one.');
  requireFreeNames(names, source);
  for (const [name, spec] of Object.entries(parameters)) {
    const checked = parameterSchema.safeParse(spec);
    if (!checked.success) {
      failSchema(`${source}, parameter ${name}`, checked.error, 'A parameter has shape, role and initialization.');
    }
    const { shape, initialization } = checked.data;
    const largest = initialization.kind === 'constant' ? Math.abs(initialization.value) : 8 * initialization.deviation;
    const bound = parameterBound(shape);
    if (largest > bound) {
      failRecipe(
        `${source} begins ${name} with values up to ${largest}, expected at most ${bound}`,
        'What is proved of a model holds for parameters within these bounds; put a larger factor into the graph as a number.',
      );
    }
  }
}

/**
 * Checks that parameters have names that every file and state can bear, and that no other state has.
 *
 * @throws GroundworkError `invalid-recipe`
 */
export function requireFreeNames(names: readonly string[], source: string): void {
  const wrong = names.find((name) => !parameterName.test(name) || /^(optimizer|layers)\./.test(name));
  if (wrong === undefined) return;
  failRecipe(
    `${source} has a parameter called "${wrong}"`,
    'Names are words of letters, digits and _ joined by dots, such as blocks.0.mlp.up; ' +
      'those that begin with "optimizer." or "layers." are taken.',
  );
}

/**
 * Checks that a GPT whose rates follow the width follows the rule of the algorithm that trains its matrices.
 *
 * @throws GroundworkError `invalid-recipe`
 */
export function requireOneRule({ gpt }: Model, { groups }: OptimizerSpec, what: string): void {
  const expected = gpt?.scaling?.matrices;
  const found = groups.find(({ roles }) => roles.includes('matrix'))?.algorithm;
  if (expected === undefined || found === undefined || found === expected) return;
  failRecipe(
    `${what}: scaling follows the rule for matrices under ${expected}, and ${found} trains them`,
    `Say matrices: '${found}' in the model's scaling, or give the role matrix to a group with the algorithm ${expected}.`,
  );
}

export function failRecipe(message: string, hint: string, cause?: unknown): never {
  throw new GroundworkError('invalid-recipe', message, { hint, cause });
}

/** The first problem that a schema found, with the field it lies in. */
export function failSchema(source: string, error: z.ZodError, hint: string): never {
  const issue = error.issues[0];
  const field = issue?.path.join('.');
  return failRecipe(`${source}${field ? `, field ${field}` : ''}: ${issue?.message ?? 'does not fit'}`, hint);
}
