import { canonicalJson, type JsonValue, sha256Hex } from '../core/index.ts';
import type { Initialization } from '../model/index.ts';
import type { OptimizerSpec, Schedule } from '../optimizer/index.ts';
import { formatShape, hashProgram } from '../tensor/index.ts';
import { traceLogits } from './inference.ts';
import type { Recipe, RecipeSize, RunExtent } from './recipe.ts';

/** All that a recipe decides about a run, as plain data. */
export interface RecipeContent {
  readonly name: string;
  readonly size: RecipeSize;
  /** SHA-256 of the forward pass of one row: what the model computes. */
  readonly modelHash: string;
  /** In the order of the model. */
  readonly parameters: readonly ParameterContent[];
  readonly optimizer: OptimizerSpec;
  readonly schedule: Schedule;
}

export interface ParameterContent {
  readonly name: string;
  readonly shape: readonly number[];
  readonly role: string;
  readonly initialization: Initialization;
  readonly learningRateFactor: number;
  readonly weightDecayFactor: number;
}

export interface RecipeDescription {
  readonly content: RecipeContent;
  /** The content as canonical JSON. */
  readonly json: string;
  /** Of that text: equal for recipes that say the same and trace to the same graph, names included. */
  readonly sha256: string;
}

/** What a recipe is at the extent of a run: for the record, and to compare it when the run goes on. */
export function describeRecipe(recipe: Recipe, extent: RunExtent): RecipeDescription {
  const { size } = extent;
  const model = recipe.model(size);
  const content: RecipeContent = {
    name: recipe.name,
    size: { ...size },
    modelHash: hashProgram(traceLogits(model, { batchSize: 1 })),
    parameters: Object.entries(model.parameters).map(([name, spec]) => ({
      name,
      shape: [...spec.shape],
      role: spec.role,
      initialization: { ...spec.initialization },
      learningRateFactor: spec.learningRateFactor ?? 1,
      weightDecayFactor: spec.weightDecayFactor ?? 1,
    })),
    optimizer: recipe.optimizer(extent),
    schedule: recipe.schedule,
  };
  const json = canonicalJson(content as unknown as JsonValue);
  return { content, json, sha256: sha256Hex(json) };
}

/**
 * In what a recipe differs from what it was, a sentence part each, such as `optimizer.groups.0.learningRate is 0.01, expected 0.02`;
 * empty if in nothing.
 */
export function differencesOf(found: RecipeContent, expected: RecipeContent): string[] {
  const { parameters: foundList, modelHash: foundHash, ...foundRest } = found;
  const { parameters: expectedList, modelHash: expectedHash, ...expectedRest } = expected;
  const differences = fieldDifferences(foundRest as unknown as JsonValue, expectedRest as unknown as JsonValue, '');
  const [foundNames, expectedNames] = [new Map(entries(foundList)), new Map(entries(expectedList))];
  for (const [name, parameter] of foundNames) {
    const before = expectedNames.get(name);
    if (before) differences.push(...parameterDifferences(parameter, before));
    else differences.push(`the parameter ${name} ${formatShape(parameter.shape)} is new`);
  }
  for (const name of expectedNames.keys()) {
    if (!foundNames.has(name)) differences.push(`the parameter ${name} is gone`);
  }
  if (differences.length === 0 && foundHash !== expectedHash) {
    return ['the model computes something else from the same parameters'];
  }
  if (
    differences.length === 0 &&
    canonicalJson(foundList as unknown as JsonValue) !== canonicalJson(expectedList as unknown as JsonValue)
  ) {
    return ['the parameters stand in another order'];
  }
  return differences;
}

const entries = (list: readonly ParameterContent[]) => list.map((parameter) => [parameter.name, parameter] as const);

function parameterDifferences(found: ParameterContent, expected: ParameterContent): string[] {
  return fieldDifferences(
    found as unknown as JsonValue,
    expected as unknown as JsonValue,
    `the parameter ${found.name}: `,
  );
}

/** Every field in which two values differ, by its path. */
function fieldDifferences(found: JsonValue | undefined, expected: JsonValue | undefined, path: string): string[] {
  if (isRecord(found) && isRecord(expected)) {
    const names = [...new Set([...Object.keys(expected), ...Object.keys(found)])];
    const within = path === '' || path.endsWith(' ') ? path : `${path}.`;
    return names.flatMap((name) => fieldDifferences(found[name], expected[name], `${within}${name}`));
  }
  const [a, b] = [shown(found), shown(expected)];
  return a === b ? [] : [`${path} is ${a}, expected ${b}`];
}

const shown = (value: JsonValue | undefined) => (value === undefined ? 'absent' : canonicalJson(value));

/** Objects, and lists of objects by their places; other lists are compared as a whole. */
function isRecord(value: JsonValue | undefined): value is { readonly [name: string]: JsonValue } {
  if (Array.isArray(value)) return value.every((item) => typeof item === 'object' && item !== null);
  return typeof value === 'object' && value !== null;
}
