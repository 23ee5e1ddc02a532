import { canonicalJson, type FileSystem, GroundworkError } from '../../core/index.ts';
import { writeDurably } from '../../core/node.ts';
import { type CheckpointContents, verifyCheckpoint } from './checkpoint.ts';
import {
  type Checkpoint,
  type CheckpointFile,
  type CheckpointManifest,
  checkpointFolder,
  checkpointManifestFile,
  checkpointName,
  checkpointOf,
  checkpointSteps,
  checkpointsFolder,
  manifestOfCheckpoint,
  readCheckpointManifest,
  sizeProblems,
} from './checkpoint-manifest.ts';
import { makeNewFolder } from './new-folder.ts';
import { refuseLink } from './problem.ts';
import type { RunLock } from './run-lock.ts';
import { asTensorBytes, safetensors } from './safetensors.ts';
import { jsonText, signedText } from './signed-json.ts';

/** A checkpoint that stands, and what could not be cleared up after it: that is swept when the run goes on. */
export interface PublishedCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly faults: readonly string[];
}

/**
 * Publishes a checkpoint, so that under its name there is a whole one or none, whenever the machine stops: its files are
 * written into a folder of another name (`step-00000100.tmp-PID`), each hashed on its way and flushed, the manifest with
 * their hashes last; the folder is flushed, renamed, and the folder above flushed. One of the same step that is sound and
 * equal stays; any other of the same step is replaced. The caller holds the run's lock.
 *
 * @throws `diverged` where a number is not finite, `unsafe-path` where a link leads out of the run: nothing is written then
 * @throws `disk-full`, with the bytes that are needed; what was written is removed, and the checkpoint before stays
 */
export function publishCheckpoint(
  fs: FileSystem,
  runFolder: string,
  contents: CheckpointContents,
): PublishedCheckpoint {
  const { step, fingerprints } = contents;
  refuseNonFinite(contents);
  const files = [
    ['model.safetensors', safetensors(asTensorBytes(contents.parameters))],
    ['optimizer.safetensors', safetensors(asTensorBytes(contents.optimizer))],
    ['training.json', textContents(jsonText(contents.training))],
  ] as const;
  const parent = `${runFolder}/${checkpointsFolder}`;
  const target = `${parent}/${checkpointName(step)}`;
  const unfinished = `${target}.tmp-${process.pid}`;
  const meter = { writtenBytes: 0 };
  const written: CheckpointFile[] = [];
  refuseLink(runFolder, `${checkpointsFolder}/${checkpointName(step)}`);
  try {
    if (!fs.exists(parent)) {
      makeNewFolder(fs, parent);
      fs.syncFolder(runFolder);
    }
    fs.remove(unfinished);
    makeNewFolder(fs, unfinished);
    for (const [path, { chunks }] of files) {
      written.push({ path, ...writeDurably(fs, `${unfinished}/${path}`, metered(chunks(), meter)) });
    }
    const manifest = manifestOfCheckpoint(step, written, fingerprints);
    writeDurably(fs, `${unfinished}/${checkpointManifestFile}`, [new TextEncoder().encode(signedText(manifest))]);
    if (isAlreadyThere(fs, runFolder, manifest)) fs.remove(unfinished);
    else {
      if (fs.exists(target)) {
        fs.remove(asidePath(runFolder, step));
        fs.rename(target, asidePath(runFolder, step));
      }
      fs.rename(unfinished, target);
    }
    fs.syncFolder(parent);
  } catch (error) {
    try {
      if (!fs.exists(target) && fs.exists(asidePath(runFolder, step))) fs.rename(asidePath(runFolder, step), target);
      fs.remove(unfinished);
    } catch {
      // What stopped the writing is what a person needs to know; what is left is swept when the run goes on.
    }
    if (!(error instanceof GroundworkError) || error.code !== 'disk-full') throw error;
    const neededBytes = files.reduce((sum, [, { sizeBytes }]) => sum + sizeBytes, 0);
    throw new GroundworkError(
      'disk-full',
      `the checkpoint of step ${step} needs ${neededBytes} bytes, and ${meter.writtenBytes} of them had been written when ${error.message}`,
      { hint: hintOfFullDisk(fs, runFolder), cause: error },
    );
  }
  return {
    checkpoint: checkpointOf(manifestOfCheckpoint(step, written, fingerprints)),
    faults: faultsOf(() => fs.remove(asidePath(runFolder, step))),
  };
}

export interface Retention {
  /** How many of the newest stay; at least 2, so that one that breaks leaves another. */
  readonly keep: number;
  /** The step that was just published. Later ones are none of this run's as it is now, and are neither counted nor removed. */
  readonly newest: number;
}

/**
 * Removes old checkpoints. Only those count towards `keep` whose manifest reads and whose files have their sizes. Each
 * vanishes in one step, by a rename, before it is deleted. The caller holds the run's lock.
 *
 * @returns the steps that are gone, and why the files of some could not be deleted: they stay invisible until they are swept
 */
export function retainCheckpoints(
  fs: FileSystem,
  runFolder: string,
  { keep, newest }: Retention,
): { readonly removed: readonly number[]; readonly faults: readonly string[] } {
  const steps = checkpointSteps(fs, runFolder).filter((step) => step <= newest);
  const whole = steps.filter((step) => looksWhole(fs, runFolder, step));
  const oldest = whole.at(-Math.max(2, keep)) ?? 0;
  const removed: number[] = [];
  const faults: string[] = [];
  for (const step of steps) {
    if (step >= oldest) continue;
    const trash = trashPath(runFolder, step);
    faults.push(
      ...faultsOf(() => {
        fs.remove(trash);
        fs.rename(`${runFolder}/${checkpointFolder(step)}`, trash);
        removed.push(step);
        fs.syncFolder(`${runFolder}/${checkpointsFolder}`);
        fs.remove(trash);
      }),
    );
  }
  return { removed, faults };
}

