import { basename, dirname, resolve } from 'node:path';
import { assert, canonicalJson, type FileSystem, GroundworkError, present, sha256Hex } from '../core/index.ts';
import { writeDurably } from '../core/node.ts';
import { emitProgram, emitTrainingStep } from '../engine/index.ts';
import { jaxWindow } from '../engine/node.ts';
import { traceLosses } from '../recipe/index.ts';
import { prepareStep, type RunManifest, signedText, type WaitingRun } from '../training/index.ts';
import { chooseFit, refuseUnsharedRows } from './bundle-fit.ts';
import { type BundleFolder, bundleFolder } from './bundle-folder.ts';
import { type BundleManifest, bundledRunFolder, bundleFile, bundleSchema, type Mesh } from './bundle-manifest.ts';
import { readmeText } from './bundle-readme.ts';
import { dataFolder, placeDataset, rowsFolder } from './bundled-dataset.ts';
import { evaluationFolder, writeEvaluation } from './bundled-evaluation.ts';
import { jobsetText } from './launch/jobset.ts';
import type { Launch } from './launch/launch.ts';
import { skypilotText } from './launch/skypilot.ts';
import { slurmText } from './launch/slurm.ts';
import { writeRunner } from './runner-files.ts';

export interface BundleOptions {
  readonly fs: FileSystem;
  /** The folder of the bundle; there is nothing yet. */
  readonly folder: string;
  /** Makes the run of the bundle, or copies it, into a folder. */
  readonly putRun: (folder: string) => Promise<WaitingRun>;
  readonly launch: Omit<Launch, 'name' | 'identity'>;
  /** Whether the forecast of the run is of the devices of `launch`. Default false. */
  readonly areDevicesForetold?: boolean;
  readonly mesh: Mesh;
  /** Rows of a micro-batch, over all devices; default: those of the run's plan, or the fewest above that the devices can share out. */
  readonly microBatchSize?: number;
  /** A folder in which the nodes find the datasets by their names, or the one dataset itself; undefined: they are copied. */
  readonly dataLocation?: string;
  readonly groundworkVersion: string;
}

/** A bundle that was written. */
export interface WrittenBundle {
  readonly folder: string;
  readonly manifest: BundleManifest;
  /** All of it. */
  readonly sizeBytes: number;
  /** Of its parts, by what they are, the largest first. */
  readonly parts: readonly { readonly what: string; readonly sizeBytes: number }[];
}

/**
 * Writes a bundle: all that a run needs to go on with JAX where there is no Groundwork. It is put together under another name and appears
 * as a whole, or not at all.
 *
 * @throws `file-access` where something lies at its place; `invalid-dataset`; `usage` for rows that the devices cannot share out; what
 *   making the run throws; `out-of-memory` where the device that was named does not hold a step
 */
export async function writeBundle(options: BundleOptions): Promise<WrittenBundle> {
  const { fs, folder } = options;
  refuseOccupied(fs, folder);
  const place = resolve(folder);
  const unfinished = `${dirname(place)}/.${basename(place)}.tmp-${process.pid}`;
  try {
    fs.remove(unfinished);
    fs.makeFolder(unfinished);
    const { manifest, dataBytes } = await fillBundle(options, bundleFolder(fs, unfinished));
    const parts = partsOf(fs, unfinished, manifest, dataBytes);
    refuseOccupied(fs, folder);
    // An empty folder may lie there.
    fs.remove(place);
    fs.rename(unfinished, place);
    fs.syncFolder(dirname(place));
    return { folder, manifest, parts, sizeBytes: parts.reduce((sum, part) => sum + part.sizeBytes, 0) };
  } finally {
    fs.remove(unfinished);
  }
}

