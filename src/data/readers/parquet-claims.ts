import type { RowGroup } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';

/** What a row group may claim. What is refused here would be taken from memory before a byte of it was decoded. */
export interface ParquetClaims {
  /** Bytes of the columns that are read, after decompression, of one row group. */
  readonly unpackedBytes: number;
  /** Values of one column in one row group, those that are absent among them. */
  readonly numValues: number;
}

/** Reads bytes of the file; throws where there are none. */
export type ReadRange = (start: number, end: number) => ArrayBuffer;

/**
 * Refuses a row group whose description, or the heads of whose pages, claim more than `claims` allows or contradict each
 * other.
 *
 * @throws Error, which says what was found
 */
export function checkClaims(
  group: RowGroup,
  columns: ReadonlySet<string>,
  claims: ParquetClaims,
  readRange: ReadRange,
): void {
  const numRows = Number(group.num_rows);
  expectAtMost('rows', numRows, claims.numValues);
  let unpackedBytes = 0;
  for (const { meta_data: column } of group.columns) {
    if (column === undefined) throw new Error('a column has no description');
    const name = column.path_in_schema[0];
    if (name === undefined || !columns.has(name)) continue;
    const numValues = Number(column.num_values);
    expectAtMost(`values in the column ${name}`, numValues, claims.numValues);
    // A column with parts of its own may hold many values in a row.
    if (numValues < numRows) throw new Error(`the column ${name} has ${numValues} values for ${numRows} rows`);
    unpackedBytes += Number(column.total_uncompressed_size);
    expectAtMost('bytes after decompression', unpackedBytes, claims.unpackedBytes);
    const start = Number(column.dictionary_page_offset || column.data_page_offset);
    const bytes = readRange(start, start + Number(column.total_compressed_size));
    checkPages(name, bytes, numValues, claims.unpackedBytes);
  }
}

function checkPages(column: string, bytes: ArrayBuffer, numValues: number, unpackedBytes: number): void {
  const reader = { view: new DataView(bytes), offset: 0 };
  let valuesLeft = numValues;
  let bytesLeft = unpackedBytes;
  while (valuesLeft > 0 && reader.offset < bytes.byteLength) {
    const page = parquetHeader(reader);
    const what = `in a page of the column ${column}`;
    expectAtMost(`packed bytes ${what}`, page.compressed_page_size, bytes.byteLength - reader.offset);
    expectAtMost(`bytes after decompression ${what}`, page.uncompressed_page_size, bytesLeft);
    reader.offset += page.compressed_page_size;
    bytesLeft -= page.uncompressed_page_size;
    const { data_page_header: first, data_page_header_v2: second, dictionary_page_header: dictionary } = page;
    const values = first?.num_values ?? second?.num_values ?? 0;
    if (dictionary === undefined) {
      expectAtMost(`values ${what}`, values, valuesLeft);
      valuesLeft -= values;
    } else {
      // Each takes a byte at least.
      expectAtMost(`words ${what}`, dictionary.num_values, page.uncompressed_page_size);
    }
    if (second === undefined) continue;
    expectAtMost(`absent values ${what}`, second.num_nulls, values);
    expectAtMost(`rows ${what}`, second.num_rows, values);
    const { definition_levels_byte_length: definitions, repetition_levels_byte_length: repetitions } = second;
    expectAtMost(`bytes of levels ${what}`, definitions, page.compressed_page_size);
    expectAtMost(`bytes of levels ${what}`, repetitions, page.compressed_page_size - definitions);
  }
}

function expectAtMost(what: string, found: number, most: number): void {
  if (!(Number.isInteger(found) && found >= 0 && found <= most)) {
    throw new Error(`it claims ${found} ${what}, expected 0 to ${most}`);
  }
}
