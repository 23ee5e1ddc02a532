import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { FileSystem } from '../../core/index.ts';
import { linkProblem, type RunProblem } from './problem.ts';
import { type JsonObject, type ReadResult, readSigned, signedText } from './signed-json.ts';

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

/** The text of a checkpoint's manifest. */
export function checkpointManifestText(
  step: number,
  files: readonly CheckpointFile[],
  fingerprints: CheckpointFingerprints,
): string {
  return signedText({ ...kind, step, files, fingerprints: { ...fingerprints } } satisfies JsonObject);
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
  const sizeBytes = manifest.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return { value: { step, folder, sizeBytes, manifest } };
}

/** What is wrong with presence and size of a checkpoint's files, and with what else lies in its folder. */
export function sizeProblems(fs: FileSystem, runFolder: string, { folder, manifest }: Checkpoint): RunProblem[] {
  const problems: RunProblem[] = [];
  for (const { path, sizeBytes } of manifest.files) {
    const problem = sizeProblem(fs, runFolder, `${folder}/${path}`, sizeBytes);
    if (problem !== undefined) problems.push(problem);
  }
  const known: readonly string[] = [...checkpointFiles, checkpointManifestFile];
  for (const name of fs.list(`${runFolder}/${folder}`)) {
    if (known.includes(name)) continue;
    problems.push({ file: `${folder}/${name}`, expected: 'only what the manifest lists', found: 'something else' });
  }
  return problems;
}

function sizeProblem(fs: FileSystem, runFolder: string, file: string, sizeBytes: number): RunProblem | undefined {
  const link = linkProblem(runFolder, file);
  if (link !== undefined) return link;
  const expected = `${sizeBytes} bytes`;
  const path = `${runFolder}/${file}`;
  if (!fs.exists(path)) return { file, expected, found: 'no such file' };
  const found = fs.stat(path);
  if (found.isFolder) return { file, expected, found: 'a folder' };
  return found.sizeBytes === sizeBytes ? undefined : { file, expected, found: `${found.sizeBytes} bytes` };
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
