import type { FileHandle } from 'node:fs/promises';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import {
  type AsyncBuffer,
  type FileMetaData,
  type ParquetParsers,
  parquetMetadataAsync,
  parquetRead,
  parquetSchema,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import type { RecordBatch } from '../document.ts';
import { type BatchBuilder, oversizedMessage, type RecordSink } from './record-batches.ts';

/** The fields by which the columns to read are chosen; a dotted path begins with the name of its column. */
export interface ParquetFields {
  readonly textField?: string;
  readonly metadataFields?: readonly string[];
}

/**
 * Reads a Parquet file a row group at a time, only the columns that are needed, each row as one JSON record: 64-bit integers
 * as text (a number would lose digits), dates in ISO 8601, binary in base64. `line` is the row, from 1.
 *
 * A row group that cannot be read is an `invalid-parquet` fault at its first row; the groups after it are read.
 */
export async function* readParquet(
  source: string,
  handle: FileHandle,
  fields: ParquetFields,
  maximumBytes: number,
  builder: BatchBuilder,
): AsyncGenerator<RecordBatch> {
  const sink = builder.sink(source, 'json');
  let opened: { file: AsyncBuffer; metadata: FileMetaData };
  let names: readonly string[];
  try {
    opened = await openParquet(handle);
    names = parquetSchema(opened.metadata).children.map(({ element }) => element.name);
  } catch (cause) {
    sink.fault('invalid-parquet', `the file is not good Parquet (${reasonOf(cause)})`, 1, 0);
    return;
  }
  const textField = fields.textField ?? 'text';
  const textColumn = columnOf(textField, names);
  if (textColumn === undefined) {
    const message = `there is no column for the field ${textField}; the columns are ${names.join(', ')}`;
    sink.fault('missing-field', message, 1, 0);
    return;
  }
  const others = (fields.metadataFields ?? []).flatMap((field) => columnOf(field, names) ?? []);
  const columns = [...new Set([textColumn, ...others])];
  let firstRow = 0;
  for (const group of opened.metadata.row_groups) {
    const numRows = Number(group.num_rows);
    let rows: unknown[][] = [];
    try {
      rows = await readRows(opened, columns, firstRow, firstRow + numRows);
    } catch (cause) {
      const message = `rows ${firstRow + 1} to ${firstRow + numRows} cannot be read (${reasonOf(cause)})`;
      sink.fault('invalid-parquet', message, firstRow + 1, 0);
    }
    for (const [index, row] of rows.entries()) {
      const rowNumber = firstRow + index + 1;
      try {
        emitRow(sink, columns, row, rowNumber, maximumBytes);
      } catch (cause) {
        // Values nested so deep that the stack ends, or too long for one string.
        sink.fault('invalid-parquet', `the row cannot be written as JSON (${reasonOf(cause)})`, rowNumber, 0);
      }
      if (builder.isFull) yield builder.take();
    }
    builder.bytesRead += group.columns.reduce((sum, column) => sum + packedBytes(column.meta_data), 0);
    firstRow += numRows;
  }
}

async function openParquet(handle: FileHandle): Promise<{ file: AsyncBuffer; metadata: FileMetaData }> {
  const { size } = await handle.stat();
  const readRange = async (start: number, end: number): Promise<ArrayBuffer> => {
    // What the file claims is checked before memory is taken for it.
    if (!(start >= 0 && start <= end && end <= size))
      throw new Error(`it refers to bytes ${start} to ${end} of ${size}`);
    const bytes = new Uint8Array(end - start);
    for (let done = 0; done < bytes.length; ) {
      const { bytesRead } = await handle.read(bytes, done, bytes.length - done, start + done);
      if (bytesRead === 0) throw new Error('it became shorter while it was read');
      done += bytesRead;
    }
    return bytes.buffer;
  };
  const file: AsyncBuffer = {
    byteLength: size,
    slice: (start, end = size) => {
      const range = readRange(start, end);
      // The library starts several reads ahead and lets go of the others when one fails; whoever awaits this one still
      // learns of its failure.
      range.catch(() => undefined);
      return range;
    },
  };
  const magic = new Uint8Array(size < 12 ? new ArrayBuffer(0) : await readRange(0, 4));
  if (Buffer.from(magic).toString('latin1') !== 'PAR1') throw new Error('it does not begin with PAR1');
  return { file, metadata: await parquetMetadataAsync(file) };
}

async function readRows(
  { file, metadata }: { file: AsyncBuffer; metadata: FileMetaData },
  columns: readonly string[],
  rowStart: number,
  rowEnd: number,
): Promise<unknown[][]> {
  let rows: unknown[][] = [];
  await parquetRead({
    file,
    metadata,
    columns: [...columns],
    rowStart,
    rowEnd,
    compressors: {
      ...compressors,
      GZIP: (input, maxOutputLength) => gunzipSync(input, { maxOutputLength }),
      BROTLI: (input, maxOutputLength) => brotliDecompressSync(input, { maxOutputLength }),
    },
    parsers,
    onComplete: (all) => {
      rows = all;
    },
  });
  if (rows.length !== rowEnd - rowStart) throw new Error(`it has ${rows.length} rows`);
  return rows;
}

/** Bytes of a column of text that are no UTF-8, or no JSON where the column says so. */
class BadValue {
  constructor(readonly reason: string) {}
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const parsers: Partial<ParquetParsers> = {
  stringFromBytes: (bytes: Uint8Array | undefined) => {
    if (bytes === undefined) return undefined;
    try {
      return strictUtf8.decode(bytes);
    } catch {
      // Becomes the fault of the row that holds it.
      return new BadValue('bytes that are no UTF-8');
    }
  },
  jsonFromBytes: (bytes: Uint8Array | undefined) => {
    if (bytes === undefined) return undefined;
    try {
      return JSON.parse(strictUtf8.decode(bytes)) as unknown;
    } catch {
      // Becomes the fault of the row that holds it.
      return new BadValue('text that is no JSON');
    }
  },
};

function emitRow(
  sink: RecordSink,
  columns: readonly string[],
  row: readonly unknown[],
  rowNumber: number,
  maximumBytes: number,
): void {
  const entries: [string, unknown][] = [];
  for (const [index, column] of columns.entries()) {
    const value = jsonValue(row[index]);
    if (value instanceof BadValue) {
      sink.fault('invalid-utf8', `the column ${column} holds ${value.reason}`, rowNumber, 0);
      return;
    }
    if (value !== undefined) entries.push([column, value]);
  }
  const bytes = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  if (bytes.length <= maximumBytes) sink.record(bytes, rowNumber, 0);
  else sink.fault('oversized', oversizedMessage('a row', bytes.length, maximumBytes), rowNumber, 0);
}

/** A value of Parquet in a form that JSON holds without loss; a bad value inside stands for the whole. */
function jsonValue(value: unknown): unknown {
  if (typeof value === 'string' || value === undefined || value === null) return value;
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value instanceof BadValue) return value;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) {
    const items = value.map(jsonValue);
    return items.find((item) => item instanceof BadValue) ?? items;
  }
  const fields = Object.entries(value).map(([name, field]) => [name, jsonValue(field)] as const);
  return fields.find(([, field]) => field instanceof BadValue)?.[1] ?? Object.fromEntries(fields);
}

function columnOf(field: string, names: readonly string[]): string | undefined {
  if (names.includes(field)) return field;
  const first = field.split('.', 1)[0] ?? '';
  return names.includes(first) ? first : undefined;
}

function packedBytes(metadata: { readonly total_compressed_size: bigint } | undefined): number {
  return Number(metadata?.total_compressed_size ?? 0);
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
