import { HeldBytes } from './held-bytes.ts';
import { isBlank } from './line-splitter.ts';
import { oversizedMessage, type RecordSink, type RecordSplitter } from './record-batches.ts';

const byte = (character: string): number => character.charCodeAt(0);
const quote = byte('"');
const backslash = byte('\\');
const openBracket = byte('[');
const closeBracket = byte(']');
const openBrace = byte('{');
const closeBrace = byte('}');
const comma = byte(',');
const lineFeed = byte('\n');

/**
 * Splits the elements of one JSON array, or values that follow one another (objects printed over several lines), by
 * following strings and brackets only; whether an element is good JSON is for `parseRecord` to say. Memory is bounded by
 * `maximumBytes`: an element above it is an `oversized` fault and is never held.
 */
export class JsonSplitter implements RecordSplitter {
  private readonly held = new HeldBytes();
  /** Brackets that are open inside the element. */
  private depth = 0;
  private inString = false;
  private isEscaped = false;
  /** Nothing more is read: behind the end of the array, or behind a fault. */
  private state: 'before' | 'inside' | 'after' | 'broken' = 'before';
  private line = 1;
  private chunkOffset: number;
  /** The element being read: its place, and its length so far, of which `held` has what came in earlier chunks. */
  private elementLine = 0;
  private elementOffset = 0;
  private numBefore = 0;
  private hasElement = false;
  private sawComma = false;

  /** @param isArray whether the values are the elements of one array, `[` being the first byte that is not blank */
  constructor(
    private readonly sink: RecordSink,
    private readonly maximumBytes: number,
    private readonly isArray: boolean,
    firstOffset = 0,
  ) {
    this.chunkOffset = firstOffset;
    if (!isArray) this.state = 'inside';
  }

  push(chunk: Uint8Array): void {
    /** Where the element begins in this chunk. */
    let start = 0;
    for (let at = 0; at < chunk.length && this.state !== 'broken'; at++) {
      const found = chunk[at] as number;
      if (found === lineFeed) this.line++;
      if (this.inString) {
        if (this.isEscaped) this.isEscaped = false;
        else if (found === backslash) this.isEscaped = true;
        else if (found === quote) this.inString = false;
        continue;
      }
      if (found === 0x20 || found === lineFeed || found === 0x0d || found === 0x09) continue;
      if (this.state === 'before') {
        this.state = 'inside';
        continue;
      }
      if (this.state === 'after') {
        this.break(`found ${show(found)} behind the end of the array, expected the end of the file`, at);
        break;
      }
      const isClosing = found === closeBracket || found === closeBrace;
      if (this.depth === 0 && (found === comma || isClosing)) {
        this.endElement(chunk, start, at);
        if (!this.isArray || found === closeBrace) this.break(`found ${show(found)}, expected a value`, at);
        else if (found === comma) this.sawComma = true;
        else this.state = 'after';
        continue;
      }
      if (!this.hasElement) {
        this.hasElement = true;
        this.elementLine = this.line;
        this.elementOffset = this.chunkOffset + at;
        start = at;
      }
      if (found === quote) this.inString = true;
      else if (found === openBrace || found === openBracket) this.depth++;
      else if (isClosing) {
        this.depth--;
        if (this.depth === 0 && !this.isArray) this.endElement(chunk, start, at + 1);
      }
    }
    if (this.hasElement) this.hold(chunk.subarray(start));
    this.chunkOffset += chunk.length;
  }

  finish(): void {
    if (this.state === 'after' || this.state === 'broken') return;
    if (!this.isArray && !this.hasElement) return;
    const { line, byteOffset } = this.abandon();
    const expected = this.isArray ? 'the end of the array' : 'the end of a value';
    this.sink.fault('truncated', `the file ends at byte ${this.chunkOffset}, expected ${expected}`, line, byteOffset);
  }

  abandon(): { line: number; byteOffset: number } {
    this.held.clear();
    return this.hasElement
      ? { line: this.elementLine, byteOffset: this.elementOffset }
      : { line: this.line, byteOffset: this.chunkOffset };
  }

  private hold(bytes: Uint8Array): void {
    this.numBefore += bytes.length;
    if (this.numBefore <= this.maximumBytes) this.held.append(bytes);
    else this.held.clear();
  }

  private endElement(chunk: Uint8Array, start: number, end: number): void {
    if (!this.hasElement) {
      // `[]` has no element; `[1,]` and `[,1]` have one that is missing.
      if (this.isArray && (this.sawComma || chunk[end] === comma)) {
        const message = `found ${show(chunk[end] ?? 0)}, expected a value`;
        this.sink.fault('invalid-json', message, this.line, this.chunkOffset + end);
      }
      return;
    }
    const numBytes = this.numBefore + (end - start);
    if (numBytes > this.maximumBytes) {
      const message = oversizedMessage('an element', numBytes, this.maximumBytes);
      this.sink.fault('oversized', message, this.elementLine, this.elementOffset);
      this.held.clear();
    } else {
      let element = chunk.subarray(start, end);
      if (this.numBefore > 0) {
        this.held.append(element);
        element = this.held.take();
      }
      this.sink.record(trimmedEnd(element), this.elementLine, this.elementOffset);
    }
    this.hasElement = false;
    this.sawComma = false;
    this.numBefore = 0;
  }

  private break(message: string, at: number): void {
    this.sink.fault('invalid-json', message, this.line, this.chunkOffset + at);
    this.hasElement = false;
    this.held.clear();
    this.state = 'broken';
  }
}

function trimmedEnd(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === lineFeed || isBlank(bytes, end - 1, end))) end--;
  return bytes.subarray(0, end);
}

function show(found: number): string {
  return found > 0x20 && found < 0x7f ? `'${String.fromCharCode(found)}'` : `byte 0x${found.toString(16)}`;
}
