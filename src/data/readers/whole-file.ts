import { HeldBytes } from './held-bytes.ts';
import { oversizedMessage, type RecordSink, type RecordSplitter } from './record-batches.ts';

/** One record a file, for formats that cannot be cut (HTML). A file above the limit is `oversized` and is not held. */
export class WholeFile implements RecordSplitter {
  private readonly held = new HeldBytes();
  private numBytes = 0;

  constructor(
    private readonly sink: RecordSink,
    private readonly maximumBytes: number,
    private readonly firstOffset = 0,
  ) {}

  push(chunk: Uint8Array): void {
    this.numBytes += chunk.length;
    if (this.numBytes <= this.maximumBytes) this.held.append(chunk);
    else this.held.clear();
  }

  finish(): void {
    if (this.numBytes <= this.maximumBytes) this.sink.record(this.held.take(), 1, this.firstOffset);
    else {
      const message = oversizedMessage('a page', this.numBytes, this.maximumBytes);
      this.sink.fault('oversized', message, 1, this.firstOffset);
    }
  }

  abandon(): { line: number; byteOffset: number } {
    this.held.clear();
    return { line: 1, byteOffset: this.firstOffset };
  }
}
