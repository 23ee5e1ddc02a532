import { type Dirent, lstatSync, readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { glob, isDynamicPattern } from 'tinyglobby';
import { GroundworkError } from '../../core/index.ts';
import { nodeFileSystem } from '../../core/node.ts';
import type { RecordFault, SkippedSource } from '../document.ts';
import { systemCode } from './byte-stream.ts';

/** A file that is to be read. */
export interface CorpusFile {
  /** What messages and documents call it. */
  readonly source: string;
  /** Absolute; `-` for standard input. */
  readonly path: string;
  /** As it lies on the disk; 0 for standard input and pipes. */
  readonly sizeBytes: number;
  /** Named by itself, rather than found in a folder or by a glob: it is an error if it cannot be read. */
  readonly isNamed: boolean;
}

export interface CorpusFiles {
  /** In the order of the inputs; what is found in a folder or by a glob is sorted by code unit of its path with `/`. */
  readonly files: readonly CorpusFile[];
  readonly skipped: readonly SkippedSource[];
  /** Folders below an input that cannot be listed. */
  readonly faults: readonly RecordFault[];
}

/** Standard input, as an input and as a path. */
export const standardInputName = '-';

interface Found {
  readonly path: string;
  readonly sizeBytes: number;
  readonly isNamed: boolean;
}

/**
 * Finds the files of a corpus.
 *
 * Sources are paths relative to the deepest folder that holds all inputs, so that they are unique and do not depend on
 * where the corpus lies: for one folder, the paths in it. In folders and globs hidden files and `node_modules` are left out
 * (unless an input names one), and a symbolic link in a folder is followed only to a file in it that is not read anyway; a glob
 * matches no links.
 *
 * @param inputs files, folders, globs, `-` for standard input
 * @param workingFolder what relative inputs are relative to
 * @throws GroundworkError `file-not-found` for an input that is missing or a glob that matches nothing, `file-access` for a
 *   folder that is an input and cannot be listed, `unsafe-path` for a path with a NUL
 */
export async function findCorpusFiles(
  inputs: readonly string[],
  workingFolder: string = process.cwd(),
): Promise<CorpusFiles> {
  const found: Found[] = [];
  const skipped: { path: string; reason: SkippedSource['reason'] }[] = [];
  const unreadable: UnreadableFolder[] = [];
  const bases: string[] = [];
  for (const input of inputs) {
    if (input === standardInputName) {
      found.push({ path: standardInputName, sizeBytes: 0, isNamed: true });
      continue;
    }
    if (input.includes('\0')) {
      throw new GroundworkError('unsafe-path', `the path ${JSON.stringify(input)} holds a NUL`, {
        hint: 'Name a file, a folder or a glob.',
      });
    }
    const path = resolve(workingFolder, input);
    if (!nodeFileSystem.exists(path) && isDynamicPattern(input)) {
      const base = resolve(workingFolder, staticPart(input));
      bases.push(base);
      collect(base, await matchesOf(input, workingFolder), found, skipped);
      continue;
    }
    const { isFolder, sizeBytes } = nodeFileSystem.stat(path);
    bases.push(isFolder ? path : dirname(path));
    if (isFolder) collect(path, filesBelow(path, unreadable), found, skipped);
    else found.push({ path, sizeBytes, isNamed: true });
  }
  const common = commonFolder(bases);
  const sourceOf = (path: string): string =>
    path === standardInputName ? '<stdin>' : relative(common, path).split(sep).join('/');
  // A file that two inputs name is read once.
  const byPath = new Map<string, Found>();
  for (const file of found) if (!byPath.has(file.path)) byPath.set(file.path, file);
  return {
    files: [...byPath.values()].map((file) => ({ ...file, source: sourceOf(file.path) })),
    skipped: skipped.map(({ path, reason }) => ({ source: sourceOf(path), reason })),
    faults: unreadable.map(({ path, code }) => unreadableFolderFault(sourceOf(path), code)),
  };
}

interface UnreadableFolder {
  readonly path: string;
  /** The code of the error of the system, such as `EACCES`. */
  readonly code: string;
}

/** The fault of a folder whose contents cannot be listed. */
export function unreadableFolderFault(source: string, code: string): RecordFault {
  const message = `the folder cannot be read (${code})`;
  return { source, line: 1, byteOffset: 0, kind: 'unreadable-file', message };
}

/** What is to be thrown where a person named a folder that cannot be listed. */
export function refusedFolder(folder: string, cause: unknown): GroundworkError {
  return new GroundworkError('file-access', `the folder ${folder} cannot be read (${systemCode(cause)})`, {
    hint: 'Allow yourself to read it, or name another folder.',
  });
}

/** Paths of all that is not a folder below a folder, without hidden names and `node_modules`. */
function filesBelow(folder: string, unreadable: UnreadableFolder[]): string[] {
  const files: string[] = [];
  const folders = [folder];
  for (let current = folders.pop(); current !== undefined; current = folders.pop()) {
    let entries: Dirent[];
    try {
      entries = readdirSync(current, { withFileTypes: true });
    } catch (cause) {
      if (current === folder) throw refusedFolder(folder, cause);
      unreadable.push({ path: current, code: systemCode(cause) });
      continue;
    }
    for (const entry of entries) {
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
      const path = join(current, entry.name);
      if (entry.isDirectory()) folders.push(path);
      else files.push(path);
    }
  }
  return files;
}

async function matchesOf(pattern: string, workingFolder: string): Promise<string[]> {
  const matches = await glob(pattern, {
    cwd: workingFolder,
    absolute: true,
    onlyFiles: true,
    followSymbolicLinks: false,
    expandDirectories: false,
    ...(!pattern.includes('node_modules') && { ignore: ['**/node_modules/**'] }),
  });
  if (matches.length > 0) return matches.map((path) => resolve(path));
  throw new GroundworkError('file-not-found', `no file matches ${pattern}`, {
    hint: 'Check the pattern; put it in quotes so that the shell leaves it alone.',
  });
}

/** Adds the regular files among `paths`, sorted, and those that links in `folder` lead to. */
function collect(
  folder: string,
  paths: readonly string[],
  found: Found[],
  skipped: { path: string; reason: SkippedSource['reason'] }[],
): void {
  const byName = new Map(paths.map((path) => [relative(folder, path).split(sep).join('/'), path]));
  const root = realpathSync(folder);
  const regular = new Set<string>();
  const links: Found[] = [];
  const files: { name: string; file: Found }[] = [];
  for (const [name, path] of [...byName].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const status = statusOf(path);
    if (status?.isSymbolicLink()) links.push({ path, sizeBytes: 0, isNamed: false });
    // A file that vanished since the folder was listed, or is out of reach, is read all the same, for a fault with its name.
    else if (status && !status.isFile()) skipped.push({ path, reason: 'special-file' });
    else {
      files.push({ name, file: { path, sizeBytes: status?.size ?? 0, isNamed: false } });
      regular.add(join(root, relative(folder, path)));
    }
  }
  for (const link of links) {
    const target = targetOf(link.path);
    if (target === undefined || !isInside(root, target.path)) {
      skipped.push({ path: link.path, reason: 'link-leaves-folder' });
    } else if (!target.isFile || regular.has(target.path)) {
      skipped.push({ path: link.path, reason: 'link-read-elsewhere' });
    } else {
      regular.add(target.path);
      const name = relative(folder, link.path).split(sep).join('/');
      files.push({ name, file: { ...link, sizeBytes: target.sizeBytes } });
    }
  }
  files.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const { file } of files) found.push(file);
}

