import { canonicalJson, type FileSystem, GroundworkError, present } from '../../core/index.ts';
import { writeDurably } from '../../core/node.ts';
import { type CheckpointContents, verifyCheckpoint } from './checkpoint.ts';
import {
  type Checkpoint,
  type CheckpointFile,
  checkpointFolder,
  checkpointManifestFile,
  checkpointManifestText,
  checkpointName,
  checkpointSteps,
  checkpointsFolder,
  readCheckpointManifest,
  sizeProblems,
} from './checkpoint-manifest.ts';
import { makeNewFolder } from './new-folder.ts';
import type { RunLock } from './run-lock.ts';
import { asTensorBytes, safetensors } from './safetensors.ts';

/**
 * Publishes a checkpoint, so that under its name there is a whole one or none, whenever the machine stops: its files are
 * written into a folder of another name (`step-00000100.tmp-PID`), each hashed on its way and flushed, the manifest with
 * their hashes last; the folder is flushed, renamed, and the folder above flushed. One of the same step that is sound and
 * equal stays; any other of the same step is replaced. The caller holds the run's lock.
 *
 * @returns the checkpoint as it can be read back
 * @throws `diverged` where a number is not finite: nothing is written then
 * @throws `disk-full`, with the bytes that are needed; what was written is removed, and the checkpoint before stays
 */
export function publishCheckpoint(fs: FileSystem, runFolder: string, contents: CheckpointContents): Checkpoint {
  const { step, fingerprints } = contents;
  refuseNonFinite(contents);
  const files = [
    ['model.safetensors', safetensors(asTensorBytes(contents.parameters))],
    ['optimizer.safetensors', safetensors(asTensorBytes(contents.optimizer))],
    ['training.json', textContents(`${canonicalJson(contents.training)}\n`)],
  ] as const;
  const parent = `${runFolder}/${checkpointsFolder}`;
  const target = `${parent}/${checkpointName(step)}`;
  const unfinished = `${target}.tmp-${process.pid}`;
  const meter = { writtenBytes: 0 };
  try {
    makeNewFolder(fs, unfinished);
    const written: CheckpointFile[] = [];
    for (const [path, { chunks }] of files) {
      written.push({ path, ...writeDurably(fs, `${unfinished}/${path}`, metered(chunks(), meter)) });
    }
    const manifest = new TextEncoder().encode(checkpointManifestText(step, written, fingerprints));
    writeDurably(fs, `${unfinished}/${checkpointManifestFile}`, [manifest]);
    if (isAlreadyThere(fs, runFolder, step, manifest)) fs.remove(unfinished);
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
      { hint: 'Make room; the checkpoint before this one is whole, and the run goes on from it.', cause: error },
    );
  }
  fs.remove(asidePath(runFolder, step));
  const read = readCheckpointManifest(fs, runFolder, step);
  return present('value' in read ? read.value : undefined, `the manifest of step ${step}, which was just written,`);
}

export interface Retention {
  /** How many of the newest stay; at least 2, so that one that breaks leaves another. */
  readonly keep: number;
  /** Steps that stay whatever their age. */
  readonly protect?: readonly number[];
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
  { keep, protect = [] }: Retention,
): { readonly removed: readonly number[]; readonly faults: readonly string[] } {
  const steps = checkpointSteps(fs, runFolder);
  const whole = steps.filter((step) => looksWhole(fs, runFolder, step));
  const oldest = whole.at(-Math.max(2, keep)) ?? 0;
  const removed: number[] = [];
  const faults: string[] = [];
  for (const step of steps) {
    if (step >= oldest || protect.includes(step)) continue;
    const trash = trashPath(runFolder, step);
    fs.remove(trash);
    fs.rename(`${runFolder}/${checkpointFolder(step)}`, trash);
    fs.syncFolder(`${runFolder}/${checkpointsFolder}`);
    removed.push(step);
    try {
      fs.remove(trash);
    } catch (error) {
      if (!(error instanceof GroundworkError)) throw error;
      faults.push(error.message);
    }
  }
  return { removed, faults };
}

/**
 * Clears up after a process that was killed: removes checkpoints that were being written or deleted, and puts one back that
 * was about to be replaced. Comes before `newestCheckpoint` when a run goes on.
 *
 * @param lock of the run; without it, what looks unfinished may be another process at work
 * @returns the names of what was unfinished
 */
export function sweepUnfinished(fs: FileSystem, lock: RunLock): string[] {
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
const unfinishedName = /^(step-\d{8,15}\.tmp-\d+|\.(trash|replaced)-step-\d{8,15})$/;

function looksWhole(fs: FileSystem, runFolder: string, step: number): boolean {
  const read = readCheckpointManifest(fs, runFolder, step);
  return 'value' in read && sizeProblems(fs, runFolder, read.value).length === 0;
}

function isAlreadyThere(fs: FileSystem, runFolder: string, step: number, manifest: Uint8Array): boolean {
  const path = `${runFolder}/${checkpointFolder(step)}/${checkpointManifestFile}`;
  if (!fs.exists(path) || fs.stat(path).sizeBytes !== manifest.length) return false;
  return Buffer.compare(fs.readFile(path), manifest) === 0 && verifyCheckpoint(fs, runFolder, step).length === 0;
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
