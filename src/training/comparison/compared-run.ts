import type { FileSystem } from '../../core/index.ts';
import { openRun } from '../run/run-folder.ts';
import { trainingTimeMs } from '../training-time.ts';
import type { ComparedRun } from './arms.ts';

/**
 * Reads what a comparison wants to know of a run.
 *
 * @throws what `openRun` throws
 */
export function readComparedRun(fs: FileSystem, folder: string): ComparedRun {
  const run = openRun(fs, folder);
  return { folder, manifest: run.manifest, trainingMs: trainingTimeMs(run.events()) };
}
