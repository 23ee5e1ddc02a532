import { type FileHandle, open } from 'node:fs/promises';
import { assert, GroundworkError } from '../../core/index.ts';
import type { RecordBatch, RecordFormat, RecordStream } from '../document.ts';
import { BrokenStream, ByteStream, chunksOf, systemCode } from './byte-stream.ts';
import { type CorpusFile, findCorpusFiles, nameOf, standardInputName } from './corpus-files.ts';
import {
  type Compression,
  type CorpusFormat,
  compressionOfBytes,
  formatOfBytes,
  formatOfName,
  headBytes,
  layoutOfJson,
} from './file-format.ts';
import { gunzipped } from './gzip.ts';
import { JsonSplitter } from './json-splitter.ts';
import { LineSplitter } from './line-splitter.ts';
import { readParquet } from './parquet-reader.ts';
import { BatchBuilder, type RecordSink, type RecordSplitter } from './record-batches.ts';
import { TextSplitter } from './text-splitter.ts';
import { WholeFile } from './whole-file.ts';
import { unzstd } from './zstandard.ts';

/** What is one document in a text or Markdown file. */
export type DocumentUnit = 'file' | 'paragraph' | 'line';

export interface CorpusOptions {
  /** The format of every file, whatever it is called; told from names and contents by default. */
  readonly format?: CorpusFormat;
  /** What is one document in text and Markdown: the file (default), what stands between blank lines, or a line. */
  readonly documents?: DocumentUnit;
  /** The largest record in bytes, 8 MiB by default and 256 MiB at most; memory stays below a small multiple of it. */
  readonly maximumDocumentBytes?: number;
  /** The columns of Parquet files that are read; the same names as `parseRecord` is given. */
  readonly textField?: string;
  readonly metadataFields?: readonly string[];
  /** What `-` reads. Chunks must not be written to after they were handed over. */
  readonly standardInput?: AsyncIterable<Uint8Array | string>;
  /** What relative inputs are relative to. */
  readonly workingFolder?: string;
}

export const defaultMaximumDocumentBytes = 8 * 2 ** 20;
/** A document becomes one string, and V8 holds no string above 512 MiB of characters. */
const largestDocumentBytes = 2 ** 28;

/**
 * Reads a corpus as records, in a fixed order, with bounded memory.
 *
 * Files are read in chunks of 1 MiB and never as a whole. What cannot be read becomes a fault with source, line and byte;
 * what stands before it in the file is delivered. A file in a folder whose format cannot be told is passed over and listed
 * in `skipped`.
 *
 * @param inputs files, folders, globs, `-` for standard input
 * @throws GroundworkError, while reading: `file-not-found` for an input that is missing, `invalid-document` for a named file
 *   whose format cannot be told, `usage` for an option out of range
 */
export async function* readCorpus(inputs: readonly string[], options: CorpusOptions = {}): RecordStream {
  const maximumBytes = options.maximumDocumentBytes ?? defaultMaximumDocumentBytes;
  if (!Number.isInteger(maximumBytes) || maximumBytes < 1 || maximumBytes > largestDocumentBytes) {
    throw new GroundworkError(
      'usage',
      `the largest size of a document is ${maximumBytes} bytes, expected 1 to ${largestDocumentBytes}`,
      { hint: 'Give the size in bytes; longer texts are cut, longer records are faults.' },
    );
  }
  const { files, skipped, faults } = await findCorpusFiles(inputs, options.workingFolder);
  const builder = new BatchBuilder();
  for (const one of skipped) builder.skip(one);
  for (const fault of faults) builder.fault(fault);
  for (const file of files) {
    yield* readFile(file, { ...options, maximumBytes }, builder);
    if (builder.isFull) yield builder.take();
  }
  if (!builder.isEmpty) yield builder.take();
}

interface FileOptions extends CorpusOptions {
  readonly maximumBytes: number;
}

async function* readFile(file: CorpusFile, options: FileOptions, builder: BatchBuilder): AsyncGenerator<RecordBatch> {
  const named = formatOfName(nameOf(file));
  if (options.format === undefined && named.format === 'unknown') {
    refuseOrSkip(file, builder, 'unknown-format', 'its extension names no format that can be read');
    return;
  }
  if (file.path === standardInputName) {
    const input = options.standardInput ?? process.stdin;
    yield* readBytes(file, undefined, counted(asBytes(input), builder), options, builder);
    return;
  }
  let handle: FileHandle;
  try {
    handle = await open(file.path, 'r');
  } catch (cause) {
    const message = `the file cannot be opened (${systemCode(cause)})`;
    builder.fault({ source: file.source, line: 1, byteOffset: 0, kind: 'unreadable-file', message });
    return;
  }
  try {
    yield* readBytes(file, handle, counted(chunksOf(handle), builder), options, builder);
  } finally {
    await handle.close();
  }
}

