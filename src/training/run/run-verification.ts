import { type FileSystem, GroundworkError } from '../../core/index.ts';
import { verifyCheckpoint } from './checkpoint.ts';
import {
  checkpointFolder,
  checkpointManifestFile,
  checkpointSteps,
  readCheckpointManifest,
} from './checkpoint-manifest.ts';
import { eventsFile, readEvents } from './event-log.ts';
import { linkProblem, type RunProblem } from './problem.ts';
import { type RunManifest, readRunManifest } from './run-manifest.ts';

/**
 * Checks a run and lists everything that is wrong: `run.json`, the log, each file of each checkpoint by size and SHA-256,
 * and whether checkpoints belong to the run. A sound run gives an empty list.
 */
export function verifyRun(fs: FileSystem, folder: string): RunProblem[] {
  const read = readRunManifest(fs, folder);
  const manifest = 'value' in read ? read.value : undefined;
  return [
    ...('problem' in read ? [read.problem] : []),
    ...logProblems(fs, folder),
    ...checkpointSteps(fs, folder).flatMap((step) => [
      ...verifyCheckpoint(fs, folder, step),
      ...(manifest === undefined ? [] : foreignProblems(fs, folder, step, manifest)),
    ]),
  ];
}

function logProblems(fs: FileSystem, folder: string): RunProblem[] {
  const link = linkProblem(folder, eventsFile);
  if (link !== undefined) return [link];
  try {
    readEvents(fs, `${folder}/${eventsFile}`);
    return [];
  } catch (error) {
    if (!(error instanceof GroundworkError)) throw error;
    return [{ file: eventsFile, expected: 'one event a line', found: error.message }];
  }
}

/** A sound checkpoint that is another run's. */
function foreignProblems(fs: FileSystem, folder: string, step: number, manifest: RunManifest): RunProblem[] {
  const read = readCheckpointManifest(fs, folder, step);
  if ('problem' in read) return [];
  const { tokenizer, batches } = read.value.manifest.fingerprints;
  const file = `${checkpointFolder(step)}/${checkpointManifestFile}`;
  const problems: RunProblem[] = [];
  const compare = (what: string, expected: string, found: string): void => {
    if (found !== expected) problems.push({ file, expected: `the ${what} ${expected} of the run`, found });
  };
  compare('tokenizer', manifest.tokenizerFingerprint, tokenizer);
  compare('batches', manifest.batchesFingerprint, batches);
  return problems;
}
