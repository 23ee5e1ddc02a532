import { HeldBytes } from './held-bytes.ts';
import { oversizedMessage, type RecordSink, type RecordSplitter } from './record-batches.ts';

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/**
 * Splits bytes into lines at `\n` or `\r\n`; the last line needs no end. A line above `maximumBytes` (its end not counted)
 * becomes an `oversized` fault and is never held: memory stays below `maximumBytes` and one chunk, however long the line.
 * (`node:readline` holds a line of any length, and fails at the 512 MiB that a string of V8 can have.)
 *
 * Lines of nothing but spaces and tabs are no records: JSONL allows them between records, and a document of one line has
 * to have something on it.
 */
export class LineSplitter implements RecordSplitter {
  private readonly held = new HeldBytes();
  private line = 1;
  /** Where the line that is being read began. */
  private lineOffset: number;
  /** How many of its bytes came in earlier chunks, held or too many to hold. */
  private numBefore = 0;

  constructor(
    private readonly sink: RecordSink,
    private readonly maximumBytes: number,
    firstOffset = 0,
  ) {
    this.lineOffset = firstOffset;
  }

  push(chunk: Uint8Array): void {
    let start = 0;
    while (start < chunk.length) {
      const end = chunk.indexOf(lineFeed, start);
      if (end < 0) {
        this.hold(chunk.subarray(start));
        return;
      }
      let numBytes = end - start;
      if (this.numBefore === 0) this.emit(chunk, start, end, numBytes);
      else {
        this.hold(chunk.subarray(start, end));
        numBytes = this.numBefore;
        this.emitHeld();
      }
      this.line++;
      this.lineOffset += numBytes + 1;
      start = end + 1;
    }
  }

  finish(): void {
    if (this.numBefore > 0) this.emitHeld();
  }

  abandon(): { line: number; byteOffset: number } {
    this.held.clear();
    return { line: this.line, byteOffset: this.lineOffset };
  }

  private hold(bytes: Uint8Array): void {
    this.numBefore += bytes.length;
    // One byte more than a line may have: it may be the `\r` of its end.
    if (this.numBefore <= this.maximumBytes + 1) this.held.append(bytes);
    else this.held.clear();
  }

  private emitHeld(): void {
    const bytes = this.held.take();
    this.emit(bytes, 0, bytes.length, this.numBefore);
    this.numBefore = 0;
  }

  /** `numBytes` is the true length of the line, of which nothing is at hand where there was too much. */
  private emit(bytes: Uint8Array, start: number, lineEnd: number, numBytes: number): void {
    const hasReturn = lineEnd > start && bytes[lineEnd - 1] === carriageReturn;
    const end = hasReturn ? lineEnd - 1 : lineEnd;
    const length = numBytes - (hasReturn ? 1 : 0);
    if (length > this.maximumBytes) {
      this.sink.fault('oversized', oversizedMessage('a line', length, this.maximumBytes), this.line, this.lineOffset);
    } else if (!isBlank(bytes, start, end)) {
      this.sink.record(bytes.subarray(start, end), this.line, this.lineOffset);
    }
  }
}

/** Whether there is nothing but spaces, tabs and carriage returns from `start` to `end`. */
export function isBlank(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte !== 0x20 && byte !== 0x09 && byte !== carriageReturn) return false;
  }
  return true;
}
