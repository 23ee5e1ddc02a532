/** Where a piece of text stands in a corpus: what a message about it names. */
export interface Place {
  /** Path relative to the corpus, with `/`; `<stdin>` for standard input; `effect@4.1.0/src/Array.ts` for a package. */
  readonly source: string;
  /** The line on which it begins, from 1; the row, from 1, in a Parquet file. */
  readonly line: number;
  /** The byte at which it begins in the file as it is read (after decompression), from 0; 0 in a Parquet file. */
  readonly byteOffset: number;
}

/** How the bytes of a record become text. */
export type RecordFormat = 'text' | 'markdown' | 'html' | 'json';

/**
 * What a reader delivers: bytes as they were found. They become a document in `parseRecord`, which runs in the worker
 * threads, so that a reader does nothing but find where records begin and end.
 */
export interface SourceRecord extends Place {
  readonly format: RecordFormat;
  readonly bytes: Uint8Array;
}

/** One document: text, where it was found, and what its record said about it. */
export interface Document extends Place {
  readonly text: string;
  /** The fields that were asked for (`--header`, `--group-field`), as text. */
  readonly metadata: { readonly [field: string]: string };
}

/** Why a record gives no document. */
export const recordFaultKinds = [
  'invalid-utf8',
  'invalid-json',
  'missing-field',
  'oversized',
  'truncated',
  'corrupt-archive',
  'invalid-parquet',
  'unreadable-file',
] as const;
export type RecordFaultKind = (typeof recordFaultKinds)[number];

/** A record that cannot be read: counted and skipped, or the end of the build, by the policy. */
export interface RecordFault extends Place {
  readonly kind: RecordFaultKind;
  /** What was found and what was expected, in one sentence without the place. */
  readonly message: string;
}

/** What `Reader`s yield: many records at a time, since a record of its own costs a turn of the event loop. */
export interface RecordBatch {
  readonly records: readonly SourceRecord[];
  readonly faults: readonly RecordFault[];
  /** Bytes taken from disk or from standard input so far, for progress. */
  readonly bytesRead: number;
}

export type RecordStream = AsyncIterable<RecordBatch>;
