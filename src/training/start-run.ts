import { basename, extname, resolve } from 'node:path';
import { assert, present } from '../core/index.ts';
import { writeDurably } from '../core/node.ts';
import { hashProgram } from '../tensor/index.ts';
import { createRun } from './run/run-folder.ts';
import type { RunManifest } from './run/run-manifest.ts';
import { describeRunRecipe, recipeContentFile, runTokenizerFile } from './run-differences.ts';
import type { RunResult, StartRunOptions } from './run-options.ts';
import { carryOut, type RunParts, requireMemory, runParts } from './run-session.ts';
import { firstTrainingState } from './training-state.ts';

/**
 * Begins a run and carries it to its end: makes its folder, trains by the plan, evaluates, samples and saves.
 *
 * @throws `file-access` where the folder is taken; `out-of-memory`, before anything is allocated; `interrupted` when the signal aborts
 *   (the run is saved then, and `resumeRun` goes on with it); `diverged`; what engine and file system throw
 */
export async function startRun(options: StartRunOptions): Promise<RunResult> {
  const { fs, folder, datasets, plan, recipe, seed } = options;
  requireMemory(fs, plan);
  const parts = await runParts(recipe, datasets, plan, seed);
  const recipeFile = recipe.file === null ? null : `recipe${extname(recipe.file)}`;
  const { run, lock } = createRun(fs, folder, manifestOf(options, parts, recipeFile));
  try {
    const text = present(datasets[0], 'a dataset').dataset.tokenizer();
    writeDurably(fs, `${folder}/${runTokenizerFile}`, [new TextEncoder().encode(text)]);
    const description = describeRunRecipe(recipe.recipe, plan).json;
    writeDurably(fs, `${folder}/${recipeContentFile}`, [new TextEncoder().encode(`${description}\n`)]);
    if (recipe.file !== null) writeDurably(fs, `${folder}/${recipeFile}`, [fs.readFile(recipe.file)]);
    const beginning = {
      step: 0,
      training: firstTrainingState,
      tensors: undefined,
      events: [
        { type: 'started' },
        ...plan.warnings.map((message) => ({ type: 'warning', step: 0, message }) as const),
      ],
    } as const;
    return await carryOut(run, parts, plan, datasets, beginning, options);
  } finally {
    lock.release();
  }
}

function manifestOf(options: StartRunOptions, parts: RunParts, recipeFile: string | null): RunManifest {
  const { folder, datasets, plan, recipe, seed, command, engineFacts, environment, now = () => new Date() } = options;
  const { optimizer, program } = parts.prepared;
  const { batchSize, microBatchSize, contextLength, packing, documentMask } = plan.batch;
  const { sha256, content } = describeRunRecipe(recipe.recipe, plan);
  assert(Number.isSafeInteger(seed), `the seed is ${seed}`);
  return {
    format: 'groundwork-run',
    version: 1,
    name: basename(resolve(folder)),
    createdAt: now().toISOString(),
    recipe: { name: recipe.recipe.name, file: recipeFile, options: { ...recipe.options }, sha256 },
    size: { ...plan.size },
    programHash: hashProgram(program),
    modelHash: content.modelHash,
    batch: { batchSize, microBatchSize, contextLength, packing, documentMask },
    datasets: datasets.map(({ dataset, weight }) => ({
      folder: dataset.folder,
      name: dataset.manifest.name,
      fingerprint: dataset.manifest.fingerprint,
      weight,
    })),
    batchesFingerprint: parts.batches.fingerprint,
    tokenizerFingerprint: parts.tokenizer.fingerprint,
    seed,
    numSteps: plan.numSteps,
    schedule: plan.schedule,
    optimizer,
    engine: engineFacts,
    environment,
    plan: { ...plan },
    command: [...command],
    status: 'running',
    failure: null,
    result: null,
  };
}
