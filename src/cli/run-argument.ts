import { GroundworkError, present } from '../core/index.ts';
import { nodeFileSystem } from '../core/node.ts';
import { type ListedRun, listRuns, type RunManifest } from '../training/index.ts';

/** Where runs lie unless a person says otherwise. */
export const defaultRunsFolder = 'runs';

/** A run that can be read, with its folder. */
export interface KnownRun {
  readonly folder: string;
  readonly manifest: RunManifest;
}

/**
 * The folder of the run that a person named: by its path, or by its name in `runs/`. A bare word is a path only where a run lies
 * there, or where `runs/` has nothing of that name: a folder of text may be called as a run is.
 */
export function folderOfRun(word: string, runsFolder = defaultRunsFolder): string {
  if (word.includes('/') || nodeFileSystem.exists(`${word}/run.json`)) return word;
  const inside = `${runsFolder}/${word}`;
  return nodeFileSystem.exists(inside) ? inside : word;
}

/** The runs of a folder that can be read, the newest first. */
export function knownRuns(runsFolder: string): KnownRun[] {
  const isKnown = (run: ListedRun): run is Extract<ListedRun, { manifest: unknown }> => 'manifest' in run;
  return listRuns(nodeFileSystem, runsFolder)
    .filter(isKnown)
    .sort((a, b) => (a.manifest.createdAt < b.manifest.createdAt ? 1 : -1));
}

/**
 * The folder of the run that a person named or, without a word, of the newest one that suits.
 *
 * @throws `file-not-found` where there is none
 */
export function chosenRun(
  word: string | undefined,
  suits: (manifest: RunManifest) => boolean = () => true,
  what = 'run',
): string {
  if (word !== undefined) return folderOfRun(word);
  const runs = knownRuns(defaultRunsFolder).filter(({ manifest }) => suits(manifest));
  if (runs.length === 0) {
    throw new GroundworkError('file-not-found', `there is no ${what} in ${defaultRunsFolder}/`, {
      hint: 'Name the folder of a run, or train one: groundwork pretrain',
    });
  }
  return present(runs[0], 'a run').folder;
}
