import type {
  RecordBatch,
  RecordFault,
  RecordFaultKind,
  RecordFormat,
  SkippedSource,
  SourceRecord,
} from '../document.ts';

/** Where a splitter puts what it finds in one file. */
export interface RecordSink {
  /** `bytes` may be a view of a larger buffer; nobody writes to it any more. */
  record(bytes: Uint8Array, line: number, byteOffset: number): void;
  fault(kind: RecordFaultKind, message: string, line: number, byteOffset: number): void;
}

/** Finds where the records of one file begin and end, from chunks cut at any byte. */
export interface RecordSplitter {
  push(chunk: Uint8Array): void;
  /** The file has ended: what is left is the last record. */
  finish(): void;
  /** The file broke off: drops the record that is not complete and says where it began. */
  abandon(): { readonly line: number; readonly byteOffset: number };
}

/** The message of a fault `oversized`. */
export function oversizedMessage(what: string, numBytes: number, maximumBytes: number): string {
  return `${what} has ${numBytes} bytes, expected at most ${maximumBytes}`;
}

/** The largest number of bytes and of records that are handed over at a time: large enough that a turn is cheap. */
const fullBytes = 2 ** 20;
const fullRecords = 8192;

/** Gathers records, faults and what was skipped until there are enough for a batch. */
export class BatchBuilder {
  bytesRead = 0;
  private records: SourceRecord[] = [];
  private faults: RecordFault[] = [];
  private skipped: SkippedSource[] = [];
  private numBytes = 0;

  /** A sink for the records of one file. */
  sink(source: string, format: RecordFormat): RecordSink {
    return {
      record: (bytes, line, byteOffset) => {
        this.records.push({ source, line, byteOffset, format, bytes });
        this.numBytes += bytes.length;
      },
      fault: (kind, message, line, byteOffset) => this.faults.push({ source, line, byteOffset, kind, message }),
    };
  }

  fault(fault: RecordFault): void {
    this.faults.push(fault);
  }

  skip(skipped: SkippedSource): void {
    this.skipped.push(skipped);
  }

  get isFull(): boolean {
    return this.numBytes >= fullBytes || this.records.length + this.faults.length + this.skipped.length >= fullRecords;
  }

  get isEmpty(): boolean {
    return this.records.length + this.faults.length + this.skipped.length === 0;
  }

  /** The batch so far; the builder begins another. */
  take(): RecordBatch {
    const { records, faults, skipped, bytesRead } = this;
    this.records = [];
    this.faults = [];
    this.skipped = [];
    this.numBytes = 0;
    return { records, faults, bytesRead, ...(skipped.length > 0 && { skipped }) };
  }
}
