import { lstatSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type FileSystem, GroundworkError } from '../../core/index.ts';
import { writeDurably } from '../../core/node.ts';
import { checkpointSteps, checkpointsFolder } from './checkpoint-manifest.ts';
import { eventsFile, readEvents } from './event-log.ts';
import type { RunEvent } from './events.ts';
import { makeNewFolder, missingFolders } from './new-folder.ts';
import { linkProblem, problemText, type RunProblem } from './problem.ts';
import { isOfLock, lockRun, type RunLock } from './run-lock.ts';
import {
  forecastFile,
  manifestFile,
  type RunManifest,
  readRunManifest,
  recipeContentFile,
  runTokenizerFile,
  verdictFile,
  writeRunManifest,
} from './run-manifest.ts';
import { faultOfRunName } from './run-name.ts';

/** One training, as a folder. */
export interface Run {
  readonly folder: string;
  /** As it was last read or written. */
  readonly manifest: RunManifest;
  /** What happened so far. */
  events(): RunEvent[];
  /** The steps of which there is a checkpoint, sound or not, the first one first. */
  checkpoints(): number[];
  /** Writes `run.json` anew; the caller holds the lock. */
  update(manifest: RunManifest): void;
}

/** A run that was just made, and its lock. */
export interface CreatedRun {
  readonly run: Run;
  readonly lock: RunLock;
}

/**
 * Makes the folder of a new run and takes its lock.
 *
 * @param forecast the text of `forecast.json`. It is written before `run.json`, which has its hash: a run never lacks the forecast that
 *   it was begun with
 * @throws `file-access` where the folder holds a run or anything else; `locked` where another process is making it
 */
export function createRun(fs: FileSystem, folder: string, manifest: RunManifest, forecast?: string): CreatedRun {
  const fault = faultOfRunName(basename(resolve(folder)));
  if (fault !== undefined) {
    throw new GroundworkError('unsafe-path', `${folder} cannot be a run: its name ${fault}`, {
      hint: 'Choose a name of letters, digits and dashes, such as presidents-1.',
    });
  }
  refuseOccupied(fs, folder);
  const made = missingFolders(fs, folder);
  makeNewFolder(fs, folder);
  const lock = lockRun(folder);
  try {
    // Another process may have made a run here between the two.
    refuseOccupied(fs, folder);
    fs.makeFolder(`${folder}/${checkpointsFolder}`);
    if (forecast !== undefined) {
      writeDurably(fs, `${folder}/${forecastFile}`, [new TextEncoder().encode(forecast)]);
    }
    writeRunManifest(fs, folder, manifest);
    // All that are new, or a loss of power could take the run away with the folder above it.
    for (const path of new Set([...made, resolve(folder)])) fs.syncFolder(dirname(path));
    sweepDeleted(fs, dirname(resolve(folder)));
  } catch (error) {
    lock.release();
    throw error;
  }
  return { run: runAt(fs, folder, manifest), lock };
}

/**
 * Opens a run to read it; its lock is not taken.
 *
 * @throws `file-not-found` where there is no such folder; `invalid-run` where it holds no run, or `run.json` is broken
 */
export function openRun(fs: FileSystem, folder: string): Run {
  const manifest = readOrRefuse(fs, folder);
  return runAt(fs, folder, manifest);
}

/** A run of a folder of runs, or what is wrong with it. */
export type ListedRun =
  | { readonly name: string; readonly folder: string; readonly manifest: RunManifest }
  | { readonly name: string; readonly folder: string; readonly problem: RunProblem };

/** The runs in a folder, by name; folders that hold no `run.json` are passed over. No folder, no runs. */
export function listRuns(fs: FileSystem, runsFolder: string): ListedRun[] {
  if (!fs.exists(runsFolder)) return [];
  return fs.list(runsFolder).flatMap((name): ListedRun[] => {
    const folder = `${runsFolder}/${name}`;
    if (name.startsWith('.') || !fs.exists(`${folder}/${manifestFile}`)) return [];
    const read = readRunManifest(fs, folder);
    return ['value' in read ? { name, folder, manifest: read.value } : { name, folder, problem: read.problem }];
  });
}

/**
 * Deletes a run with all it holds. It vanishes in one step, by a rename, before it is deleted.
 *
 * @throws `invalid-run` for a folder that is no run; `unsafe-path` for a link to one; `locked` where it is in use
 */