async function fillBundle(options: BundleOptions, bundle: BundleFolder) {
  const { fs, mesh, groundworkVersion, dataLocation } = options;
  const waiting = await options.putRun(`${bundle.folder}/${bundledRunFolder}`);
  const { run, recorded, step, numSteps } = waiting;
  const { manifest: record } = run;
  const { plan, parts, datasets, recipe } = recorded;
  const { precision = 'float32', ...batch } = plan.batch;
  const groups = groupsOf(options);
  if (options.microBatchSize !== undefined) refuseUnsharedRows(options.microBatchSize, batch.batchSize, groups);
  const microBatchSize = options.microBatchSize ?? sharedRows(plan.batch, groups);
  const { device } = options.launch;
  if (device !== undefined) {
    // A new run was planned so that it fits; one that began elsewhere was not.
    const fsdp = mesh.fsdp ?? 1;
    const meshes = [{ ...mesh, fsdp, data: mesh.data ?? groups / fsdp }];
    chooseFit(recipe.recipe, plan, { device, meshes, recompute: [batch.recompute], microBatchSize });
  }
  const prepared =
    microBatchSize === batch.microBatchSize
      ? parts.prepared
      : await prepareStep(recipe.recipe, { ...plan, batch: { ...plan.batch, microBatchSize } });
  bundle.write('step.py', emitTrainingStep(prepared.program, prepared.parts()));
  const { contextLength } = plan.size;
  const losses = traceLosses(prepared.model, { batchSize: microBatchSize, contextLength });
  bundle.write('evaluate.py', emitProgram(losses));
  const placed = datasets.map((one, index) =>
    placeDataset(bundle, one, {
      index,
      facts: present(parts.batches.sources[index], 'a source of batches'),
      location: locationOf(dataLocation, one.dataset.manifest.name, datasets.length),
    }),
  );
  const { dataset } = present(datasets[0], 'a dataset');
  const evaluation = writeEvaluation(bundle, dataset, plan, microBatchSize);
  writeRunner(bundle, options.launch.device);
  const launch: Launch = { ...options.launch, name: record.name, identity: identityOf(record, step) };
  const manifest: Omit<BundleManifest, 'files'> = {
    format: 'groundwork-bundle',
    version: 1,
    name: record.name,
    createdBy: { groundwork: groundworkVersion },
    seed: record.seed,
    numSteps,
    schedule: plan.schedule,
    batch: { ...batch, microBatchSize, precision },
    datasets: placed.map((one) => one.record),
    fingerprints: {
      program: record.programHash,
      tokenizer: record.tokenizerFingerprint,
      batches: record.batchesFingerprint,
    },
    evaluation,
    checkpoints: plan.checkpoints,
    mesh,
    devices: {
      numNodes: launch.numNodes,
      numDevices: launch.numDevices,
      kind: launch.device?.name ?? null,
      areForetold: options.areDevicesForetold ?? false,
    },
    flopsPerStep: prepared.flopsPerStep,
    run: {
      folder: bundledRunFolder,
      createdAt: record.createdAt,
      recipeSha256: record.recipe.sha256,
      forecastSha256: record.forecast?.sha256 ?? null,
      step,
    },
    jax: jaxWindow,
  };
  const dataBytes = placed.reduce((sum, one) => sum + one.sizeBytes, 0);
  bundle.writeChangeable('run.sbatch', slurmText(launch));
  bundle.writeChangeable('jobset.yaml', jobsetText(launch));
  bundle.writeChangeable('skypilot.yaml', skypilotText(launch));
  bundle.writeChangeable('README.md', readmeText(manifest, launch, dataBytes));
  const whole: BundleManifest = { ...manifest, files: [...bundle.files()] };
  const checked = bundleSchema.safeParse(whole);
  const [issue] = checked.error?.issues ?? [];
  assert(checked.success, `the manifest of a bundle breaks its schema: ${issue?.path.join('.')}: ${issue?.message}`);
  writeDurably(fs, `${bundle.folder}/${bundleFile}`, [new TextEncoder().encode(signedText(whole))]);
  return { manifest: whole, dataBytes };
}

/** Tells runs apart that share a name and a model: what they are and where they go on from. */
function identityOf(record: RunManifest, step: number): string {
  const { createdAt, seed, programHash, batchesFingerprint } = record;
  return sha256Hex(canonicalJson({ createdAt, seed, step, programHash, batchesFingerprint }));
}

/** Groups of devices that each have rows of their own. */
const groupsOf = ({ launch: { numNodes, numDevices }, mesh }: BundleOptions): number =>
  Math.max(1, (numNodes * numDevices) / mesh.model);

/** The fewest rows of a micro-batch, from those of a plan on, that divide the batch and that the groups of devices can share out. */
function sharedRows(
  { batchSize, microBatchSize }: { readonly batchSize: number; readonly microBatchSize: number },
  groups: number,
): number {
  if (batchSize % groups !== 0) {
    throw new GroundworkError(
      'usage',
      `a batch of ${batchSize} rows cannot be shared out evenly over ${groups} groups of devices`,
      { hint: 'Choose a number of devices that divides the rows of a batch.' },
    );
  }
  for (let rows = microBatchSize; rows < batchSize; rows++) {
    if (batchSize % rows === 0 && rows % groups === 0) return rows;
  }
  return batchSize;
}

function locationOf(location: string | undefined, name: string, numDatasets: number): string | undefined {
  return location === undefined || numDatasets === 1 ? location : `${location}/${name}`;
}

function partsOf(fs: FileSystem, folder: string, { datasets }: BundleManifest, dataBytes: number) {
  const sizeOf = (name: string) => (fs.exists(`${folder}/${name}`) ? sizeOfFolder(fs, `${folder}/${name}`) : 0);
  const apart = [bundledRunFolder, evaluationFolder, rowsFolder, dataFolder];
  const others = fs.list(folder).filter((name) => !apart.includes(name));
  const parts = [
    { what: 'the run, with its checkpoint', sizeBytes: sizeOf(bundledRunFolder) },
    { what: 'rows of evaluations', sizeBytes: sizeOf(evaluationFolder) },
    { what: 'packing of rows', sizeBytes: sizeOf(rowsFolder) },
    {
      what: 'programs, runner and files of schedulers',
      sizeBytes: others.reduce((sum, name) => sum + sizeOf(name), 0),
    },
    { what: datasets.length === 1 ? 'the dataset' : `${datasets.length} datasets`, sizeBytes: dataBytes },
  ];
  return parts.filter(({ sizeBytes }) => sizeBytes > 0).sort((a, b) => b.sizeBytes - a.sizeBytes);
}

function sizeOfFolder(fs: FileSystem, path: string): number {
  const { isFolder, sizeBytes } = fs.stat(path);
  return isFolder ? fs.list(path).reduce((sum, name) => sum + sizeOfFolder(fs, `${path}/${name}`), 0) : sizeBytes;
}

function refuseOccupied(fs: FileSystem, folder: string): void {
  if (!fs.exists(folder) || (fs.stat(folder).isFolder && fs.list(folder).length === 0)) return;
  throw new GroundworkError('file-access', `${folder} exists already, expected nothing or an empty folder`, {
    hint: 'Choose another folder: --out FOLDER.',
  });
}
