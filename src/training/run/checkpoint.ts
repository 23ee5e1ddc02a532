import { type FileSystem, GroundworkError, type JsonValue } from '../../core/index.ts';
import {
  type Checkpoint,
  type CheckpointFile,
  type CheckpointFingerprints,
  checkpointSteps,
  hashOfFile,
  readCheckpointManifest,
  sizeProblems,
} from './checkpoint-manifest.ts';
import { problemText, type RunProblem, shown } from './problem.ts';
import { openSafetensors, readArrays, type TensorArray, type TensorArrays } from './safetensors.ts';
import { FormatFault } from './safetensors-header.ts';
import { readJson } from './signed-json.ts';

/** Everything that a run needs to go on after a step. */
export interface CheckpointContents {
  /** Steps done. */
  readonly step: number;
  readonly parameters: TensorArrays;
  readonly optimizer: TensorArrays;
  /** The loop's own counters. */
  readonly training: JsonValue;
  readonly fingerprints: CheckpointFingerprints;
}

/** A checkpoint that cannot be used, and all that is wrong with it. */
export interface RejectedCheckpoint {
  readonly step: number;
  readonly problems: readonly RunProblem[];
}

export interface NewestCheckpoint {
  /** undefined: the run has none. */
  readonly checkpoint: Checkpoint | undefined;
  /** Those of later steps, the latest first: what a person must be told. */
  readonly rejected: readonly RejectedCheckpoint[];
}

/**
 * The checkpoint from which a run goes on: of those that verify (every size, every SHA-256), the one of the highest step.
 * Times of files play no part.
 *
 * @throws `invalid-checkpoint` where there are checkpoints and none verifies: a run never begins anew by itself
 */
export function newestCheckpoint(fs: FileSystem, runFolder: string): NewestCheckpoint {
  const rejected: RejectedCheckpoint[] = [];
  for (const step of checkpointSteps(fs, runFolder).reverse()) {
    const { checkpoint, problems } = inspect(fs, runFolder, step);
    if (checkpoint !== undefined && problems.length === 0) return { checkpoint, rejected };
    rejected.push({ step, problems });
  }
  if (rejected.length === 0) return { checkpoint: undefined, rejected };
  throw invalidCheckpoint(
    runFolder,
    rejected.flatMap(({ problems }) => problems),
  );
}

/** Checks the checkpoint of a step and lists everything that is wrong with it; an empty list where it is sound. */
export function verifyCheckpoint(fs: FileSystem, runFolder: string, step: number): RunProblem[] {
  return inspect(fs, runFolder, step).problems;
}

/**
 * Reads all of a checkpoint. What is read is hashed once more, so that nothing passes that changed since it was verified.
 *
 * @returns its contents, tensors in the order in which they lie in their files
 * @throws `invalid-checkpoint`
 */
export function readCheckpoint(fs: FileSystem, runFolder: string, step: number): CheckpointContents {
  const { checkpoint, problems } = inspect(fs, runFolder, step);
  if (checkpoint === undefined || problems.length > 0) throw invalidCheckpoint(runFolder, problems);
  const training = readJson(fs, runFolder, `${checkpoint.folder}/training.json`);
  if ('problem' in training) throw invalidCheckpoint(runFolder, [training.problem]);
  return {
    step,
    parameters: arraysOf(fs, runFolder, checkpoint, 'model.safetensors'),
    optimizer: arraysOf(fs, runFolder, checkpoint, 'optimizer.safetensors'),
    training: training.value,
    fingerprints: checkpoint.manifest.fingerprints,
  };
}

/**
 * The parameters of a run: those of its newest sound checkpoint, or of the step that is asked for.
 *
 * @throws `invalid-checkpoint` where there is none, or it is not sound
 */
