import { fstatSync, readSync } from 'node:fs';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetRead,
  parquetSchema,
  type RowGroup,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { checkClaims, type ParquetClaims, type ReadRange } from './parquet-claims.ts';
import { type RowFault, rowJson, rowParsers } from './parquet-row.ts';

/** The fields by which the columns to read are chosen; a dotted path begins with the name of its column. */
export interface ParquetFields {
  readonly textField?: string;
  readonly metadataFields?: readonly string[];
}

/** What the decoder is asked: the row groups of a file from `firstGroup` on. */
export interface ParquetRequest {
  readonly fields: ParquetFields;
  readonly maximumBytes: number;
  readonly claims: ParquetClaims;
  readonly firstGroup: number;
}

export interface ParquetFault extends RowFault {
  /** From 1. */
  readonly row: number;
}

/** What the decoder says, in this order: `opened`, for each group `group` and its `rows`, `end`. */
export type ParquetMessage =
  | { readonly kind: 'started' }
  | { readonly kind: 'opened'; readonly numGroups: number }
  | {
      readonly kind: 'group';
      readonly group: number;
      /** The row before its first one. */
      readonly rowsBefore: number;
      readonly numRows: number;
      /** Bytes of all its columns in the file. */
      readonly packedBytes: number;
    }
  | {
      readonly kind: 'rows';
      /** Row, from 1, and number of bytes of each record; the bytes follow one another in the body of the frame. */
      readonly records: readonly (readonly [row: number, length: number])[];
      readonly faults: readonly ParquetFault[];
    }
  | { readonly kind: 'end' };

export type SendMessage = (message: ParquetMessage, body?: readonly Uint8Array[]) => void;

/** How many bytes of records, and how many records, are sent at a time. */
const sentBytes = 2 ** 18;
const sentRows = 2048;

/**
 * Decodes a Parquet file, open as `fileDescriptor`, and sends its rows as JSON records. It trusts what the file says, up to
 * `checkClaims`: lengths of runs inside pages can make it run for ever or take all memory.
 */
export async function decodeParquet(fileDescriptor: number, request: ParquetRequest, send: SendMessage): Promise<void> {
  const rows = new RowSender(send);
  let opened: OpenedParquet;
  let names: readonly string[];
  let groups: readonly DescribedGroup[];
  try {
    opened = await openParquet(fileDescriptor);
    names = parquetSchema(opened.metadata).children.map(({ element }) => element.name);
    groups = describedGroups(opened.metadata);
  } catch (cause) {
    rows.fault('invalid-parquet', `the file is not good Parquet (${reasonOf(cause)})`, 1);
    rows.flush();
    return;
  }
  const textField = request.fields.textField ?? 'text';
  const textColumn = columnOf(textField, names);
  if (textColumn === undefined) {
    rows.fault(
      'missing-field',
      `there is no column for the field ${textField}; the columns are ${names.join(', ')}`,
      1,
    );
    rows.flush();
    return;
  }
  const others = (request.fields.metadataFields ?? []).flatMap((field) => columnOf(field, names) ?? []);
  const columns = [...new Set([textColumn, ...others])];
  send({ kind: 'opened', numGroups: groups.length });
  for (const [index, { group, rowsBefore, numRows, packedBytes }] of groups.entries()) {
    if (index < request.firstGroup) continue;
    send({ kind: 'group', group: index, rowsBefore, numRows, packedBytes });
    let decoded: unknown[][] = [];
    try {
      checkClaims(group, new Set(columns), request.claims, opened.readRange);
      decoded = await decodeRows(opened, columns, rowsBefore, rowsBefore + numRows);
    } catch (cause) {
      const message = `rows ${rowsBefore + 1} to ${rowsBefore + numRows} cannot be read (${reasonOf(cause)})`;
      rows.fault('invalid-parquet', message, rowsBefore + 1);
    }
    sendRows(rows, columns, decoded, rowsBefore, request.maximumBytes);
    rows.flush();
  }
}

/** A row group and where it lies. */
interface DescribedGroup {
  readonly group: RowGroup;
  /** The row before its first one. */
  readonly rowsBefore: number;
  readonly numRows: number;
  /** Bytes of all its columns in the file. */
  readonly packedBytes: number;
}

