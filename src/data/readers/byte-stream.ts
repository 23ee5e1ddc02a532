import type { FileHandle } from 'node:fs/promises';
import type { RecordFaultKind } from '../document.ts';

/** A file broke off: what came before has been delivered. Readers turn it into a fault with a place. */
export class BrokenStream extends Error {
  override readonly name = 'BrokenStream';
  constructor(
    readonly kind: RecordFaultKind,
    message: string,
  ) {
    super(message);
  }
}

/** How much is read from a file at a time: large enough to be fast, small enough that the event loop turns. */
const chunkBytes = 2 ** 20;

/** The bytes of a file from its beginning, in chunks of 1 MiB that nobody writes to again; also those of a pipe. */
export async function* chunksOf(handle: FileHandle): AsyncGenerator<Uint8Array> {
  for (;;) {
    const chunk = new Uint8Array(chunkBytes);
    const { bytesRead } = await handle.read(chunk, 0, chunkBytes, null).catch((cause: unknown) => {
      throw new BrokenStream('unreadable-file', `the file could not be read on (${systemCode(cause)})`);
    });
    if (bytesRead === 0) return;
    // A small file does not keep a whole MiB alive.
    yield bytesRead < chunkBytes / 2 ? chunk.slice(0, bytesRead) : chunk.subarray(0, bytesRead);
  }
}

/** The code of an error of the system, such as `EACCES`. */
export function systemCode(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  return code ?? String(cause);
}

/** Chunks whose beginning can be looked at before they are read. A break in what was looked at is thrown where it stands. */
export class ByteStream implements AsyncIterable<Uint8Array> {
  private readonly source: AsyncIterator<Uint8Array>;
  private ahead: Uint8Array[] = [];
  private failure: unknown;
  private state: 'open' | 'ended' | 'failed' = 'open';

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.source = chunks[Symbol.asyncIterator]();
  }

  /** The first `numBytes` bytes, fewer only where there are no more. */
  async peek(numBytes: number): Promise<Uint8Array> {
    let length = this.ahead.reduce((sum, chunk) => sum + chunk.length, 0);
    while (length < numBytes) {
      const chunk = await this.next();
      if (chunk === undefined) break;
      this.ahead.push(chunk);
      length += chunk.length;
    }
    if (this.ahead.length > 1) this.ahead = [joined(this.ahead)];
    return (this.ahead[0] ?? new Uint8Array(0)).subarray(0, numBytes);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      while (this.ahead.length > 0) {
        const chunk = this.ahead.shift();
        if (chunk && chunk.length > 0) yield chunk;
      }
      for (;;) {
        const chunk = await this.next();
        if (chunk === undefined) break;
        yield chunk;
      }
      if (this.state === 'failed') throw this.failure;
    } finally {
      await this.close();
    }
  }

  /** Lets go of the source; nothing happens where it has ended. */
  async close(): Promise<void> {
    if (this.state !== 'open') return;
    this.state = 'ended';
    await this.source.return?.();
  }

  private async next(): Promise<Uint8Array | undefined> {
    if (this.state !== 'open') return undefined;
    try {
      const { value, done } = await this.source.next();
      if (!done) return value;
      this.state = 'ended';
    } catch (cause) {
      this.state = 'failed';
      this.failure = cause;
    }
    return undefined;
  }
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
