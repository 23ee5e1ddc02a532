import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeFileSystem } from '../../../src/core/node.ts';
import { type BundleOptions, type WrittenBundle, writeBundle } from '../../../src/export/index.ts';
import { makeRun, type NewRunOptions, type Plan, type RunDataset } from '../../../src/training/index.ts';
import {
  closeDatasets,
  environment,
  quickPlan,
  smallDatasets,
  smallRecipe,
} from '../../training/support/small-training.ts';

/** A folder with small datasets, for as long as a test file runs. */
export interface BundleRoom {
  readonly folder: string;
  readonly datasets: readonly RunDataset[];
  close(): void;
}

export function bundleRoom(): BundleRoom {
  const folder = mkdtempSync(join(tmpdir(), 'bundle-'));
  const datasets = smallDatasets(folder);
  return {
    folder,
    datasets,
    close: () => {
      closeDatasets(datasets);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Eight steps, evaluated on the way and at the end, saved every three steps. */
export const bundledPlan: Plan = quickPlan({
  numSteps: 8,
  numTokens: 8 * 4 * 32,
  evaluation: { everySteps: 3, numDocuments: 4, numFinalDocuments: 10 },
  checkpoints: { everyMs: null, everySteps: 3, keep: 2 },
  expected: { flopsPerStep: 1e6 },
});

export const plainLaunch: BundleOptions['launch'] = {
  numNodes: 1,
  numDevices: 1,
  device: undefined,
  time: '24:00:00',
  partition: undefined,
  account: undefined,
  image: undefined,
};

/** What making the run of the small bundle takes. */
export function newSmallRun(room: BundleRoom, folder: string, changes: Partial<NewRunOptions> = {}): NewRunOptions {
  return {
    fs: nodeFileSystem,
    folder,
    name: 'small',
    recipe: { recipe: smallRecipe(), file: null },
    datasets: room.datasets,
    plan: bundledPlan,
    seed: 5,
    command: ['bundle'],
    laws: { records: [], problems: [] },
    engineFacts: { provider: 'jax', numThreads: null, name: 'jax', versions: {} },
    environment,
    now: () => new Date('2026-11-23T12:00:00Z'),
    ...changes,
  };
}

/** Writes a small bundle under a name. */
export function smallBundle(
  room: BundleRoom,
  name: string,
  { run = {}, ...changes }: Partial<BundleOptions> & { readonly run?: Partial<NewRunOptions> } = {},
): Promise<WrittenBundle> {
  return writeBundle({
    fs: nodeFileSystem,
    folder: `${room.folder}/${name}`,
    putRun: (folder) => makeRun(newSmallRun(room, folder, run)),
    launch: plainLaunch,
    mesh: { data: null, fsdp: 1, model: 1 },
    groundworkVersion: '0.1.0',
    ...changes,
  });
}
