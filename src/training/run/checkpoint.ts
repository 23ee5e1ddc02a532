import { type FileSystem, GroundworkError, type JsonValue, present } from '../../core/index.ts';
import {
  type Checkpoint,
  type CheckpointFile,
  type CheckpointFingerprints,
  checkpointSteps,
  hashOfFile,
  readCheckpointManifest,
  sizeProblems,
  strayProblems,
} from './checkpoint-manifest.ts';
import { problemsOfReading, problemText, type RunProblem, shown } from './problem.ts';
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

/** The newest checkpoint that can be used, read. */
export interface LoadedCheckpoint extends NewestCheckpoint {
  /** undefined: the run has no checkpoint. */
  readonly contents: CheckpointContents | undefined;
}

/**
 * The newest checkpoint that verifies (every size, every SHA-256): the one of the highest step. Times of files play no part.
 *
 * @throws `invalid-checkpoint` where there are checkpoints and none verifies: a run never begins anew by itself
 */
export function newestCheckpoint(fs: FileSystem, runFolder: string): NewestCheckpoint {
  const { found, rejected } = newestOf(fs, runFolder, (step) => {
    const read = sizedCheckpoint(fs, runFolder, step);
    if (read.value === undefined) return read;
    const problems = contentProblems(fs, runFolder, read.value);
    return problems.length > 0 ? { problems } : read;
  });
  return { checkpoint: found, rejected };
}

/**
 * Reads the checkpoint from which a run goes on: of those that belong to it and are what their manifests say, the one of the
 * highest step. Each file is read once; what is checked is what was read.
 *
 * @param foreign what is wrong with whom a checkpoint belongs to
 * @throws `invalid-checkpoint` where there are checkpoints and none can be used: a run never begins anew by itself
 */
export function loadNewestCheckpoint(
  fs: FileSystem,
  runFolder: string,
  foreign: (checkpoint: Checkpoint) => readonly RunProblem[] = () => [],
): LoadedCheckpoint {
  const { found, rejected } = newestOf(fs, runFolder, (step) => {
    const read = sizedCheckpoint(fs, runFolder, step);
    if (read.value === undefined) return read;
    const checkpoint = read.value;
    const problems = foreign(checkpoint);
    if (problems.length > 0) return { problems };
    const contents = contentsOf(fs, runFolder, checkpoint);
    return contents.value === undefined ? contents : { value: { checkpoint, contents: contents.value } };
  });
  return { checkpoint: found?.checkpoint, contents: found?.contents, rejected };
}

/** Checks the checkpoint of a step and lists everything that is wrong with it; an empty list where it is sound. */
export function verifyCheckpoint(fs: FileSystem, runFolder: string, step: number): readonly RunProblem[] {
  const manifest = readCheckpointManifest(fs, runFolder, step);
  if ('problem' in manifest) return [manifest.problem];
  const checkpoint = manifest.value;
  const problems = sizeProblems(fs, runFolder, checkpoint);
  const unsound = new Set(problems.map(({ file }) => file));
  return [
    ...problems,
    ...contentProblems(fs, runFolder, checkpoint, unsound),
    ...strayProblems(fs, runFolder, checkpoint.folder),
  ];
}

/**
 * Reads all of a checkpoint. What is read is hashed, so that nothing passes that is not what the manifest says.
 *
 * @returns its contents, tensors in the order in which they lie in their files
 * @throws `invalid-checkpoint`
 */
export function readCheckpoint(fs: FileSystem, runFolder: string, step: number): CheckpointContents {
  const read = sizedCheckpoint(fs, runFolder, step);
  const contents = read.value === undefined ? read : contentsOf(fs, runFolder, read.value);
  if (contents.value === undefined) throw invalidCheckpoint(runFolder, contents.problems);
  return contents.value;
}

/**
 * The parameters of a run: those of its newest checkpoint whose parameters are sound, or of the step that is asked for. The
 * state of the optimizer is not read.
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
  const parametersOf = (step: number): Attempt<{ step: number; parameters: Map<string, TensorArray> }> => {
    const read = sizedCheckpoint(fs, runFolder, step);
    if (read.value === undefined) return read;
    const arrays = arraysOf(fs, runFolder, read.value, 'model.safetensors');
    return arrays.value === undefined ? arrays : { value: { step, parameters: arrays.value } };
  };
  if (step !== undefined) {
    const { value, problems } = parametersOf(step);
    if (value === undefined) throw noCheckpoint(fs, runFolder, step, problems);
    return { ...value, rejected: [] };
  }
  const { found, rejected } = newestOf(fs, runFolder, parametersOf);
  if (found === undefined) throw noCheckpoint(fs, runFolder, undefined, []);
  return { ...found, rejected };
}

/** What an attempt to read gave, or what kept it from giving anything. */
type Attempt<T> =
  | { readonly value: T; readonly problems?: undefined }
  | { readonly value?: undefined; readonly problems: readonly RunProblem[] };

/** The first attempt that succeeds, from the latest step back. */
function newestOf<T>(
  fs: FileSystem,
  runFolder: string,
  attempt: (step: number) => Attempt<T>,
): { readonly found: T | undefined; readonly rejected: readonly RejectedCheckpoint[] } {
  const rejected: RejectedCheckpoint[] = [];
  for (const step of checkpointSteps(fs, runFolder).reverse()) {
    const { value, problems } = attempt(step);
    if (problems === undefined) return { found: value, rejected };
    rejected.push({ step, problems });
  }
  if (rejected.length === 0) return { found: undefined, rejected };
  throw invalidCheckpoint(
    runFolder,
    rejected.flatMap(({ problems }) => problems),
  );
}

