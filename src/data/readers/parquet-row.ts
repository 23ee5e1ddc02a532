import type { ParquetParsers } from 'hyparquet';
import type { RecordFaultKind } from '../document.ts';
import { oversizedMessage } from './record-batches.ts';
import { decodeUtf8 } from './strict-utf8.ts';

/** Why a row is no record. */
export interface RowFault {
  readonly kind: RecordFaultKind;
  readonly message: string;
}

/** Bytes of a column of text that are no UTF-8, or no JSON where the column says so. */
class BadValue {
  constructor(readonly reason: string) {}
}

/** Text that stays the bytes of its page until its row is written, so that a row group is not held as strings too. */
class TextBytes {
  constructor(private readonly bytes: Uint8Array) {}

  decoded(): string | BadValue {
    const decoded = decodeUtf8(this.bytes);
    return 'text' in decoded ? decoded.text : new BadValue('bytes that are no UTF-8');
  }

  /** The key of a map. */
  toString(): string {
    return String(this.decoded());
  }
}

/** What the library makes of bytes of text and of JSON. */
export const rowParsers: Partial<ParquetParsers> = {
  stringFromBytes: (bytes: Uint8Array | undefined) => bytes && new TextBytes(bytes),
  jsonFromBytes: (bytes: Uint8Array | undefined) => {
    if (bytes === undefined) return undefined;
    const decoded = decodeUtf8(bytes);
    try {
      if ('text' in decoded) return JSON.parse(decoded.text) as unknown;
    } catch {
      // Becomes the fault of the row that holds it.
    }
    return new BadValue('text that is no JSON');
  },
};

/** The values of a row, one for each of `columns`, as a JSON object, or why there is none. */
export function rowJson(
  columns: readonly string[],
  row: readonly unknown[],
  maximumBytes: number,
): Uint8Array | RowFault {
  try {
    const entries: [string, unknown][] = [];
    for (const [index, column] of columns.entries()) {
      const value = jsonValue(row[index]);
      if (value instanceof BadValue) {
        return { kind: 'invalid-utf8', message: `the column ${column} holds ${value.reason}` };
      }
      if (value !== undefined) entries.push([column, value]);
    }
    const bytes = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
    if (bytes.length <= maximumBytes) return bytes;
    return { kind: 'oversized', message: oversizedMessage('a row', bytes.length, maximumBytes) };
  } catch (cause) {
    // Values nested so deep that the stack ends, or too long for one string.
    const reason = cause instanceof Error ? cause.message : String(cause);
    return { kind: 'invalid-parquet', message: `the row cannot be written as JSON (${reason})` };
  }
}

/** A value of Parquet in a form that JSON holds without loss; a bad value inside stands for the whole. */
function jsonValue(value: unknown): unknown {
  if (value instanceof TextBytes) return value.decoded();
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
