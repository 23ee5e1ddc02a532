import type { FileSystem } from '../core/index.ts';
import { writeDurably } from '../core/node.ts';
import { hashProgram } from '../tensor/index.ts';
import { type RecipeFiles, writeRecipeFiles } from './recipe-files.ts';
import { type RunManifest, recipeContentFile, runTokenizerFile } from './run/run-manifest.ts';
import { describeRunRecipe, type ResumedParts } from './run-differences.ts';

/** A run as it begins, or as it goes on. */
export interface RecordedRun extends ResumedParts {
  /** The files of the recipe; undefined where it ships with Groundwork, or lies in the run already. */
  readonly files: RecipeFiles | undefined;
}

/** What `run.json` says of what is trained, on what and in what order. */
export function recordedFields({ recipe, datasets, plan, parts, seed, files }: RecordedRun) {
  const { optimizer, program } = parts.prepared;
  const { sha256, content } = describeRunRecipe(recipe.recipe, plan);
  return {
    recipe: { name: recipe.recipe.name, file: files?.file ?? null, options: {}, sha256 },
    programHash: hashProgram(program),
    modelHash: content.modelHash,
    datasets: datasets.map(({ dataset, weight }) => ({
      folder: dataset.folder,
      name: dataset.manifest.name,
      fingerprint: dataset.manifest.fingerprint,
      weight,
    })),
    batchesFingerprint: parts.batches.fingerprint,
    tokenizerFingerprint: parts.tokenizer.fingerprint,
    seed,
    optimizer,
  } satisfies Partial<RunManifest>;
}

/** Writes what a run keeps beside `run.json`: tokenizer, recipe as canonical JSON, files of the recipe. What is there already stays. */
export function writeRecords(fs: FileSystem, folder: string, { recipe, datasets, plan, files }: RecordedRun): void {
  const write = (name: string, text: string): void => {
    const path = `${folder}/${name}`;
    const bytes = new TextEncoder().encode(text);
    if (!fs.exists(path) || Buffer.compare(fs.readFile(path), bytes) !== 0) writeDurably(fs, path, [bytes]);
  };
  write(runTokenizerFile, datasets[0]?.dataset.tokenizer() ?? '');
  write(recipeContentFile, `${describeRunRecipe(recipe.recipe, plan).json}\n`);
  if (files !== undefined) writeRecipeFiles(fs, folder, files);
}
