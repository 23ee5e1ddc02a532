import { GroundworkError } from '../../core/index.ts';
import { takeLock } from '../../core/node.ts';

const lockFile = 'run.lock';

/** The right to write in a run's folder. */
export interface RunLock {
  readonly folder: string;
  release(): void;
}

/**
 * Takes the lock of a run: at most one process writes in its folder. A lock whose process is gone is taken over.
 *
 * @param folder of the run; it exists
 * @throws `locked` where another process holds it; `file-access` or `disk-full` where the lock cannot be written
 */
export function lockRun(folder: string): RunLock {
  try {
    return { folder, release: takeLock(`${folder}/${lockFile}`, `the run ${folder}`) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof GroundworkError || code === undefined) throw error;
    const isFull = code === 'ENOSPC' || code === 'EDQUOT';
    throw new GroundworkError(
      isFull ? 'disk-full' : 'file-access',
      isFull
        ? `${folder} cannot be locked: the disk is full`
        : `${folder} cannot be locked: it may not be written (${code})`,
      {
        hint: isFull ? 'Make room, and run again.' : 'Check who owns it, or copy the run to where you may write.',
        cause: error,
      },
    );
  }
}

/** Whether a name in a run's folder belongs to its lock. */
export function isOfLock(name: string): boolean {
  return name === lockFile || name.startsWith(`${lockFile}.`);
}