async function* readBytes(
  file: CorpusFile,
  handle: FileHandle | undefined,
  chunks: AsyncIterable<Uint8Array>,
  options: FileOptions,
  builder: BatchBuilder,
): AsyncGenerator<RecordBatch> {
  const named = formatOfName(nameOf(file));
  const packed = new ByteStream(chunks);
  const magic = compressionOfBytes(await packed.peek(4));
  const compression = magic ?? named.compression;
  const bytes = new ByteStream(unpacked(packed, compression));
  try {
    const head = await bytes.peek(headBytes);
    const format = options.format ?? (named.format === 'sniff' ? formatOfBytes(head) : named.format);
    assert(format !== 'unknown', `${file.source} has a format by now`);
    if (format === 'binary') {
      refuseOrSkip(file, builder, 'binary', 'it holds NUL bytes, so that it is no text');
    } else if (format === 'parquet') {
      if (handle === undefined || compression !== undefined) {
        throw new GroundworkError('invalid-document', `${file.source} is Parquet that cannot be read from its end`, {
          hint: 'Unpack it into a file of its own and name that.',
        });
      }
      yield* readParquet(file.source, handle, options, options.maximumBytes, builder);
    } else {
      yield* readRecords(file, format, head, bytes, options, builder);
    }
  } finally {
    await bytes.close();
    await packed.close();
  }
}

async function* readRecords(
  file: CorpusFile,
  format: Exclude<CorpusFormat, 'parquet'>,
  head: Uint8Array,
  bytes: ByteStream,
  options: FileOptions,
  builder: BatchBuilder,
): AsyncGenerator<RecordBatch> {
  const recordFormat: RecordFormat = format === 'jsonl' ? 'json' : format;
  const sink = builder.sink(file.source, recordFormat);
  // The byte-order mark belongs to no record.
  let numToDrop = head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? 3 : 0;
  const splitter = splitterFor(format, head.subarray(numToDrop), sink, options, numToDrop);
  try {
    for await (const chunk of bytes) {
      const rest = chunk.subarray(numToDrop);
      numToDrop = 0;
      splitter.push(rest);
      if (builder.isFull) yield builder.take();
    }
    splitter.finish();
  } catch (cause) {
    if (!(cause instanceof BrokenStream)) throw cause;
    const { line, byteOffset } = splitter.abandon();
    sink.fault(cause.kind, cause.message, line, byteOffset);
  }
}

function splitterFor(
  format: Exclude<CorpusFormat, 'parquet'>,
  head: Uint8Array,
  sink: RecordSink,
  { documents = 'file', maximumBytes }: FileOptions,
  firstOffset: number,
): RecordSplitter {
  if (format === 'html') return new WholeFile(sink, maximumBytes, firstOffset);
  if (format === 'text' || format === 'markdown') {
    return documents === 'line'
      ? new LineSplitter(sink, maximumBytes, firstOffset)
      : new TextSplitter(sink, maximumBytes, documents, firstOffset);
  }
  const layout = format === 'jsonl' ? 'lines' : layoutOfJson(head);
  return layout === 'lines'
    ? new LineSplitter(sink, maximumBytes, firstOffset)
    : new JsonSplitter(sink, maximumBytes, layout === 'array', firstOffset);
}

function unpacked(bytes: AsyncIterable<Uint8Array>, compression: Compression | undefined): AsyncIterable<Uint8Array> {
  if (compression === undefined) return bytes;
  return compression === 'gzip' ? gunzipped(bytes) : unzstd(bytes);
}

function refuseOrSkip(
  file: CorpusFile,
  builder: BatchBuilder,
  reason: 'unknown-format' | 'binary',
  finding: string,
): void {
  if (!file.isNamed) {
    builder.skip({ source: file.source, reason });
    return;
  }
  throw new GroundworkError('invalid-document', `the format of ${file.source} cannot be told: ${finding}`, {
    hint: 'Say what it holds with --format text, markdown, html, jsonl, json or parquet.',
  });
}

async function* counted(chunks: AsyncIterable<Uint8Array>, builder: BatchBuilder): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    builder.bytesRead += chunk.length;
    yield chunk;
  }
}

/** Standard input that someone gave an encoding arrives as strings. */
async function* asBytes(chunks: AsyncIterable<Uint8Array | string>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
}