/** What lies at a path, a link for itself; nothing where that cannot be told. */
function statusOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    // Whoever reads the file tells the cause.
    return undefined;
  }
}

/** Where a link ends; nothing where it ends nowhere. */
function targetOf(path: string): { path: string; isFile: boolean; sizeBytes: number } | undefined {
  try {
    const status = statSync(path);
    return { path: realpathSync(path), isFile: status.isFile(), sizeBytes: status.size };
  } catch {
    // A link to nothing, or one that goes round in a circle, leads nowhere in the folder.
    return undefined;
  }
}

/** Whether an absolute path lies in an absolute folder, both with links resolved. */
export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && resolve(folder, way) === resolve(path);
}

/** The folders at the beginning of a glob that hold no pattern. */
function staticPart(pattern: string): string {
  const parts = pattern.split('/');
  const first = parts.findIndex((part) => isDynamicPattern(part));
  return parts.slice(0, first < 0 ? parts.length - 1 : first).join('/') || (pattern.startsWith('/') ? '/' : '.');
}

/** The deepest folder that holds all of `folders`. */
function commonFolder(folders: readonly string[]): string {
  let common = folders[0] ?? '.';
  for (const folder of folders) {
    while (!isInside(common, folder) && dirname(common) !== common) common = dirname(common);
  }
  return common;
}

/** The last part of a path, by which a format is told. */
export function nameOf(file: CorpusFile): string {
  return file.path === standardInputName ? '' : basename(file.path);
}

/** Size of all files of a corpus as they lie on the disk, for progress; undefined where standard input is among them. */
export async function corpusSizeBytes(inputs: readonly string[], workingFolder?: string): Promise<number | undefined> {
  if (inputs.includes(standardInputName)) return undefined;
  const { files } = await findCorpusFiles(inputs, workingFolder);
  return files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
