import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type FileSystem, GroundworkError } from '../../core/index.ts';
import type { LadderRecord } from '../../theory/index.ts';
import { parseLadderRecord } from '../ladder/ladder-record.ts';

/** The records of ladders that laws can be fitted to. */
export interface KnownLaws {
  readonly records: readonly LadderRecord[];
  /** Files that could not be read as such, a sentence each. */
  readonly problems: readonly string[];
}

const lawsFolder = 'laws';

/**
 * Where records of ladders lie: those of a person's own in `laws/` of the working folder, then those that ship with Groundwork, in
 * `laws/` beside its `package.json`.
 */
export function lawFolders(fs: FileSystem): readonly string[] {
  const own = resolve(lawsFolder);
  const root = packageRoot(fs, dirname(fileURLToPath(import.meta.url)));
  return [...new Set([own, ...(root === undefined ? [] : [join(root, lawsFolder)])])];
}

/** The nearest folder above this file with a `package.json`: the same whether it runs from src/ or from dist/. */
function packageRoot(fs: FileSystem, folder: string): string | undefined {
  if (fs.exists(join(folder, 'package.json'))) return folder;
  return dirname(folder) === folder ? undefined : packageRoot(fs, dirname(folder));
}

/**
 * Reads the records of ladders in some folders, each folder by name. A file that cannot be read is told and passed over: no training is to
 * fail over what is known of others.
 *
 * @param folders those that are not there are empty; of two records of one name the first is taken
 */
export function knownLaws(fs: FileSystem, folders: readonly string[] = lawFolders(fs)): KnownLaws {
  const records = new Map<string, LadderRecord>();
  const problems: string[] = [];
  for (const folder of folders) {
    for (const name of namesIn(fs, folder, problems)) {
      try {
        const record = readLaw(fs, join(folder, name));
        if (!records.has(record.name)) records.set(record.name, record);
      } catch (fault) {
        if (!(fault instanceof GroundworkError)) throw fault;
        problems.push(`A law is left out: ${fault.message}.`);
      }
    }
  }
  return { records: [...records.values()], problems };
}

function namesIn(fs: FileSystem, folder: string, problems: string[]): readonly string[] {
  try {
    if (!fs.exists(folder) || !fs.stat(folder).isFolder) return [];
    return fs.list(folder).filter((name) => name.endsWith('.json') && !name.startsWith('.'));
  } catch (fault) {
    if (!(fault instanceof GroundworkError)) throw fault;
    problems.push(`Laws are left out: ${fault.message}.`);
    return [];
  }
}

/**
 * Reads the record of one ladder.
 *
 * @throws `file-not-found`, `file-access`; `invalid-run` for a file that is none
 */
export function readLaw(fs: FileSystem, path: string): LadderRecord {
  return parseLadderRecord(new TextDecoder().decode(fs.readFile(path)), path);
}