/**
 * Sets checkpoints aside from which a run cannot go on, when it goes on from an earlier one: they would be taken for later
 * steps of it. Nothing deletes them but their owner (`.rejected-step-00000100`).
 *
 * @returns their new names, in the order of `steps`
 */
export function setAsideRejected(fs: FileSystem, lock: RunLock, steps: readonly number[]): string[] {
  const folder = `${lock.folder}/${checkpointsFolder}`;
  const names = steps.map((step) => {
    const name = `${rejectedPrefix}${checkpointName(step)}`;
    // Of two of the same step the later one stays.
    fs.remove(`${folder}/${name}`);
    fs.rename(`${folder}/${checkpointName(step)}`, `${folder}/${name}`);
    return `${checkpointsFolder}/${name}`;
  });
  if (names.length > 0) fs.syncFolder(folder);
  return names;
}

/**
 * Clears up after a process that was killed: removes checkpoints that were being written or deleted, and puts one back that
 * was about to be replaced. Comes before `newestCheckpoint` when a run goes on.
 *
 * @param lock of the run; without it, what looks unfinished may be another process at work
 * @returns the names of what was unfinished
 * @throws `unsafe-path` where the checkpoints are a link out of the run
 */
export function sweepUnfinished(fs: FileSystem, lock: RunLock): string[] {
  refuseLink(lock.folder, checkpointsFolder);
  const folder = `${lock.folder}/${checkpointsFolder}`;
  if (!fs.exists(folder)) return [];
  const unfinished = fs.list(folder).filter((name) => unfinishedName.test(name));
  for (const name of unfinished) {
    const before = name.startsWith(asidePrefix) ? name.slice(asidePrefix.length) : undefined;
    // Put aside for a new one of the same step that did not come: it is the newest that there is.
    if (before !== undefined && !fs.exists(`${folder}/${before}`))
      fs.rename(`${folder}/${name}`, `${folder}/${before}`);
    else fs.remove(`${folder}/${name}`);
  }
  if (unfinished.length > 0) fs.syncFolder(folder);
  return unfinished;
}

const asidePrefix = '.replaced-';
const rejectedPrefix = '.rejected-';
const unfinishedName = /^(step-\d{8,15}\.tmp-\d+|\.(trash|replaced)-step-\d{8,15})$/;

function looksWhole(fs: FileSystem, runFolder: string, step: number): boolean {
  const read = readCheckpointManifest(fs, runFolder, step);
  return 'value' in read && sizeProblems(fs, runFolder, read.value).length === 0;
}

function isAlreadyThere(fs: FileSystem, runFolder: string, manifest: CheckpointManifest): boolean {
  const read = readCheckpointManifest(fs, runFolder, manifest.step);
  if ('problem' in read || canonicalJson(read.value.manifest) !== canonicalJson(manifest)) return false;
  return verifyCheckpoint(fs, runFolder, manifest.step).length === 0;
}

/** Does what a checkpoint that stands does not depend on, and says why it failed where it did. */
function faultsOf(work: () => void): string[] {
  try {
    work();
    return [];
  } catch (error) {
    if (!(error instanceof GroundworkError)) throw error;
    return [error.message];
  }
}

function hintOfFullDisk(fs: FileSystem, runFolder: string): string {
  return checkpointSteps(fs, runFolder).length > 0
    ? 'Make room; the checkpoint before this one is whole, and the run goes on from it.'
    : 'Make room; there is no checkpoint before this one, so `groundwork resume` begins with the first step.';
}

/** Where a checkpoint lies while another of the same step takes its place. */
function asidePath(runFolder: string, step: number): string {
  return `${runFolder}/${checkpointsFolder}/${asidePrefix}${checkpointName(step)}`;
}

function trashPath(runFolder: string, step: number): string {
  return `${runFolder}/${checkpointsFolder}/.trash-${checkpointName(step)}`;
}

function textContents(text: string): { readonly sizeBytes: number; chunks(): Iterable<Uint8Array> } {
  const bytes = new TextEncoder().encode(text);
  return { sizeBytes: bytes.length, chunks: () => [bytes] };
}

function* metered(chunks: Iterable<Uint8Array>, meter: { writtenBytes: number }): Generator<Uint8Array> {
  for (const chunk of chunks) {
    yield chunk;
    meter.writtenBytes += chunk.length;
  }
}

function refuseNonFinite({ step, parameters, optimizer }: CheckpointContents): void {
  for (const arrays of [parameters, optimizer]) {
    for (const [name, { data }] of arrays) {
      const index = indexOfNonFinite(data);
      if (index < 0) continue;
      throw new GroundworkError(
        'diverged',
        `${name} holds ${data[index]} at position ${index} after step ${step}: the checkpoint was not written`,
        { hint: 'Go on from the checkpoint before, with a lower learning rate.' },
      );
    }
  }
}

function indexOfNonFinite(data: Float32Array): number {
  // A number minus itself is 0, and NaN for NaN and the infinities.
  for (let i = 0; i < data.length; i++) if ((data[i] as number) - (data[i] as number) !== 0) return i;
  return -1;
}
