import { HeldBytes } from './held-bytes.ts';
import { isBlank } from './line-splitter.ts';
import { oversizedMessage, type RecordSink, type RecordSplitter } from './record-batches.ts';

const lineFeed = 0x0a;

/**
 * Splits a text into documents: the whole file, or its paragraphs (what stands between blank lines).
 *
 * What is longer than `maximumBytes` is cut: behind the last blank line that fits, else behind the last line that fits. A
 * single line that does not fit is an `oversized` fault and is never held.
 */
export class TextSplitter implements RecordSplitter {
  private readonly held = new HeldBytes();
  /** Place of the first byte held. */
  private line = 1;
  private byteOffset: number;
  /** How much of a line that does not fit has gone by; 0 outside such a line. */
  private numSkipped = 0;
  /** Records and faults so far: an empty file is one empty document, the end behind the last piece of a file is none. */
  private numRecords = 0;

  constructor(
    private readonly sink: RecordSink,
    private readonly maximumBytes: number,
    private readonly unit: 'file' | 'paragraph',
    firstOffset = 0,
  ) {
    this.byteOffset = firstOffset;
  }

  push(chunk: Uint8Array): void {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.numSkipped > 0) {
        const end = rest.indexOf(lineFeed);
        this.numSkipped += end < 0 ? rest.length : end;
        if (end < 0) return;
        this.endOversizedLine(1);
        rest = rest.subarray(end + 1);
        continue;
      }
      const room = this.maximumBytes + 1 - this.held.length;
      this.held.append(rest.subarray(0, room));
      rest = rest.subarray(room);
      if (this.held.length > this.maximumBytes) this.cut();
    }
  }

  finish(): void {
    if (this.numSkipped > 0) this.endOversizedLine(0);
    else if (this.held.length > 0 || this.numRecords === 0) this.deliver(this.held.length);
  }

  /** Paragraphs that are complete are delivered; the last one, which may not be, is dropped. */
  abandon(): { line: number; byteOffset: number } {
    if (this.unit === 'paragraph') {
      const end = lastBlankLine(this.held.view(), this.held.length);
      if (end > 0) this.deliver(end);
    }
    this.held.clear();
    return { line: this.line, byteOffset: this.byteOffset };
  }

  /** More is held than a document may have: delivers as much of it as makes a good end. */
  private cut(): void {
    const bytes = this.held.view();
    const lastLine = bytes.lastIndexOf(lineFeed, this.maximumBytes - 1) + 1;
    if (lastLine > 0) {
      this.deliver(lastBlankLine(bytes, lastLine) || lastLine);
    } else {
      this.numSkipped = this.held.length;
      this.held.clear();
      // The byte above the limit may be the end of the line: then the line fits.
      if (bytes[this.maximumBytes] === lineFeed) {
        const line = bytes.slice(0, this.maximumBytes);
        this.numSkipped = 0;
        this.emit(line, 0, line.length, this.line, this.byteOffset);
        this.advance(1, this.maximumBytes + 1);
      }
    }
  }

  /** Delivers the first `end` bytes of what is held. */
  private deliver(end: number): void {
    const bytes = this.held.view().slice(0, end);
    this.held.drop(end);
    if (this.unit === 'file') this.emit(bytes, 0, end, this.line, this.byteOffset);
    const numLines = this.unit === 'file' ? countLines(bytes) : this.emitParagraphs(bytes);
    this.advance(numLines, end);
  }

  /** Emits what stands between blank lines; returns how many lines end in `bytes`. */
  private emitParagraphs(bytes: Uint8Array): number {
    let numLines = 0;
    let paragraph = -1;
    let firstLine = 0;
    let start = 0;
    while (start < bytes.length) {
      const lineFeedAt = bytes.indexOf(lineFeed, start);
      const end = lineFeedAt < 0 ? bytes.length : lineFeedAt;
      if (isBlank(bytes, start, end)) {
        if (paragraph >= 0) this.emit(bytes, paragraph, start, this.line + firstLine, this.byteOffset + paragraph);
        paragraph = -1;
      } else if (paragraph < 0) {
        paragraph = start;
        firstLine = numLines;
      }
      if (lineFeedAt < 0) break;
      numLines++;
      start = end + 1;
    }
    if (paragraph >= 0) {
      this.emit(bytes, paragraph, bytes.length, this.line + firstLine, this.byteOffset + paragraph);
    }
    return numLines;
  }

  private emit(bytes: Uint8Array, start: number, end: number, line: number, byteOffset: number): void {
    this.numRecords++;
    this.sink.record(bytes.subarray(start, end), line, byteOffset);
  }

  private endOversizedLine(numEnds: number): void {
    const message = oversizedMessage('a line', this.numSkipped, this.maximumBytes);
    this.sink.fault('oversized', message, this.line, this.byteOffset);
    this.numRecords++;
    this.advance(numEnds, this.numSkipped + numEnds);
    this.numSkipped = 0;
  }

  private advance(numLines: number, numBytes: number): void {
    this.line += numLines;
    this.byteOffset += numBytes;
  }
}

/** The byte behind the last blank line among the first `end` bytes; 0 where there is none but at the beginning. */
function lastBlankLine(bytes: Uint8Array, end: number): number {
  /** The byte behind the end of a line, as long as that line has been blank so far. */
  let candidate = -1;
  for (let at = end - 1; at >= 0; at--) {
    const byte = bytes[at];
    if (byte === lineFeed) {
      if (candidate >= 0) return candidate;
      candidate = at + 1;
    } else if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) candidate = -1;
  }
  return 0;
}

function countLines(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(lineFeed); at >= 0; at = bytes.indexOf(lineFeed, at + 1)) count++;
  return count;
}
