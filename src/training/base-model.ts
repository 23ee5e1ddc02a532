import { type FileSystem, GroundworkError } from '../core/index.ts';
import { resolveInside } from '../core/node.ts';
import type { Model } from '../model/index.ts';
import { type Recipe, type RecipeSize, recipeNamed } from '../recipe/index.ts';
import { loadRecipe } from '../recipe/node.ts';
import { parseTokenizer, type Tokenizer } from '../tokenizer/index.ts';
import { loadCheckpointParameters } from './run/checkpoint.ts';
import { problemText } from './run/problem.ts';
import { openRun } from './run/run-folder.ts';
import { type RunManifest, runTokenizerFile } from './run/run-manifest.ts';

/** A model that a run trained, with all that is needed to use it. */
export interface BaseModel {
  readonly recipe: Recipe;
  readonly size: RecipeSize;
  readonly model: Model;
  /** By name, in the order of the model's parameters. */
  readonly parameters: ReadonlyMap<string, Float32Array>;
  readonly tokenizer: Tokenizer;
  readonly manifest: RunManifest;
  /** Of the checkpoint. */
  readonly step: number;
  /** What was wrong with later checkpoints, a sentence each. */
  readonly warnings: readonly string[];
}

export interface BaseModelOptions {
  /** Of the checkpoint; default: the newest that is sound. */
  readonly step?: number;
  /** Default: the recipe that the run names. */
  readonly recipe?: Recipe;
}

/**
 * Loads what a run trained. The run may still be at work.
 *
 * @throws `file-not-found`, `invalid-run`, `invalid-checkpoint`; `run-mismatch` where the recipe is not the run's any more
 */
export async function loadBaseModel(
  fs: FileSystem,
  runFolder: string,
  options: BaseModelOptions = {},
): Promise<BaseModel> {
  const { manifest } = openRun(fs, runFolder);
  const recipe = options.recipe ?? (await recipeOfRun(manifest, runFolder));
  const { step, parameters: arrays, rejected } = loadCheckpointParameters(fs, runFolder, options.step);
  const model = recipe.model(manifest.size);
  const parameters = new Map<string, Float32Array>();
  for (const [name, { shape }] of Object.entries(model.parameters)) {
    const array = arrays.get(name);
    if (array === undefined || array.shape.join() !== shape.join()) {
      throw new GroundworkError(
        'run-mismatch',
        `recipe: ${recipe.name} has a parameter ${name} [${shape}], which the checkpoint of step ${step} ` +
          `${array === undefined ? 'lacks' : `holds as [${array.shape}]`}`,
        { hint: 'Use the recipe as it was when the run began.' },
      );
    }
    parameters.set(name, array.data);
  }
  return {
    recipe,
    size: manifest.size,
    model,
    parameters,
    tokenizer: parseTokenizer(new TextDecoder().decode(fs.readFile(`${runFolder}/${runTokenizerFile}`))),
    manifest,
    step,
    warnings: rejected.map(
      (one) => `the checkpoint of step ${one.step} is broken: ${one.problems.map(problemText).join('; ')}`,
    ),
  };
}

/** The recipe that a run was made with, from where its manifest says. */
export async function recipeOfRun({ recipe }: RunManifest, runFolder: string): Promise<Recipe> {
  if (recipe.file === null) return recipeNamed(recipe.name);
  return loadRecipe(resolveInside(runFolder, recipe.file));
}
