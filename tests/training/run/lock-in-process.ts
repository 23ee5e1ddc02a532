// Tries to write in the run at the path that is its argument, and prints what it was told.
import { GroundworkError } from '../../../src/core/index.ts';
import { nodeFileSystem } from '../../../src/core/node.ts';
import { createRun, deleteRun } from '../../../src/training/run/run-folder.ts';
import { lockRun } from '../../../src/training/run/run-lock.ts';
import { smallManifest } from './small-run.ts';

const folder = process.argv[2] ?? '';
const outcomeOf = (work: () => unknown): string => {
  try {
    work();
    return 'done';
  } catch (error) {
    if (!(error instanceof GroundworkError)) throw error;
    return `${error.code}: ${error.message}`;
  }
};
console.log(
  JSON.stringify({
    lock: outcomeOf(() => lockRun(folder)),
    delete: outcomeOf(() => deleteRun(nodeFileSystem, folder)),
    create: outcomeOf(() => createRun(nodeFileSystem, folder, smallManifest())),
  }),
);
