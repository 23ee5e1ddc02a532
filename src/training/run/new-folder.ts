import { type FileSystem, GroundworkError } from '../../core/index.ts';

/**
 * Makes a folder and those above it. Where a disk is read-only Node says that there is no such folder, though it was asked to
 * make it: that is told as what it is.
 *
 * @throws `file-access` where the folder may not be made
 */
export function makeNewFolder(fs: FileSystem, path: string): void {
  try {
    fs.makeFolder(path);
  } catch (error) {
    const cause = error instanceof GroundworkError ? error.cause : undefined;
    if ((cause as NodeJS.ErrnoException | undefined)?.code !== 'ENOENT') throw error;
    throw new GroundworkError('file-access', `${path} may not be made: the folder above it may not be written`, {
      hint: 'Check who owns that folder, and whether its disk is read-only; or choose another.',
      cause: error,
    });
  }
}