/** The manifest of a step's checkpoint, where all its files are there in their sizes. */
function sizedCheckpoint(fs: FileSystem, runFolder: string, step: number): Attempt<Checkpoint> {
  const read = readCheckpointManifest(fs, runFolder, step);
  if ('problem' in read) return { problems: [read.problem] };
  const problems = sizeProblems(fs, runFolder, read.value);
  return problems.length > 0 ? { problems } : { value: read.value };
}

function contentsOf(fs: FileSystem, runFolder: string, checkpoint: Checkpoint): Attempt<CheckpointContents> {
  const training = trainingOf(fs, runFolder, checkpoint);
  const parameters = arraysOf(fs, runFolder, checkpoint, 'model.safetensors');
  const optimizer = arraysOf(fs, runFolder, checkpoint, 'optimizer.safetensors');
  if (training.value === undefined || parameters.value === undefined || optimizer.value === undefined) {
    return { problems: [training, parameters, optimizer].flatMap(({ problems }) => problems ?? []) };
  }
  const { step, manifest } = checkpoint;
  return {
    value: {
      step,
      parameters: parameters.value,
      optimizer: optimizer.value,
      training: training.value.value,
      fingerprints: manifest.fingerprints,
    },
  };
}

/** The loop's counters; in an object, since they may be null. */
function trainingOf(fs: FileSystem, runFolder: string, checkpoint: Checkpoint): Attempt<{ readonly value: JsonValue }> {
  const file = `${checkpoint.folder}/training.json`;
  const read = readJson(fs, runFolder, file);
  const expected = hashInManifest(checkpoint, 'training.json');
  // A file that was changed is told as changed, whatever else is wrong with it now.
  const problem =
    'problem' in read ? hashProblem(fs, runFolder, file, expected) : differenceOfHashes(file, expected, read.sha256);
  if (problem !== undefined) return { problems: [problem] };
  return 'problem' in read ? { problems: [read.problem] } : { value: { value: read.value } };
}

function arraysOf(
  fs: FileSystem,
  runFolder: string,
  checkpoint: Checkpoint,
  path: CheckpointFile['path'],
): Attempt<Map<string, TensorArray>> {
  const file = `${checkpoint.folder}/${path}`;
  const expected = hashInManifest(checkpoint, path);
  let arrays: Map<string, TensorArray> | undefined;
  const problems = problemsOfReading(file, () => {
    try {
      const read = readArrays(fs, `${runFolder}/${file}`);
      const problem = differenceOfHashes(file, expected, read.sha256);
      if (problem !== undefined) return [problem];
      arrays = read.arrays;
      return [];
    } catch (error) {
      if (!(error instanceof FormatFault)) throw error;
      const format = { file, expected: 'tensors in F32, in the safetensors format', found: error.message };
      return [hashProblem(fs, runFolder, file, expected) ?? format];
    }
  });
  return arrays === undefined ? { problems } : { value: arrays };
}

/** What is wrong with the contents of a checkpoint's files, but for those that are known to be unsound. */
function contentProblems(
  fs: FileSystem,
  runFolder: string,
  checkpoint: Checkpoint,
  unsound: ReadonlySet<string> = new Set(),
): RunProblem[] {
  return checkpoint.manifest.files.flatMap(({ path, sha256 }) => {
    const file = `${checkpoint.folder}/${path}`;
    if (unsound.has(file)) return [];
    if (path === 'training.json') return trainingOf(fs, runFolder, checkpoint).problems ?? [];
    const problem = hashProblem(fs, runFolder, file, sha256);
    return problem === undefined ? formatProblems(fs, runFolder, file) : [problem];
  });
}

/** What is wrong with a file that is what its manifest says: whoever wrote both may have meant harm. */
function formatProblems(fs: FileSystem, runFolder: string, file: string): readonly RunProblem[] {
  return problemsOfReading(file, () => {
    try {
      const { tensors, close } = openSafetensors(fs, `${runFolder}/${file}`);
      close();
      const other = [...tensors].find(([, { dtype }]) => dtype !== 'F32');
      return other === undefined
        ? []
        : [{ file, expected: 'tensors in F32', found: `${shown(other[0])} in ${other[1].dtype}` }];
    } catch (error) {
      if (!(error instanceof FormatFault)) throw error;
      return [{ file, expected: 'the safetensors format', found: error.message }];
    }
  });
}

/** Reads a file and says where its hash, or the reading, is not as it should be. */
function hashProblem(fs: FileSystem, runFolder: string, file: string, expected: string): RunProblem | undefined {
  const [problem] = problemsOfReading(file, () => {
    const difference = differenceOfHashes(file, expected, hashOfFile(fs, `${runFolder}/${file}`));
    return difference === undefined ? [] : [difference];
  });
  return problem;
}

function differenceOfHashes(file: string, expected: string, found: string): RunProblem | undefined {
  return found === expected ? undefined : { file, expected: `SHA-256 ${expected}`, found: `SHA-256 ${found}` };
}

function hashInManifest({ manifest }: Checkpoint, path: CheckpointFile['path']): string {
  return present(manifest.files.find((file) => file.path === path)?.sha256, `the SHA-256 of ${path}`);
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
