import { lstatSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type FileSystem, GroundworkError } from '../../core/index.ts';

/**
 * Makes a folder and those above it. Where a disk is read-only, or a part of the path is a link to nothing, Node says that there
 * is no such folder, though it was asked to make it: that is told as what it is.
 *
 * @throws `file-access` where the folder may not be made
 */
export function makeNewFolder(fs: FileSystem, path: string): void {
  try {
    fs.makeFolder(path);
  } catch (error) {
    const cause = error instanceof GroundworkError ? error.cause : undefined;
    const { code } = (cause ?? {}) as NodeJS.ErrnoException;
    const link = missingFolders(fs, path).find((one) => lstatSync(one, { throwIfNoEntry: false })?.isSymbolicLink());
    if (link !== undefined) {
      throw new GroundworkError('file-access', `${path} may not be made: ${link} is a link to nothing`, {
        hint: 'Make what it links to (is its disk there?), or choose another folder.',
        cause: error,
      });
    }
    if (code !== 'ENOENT') throw error;
    throw new GroundworkError('file-access', `${path} may not be made: the folder above it may not be written`, {
      hint: 'Check who owns that folder, and whether its disk is read-only; or choose another.',
      cause: error,
    });
  }
}

/** A folder and those above it that are not there yet, the outermost first. */
export function missingFolders(fs: FileSystem, path: string): string[] {
  const place = resolve(path);
  return fs.exists(place) || dirname(place) === place ? [] : [...missingFolders(fs, dirname(place)), place];
}