export function loadCheckpointParameters(
  fs: FileSystem,
  runFolder: string,
  step?: number,
): {
  readonly step: number;
  readonly parameters: Map<string, TensorArray>;
  readonly rejected: readonly RejectedCheckpoint[];
} {
  if (step !== undefined) {
    const { checkpoint, problems } = inspect(fs, runFolder, step);
    if (checkpoint === undefined || problems.length > 0) throw noCheckpoint(fs, runFolder, step, problems);
    return { step, parameters: arraysOf(fs, runFolder, checkpoint, 'model.safetensors'), rejected: [] };
  }
  const { checkpoint, rejected } = newestCheckpoint(fs, runFolder);
  if (checkpoint === undefined) throw noCheckpoint(fs, runFolder, undefined, []);
  return { step: checkpoint.step, parameters: arraysOf(fs, runFolder, checkpoint, 'model.safetensors'), rejected };
}

function inspect(
  fs: FileSystem,
  runFolder: string,
  step: number,
): { readonly checkpoint?: Checkpoint; readonly problems: RunProblem[] } {
  const read = readCheckpointManifest(fs, runFolder, step);
  if ('problem' in read) return { problems: [read.problem] };
  const checkpoint = read.value;
  const problems = sizeProblems(fs, runFolder, checkpoint);
  const unsound = new Set(problems.map(({ file }) => file));
  for (const { path, sha256 } of checkpoint.manifest.files) {
    const file = `${checkpoint.folder}/${path}`;
    if (unsound.has(file)) continue;
    const found = hashOfFile(fs, `${runFolder}/${file}`);
    const problem =
      found === sha256
        ? formatProblem(fs, runFolder, file)
        : { file, expected: `SHA-256 ${sha256}`, found: `SHA-256 ${found}` };
    if (problem !== undefined) problems.push(problem);
  }
  return { checkpoint, problems };
}

/** What is wrong with a file that is what its manifest says: whoever wrote both may have meant harm. */
function formatProblem(fs: FileSystem, runFolder: string, file: string): RunProblem | undefined {
  if (file.endsWith('.json')) {
    const read = readJson(fs, runFolder, file);
    return 'problem' in read ? read.problem : undefined;
  }
  try {
    const { tensors, close } = openSafetensors(fs, `${runFolder}/${file}`);
    close();
    const other = [...tensors].find(([, { dtype }]) => dtype !== 'F32');
    return other && { file, expected: 'tensors in F32', found: `${shown(other[0])} in ${other[1].dtype}` };
  } catch (error) {
    if (!(error instanceof FormatFault)) throw error;
    return { file, expected: 'the safetensors format', found: error.message };
  }
}

function arraysOf(
  fs: FileSystem,
  runFolder: string,
  { folder, manifest }: Checkpoint,
  path: CheckpointFile['path'],
): Map<string, TensorArray> {
  const file = `${folder}/${path}`;
  const expected = `SHA-256 ${manifest.files.find((entry) => entry.path === path)?.sha256}`;
  try {
    const { arrays, sha256 } = readArrays(fs, `${runFolder}/${file}`);
    const found = `SHA-256 ${sha256}`;
    if (found !== expected) throw invalidCheckpoint(runFolder, [{ file, expected, found }]);
    return arrays;
  } catch (error) {
    if (!(error instanceof FormatFault)) throw error;
    throw invalidCheckpoint(runFolder, [{ file, expected, found: error.message }]);
  }
}

function invalidCheckpoint(runFolder: string, problems: readonly RunProblem[]): GroundworkError {
  return new GroundworkError(
    'invalid-checkpoint',
    `${runFolder} has no checkpoint that can be trusted: ${problems.map(problemText).join('; ')}`,
    { hint: 'Copy the checkpoint again from where it is sound, or begin a new run.' },
  );
}

function noCheckpoint(
  fs: FileSystem,
  runFolder: string,
  step: number | undefined,
  problems: readonly RunProblem[],
): GroundworkError {
  const steps = checkpointSteps(fs, runFolder);
  if (step !== undefined && steps.includes(step)) return invalidCheckpoint(runFolder, problems);
  const wanted = step === undefined ? 'no checkpoint yet' : `no checkpoint of step ${step}`;
  return new GroundworkError('invalid-checkpoint', `${runFolder} has ${wanted}`, {
    hint:
      steps.length === 0 ? 'Let the run go on until it has saved one.' : `It has those of steps ${steps.join(', ')}.`,
  });
}
