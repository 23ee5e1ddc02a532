import { dirname } from 'node:path';
import { type FileSystem, fileChunks } from '../../core/index.ts';
import { writeDurably } from '../../core/node.ts';
import { checkpointFiles, checkpointFolder, checkpointManifestFile } from './checkpoint-manifest.ts';
import { eventsFile } from './event-log.ts';
import { makeNewFolder } from './new-folder.ts';
import { refuseLink } from './problem.ts';
import {
  forecastFile,
  manifestFile,
  type RunManifest,
  recipeContentFile,
  runTokenizerFile,
  verdictFile,
} from './run-manifest.ts';

/** Where a run that stopped by itself says why. */
const diagnosticsFolder = 'diagnostics';

/**
 * Copies a run: its records, its log, the files of its recipe, diagnoses, and some of its checkpoints. `run.json` comes last, so that what was cut
 * off is no run. Nothing else is copied: a lock, what was set aside and files of others stay where they are.
 *
 * @param into a folder that is not there yet
 * @param steps of the checkpoints
 * @throws `unsafe-path` where a link leads out of the run; what the file system throws
 */
export function copyRunFiles(
  fs: FileSystem,
  folder: string,
  into: string,
  { recipe: { file } }: RunManifest,
  steps: readonly number[],
): void {
  const records = [eventsFile, runTokenizerFile, recipeContentFile, forecastFile, verdictFile];
  const checkpoints = steps.flatMap((step) =>
    [...checkpointFiles, checkpointManifestFile].map((name) => `${checkpointFolder(step)}/${name}`),
  );
  const recipeFolder = file?.split('/')[0];
  const paths = [
    ...records,
    ...(recipeFolder === undefined ? [] : filesUnder(fs, folder, recipeFolder)),
    ...filesUnder(fs, folder, diagnosticsFolder),
    ...checkpoints,
    manifestFile,
  ];
  makeNewFolder(fs, into);
  for (const path of paths) {
    refuseLink(folder, path);
    if (!fs.exists(`${folder}/${path}`)) continue;
    fs.makeFolder(dirname(`${into}/${path}`));
    writeDurably(fs, `${into}/${path}`, fileChunks(fs, `${folder}/${path}`));
  }
}

/** The files under a path inside a run, which may be a file itself. */
function filesUnder(fs: FileSystem, folder: string, path: string): string[] {
  refuseLink(folder, path);
  if (!fs.exists(`${folder}/${path}`)) return [];
  if (!fs.stat(`${folder}/${path}`).isFolder) return [path];
  return fs.list(`${folder}/${path}`).flatMap((name) => filesUnder(fs, folder, `${path}/${name}`));
}
