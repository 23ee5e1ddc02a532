import { join } from 'node:path';
import { canonicalJson, type FileSystem, GroundworkError, type JsonValue, sha256Hex } from '../../core/index.ts';
import { lockFileName, lockFolder, writeDurably } from '../../core/node.ts';

/**
 * Where a build works: `NAME.building` beside the dataset `NAME`, which becomes the dataset by one renaming at the end.
 * Below `work/` in it lies what the stages leave for each other; it is what a build that was stopped goes on from.
 */
export interface WorkFolder {
  /** The folder that becomes the dataset. */
  readonly folder: string;
  /** Whether an earlier build left something to go on from. */
  readonly isResumed: boolean;
  blockPath(number: number): string;
  /** A note about finished work, or undefined where there is none that is whole (its SHA-256 stands before it). */
  readNote(name: string): JsonValue | undefined;
  writeNote(name: string, note: JsonValue): void;
  /** Renames the folder to the dataset's name, in place of what lay there, and gives the lock free. */
  publish(): void;
  /** Removes all that was done, where there is nothing to go on from. */
  discard(): void;
  /** Gives the lock free and leaves the work for the next build. */
  close(): void;
}

/**
 * Opens the folder in which the dataset at `target` is built.
 *
 * @param settings what the build was asked for; work of another build is not mixed with this one
 * @param options.restart whether what an earlier build left is thrown away
 * @throws `locked` where another build is at work on it; `dataset-mismatch` where a build with other settings left its work
 */
export function openWorkFolder(
  fs: FileSystem,
  target: string,
  settings: JsonValue,
  { restart = false }: { readonly restart?: boolean } = {},
): WorkFolder {
  const folder = `${target}.building`;
  const work = join(folder, 'work');
  const isResumed = fs.exists(work);
  const blocks = join(work, 'blocks');
  fs.makeFolder(work);
  const unlock = lockFolder(fs, work);
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
  try {
    if (restart) for (const name of fs.list(work)) if (name !== lockFileName) fs.remove(join(work, name));
    fs.makeFolder(blocks);
    const before = readNote('settings');
    const isOther = before === undefined || canonicalJson(before) !== canonicalJson(settings);
    if (before !== undefined && isOther && fs.list(blocks).length > 0) {
      throw new GroundworkError(
        'dataset-mismatch',
        `${folder} holds the work of a build with other settings: ${differences(before, settings).join('; ')}`,
        { hint: 'Build with the settings of that one to go on with it, or begin anew with --restart.' },
      );
    }
    if (isOther) writeNote('settings', settings);
  } catch (fault) {
    unlock();
    throw fault;
  }
  return {
    folder,
    isResumed,
    blockPath: (number) => join(blocks, `${String(number).padStart(6, '0')}.block`),
    readNote,
    writeNote,
    publish: () => {
      publishWorkFolder(fs, target);
    },
    discard: () => fs.remove(folder),
    close: unlock,
  };
}

/** Ends a build whose manifest is written: drops its work and renames it to its name. Safe to repeat after a kill. */
export function publishWorkFolder(fs: FileSystem, target: string): void {
  const folder = `${target}.building`;
  const old = `${target}.replaced`;
  fs.remove(join(folder, 'work'));
  fs.syncFolder(folder);
  fs.remove(old);
  if (fs.exists(target)) fs.rename(target, old);
  fs.rename(folder, target);
  fs.syncFolder(join(target, '..'));
  fs.remove(old);
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
