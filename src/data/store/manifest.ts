import { z } from 'zod';
import {
  assert,
  canonicalJson,
  type FileSystem,
  GroundworkError,
  type JsonValue,
  sha256Hex,
} from '../../core/index.ts';
import { faultOfPath, resolveInside } from '../../core/node.ts';
import { bytesPerDocument, bytesPerToken, tokenTypeFor } from './shard.ts';

export const manifestFile = 'dataset.json';
export const tokenizerFile = 'tokenizer.json';
export const reportFile = 'report.json';
export const validationTextFile = 'validation.text';

export const partNames = ['train', 'validation'] as const;
export type PartName = (typeof partNames)[number];

/** The files of the shard with this number, as paths inside the dataset. */
export function shardPaths(part: PartName, number: number): { readonly tokens: string; readonly documents: string } {
  const path = `${part}/${shardName(number)}`;
  return { tokens: `${path}.tokens`, documents: `${path}.documents` };
}

export function shardName(number: number): string {
  return String(number).padStart(5, '0');
}

const format = 'groundwork-dataset';
const version = 1;
/** A manifest is read whole; one that claims to be longer is not one. */
const maxManifestBytes = 2 ** 28;
/** JSON may be nested so deep that reading it overflows the stack; settings never are. */
const maxDepth = 64;

const count = z.int().min(0);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hexadecimal digits');
const counts = { numTokens: count, numDocuments: count, numBytes: count };
const shard = z.strictObject({ name: z.string(), ...counts });
const part = z.strictObject({ ...counts, shards: z.array(shard) });
const path = z.string().superRefine((text, context) => {
  const fault = faultOfPath(text);
  if (fault !== undefined) context.addIssue({ code: 'custom', message: `an unsafe path: it ${fault}` });
});
const file = z.strictObject({ path, sizeBytes: count, sha256 });
const fingerprints = z.strictObject({
  corpus: sha256,
  cleaning: sha256,
  deduplication: sha256,
  split: sha256,
  tokenizer: sha256,
});

const manifestSchema = z
  .strictObject({
    format: z.literal(format),
    version: z.literal(version),
    name: z.string().min(1),
    fingerprint: sha256,
    fingerprints,
    // Kept as it was parsed: copying it key by key would let a key `__proto__` act.
    settings: z.custom<JsonValue>((value) => value !== undefined),
    tokenType: z.enum(['uint16', 'uint32']),
    vocabularySize: z
      .int()
      .min(1)
      .max(2 ** 31),
    beginToken: count,
    train: part,
    validation: part,
    files: z.array(file),
    createdBy: z.strictObject({ groundwork: z.string() }),
    manifestSha256: sha256,
  })
  .superRefine((manifest, context) => {
    const fault = faultBetweenFields(manifest);
    if (fault !== undefined) context.addIssue({ code: 'custom', ...fault });
  });

/** What a dataset is: sizes, fingerprints, settings, and size and hash of each of its files. */
export type DatasetManifest = z.infer<typeof manifestSchema>;
export type DatasetFingerprints = z.infer<typeof fingerprints>;
/** A file of a dataset: its path inside the dataset, its size, its SHA-256. */
export type DatasetFile = z.infer<typeof file>;

/** What is wrong with one file of a dataset. */
export interface DatasetProblem {
  /** Path inside the dataset. */
  readonly file: string;
  readonly expected: string;
  readonly found: string;
}

/** The identity of what a dataset was made from and how: equal settings over equal text give equal fingerprints. */
export function fingerprintOf(fingerprints: DatasetFingerprints): string {
  return sha256Hex(canonicalJson(fingerprints));
}

/** The text of `dataset.json`. */
export function manifestText(manifest: Omit<DatasetManifest, 'format' | 'version' | 'manifestSha256'>): string {
  const unsigned = { ...manifest, format, version } satisfies Omit<DatasetManifest, 'manifestSha256'>;
  const signed = { ...unsigned, manifestSha256: sha256Hex(canonicalJson(unsigned)) };
  const checked = manifestSchema.safeParse(signed);
  assert(checked.success, `the manifest breaks its own schema: ${checked.error?.issues[0]?.message}`);
  return `${canonicalJson(signed)}\n`;
}

/** Reads and checks `dataset.json`; says what is wrong with it where it cannot be trusted. */
export function readManifest(fs: FileSystem, folder: string): DatasetManifest | DatasetProblem {
  const file = manifestFile;
  const location = `${folder}/${file}`;
  if (!fs.exists(location)) return { file, expected: 'the manifest of a dataset', found: 'no such file' };
  const link = linkProblem(folder, file);
  if (link !== undefined) return link;
  const { sizeBytes, isFolder } = fs.stat(location);
  if (isFolder) return { file, expected: 'a file', found: 'a folder' };
  if (sizeBytes > maxManifestBytes) {
    return { file, expected: `at most ${maxManifestBytes} bytes`, found: `${sizeBytes} bytes` };
  }
  const found = parseManifest(fs.readFile(location));
  return 'found' in found ? { file, ...found } : found;
}