export function deleteRun(fs: FileSystem, folder: string): void {
  // Without a slash at its end, behind which the link would have been followed.
  const place = resolve(folder);
  if (lstatSync(place, { throwIfNoEntry: false })?.isSymbolicLink()) {
    throw new GroundworkError('unsafe-path', `${folder} is a link`, { hint: 'Name the folder of the run itself.' });
  }
  if (!holdsRun(fs, folder)) throw noRun(fs, folder);
  const lock = lockRun(folder);
  const trash = `${dirname(place)}/${trashPrefix}${basename(place)}`;
  try {
    // What is left of an earlier deletion that was killed.
    fs.remove(trash);
    fs.rename(place, trash);
  } catch (error) {
    lock.release();
    throw error;
  }
  fs.syncFolder(dirname(place));
  fs.remove(trash);
  sweepDeleted(fs, dirname(place));
}

const trashPrefix = '.trash-';

/** Removes what deletions that were killed have left in a folder of runs: nothing shows it, and it can be large. */
function sweepDeleted(fs: FileSystem, runsFolder: string): void {
  for (const name of fs.list(runsFolder)) {
    if (!name.startsWith(trashPrefix) || faultOfRunName(name.slice(trashPrefix.length)) !== undefined) continue;
    const trash = join(runsFolder, name);
    if (linkProblem(runsFolder, name) !== undefined || !looksDeleted(fs, trash)) continue;
    try {
      fs.remove(trash);
    } catch (error) {
      // Whoever deletes or makes a run is not to fail over another one; the next sweep tries again.
      if (!(error instanceof GroundworkError)) throw error;
    }
  }
}

/** Whether a folder is what is left of a run: empty, or with a part of one. */
function looksDeleted(fs: FileSystem, trash: string): boolean {
  if (!fs.exists(trash) || !fs.stat(trash).isFolder) return false;
  const names = fs.list(trash);
  return names.length === 0 || names.some((name) => partsOfRun.includes(name));
}

const partsOfRun: readonly string[] = [
  manifestFile,
  eventsFile,
  checkpointsFolder,
  runTokenizerFile,
  recipeContentFile,
  forecastFile,
  verdictFile,
  'run.lock',
];

function runAt(fs: FileSystem, folder: string, initial: RunManifest): Run {
  let manifest = initial;
  return {
    folder,
    get manifest() {
      return manifest;
    },
    events: () => readEvents(fs, `${folder}/${eventsFile}`),
    checkpoints: () => checkpointSteps(fs, folder),
    update: (next) => {
      writeRunManifest(fs, folder, next);
      manifest = next;
    },
  };
}

function readOrRefuse(fs: FileSystem, folder: string): RunManifest {
  const read = fs.exists(`${folder}/${manifestFile}`) ? readRunManifest(fs, folder) : undefined;
  if (read === undefined) throw noRun(fs, folder);
  if ('value' in read) return read.value;
  throw new GroundworkError('invalid-run', `${folder} is broken: ${problemText(read.problem)}`, {
    hint: `Copy its ${manifestFile} again from where it is sound.`,
  });
}

/** Whether a folder holds a run, be it a broken one; not any folder that has a file of that name. */
function holdsRun(fs: FileSystem, folder: string): boolean {
  const path = `${folder}/${manifestFile}`;
  if (!fs.exists(path) || fs.stat(path).isFolder) return false;
  return 'value' in readRunManifest(fs, folder) || fs.exists(`${folder}/${checkpointsFolder}`);
}

function noRun(fs: FileSystem, folder: string): GroundworkError {
  if (!fs.exists(folder)) {
    return new GroundworkError('file-not-found', `there is no ${folder}`, {
      hint: 'Check the path; `groundwork runs` lists the runs that there are.',
    });
  }
  return new GroundworkError('invalid-run', `${folder} holds no run: expected a ${manifestFile} in it`, {
    hint: 'Name the folder of a run; `groundwork runs` lists them.',
  });
}

function refuseOccupied(fs: FileSystem, folder: string): void {
  if (!fs.exists(folder)) return;
  const fail = (found: string, hint: string) => {
    throw new GroundworkError('file-access', `${folder} ${found}`, { hint });
  };
  if (!fs.stat(folder).isFolder) fail('is a file, expected a folder or nothing', 'Choose another name.');
  const names = fs.list(folder);
  if (names.includes(manifestFile))
    fail('holds a run already', 'Choose another name, or go on with it by `groundwork resume`.');
  // A creation that was killed leaves these, and nothing is lost by going on over them.
  const begun: readonly string[] = [`${manifestFile}.tmp`, forecastFile, `${forecastFile}.tmp`, checkpointsFolder];
  const others = names.filter((name) => !begun.includes(name) && !isOfLock(name));
  const checkpoints = `${folder}/${checkpointsFolder}`;
  const isEmpty =
    !names.includes(checkpointsFolder) ||
    (linkProblem(folder, checkpointsFolder) === undefined &&
      fs.stat(checkpoints).isFolder &&
      fs.list(checkpoints).length === 0);
  const [other] = isEmpty ? others : [checkpointsFolder];
  if (other !== undefined)
    fail(`holds something else (${other}), expected an empty folder or none`, 'Choose another name.');
}
