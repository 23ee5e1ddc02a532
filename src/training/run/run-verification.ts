import { type FileSystem, GroundworkError, sha256Hex } from '../../core/index.ts';
import { parseTokenizer } from '../../tokenizer/index.ts';
import { readForecast, readVerdict } from '../forecast/registered-forecast.ts';
import { verifyCheckpoint } from './checkpoint.ts';
import { checkpointFolder, checkpointSteps, checkpointsFolder, readCheckpointManifest } from './checkpoint-manifest.ts';
import { eventsFile, readEvents } from './event-log.ts';
import { linkProblem, problemsOfReading, type RunProblem } from './problem.ts';
import { foreignProblems } from './run-fingerprints.ts';
import { type RunManifest, readRunManifest, recipeContentFile, runTokenizerFile } from './run-manifest.ts';

/**
 * Checks a run and lists everything that is wrong: `run.json`, the log, tokenizer and recipe by their fingerprints, forecast and verdict
 * by their hashes, each file of each checkpoint by size and SHA-256, whether checkpoints belong to the run, and whether what a run of its
 * status has is there. A sound run gives an empty list.
 */
export function verifyRun(fs: FileSystem, folder: string): RunProblem[] {
  const read = readRunManifest(fs, folder);
  const manifest = 'value' in read ? read.value : undefined;
  let steps: number[] = [];
  const listing = problemsOfReading(checkpointsFolder, () => {
    steps = checkpointSteps(fs, folder);
    return [];
  });
  // A run that was killed in its first moments has nothing yet but its manifest.
  const hasBegun = steps.length > 0 || (manifest !== undefined && manifest.status !== 'running');
  return [
    ...('problem' in read ? [read.problem] : []),
    ...logProblems(fs, folder, hasBegun, manifest),
    ...(manifest === undefined ? [] : partProblems(fs, folder, hasBegun, manifest)),
    ...(manifest === undefined ? [] : forecastProblems(fs, folder, manifest)),
    ...listing,
    ...(manifest === undefined ? [] : lastCheckpointProblems(steps, manifest)),
    ...steps.flatMap((step) => [
      ...verifyCheckpoint(fs, folder, step),
      ...(manifest === undefined ? [] : ownerProblems(fs, folder, step, manifest)),
    ]),
  ];
}

function logProblems(
  fs: FileSystem,
  folder: string,
  hasBegun: boolean,
  manifest: RunManifest | undefined,
): readonly RunProblem[] {
  return partProblem(fs, folder, eventsFile, hasBegun, (path) => {
    const last = readEvents(fs, path).at(-1);
    return manifest?.status !== 'finished' || last?.type === 'finished'
      ? undefined
      : {
          expected: 'the end of the run as its last event, since it is finished',
          found: last === undefined ? 'no event' : `an event of type ${last.type}`,
        };
  });
}

/** Tokenizer and recipe, as the run keeps them. */
function partProblems(fs: FileSystem, folder: string, hasBegun: boolean, manifest: RunManifest): RunProblem[] {
  const textOf = (path: string): string => new TextDecoder().decode(fs.readFile(path));
  const { sha256, file } = manifest.recipe;
  return [
    ...partProblem(fs, folder, runTokenizerFile, hasBegun, (path) => {
      const { fingerprint } = parseTokenizer(textOf(path));
      const expected = manifest.tokenizerFingerprint;
      return fingerprint === expected
        ? undefined
        : { expected: `the tokenizer ${expected} of the run`, found: fingerprint };
    }),
    ...partProblem(fs, folder, recipeContentFile, hasBegun, (path) => {
      const found = sha256Hex(textOf(path).trimEnd());
      return found === sha256 ? undefined : { expected: `the recipe with SHA-256 ${sha256}`, found };
    }),
    ...(file === null ? [] : partProblem(fs, folder, file, hasBegun, () => undefined)),
  ];
}

/** What was foretold, and how it was judged: changed after the fact, or gone. */
function forecastProblems(fs: FileSystem, folder: string, manifest: RunManifest): RunProblem[] {
  const read = [readForecast(fs, folder, manifest), readVerdict(fs, folder, manifest)];
  return read.flatMap((one) => (one !== undefined && 'problem' in one ? [one.problem] : []));
}

/** What is wrong with a file of a run that is not signed. */
function partProblem(
  fs: FileSystem,
  folder: string,
  file: string,
  isRequired: boolean,
  check: (path: string) => Omit<RunProblem, 'file'> | undefined,
): readonly RunProblem[] {
  const link = linkProblem(folder, file);
  if (link !== undefined) return [link];
  const path = `${folder}/${file}`;
  if (!fs.exists(path)) return isRequired ? [{ file, expected: 'a file', found: 'no such file' }] : [];
  try {
    const problem = check(path);
    return problem === undefined ? [] : [{ file, ...problem }];
  } catch (error) {
    if (!(error instanceof GroundworkError)) throw error;
    return [{ file, expected: 'what a run writes there', found: error.message }];
  }
}

/** A run that is finished has saved its last step. */
function lastCheckpointProblems(steps: readonly number[], { status, result }: RunManifest): RunProblem[] {
  if (status !== 'finished' || result === null || steps.includes(result.step)) return [];
  const file = checkpointFolder(result.step);
  return [{ file, expected: 'the checkpoint of the last step', found: 'no such folder' }];
}

/** A checkpoint whose manifest is sound, and another run's. */
function ownerProblems(fs: FileSystem, folder: string, step: number, manifest: RunManifest): RunProblem[] {
  const read = readCheckpointManifest(fs, folder, step);
  return 'problem' in read ? [] : foreignProblems(manifest, read.value);
}
