import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { FileSystem } from '../../core/index.ts';
import { linkProblem, problemsOfReading, type RunProblem } from './problem.ts';
import { type ReadResult, readSigned } from './signed-json.ts';

/** The folder of a run in which its checkpoints lie. */
export const checkpointsFolder = 'checkpoints';
export const checkpointManifestFile = 'manifest.json';
/** What a checkpoint is made of, besides its manifest. */
export const checkpointFiles = ['model.safetensors', 'optimizer.safetensors', 'training.json'] as const;

const kind = { format: 'groundwork-checkpoint', version: 1 } as const;
const chunkBytes = 2 ** 22;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hexadecimal digits');
const file = z.strictObject({ path: z.enum(checkpointFiles), sizeBytes: z.int().min(0), sha256 });

const checkpointManifestSchema = z.strictObject({
  format: z.literal(kind.format),
  version: z.literal(kind.version),
  step: z.int().min(0),
  files: z
    .array(file)
    .refine(
      (files) => files.length === checkpointFiles.length && checkpointFiles.every((path, i) => files[i]?.path === path),
      `expected exactly ${checkpointFiles.join(', ')}`,
    ),
  fingerprints: z.strictObject({ program: sha256, tokenizer: sha256, batches: sha256 }),
});

/** What `manifest.json` of a checkpoint holds: which step, of what, and size and SHA-256 of each file. */
export type CheckpointManifest = z.infer<typeof checkpointManifestSchema>;
/** What a checkpoint belongs to. */
export type CheckpointFingerprints = CheckpointManifest['fingerprints'];
export type CheckpointFile = CheckpointManifest['files'][number];

/** A checkpoint whose manifest was read. */
export interface Checkpoint {
  readonly step: number;
  /** Path inside the run's folder. */
  readonly folder: string;
  /** Of all its files but the manifest. */
  readonly sizeBytes: number;
  readonly manifest: CheckpointManifest;
}

/** The name of the folder of a step's checkpoint. */
export function checkpointName(step: number): string {
  return `step-${String(step).padStart(8, '0')}`;
}

/** Path of a step's checkpoint inside its run. */
export function checkpointFolder(step: number): string {
  return `${checkpointsFolder}/${checkpointName(step)}`;
}

/** The steps of which a run has a checkpoint, sound or not, the first one first. */
export function checkpointSteps(fs: FileSystem, runFolder: string): number[] {
  const folder = `${runFolder}/${checkpointsFolder}`;
  if (!fs.exists(folder)) return [];
  return fs
    .list(folder)
    .flatMap((name) => {
      const step = Number(/^step-(\d{8,15})$/.exec(name)?.[1] ?? Number.NaN);
      return checkpointName(step) === name ? [step] : [];
    })
    .sort((a, b) => a - b);
}

/** What the manifest of a checkpoint says. */
export function manifestOfCheckpoint(
  step: number,
  files: readonly CheckpointFile[],
  fingerprints: CheckpointFingerprints,
): CheckpointManifest {
  return { ...kind, step, files: [...files], fingerprints: { ...fingerprints } };
}

/** The checkpoint that a manifest describes. */
export function checkpointOf(manifest: CheckpointManifest): Checkpoint {
  const { step, files } = manifest;
  const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  return { step, folder: checkpointFolder(step), sizeBytes, manifest };
}

/** Reads and checks the manifest of a step's checkpoint; its files are not opened. */
export function readCheckpointManifest(fs: FileSystem, runFolder: string, step: number): ReadResult<Checkpoint> {
  const folder = checkpointFolder(step);
  const file = `${folder}/${checkpointManifestFile}`;
  const read = readSigned(fs, runFolder, file, kind, checkpointManifestSchema);
  if ('problem' in read) return read;
  const manifest = read.value;
  if (manifest.step !== step) {
    return { problem: { file, expected: `step ${step}, as its folder says`, found: `step ${manifest.step}` } };
  }
  return { value: checkpointOf(manifest) };
}

/** What is wrong with presence and size of a checkpoint's files. */
export function sizeProblems(fs: FileSystem, runFolder: string, { folder, manifest }: Checkpoint): RunProblem[] {
  return manifest.files.flatMap(({ path, sizeBytes }) => {
    const file = `${folder}/${path}`;
    return problemsOfReading(file, () => sizeProblem(fs, runFolder, file, sizeBytes));
  });
}

/** What lies in a checkpoint's folder besides what its manifest lists; it harms nobody (systems leave files of their own). */
export function strayProblems(fs: FileSystem, runFolder: string, folder: string): readonly RunProblem[] {
  const known: readonly string[] = [...checkpointFiles, checkpointManifestFile];
  return problemsOfReading(folder, () =>
    fs
      .list(`${runFolder}/${folder}`)
      .filter((name) => !known.includes(name))
      .map((name) => ({
        file: `${folder}/${name}`,
        expected: 'only what the manifest lists',
        found: 'something else',
      })),
  );
}

function sizeProblem(fs: FileSystem, runFolder: string, file: string, sizeBytes: number): RunProblem[] {
  const link = linkProblem(runFolder, file);
  if (link !== undefined) return [link];
  const expected = `${sizeBytes} bytes`;
  const path = `${runFolder}/${file}`;
  if (!fs.exists(path)) return [{ file, expected, found: 'no such file' }];
  const found = fs.stat(path);
  if (found.isFolder) return [{ file, expected, found: 'a folder' }];
  return found.sizeBytes === sizeBytes ? [] : [{ file, expected, found: `${found.sizeBytes} bytes` }];
}

/** The SHA-256 of a file, which passes through little memory. */
export function hashOfFile(fs: FileSystem, path: string): string {
  const file = fs.open(path, 'read');
  try {
    const hash = createHash('sha256');
    const chunk = new Uint8Array(Math.min(chunkBytes, fs.stat(path).sizeBytes + 1));
    for (let offset = 0; ; offset += chunk.length) {
      const found = file.readAt(chunk, offset);
      hash.update(chunk.subarray(0, found));
      if (found < chunk.length) return hash.digest('hex');
    }
  } finally {
    file.close();
  }
}
