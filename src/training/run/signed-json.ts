import type { z } from 'zod';
import {
  assert,
  canonicalJson,
  type FileSystem,
  GroundworkError,
  type JsonValue,
  sha256Hex,
} from '../../core/index.ts';
import { linkProblem, type RunProblem, shown } from './problem.ts';

/** A record is read whole; a file that is longer is not one. */
const maxRecordBytes = 2 ** 24;
/** JSON may be nested so deep that reading it overflows the stack; records never are. */
const maxDepth = 64;

/** An object of JSON. */
export type JsonObject = { readonly [key: string]: JsonValue };

/**
 * A record as text that people can read, with a field `sha256` over the canonical JSON of all others: a bit that is flipped
 * on the disk does not pass for another value.
 */
export function signedText(record: JsonObject): string {
  assertReadable(record, '');
  const text = `${JSON.stringify({ ...record, sha256: sha256Hex(canonicalJson(record)) }, null, 2)}\n`;
  assertReadable(null, text);
  return text;
}

/** The text of a value that `readJson` reads: canonical JSON and a line feed. */
export function jsonText(value: JsonValue): string {
  assertReadable(value, '');
  const text = `${canonicalJson(value)}\n`;
  assertReadable(null, text);
  return text;
}

/** What breaks the bounds of its own reader is not written. */
function assertReadable(value: JsonValue, text: string): void {
  assert(!depthExceeds(value, maxDepth), `a record is nested deeper than ${maxDepth} levels`);
  assert(Buffer.byteLength(text) <= maxRecordBytes, `a record is longer than ${maxRecordBytes} bytes`);
}

/** What was read, or what is wrong with it. */
export type ReadResult<T> = { readonly value: T } | { readonly problem: RunProblem };

/**
 * Reads a record that `signedText` wrote, and says what is wrong where it cannot be trusted.
 *
 * @param folder the run's folder
 * @param file path inside it
 * @param kind the format and version that the record states
 * @param schema of the fields other than `sha256`
 */
export function readSigned<T>(
  fs: FileSystem,
  folder: string,
  file: string,
  kind: { readonly format: string; readonly version: number },
  schema: z.ZodType<T>,
): ReadResult<T> {
  const read = readJson(fs, folder, file);
  if ('problem' in read) return read;
  const { value } = read;
  const problem = (expected: string, found: string) => ({ problem: { file, expected, found } });
  if (!isObject(value)) return problem('an object', shown(value));
  if (value.format !== kind.format) return problem(`the format "${kind.format}"`, shown(value.format));
  if (value.version !== kind.version) return problem(`version ${kind.version}`, `version ${shown(value.version)}`);
  const { sha256, ...record } = value;
  const actual = sha256Hex(canonicalJson(record));
  if (sha256 !== actual) {
    return problem(`the SHA-256 ${shown(sha256)} that it states of its contents`, `${actual}: it was changed`);
  }
  // Equal values can be written in many ways; one byte that differs is a change all the same.
  if (signedText(record) !== read.text)
    return problem('the layout in which it is written', 'the same values in another');
  const parsed = schema.safeParse(record);
  if (parsed.success) return { value: parsed.data };
  const [issue] = parsed.error.issues;
  return problem(`the fields of a ${kind.format}`, `${issue?.path.join('.') || 'the whole'}: ${issue?.message}`);
}

/** JSON of a run, and what its file was when it was read. */
export interface ReadJson {
  readonly value: JsonValue;
  readonly text: string;
  /** SHA-256 of the bytes. */
  readonly sha256: string;
}

/** Reads JSON of a run, once, within bounds of size and depth. A file that cannot be read is a problem as any other. */
export function readJson(fs: FileSystem, folder: string, file: string): ReadJson | { readonly problem: RunProblem } {
  try {
    return readWithinBounds(fs, folder, file);
  } catch (error) {
    if (!(error instanceof GroundworkError)) throw error;
    return { problem: { file, expected: 'a file that can be read', found: error.message } };
  }
}

function readWithinBounds(fs: FileSystem, folder: string, file: string): ReadJson | { readonly problem: RunProblem } {
  const problem = (expected: string, found: string) => ({ problem: { file, expected, found } });
  const path = `${folder}/${file}`;
  const link = linkProblem(folder, file);
  if (link !== undefined) return { problem: link };
  if (!fs.exists(path)) return problem('a file', 'no such file');
  const { sizeBytes, isFolder } = fs.stat(path);
  if (isFolder) return problem('a file', 'a folder');
  if (sizeBytes > maxRecordBytes) return problem(`at most ${maxRecordBytes} bytes`, `${sizeBytes} bytes`);
  const bytes = fs.readFile(path);
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
  } catch (error) {
    return problem('JSON in UTF-8', `${bytes.length} bytes that are not (${(error as Error).message})`);
  }
  if (depthExceeds(value, maxDepth)) return problem(`at most ${maxDepth} levels of nesting`, 'more');
  // JSON that was parsed is a JsonValue.
  return { value: value as JsonValue, text, sha256: sha256Hex(bytes) };
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function depthExceeds(value: unknown, limit: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return limit === 0 || Object.values(value).some((field) => depthExceeds(field, limit - 1));
}
