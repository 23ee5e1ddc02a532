import { resolve } from 'node:path';
import { canonicalJson, GroundworkError, systemClock } from '../core/index.ts';
import { nodeAt } from '../tensor/index.ts';
import { memoryMeter } from './forecast/memory-meter.ts';
import { changedWarning } from './forecast/run-outcome.ts';
import type { Plan } from './plan.ts';
import type { PreparedStep } from './prepared-step.ts';
import { recipeFiles } from './recipe-files.ts';
import { reopenRun } from './reopened-run.ts';
import { type LoadedCheckpoint, loadNewestCheckpoint } from './run/checkpoint.ts';
import { setAsideRejected, sweepUnfinished } from './run/checkpoint-publication.ts';
import type { RunEvent } from './run/events.ts';
import { problemText } from './run/problem.ts';
import { foreignProblems, withEarlierFingerprints } from './run/run-fingerprints.ts';
import { openRun, type Run } from './run/run-folder.ts';
import { lockRun, type RunLock } from './run/run-lock.ts';
import type { RunManifest } from './run/run-manifest.ts';
import type { RunChange } from './run-differences.ts';
import type { ResumeRunOptions, RunResult } from './run-options.ts';
import { type RecordedRun, recordedFields } from './run-records.ts';
import { type Beginning, carryOut, requireMemory } from './run-session.ts';
import { firstTrainingState, parseTrainingState } from './training-state.ts';

/**
 * Goes on with a run from its newest sound checkpoint, as if it had never stopped: the same losses and the same weights, to the
 * bit, on the same engine.
 *
 * @throws `usage` for a run that is finished; `run-mismatch` where recipe, tokenizer, datasets, mixture or seed are not those with
 *   which it began, each named, or where what is allowed does not fit its checkpoint; `locked`; `invalid-checkpoint` where there
 *   are checkpoints and none is sound; what `startRun` throws
 */
export async function resumeRun(options: ResumeRunOptions): Promise<RunResult> {
  const { fs, folder, recipe, clock = systemClock, meter = memoryMeter() } = options;
  const startMs = clock.monotonicMs();
  // Before the lock, which needs a folder to lie in.
  openRun(fs, folder);
  const lock = lockRun(folder);
  try {
    const onPlan = (plan: Plan) => requireMemory(fs, plan, options.memory);
    const { run, plan, parts, datasets, seed, changes } = await reopenRun({ ...options, onPlan });
    const keepsRecipe = !changes.some(({ item }) => item === 'recipe') || isOwnFile(run, recipe.file);
    const files = keepsRecipe ? undefined : await recipeFiles(fs, recipe, plan);
    const loaded = loadNewestCheckpoint(fs, folder, (one) => foreignProblems(run.manifest, one));
    requireFit(folder, parts.prepared, loaded);
    sweepUnfinished(fs, lock);
    const recorded: RecordedRun = { recipe, datasets, plan, parts, seed, files };
    const manifest = manifestAfter(run, recorded, changes, keepsRecipe, options);
    const beginning = beginningOf(run, lock, options, changes, loaded);
    return await carryOut(run, recorded, { ...beginning, manifest, startMs }, { ...options, meter });
  } finally {
    lock.release();
  }
}

const isOwnFile = ({ folder, manifest }: Run, file: string | null): boolean =>
  file !== null && manifest.recipe.file !== null && resolve(file) === resolve(folder, manifest.recipe.file);

/** Refuses a checkpoint whose tensors are not those of the training step: what was allowed may be another model altogether. */
function requireFit(folder: string, { program }: PreparedStep, { checkpoint, contents }: LoadedCheckpoint): void {
  if (contents === undefined) return;
  const found = new Map(
    [...contents.parameters, ...contents.optimizer].map(([name, { shape }]) => [name, shape.join()]),
  );
  const faults: string[] = [];
  for (const [name, { node }] of Object.entries(program.state)) {
    const [shape, expected] = [found.get(name), nodeAt(program, node).shape.join()];
    if (shape === undefined) faults.push(`it lacks ${name}`);
    else if (shape !== expected) faults.push(`${name} is [${shape}], expected [${expected}]`);
    found.delete(name);
  }
  for (const name of found.keys()) faults.push(`it holds ${name}, which the training step has no use for`);
  if (faults.length === 0) return;
  const others = faults.length > 3 ? ` and ${faults.length - 3} more` : '';
  throw new GroundworkError(
    'run-mismatch',
    `recipe: the checkpoint of step ${checkpoint?.step} of ${folder} does not fit it: ${faults.slice(0, 3).join('; ')}${others}`,
    { hint: 'Go on with the recipe that the run began with, or begin a new run. The run is as it was.' },
  );
}

/** What the run is from here on, so that the next resume need not be told again. */
function manifestAfter(
  { manifest }: Run,
  recorded: RecordedRun,
  changes: readonly RunChange[],
  keepsRecipe: boolean,
  { engineFacts }: ResumeRunOptions,
): RunManifest {
  const next = { ...manifest, engine: engineFacts };
  if (changes.length === 0) return next;
  const fields = recordedFields(recorded);
  const file = keepsRecipe ? manifest.recipe.file : fields.recipe.file;
  return withEarlierFingerprints({ ...next, ...fields, recipe: { ...fields.recipe, file } }, manifest);
}

/** `run.json` names only the engine that a run is on; the events say which it was on before. */
function engineWarning(before: RunManifest['engine'], now: RunManifest['engine']): string {
  const what =
    before.name === now.name
      ? 'the version of the engine, its device or its number of threads is another than before'
      : `the run goes on with the engine ${now.name} in place of ${before.name}`;
  return `${what}: losses may differ in their last digits`;
}

/** Where the run goes on, and what the log must say about how that was found. */
function beginningOf(
  run: Run,
  lock: RunLock,
  { fs, folder, engineFacts }: ResumeRunOptions,
  changes: readonly RunChange[],
  { checkpoint, contents, rejected }: LoadedCheckpoint,
): Omit<Beginning, 'manifest' | 'startMs'> {
  const training =
    contents === undefined
      ? firstTrainingState
      : parseTrainingState(contents.training, `${folder}/${checkpoint?.folder}`);
  const setAside = setAsideRejected(
    fs,
    lock,
    rejected.map((one) => one.step),
  );
  const step = checkpoint?.step ?? 0;
  const { engine, failure } = run.manifest;
  const warnings = [
    ...rejected.map(
      (one, i) =>
        `the checkpoint of step ${one.step} cannot be used, so the run goes on from step ${step}, and it was set aside as ` +
        `${setAside[i]}: ${one.problems.map(problemText).join('; ')}`,
    ),
    ...changes.map(({ item, message }) => `${changedWarning}${item}, as allowed: ${message}`),
    ...(failure?.code === 'diverged'
      ? [`goes on although it stopped by itself, and may stop again for the same reason: ${failure.message}`]
      : []),
    ...(canonicalJson(engine) === canonicalJson(engineFacts) ? [] : [engineWarning(engine, engineFacts)]),
  ];
  return {
    isNew: false,
    step,
    training,
    tensors: contents,
    events: [{ type: 'resumed', step }, ...warnings.map((message): RunEvent => ({ type: 'warning', step, message }))],
  };
}
