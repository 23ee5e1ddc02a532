import { createHash } from 'node:crypto';
import { type FileSystem, fileChunks, GroundworkError } from '../core/index.ts';
import { resolveInside } from '../core/node.ts';
import { type ReceivedRun, type RunManifest, readSigned, receiveRun } from '../training/index.ts';
import {
  type BundleManifest,
  type BundleOutcome,
  bundledRunFolder,
  bundleFile,
  bundleSchema,
  outcomeFile,
  outcomeSchema,
} from './bundle-manifest.ts';

/** A bundle whose manifest was read. */
export interface Bundle {
  readonly folder: string;
  readonly manifest: BundleManifest;
  /** What the last session of the runner was seen to take; undefined before the first. */
  readonly outcome: BundleOutcome | undefined;
}

/**
 * Opens a bundle to take its run back.
 *
 * @throws `file-not-found` where there is no such folder; `invalid-run` where it holds no bundle, or one whose manifest was changed
 */
export function openBundle(fs: FileSystem, folder: string): Bundle {
  if (!fs.exists(folder)) {
    throw new GroundworkError('file-not-found', `there is no ${folder}`, { hint: 'Name the folder of a bundle.' });
  }
  if (!fs.exists(`${folder}/${bundleFile}`)) {
    const isRun = fs.exists(`${folder}/run.json`);
    throw new GroundworkError('invalid-run', `${folder} holds no bundle: expected a ${bundleFile} in it`, {
      hint: isRun
        ? 'It holds a run: there is nothing to pull.'
        : 'Name the folder that `groundwork bundle` wrote, or a copy of it.',
    });
  }
  const read = readSigned(fs, folder, bundleFile, { format: 'groundwork-bundle', version: 1 }, bundleSchema);
  if ('problem' in read) {
    const { file, found, expected } = read.problem;
    throw new GroundworkError('invalid-run', `${folder}/${file}: found ${found}, expected ${expected}`, {
      hint: 'Copy the bundle again from where it was trained.',
    });
  }
  return { folder, manifest: read.value, outcome: readOutcome(fs, folder) };
}

export interface PullOptions {
  readonly fs: FileSystem;
  readonly bundle: Bundle;
  /** Where the run is to lie. */
  readonly folder: string;
}

/**
 * Takes the run of a bundle back: holds it against what the bundle says that it must be, copies and verifies it, and judges its forecast
 * where it is finished.
 *
 * @throws `invalid-run` where the run is not the one that was bundled, or anything of it is broken; what `receiveRun` throws
 */
export function pullBundle({ fs, bundle, folder }: PullOptions): ReceivedRun {
  const { manifest, outcome } = bundle;
  const isOwnForecast = manifest.devices.areForetold && (outcome === undefined || arePlanned(outcome, manifest));
  const received = receiveRun({
    fs,
    from: `${bundle.folder}/${bundledRunFolder}`,
    folder,
    check: (record) => refuseOther(bundle, record),
    peakMemoryBytes: outcome?.peakMemoryBytes ?? null,
    isForetoldDevice: isOwnForecast,
  });
  if (isOwnForecast || received.result?.verdict === undefined) return received;
  return { ...received, notes: [...received.notes, foreignForecast] };
}

const foreignForecast =
  'the forecasts of time and memory are not of the devices that trained it, and are left out of its verdict';

/** Whether a run was trained on the devices that it was planned for, by the rule of the runner: JAX calls a TPU v5e "TPU v5 lite". */
function arePlanned({ device, numDevices: found }: BundleOutcome, { devices }: BundleManifest): boolean {
  const name = device.toLowerCase().replace(' lite', 'e').replace(/v5$/, 'v5p');
  const { kind, numNodes, numDevices } = devices;
  return found === numNodes * numDevices && (kind ?? '').split('-').every((part) => name.includes(part));
}

/** Files of the bundle that are not as they were written, the run aside: what trained was then something else than was bundled. */
export function changedFiles(fs: FileSystem, { folder, manifest }: Bundle): string[] {
  return manifest.files
    .filter(({ path, sizeBytes, sha256 }) => {
      const place = resolveInside(folder, path);
      if (!fs.exists(place) || fs.stat(place).sizeBytes !== sizeBytes) return true;
      const hash = createHash('sha256');
      for (const chunk of fileChunks(fs, place)) hash.update(chunk);
      return hash.digest('hex') !== sha256;
    })
    .map(({ path }) => path);
}

function refuseOther({ folder, manifest }: Bundle, record: RunManifest): void {
  const { run, fingerprints } = manifest;
  const facts: readonly (readonly [string, string | null, string | null])[] = [
    ['time at which it was made', record.createdAt, run.createdAt],
    ['recipe', record.recipe.sha256, run.recipeSha256],
    ['forecast', record.forecast?.sha256 ?? null, run.forecastSha256],
    ['training step', record.programHash, fingerprints.program],
    ['tokenizer', record.tokenizerFingerprint, fingerprints.tokenizer],
    ['batches', record.batchesFingerprint, fingerprints.batches],
  ];
  const other = facts.find(([, found, expected]) => found !== expected);
  if (other === undefined) return;
  const [what, found, expected] = other;
  throw new GroundworkError(
    'invalid-run',
    `${folder} holds another run than it was made with: its ${what} is ${found?.slice(0, 24) ?? 'missing'}, expected ${expected?.slice(0, 24) ?? 'none'}`,
    { hint: 'Copy the bundle again from where it was trained.' },
  );
}

/** What the runner says of its last session. */
function readOutcome(fs: FileSystem, folder: string): BundleOutcome | undefined {
  const path = `${folder}/${outcomeFile}`;
  if (!fs.exists(path)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(fs.readFile(path)));
  } catch (fault) {
    throw broken(path, (fault as Error).message);
  }
  const parsed = outcomeSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw broken(path, `${issue?.path.join('.')}: ${issue?.message}`);
}

function broken(path: string, fault: string): GroundworkError {
  return new GroundworkError('invalid-run', `${path} cannot be read: ${fault}`, {
    hint: 'Copy it again from where it was trained, or remove it: only the memory that was taken is then not known.',
  });
}
