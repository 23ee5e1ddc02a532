import { canonicalJson, GroundworkError } from '../core/index.ts';
import { writeDurably } from '../core/node.ts';
import { hashProgram } from '../tensor/index.ts';
import { type Plan, planSchema } from './plan.ts';
import { loadNewestCheckpoint } from './run/checkpoint.ts';
import { setAsideRejected, sweepUnfinished } from './run/checkpoint-publication.ts';
import type { RunEvent } from './run/events.ts';
import { problemText } from './run/problem.ts';
import { foreignProblems, withEarlierFingerprints } from './run/run-fingerprints.ts';
import { openRun, type Run } from './run/run-folder.ts';
import { lockRun, type RunLock } from './run/run-lock.ts';
import type { RunManifest } from './run/run-manifest.ts';
import {
  describeRunRecipe,
  type RunChange,
  recipeContentFile,
  runChanges,
  runTokenizerFile,
} from './run-differences.ts';
import type { Override, ResumeRunOptions, RunResult } from './run-options.ts';
import { type Beginning, carryOut, type RunParts, requireMemory, runParts } from './run-session.ts';
import { firstTrainingState, parseTrainingState } from './training-state.ts';

/**
 * Goes on with a run from its newest sound checkpoint, as if it had never stopped: the same losses and the same weights, to the
 * bit, on the same engine.
 *
 * @throws `usage` for a run that is finished; `run-mismatch` where recipe, tokenizer, datasets, mixture or seed are not those with
 *   which it began, each named; `locked`; `invalid-checkpoint` where there are checkpoints and none is sound; what `startRun` throws
 */
export async function resumeRun(options: ResumeRunOptions): Promise<RunResult> {
  const { fs, folder, recipe, datasets } = options;
  // Before the lock, which needs a folder to lie in.
  openRun(fs, folder);
  const lock = lockRun(folder);
  try {
    const run = openRun(fs, folder);
    refuseFinished(run);
    const plan = planOf(run);
    requireMemory(fs, plan);
    const seed = options.seed ?? run.manifest.seed;
    const parts = await runParts(recipe, datasets, plan, seed);
    const changes = runChanges(fs, folder, run.manifest, { recipe, datasets, plan, parts, seed });
    refuseChanges(folder, changes, options.allow ?? []);
    sweepUnfinished(fs, lock);
    if (changes.length > 0) recordChanges(run, options, parts, plan, seed);
    keepTokenizer(options);
    const beginning = beginningOf(run, lock, options, changes);
    return await carryOut(run, parts, plan, datasets, beginning, options);
  } finally {
    lock.release();
  }
}

function refuseFinished({ folder, manifest: { status, result } }: Run): void {
  if (status !== 'finished') return;
  const reached = result?.bitsPerByte == null ? '' : ` and reached ${result.bitsPerByte.toFixed(4)} bits per byte`;
  throw new GroundworkError('usage', `${folder} is finished: it took ${result?.step ?? 0} steps${reached}`, {
    hint: 'Begin a new run with a larger budget, or look at this one with `groundwork runs show`.',
  });
}

function planOf({ folder, manifest }: Run): Plan {
  const parsed = planSchema.safeParse(manifest.plan);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new GroundworkError(
    'invalid-run',
    `the plan of ${folder} cannot be read: ${issue?.path.join('.')}: ${issue?.message}`,
    {
      hint: 'It was written by another version of Groundwork: go on with that version.',
    },
  );
}

function refuseChanges(folder: string, changes: readonly RunChange[], allow: readonly Override[]): void {
  const refused = changes.filter(({ item }) => !allow.includes(item));
  if (refused.length === 0) return;
  const items = [...new Set(refused.map(({ item }) => item))];
  throw new GroundworkError(
    'run-mismatch',
    `${folder} began otherwise: ${refused.map(({ item, message }) => `${item}: ${message}`).join('; ')}`,
    {
      hint: `Go on with what it began with, or begin a new run. To go on all the same: ${items.map((item) => `--allow ${item}`).join(' ')}.`,
    },
  );
}

/** From here on the run is what it was resumed with, so that the next resume need not be told again. */
function recordChanges(
  run: Run,
  { fs, folder, recipe, datasets }: ResumeRunOptions,
  parts: RunParts,
  plan: Plan,
  seed: number,
): void {
  const { optimizer, program } = parts.prepared;
  const { sha256, content, json } = describeRunRecipe(recipe.recipe, plan);
  writeDurably(fs, `${folder}/${recipeContentFile}`, [new TextEncoder().encode(`${json}\n`)]);
  const next: RunManifest = {
    ...run.manifest,
    recipe: { ...run.manifest.recipe, name: recipe.recipe.name, options: { ...recipe.options }, sha256 },
    optimizer,
    programHash: hashProgram(program),
    modelHash: content.modelHash,
    datasets: datasets.map(({ dataset, weight }) => ({
      folder: dataset.folder,
      name: dataset.manifest.name,
      fingerprint: dataset.manifest.fingerprint,
      weight,
    })),
    tokenizerFingerprint: parts.tokenizer.fingerprint,
    batchesFingerprint: parts.batches.fingerprint,
    seed,
  };
  run.update(withEarlierFingerprints(next, run.manifest));
}

/** A run that was killed in its first moments has no tokenizer yet; one that was resumed with another has a new one. */
function keepTokenizer({ fs, folder, datasets }: ResumeRunOptions): void {
  const path = `${folder}/${runTokenizerFile}`;
  const bytes = new TextEncoder().encode(datasets[0]?.dataset.tokenizer() ?? '');
  if (!fs.exists(path) || Buffer.compare(fs.readFile(path), bytes) !== 0) writeDurably(fs, path, [bytes]);
}

/** The newest sound checkpoint, and what the log must say about how it was found. */
function beginningOf(
  run: Run,
  lock: RunLock,
  { fs, folder, engineFacts }: ResumeRunOptions,
  changes: readonly RunChange[],
): Beginning {
  const { checkpoint, contents, rejected } = loadNewestCheckpoint(fs, folder, (one) =>
    foreignProblems(run.manifest, one),
  );
  const setAside = setAsideRejected(
    fs,
    lock,
    rejected.map((one) => one.step),
  );
  const step = checkpoint?.step ?? 0;
  const warning = (message: string): RunEvent => ({ type: 'warning', step, message });
  const before = run.manifest.engine;
  const isOtherEngine = canonicalJson(before) !== canonicalJson(engineFacts);
  return {
    step,
    training:
      contents === undefined
        ? firstTrainingState
        : parseTrainingState(contents.training, `${folder}/${checkpoint?.folder}`),
    tensors: contents,
    events: [
      { type: 'resumed', step },
      ...rejected.map((one, i) =>
        warning(
          `the checkpoint of step ${one.step} cannot be used, so the run goes on from step ${step}, and it was set aside as ` +
            `${setAside[i]}: ${one.problems.map(problemText).join('; ')}`,
        ),
      ),
      ...changes.map(({ item, message }) => warning(`goes on with another ${item}, as allowed: ${message}`)),
      ...(isOtherEngine
        ? [
            warning(
              'the engine, its version or its number of threads is another than before: losses may differ in their last digits',
            ),
          ]
        : []),
    ],
  };
}
