import { availableParallelism } from 'node:os';
import { basename, resolve } from 'node:path';
import { GroundworkError } from '../core/index.ts';
import { nodeFileSystem } from '../core/node.ts';
import {
  buildDataset,
  buildSettingsSchema,
  type Dataset,
  datasetOfCorpus,
  demoNamed,
  openDataset,
} from '../data/index.ts';
import { formatCount } from '../page/index.ts';
import type { RunDataset, RunManifest } from '../training/index.ts';
import type { Terminal } from './command-line.ts';
import { type Flags, usageFault } from './flags.ts';
import { progressDisplay } from './progress-display.ts';
import { byteText } from './text-table.ts';
import { groundworkVersion } from './version.ts';

const datasetsFolder = 'datasets';
const demoName = 'presidents';

const isDataset = (path: string): boolean => nodeFileSystem.exists(`${path}/dataset.json`);

/** Where a dataset lies, by its absolute path: a run records it, and it is then found from any working folder. */
interface PlacedDataset {
  readonly folder: string;
  readonly weight: number;
}

/**
 * The datasets that a person named: datasets by their folders, text by its files and folders (a dataset is then built first), or
 * nothing, which means the demo.
 */
export async function openNamedDatasets(command: string, flags: Flags, terminal: Terminal): Promise<RunDataset[]> {
  return openPlaced(await placeNamedDatasets(command, flags, terminal));
}

/** Builds what `openNamedDatasets` would build, and opens nothing. */
export async function placeNamedDatasets(command: string, flags: Flags, terminal: Terminal): Promise<PlacedDataset[]> {
  const weighted = flags.texts('data');
  const vocabularySize = flags.wholeNumber('vocabulary', 257);
  if (weighted.length > 0) {
    if (flags.words.length > 0) throw usageFault(command, `both "${flags.words[0]}" and --data name what to train on`);
    const placed: PlacedDataset[] = [];
    for (const given of weighted) {
      const [, path = given, digits = '1'] = /^(.+):([\d.]+)$/.exec(given) ?? [];
      const weight = Number(digits);
      if (!(weight > 0))
        throw usageFault(command, `--data is "${given}", expected FOLDER:WEIGHT with a weight above 0`);
      placed.push({ folder: resolve(await folderFor([path], vocabularySize, terminal)), weight });
    }
    return placed;
  }
  const folder =
    flags.words.length === 0
      ? await demoFolder(terminal, vocabularySize)
      : await folderFor(flags.words, vocabularySize, terminal);
  return [{ folder: resolve(folder), weight: 1 }];
}

/** Opens all of them, or none. */
export function openPlaced(placed: readonly PlacedDataset[]): RunDataset[] {
  const opened: RunDataset[] = [];
  try {
    for (const { folder, weight } of placed) opened.push({ dataset: openDataset(nodeFileSystem, folder), weight });
    return opened;
  } catch (fault) {
    closeDatasets(opened);
    throw fault;
  }
}

/**
 * The datasets of a run that goes on, from where they were or from where they are now.
 *
 * @param folders where they are now, in the order of the run; none where they have not moved
 */
export function openRunDatasets(command: string, { datasets }: RunManifest, folders: readonly string[]): RunDataset[] {
  if (folders.length > 0 && folders.length !== datasets.length) {
    const names = datasets.map(({ name }) => name).join(', ');
    throw usageFault(
      command,
      `--data is given ${folders.length === 1 ? 'once' : `${folders.length} times`}, expected it for each dataset of the run: ${names}`,
    );
  }
  try {
    return openPlaced(datasets.map(({ folder, weight }, i) => ({ folder: resolve(folders[i] ?? folder), weight })));
  } catch (fault) {
    if (!(fault instanceof GroundworkError) || fault.code !== 'file-not-found' || folders.length > 0) throw fault;
    throw new GroundworkError(fault.code, fault.message, {
      hint: 'Say where it is now: --data FOLDER.',
      cause: fault,
    });
  }
}

export function closeDatasets(datasets: readonly { readonly dataset: Dataset }[]): void {
  for (const { dataset } of datasets) dataset.close();
}

/** The dataset of some inputs: the one that they name, or one that is built from their text. */
async function folderFor(
  inputs: readonly string[],
  vocabularySize: number | undefined,
  terminal: Terminal,
): Promise<string> {
  const [first = ''] = inputs;
  if (inputs.length === 1 && isDataset(first)) {
    refuseVocabulary(vocabularySize, first);
    return first;
  }
  // A name that is no path may be that of a dataset, or of a demo.
  if (inputs.length === 1 && !nodeFileSystem.exists(first)) {
    if (first === demoName) return demoFolder(terminal, vocabularySize);
    if (isDataset(`${datasetsFolder}/${first}`)) {
      refuseVocabulary(vocabularySize, first);
      return `${datasetsFolder}/${first}`;
    }
  }
  for (const input of inputs) {
    if (isDataset(input)) {
      throw new GroundworkError('usage', `${input} is a dataset and cannot be joined with text`, {
        hint: 'Mix datasets by weight: --data FOLDER:WEIGHT for each.',
      });
    }
  }
  terminal.live?.('looking at the text');
  const built = await datasetOfCorpus({
    inputs,
    parent: datasetsFolder,
    vocabularySize,
    numWorkers: availableParallelism(),
    groundworkVersion: groundworkVersion(),
    signal: terminal.signal,
    onProgress: progressDisplay(terminal),
  });
  terminal.live?.('');
  const { folder, numBytes, settings, isNew } = built;
  terminal.error(
    isNew
      ? `dataset:  ${folder}, from ${byteText(numBytes)} of text, with a vocabulary of up to ${formatCount(settings.vocabularySize)}`
      : `dataset:  ${folder}, built before from the same text`,
  );
  return folder;
}

/** The demo that needs no network, built on first use. */
async function demoFolder(terminal: Terminal, vocabularySize: number | undefined): Promise<string> {
  const folder = `${datasetsFolder}/${demoName}${vocabularySize === undefined ? '' : `-v${vocabularySize}`}`;
  if (isDataset(folder)) return folder;
  const demo = demoNamed(demoName);
  const { preset, ...settings } = demo.settings;
  terminal.error(`dataset:  building ${folder}: ${demo.summary}`);
  await buildDataset({
    folder,
    records: demo.records({ note: (message) => terminal.error(message) }),
    settings: buildSettingsSchema.parse({ ...settings, ...(vocabularySize !== undefined && { vocabularySize }) }),
    cleaning: { preset },
    numWorkers: availableParallelism(),
    groundworkVersion: groundworkVersion(),
    signal: terminal.signal,
    onProgress: progressDisplay(terminal),
  });
  terminal.live?.('');
  return folder;
}

function refuseVocabulary(vocabularySize: number | undefined, folder: string): void {
  if (vocabularySize === undefined) return;
  throw new GroundworkError('usage', `--vocabulary is given, but ${folder} has a vocabulary already`, {
    hint: `Leave it out, or build ${basename(folder)} again with data build --vocabulary ${vocabularySize}.`,
  });
}