/** What is wrong with where a file of a dataset lies: nothing outside of the folder is read. */
export function linkProblem(folder: string, file: string): DatasetProblem | undefined {
  try {
    resolveInside(folder, file);
    return undefined;
  } catch (error) {
    if (!(error instanceof GroundworkError)) throw error;
    return { file, expected: 'a file inside the dataset', found: error.message };
  }
}

/** Whether `readManifest` gave a problem. */
export function isProblem(result: DatasetManifest | DatasetProblem): result is DatasetProblem {
  return 'found' in result;
}

function parseManifest(bytes: Uint8Array): DatasetManifest | Omit<DatasetProblem, 'file'> {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
  } catch (error) {
    return { expected: 'JSON in UTF-8', found: `${bytes.length} bytes that are not (${(error as Error).message})` };
  }
  if (!isRecord(value)) return { expected: 'an object', found: shown(value) };
  if (value.format !== format) return { expected: `"format":"${format}"`, found: `"format":${shown(value.format)}` };
  if (value.version !== version)
    return { expected: `"version":${version}`, found: `"version":${shown(value.version)}` };
  if (depthExceeds(value, maxDepth)) return { expected: `at most ${maxDepth} levels of nesting`, found: 'more' };
  // JSON that was parsed is a JsonValue.
  const { manifestSha256, ...unsigned } = value as { readonly [key: string]: JsonValue };
  const actual = sha256Hex(canonicalJson(unsigned));
  if (manifestSha256 !== actual) {
    return { expected: `SHA-256 ${shown(manifestSha256)} of its contents`, found: `${actual}: a byte was changed` };
  }
  // Equal values can be written in many ways; one byte that differs is a change all the same.
  if (`${canonicalJson(value as JsonValue)}\n` !== text) {
    return { expected: 'canonical JSON and a line feed', found: 'the same values written in another way' };
  }
  const parsed = manifestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue?.path.join('.') || 'the manifest';
  return { expected: 'the fields of a dataset manifest', found: `${place}: ${issue?.message}` };
}

type Fault = { readonly path: (string | number)[]; readonly message: string };

/** What zod cannot say of one field alone: the parts of a manifest agree with each other. */
function faultBetweenFields(manifest: Omit<DatasetManifest, 'manifestSha256'>): Fault | undefined {
  const { fingerprint, fingerprints, tokenType, vocabularySize, beginToken, files } = manifest;
  const fault = (path: (string | number)[], expected: unknown, found: unknown): Fault => ({
    path,
    message: `found ${found}, expected ${expected}`,
  });
  const actual = fingerprintOf(fingerprints);
  if (fingerprint !== actual) return fault(['fingerprint'], actual, fingerprint);
  const fitting = tokenTypeFor(vocabularySize);
  if (tokenType !== fitting) return fault(['tokenType'], `${fitting} for ${vocabularySize} tokens`, tokenType);
  if (beginToken >= vocabularySize) return fault(['beginToken'], `less than ${vocabularySize}`, beginToken);

  const sizes = new Map<string, number | undefined>([
    [tokenizerFile, undefined],
    [reportFile, undefined],
    [validationTextFile, manifest.validation.numBytes],
  ]);
  for (const name of partNames) {
    const { shards } = manifest[name];
    for (const key of ['numTokens', 'numDocuments', 'numBytes'] as const) {
      const sum = shards.reduce((total, shard) => total + shard[key], 0);
      if (manifest[name][key] !== sum)
        return fault([name, key], `${sum}, the sum over its shards`, manifest[name][key]);
    }
    for (const [number, shard] of shards.entries()) {
      const place = [name, 'shards', number];
      if (shard.name !== shardName(number)) return fault([...place, 'name'], shardName(number), shard.name);
      if (shard.numTokens >= 2 ** 32) return fault([...place, 'numTokens'], 'less than 2^32', shard.numTokens);
      if (shard.numDocuments > shard.numTokens) {
        return fault([...place, 'numDocuments'], `at most its ${shard.numTokens} tokens`, shard.numDocuments);
      }
      const paths = shardPaths(name, number);
      sizes.set(paths.tokens, shard.numTokens * bytesPerToken[tokenType]);
      sizes.set(paths.documents, shard.numDocuments * bytesPerDocument);
    }
  }
  const seen = new Set<string>();
  let last = '';
  for (const [number, { path, sizeBytes }] of files.entries()) {
    const place = ['files', number];
    if (path <= last) return fault([...place, 'path'], `a path after ${last}`, path);
    last = path;
    const folded = path.toLowerCase();
    if (seen.has(folded)) return fault([...place, 'path'], 'paths that differ in more than upper and lower case', path);
    if (folded === manifestFile) return fault([...place, 'path'], 'files other than the manifest', path);
    seen.add(folded);
    const size = sizes.get(path);
    if (size !== undefined && size !== sizeBytes) {
      return fault([...place, 'sizeBytes'], `${size} bytes for ${path}`, sizeBytes);
    }
    sizes.delete(path);
  }
  for (const missing of sizes.keys()) return fault(['files'], `an entry for ${missing}`, 'none');
  return undefined;
}

function isRecord(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function depthExceeds(value: unknown, limit: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return limit === 0 || Object.values(value).some((field) => depthExceeds(field, limit - 1));
}

function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
