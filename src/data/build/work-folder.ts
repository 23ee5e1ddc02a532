import { lstatSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { canonicalJson, type FileSystem, GroundworkError, type JsonValue, sha256Hex } from '../../core/index.ts';
import { writeDurably } from '../../core/node.ts';
import { isDatasetFolder } from '../store/dataset.ts';
import { isProblem, manifestFile, readManifest } from '../store/manifest.ts';

/**
 * Where a build works: `NAME.building` beside the dataset `NAME`, which becomes the dataset by one renaming at the end.
 * Below `work/` in it lies what the stages leave for each other; it is what a build that was stopped goes on from.
 */
export interface WorkFolder {
  /** The folder that becomes the dataset. */
  readonly folder: string;
  /** SHA-256 of the settings: nothing that was made with others is used again. */
  readonly madeBy: string;
  /** Whether an earlier build left something to go on from. */
  readonly isResumed: boolean;
  blockPath(number: number): string;
  /** A note about finished work, or undefined where there is none that is whole (its SHA-256 stands before it). */
  readNote(name: string): JsonValue | undefined;
  writeNote(name: string, note: JsonValue): void;
  /** Removes all that was done, where there is nothing to go on from. */
  discard(): void;
}

/** The folder in which the dataset at `target` is built. */
export function buildingFolder(target: string): string {
  return `${target}.building`;
}

/**
 * Opens the folder in which the dataset at `target` is built. The caller holds the lock of the build.
 *
 * @param settings what the build was asked for, by which version; work of another build is not mixed with this one
 * @throws `dataset-mismatch` where a build with other settings left its work
 */
export function openWorkFolder(fs: FileSystem, target: string, settings: JsonValue): WorkFolder {
  const folder = buildingFolder(target);
  const work = join(folder, 'work');
  const blocks = join(work, 'blocks');
  fs.makeFolder(blocks);
  const notePath = (name: string) => join(work, `${name}.note`);
  const readNote = (name: string): JsonValue | undefined => {
    const path = notePath(name);
    if (!fs.exists(path)) return undefined;
    // A note that is not whole is a note that was not taken: its work is done again.
    const text = new TextDecoder().decode(fs.readFile(path));
    const newline = text.indexOf('\n');
    const body = text.slice(newline + 1);
    return text.slice(0, newline) === sha256Hex(body) ? JSON.parse(body) : undefined;
  };
  const writeNote = (name: string, note: JsonValue): void => {
    const body = canonicalJson(note);
    writeDurably(fs, notePath(name), [new TextEncoder().encode(`${sha256Hex(body)}\n${body}`)]);
  };
  const isResumed = fs.list(blocks).length > 0;
  const before = readNote('settings');
  const isOther = before === undefined || canonicalJson(before) !== canonicalJson(settings);
  if (before !== undefined && isOther && isResumed) {
    throw new GroundworkError(
      'dataset-mismatch',
      `${folder} holds the work of a build with other settings: ${differences(before, settings).join('; ')}`,
      { hint: 'Build with the settings of that one to go on with it, or begin anew with --restart.' },
    );
  }
  if (isOther) writeNote('settings', settings);
  return {
    folder,
    madeBy: sha256Hex(canonicalJson(settings)),
    isResumed,
    blockPath: (number) => join(blocks, `${String(number).padStart(6, '0')}.block`),
    readNote,
    writeNote,
    discard: () => fs.remove(folder),
  };
}

/**
 * Refuses a place that cannot become a dataset: what lies there is replaced only if it is a dataset itself and the person
 * said so.
 *
 * @throws `file-access`
 */
export function refuseTarget(fs: FileSystem, target: string, replace: boolean): void {
  if (!fs.exists(target)) return;
  const fail = (found: string, hint: string) => {
    throw new GroundworkError('file-access', `${target} ${found}`, { hint });
  };
  if (!replace) fail('exists already', 'Choose another name, or replace the dataset there with --replace.');
  if (!holdsManifest(fs, target) || lstatSync(target, { throwIfNoEntry: false })?.isSymbolicLink()) {
    fail('is no dataset, and is not replaced', 'Choose another name.');
  }
}

/** Whether a folder holds a dataset, be it a broken one; not any folder that has a file of that name. */
function holdsManifest(fs: FileSystem, folder: string): boolean {
  if (!isDatasetFolder(fs, folder)) return false;
  return new TextDecoder().decode(fs.readFile(join(folder, manifestFile))).includes('"format":"groundwork-dataset"');
}

/**
 * Ends a build whose manifest is written: drops its work and renames it to its name. A dataset that it replaces is put aside
 * under a name that holds its fingerprint, and removed when the new one stands. Safe to repeat after a kill.
 *
 * @throws as `refuseTarget`, if something came to lie at `target` in the meantime; the build stays as it is
 */
export function publishWorkFolder(fs: FileSystem, target: string, replace: boolean): void {
  const folder = buildingFolder(target);
  refuseTarget(fs, target, replace);
  fs.remove(join(folder, 'work'));
  fs.syncFolder(folder);
  if (fs.exists(target)) fs.rename(target, asideName(fs, target));
  fs.rename(folder, target);
  fs.syncFolder(dirname(target));
  removePutAside(fs, target);
}

function asideName(fs: FileSystem, target: string, folder = target): string {
  const manifest = readManifest(fs, folder);
  return `${target}.replaced-${isProblem(manifest) ? 'broken' : manifest.fingerprint.slice(0, 12)}`;
}

/** Removes datasets that this protocol put aside, now or before it was killed: those whose name is their fingerprint. */
function removePutAside(fs: FileSystem, target: string): void {
  const parent = dirname(target);
  for (const name of fs.list(parent)) {
    const path = join(parent, name);
    if (!name.startsWith(`${basename(target)}.replaced-`) || !isDatasetFolder(fs, path)) continue;
    if (asideName(fs, target, path) === path) fs.remove(path);
  }
}

/** Where two JSON values differ, as `path: before → now`, at most five. */
export function differences(before: JsonValue, now: JsonValue, path = ''): string[] {
  if (isObject(before) && isObject(now)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort();
    return keys
      .flatMap((key) => differences(before[key] ?? null, now[key] ?? null, path === '' ? key : `${path}.${key}`))
      .slice(0, 5);
  }
  const [a, b] = [canonicalJson(before), canonicalJson(now)];
  return a === b ? [] : [`${path || 'settings'}: ${shortened(a)} → ${shortened(b)}`];
}

function isObject(value: JsonValue): value is { readonly [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
