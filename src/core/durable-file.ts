import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { GroundworkError } from './errors.ts';
import type { FileSystem, OpenFile } from './file-system.ts';

/** What was written: enough to check the file later. */
export interface WrittenFile {
  readonly sizeBytes: number;
  /** SHA-256 of the contents, 64 lower-case hexadecimal digits. */
  readonly sha256: string;
}

/**
 * Writes a file so that at its path there is the whole of it or what was there before, whenever the machine stops: written
 * under another name (`PATH.tmp`) while its hash is taken, flushed, renamed, the folder flushed. When this returns, the file
 * survives a loss of power. What lies at the other name is removed and never written through, be it a link.
 *
 * @param chunks the contents, one piece after another; a generator lets a large file pass through little memory
 * @throws what the file system throws; the unfinished file is then removed, where that is still possible
 */
export function writeDurably(fs: FileSystem, path: string, chunks: Iterable<Uint8Array>): WrittenFile {
  const unfinished = `${path}.tmp`;
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const file = openAnew(fs, unfinished);
  try {
    try {
      for (const chunk of chunks) {
        file.write(chunk);
        hash.update(chunk);
        sizeBytes += chunk.length;
      }
      file.sync();
    } finally {
      file.close();
    }
    fs.rename(unfinished, path);
  } catch (error) {
    try {
      fs.remove(unfinished);
    } catch {
      // What stopped the writing is what a person needs to know; what is left is written over by the next attempt.
    }
    throw error;
  }
  fs.syncFolder(dirname(path));
  return { sizeBytes, sha256: hash.digest('hex') };
}

/** Makes a file of its own, in place of what an attempt that was killed left at its name, or somebody laid there. */
function openAnew(fs: FileSystem, path: string): OpenFile {
  try {
    return fs.open(path, 'create-new');
  } catch (error) {
    const cause = error instanceof GroundworkError ? error.cause : undefined;
    if ((cause as NodeJS.ErrnoException | undefined)?.code !== 'EEXIST') throw error;
    fs.remove(path);
    return fs.open(path, 'create-new');
  }
}
