import { writeSync } from 'node:fs';

/** A message between a process and the one that started it: a head that JSON holds, and bytes. */
export interface Frame<Head> {
  readonly head: Head;
  readonly body: Buffer;
}

/** What the guard writes to standard error before it ends its process. */
export const memoryNote = 'memory limit';

/** The lengths of head and body, 32 bits each, least significant byte first. */
const prefixBytes = 8;
/** A pipe that nothing else writes to: Node itself makes standard output return before its bytes are taken. */
const framePipe = 4;

/** Writes a frame to the process that started this one, and waits while the other side does not read. */
export function writeFrame<Head>(head: Head, body: readonly Uint8Array[] = []): void {
  const headBytes = Buffer.from(JSON.stringify(head));
  const prefix = Buffer.alloc(prefixBytes);
  prefix.writeUInt32LE(headBytes.length, 0);
  prefix.writeUInt32LE(
    body.reduce((sum, { length }) => sum + length, 0),
    4,
  );
  const bytes = Buffer.concat([prefix, headBytes, ...body]);
  for (let done = 0; done < bytes.length; ) done += writeSync(framePipe, bytes, done);
}

/** Puts frames together from chunks that were cut at any byte. */
export class FrameAssembler<Head> {
  private chunks: Uint8Array[] = [];
  private numBytes = 0;
  private neededBytes = prefixBytes;

  push(chunk: Uint8Array): void {
    this.chunks.push(chunk);
    this.numBytes += chunk.length;
  }

  /** The next frame, or undefined while it is not complete; its body is a view that nobody writes to any more. */
  take(): Frame<Head> | undefined {
    if (this.numBytes < this.neededBytes) return undefined;
    const bytes = Buffer.concat(this.chunks);
    this.chunks = [bytes];
    const headEnd = prefixBytes + bytes.readUInt32LE(0);
    const end = headEnd + bytes.readUInt32LE(4);
    if (bytes.length < end) {
      this.neededBytes = end;
      return undefined;
    }
    this.chunks = [bytes.subarray(end)];
    this.numBytes = bytes.length - end;
    this.neededBytes = prefixBytes;
    // What this side's own build has written.
    const head = JSON.parse(bytes.toString('utf8', prefixBytes, headEnd)) as Head;
    return { head, body: bytes.subarray(headEnd, end) };
  }
}