/** @throws Error where the rows cannot be numbered */
function describedGroups(metadata: FileMetaData): DescribedGroup[] {
  let rowsBefore = 0;
  return metadata.row_groups.map((group, index) => {
    const numRows = Number(group.num_rows);
    if (!(numRows >= 0 && Number.isSafeInteger(rowsBefore + numRows))) {
      throw new Error(`row group ${index + 1} claims ${numRows} rows`);
    }
    const packedBytes = group.columns.reduce(
      (sum, { meta_data }) => sum + Number(meta_data?.total_compressed_size ?? 0),
      0,
    );
    const described = { group, rowsBefore, numRows, packedBytes };
    rowsBefore += numRows;
    return described;
  });
}

interface OpenedParquet {
  readonly file: AsyncBuffer;
  readonly metadata: FileMetaData;
  readonly readRange: ReadRange;
}

async function openParquet(fileDescriptor: number): Promise<OpenedParquet> {
  const { size } = fstatSync(fileDescriptor);
  const readRange = (start: number, end: number): ArrayBuffer => {
    // What the file claims is checked before memory is taken for it.
    if (!(start >= 0 && start <= end && end <= size)) {
      throw new Error(`it refers to bytes ${start} to ${end} of ${size}`);
    }
    const bytes = new Uint8Array(end - start);
    for (let done = 0; done < bytes.length; ) {
      const bytesRead = readSync(fileDescriptor, bytes, done, bytes.length - done, start + done);
      if (bytesRead === 0) throw new Error('it became shorter while it was read');
      done += bytesRead;
    }
    return bytes.buffer;
  };
  const magic = new Uint8Array(size < 12 ? new ArrayBuffer(0) : readRange(0, 4));
  if (Buffer.from(magic).toString('latin1') !== 'PAR1') throw new Error('it does not begin with PAR1');
  const file: AsyncBuffer = {
    byteLength: size,
    slice: (start, end = size) => {
      const range = Promise.resolve().then(() => readRange(start, end));
      // The library starts several reads ahead and lets go of the others when one fails; whoever awaits this one still
      // learns of its failure.
      range.catch(() => undefined);
      return range;
    },
  };
  return { file, metadata: await parquetMetadataAsync(file), readRange };
}

async function decodeRows(
  { file, metadata }: OpenedParquet,
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
    parsers: rowParsers,
    onComplete: (all) => {
      rows = all;
    },
  });
  if (rows.length !== rowEnd - rowStart) throw new Error(`it has ${rows.length} rows`);
  return rows;
}

/** Gathers rows until there are enough for a message. */
class RowSender {
  private records: [row: number, length: number][] = [];
  private faults: ParquetFault[] = [];
  private body: Uint8Array[] = [];
  private numBytes = 0;

  constructor(private readonly send: SendMessage) {}

  record(bytes: Uint8Array, row: number): void {
    this.records.push([row, bytes.length]);
    this.body.push(bytes);
    this.numBytes += bytes.length;
    this.flushIfFull();
  }

  fault(kind: RowFault['kind'], message: string, row: number): void {
    this.faults.push({ kind, message, row });
    this.flushIfFull();
  }

  private flushIfFull(): void {
    if (this.numBytes >= sentBytes || this.records.length + this.faults.length >= sentRows) this.flush();
  }

  flush(): void {
    if (this.records.length + this.faults.length === 0) return;
    this.send({ kind: 'rows', records: this.records, faults: this.faults }, this.body);
    this.records = [];
    this.faults = [];
    this.body = [];
    this.numBytes = 0;
  }
}

function sendRows(
  sender: RowSender,
  columns: readonly string[],
  rows: readonly (readonly unknown[])[],
  rowsBefore: number,
  maximumBytes: number,
): void {
  for (const [index, row] of rows.entries()) {
    const rowNumber = rowsBefore + index + 1;
    const found = rowJson(columns, row, maximumBytes);
    if (found instanceof Uint8Array) sender.record(found, rowNumber);
    else sender.fault(found.kind, found.message, rowNumber);
  }
}

function columnOf(field: string, names: readonly string[]): string | undefined {
  if (names.includes(field)) return field;
  const first = field.split('.', 1)[0] ?? '';
  return names.includes(first) ? first : undefined;
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
