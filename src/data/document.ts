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

/** Why a file or a package was passed over before a record was made of it. */
export const skipReasons = [
  /** A file in a folder whose extension names no format that can be read. */
  'unknown-format',
  /** A file without an extension that holds NUL bytes. */
  'binary',
  /** A symbolic link that leads out of the folder that was named. */
  'link-leaves-folder',
  /** A symbolic link to a folder, or to a file that is read under its own name. */
  'link-read-elsewhere',
  /** A socket, a pipe or a device in a folder. */
  'special-file',
  /** A package that names no licence. */
  'licence-missing',
  /** A package whose licence is not on the list of those allowed, or cannot be understood. */
  'licence-not-allowed',
  /** A package that was read already, in the same version. */
  'package-twice',
  /** A file in a package that is not source code. */
  'not-code',
  /** A type declaration, where these were not asked for. */
  'declaration',
  /** Output of a compiler or bundler whose source is at hand, or that a bundler marked. */
  'build-output',
  /** A file whose header says that a program wrote it. */
  'generated',
  /** A file with lines too long for a person to have written them. */
  'minified',
  /** A file that carries a long run of base64. */
  'data-blob',
  /** A source file above the largest size of a document. */
  'too-large',
] as const;
export type SkipReason = (typeof skipReasons)[number];

/** A file or a package that was passed over: no fault, and no document either. */
export interface SkippedSource {
  readonly source: string;
  readonly reason: SkipReason;
}

/** What `Reader`s yield: many records at a time, since a record of its own costs a turn of the event loop. */
export interface RecordBatch {
  readonly records: readonly SourceRecord[];
  readonly faults: readonly RecordFault[];
  /** What was passed over since the batch before; absent where nothing was. */
  readonly skipped?: readonly SkippedSource[];
  /** Bytes taken from disk or from standard input so far, for progress. */
  readonly bytesRead: number;
}

export type RecordStream = AsyncIterable<RecordBatch>;
