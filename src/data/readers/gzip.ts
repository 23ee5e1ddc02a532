import { createGunzip } from 'node:zlib';
import { BrokenStream, systemCode } from './byte-stream.ts';

/** Gzip packs at most 1032 to 1: a slice of 16 KiB gives at most 16.5 MiB, which bounds memory whatever the archive. */
const sliceBytes = 2 ** 14;

/**
 * Unpacks gzip (RFC 1952), also several members in a row. What was unpacked before a fault is delivered before it.
 *
 * @throws BrokenStream `truncated` where the archive ends early, `corrupt-archive` where its data or a checksum is wrong
 */
export async function* gunzipped(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: 2 ** 18 });
  let output: Uint8Array[] = [];
  let failure: unknown;
  let numIn = 0;
  gunzip.on('data', (chunk: Uint8Array) => output.push(chunk));
  gunzip.on('error', (cause) => {
    failure = cause;
  });
  // The callback of a write during which the stream fails is never called: its closing wakes the loop instead.
  let wake = (): void => undefined;
  gunzip.on('close', () => wake());
  const write = (slice: Uint8Array): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
      gunzip.write(slice, () => resolve());
    });
  const taken = (): Uint8Array[] => {
    const all = output;
    output = [];
    return all;
  };
  try {
    for await (const chunk of chunks) {
      for (let start = 0; start < chunk.length && failure === undefined; start += sliceBytes) {
        const slice = chunk.subarray(start, start + sliceBytes);
        numIn += slice.length;
        await write(slice);
        yield* taken();
      }
      if (failure !== undefined) break;
    }
    if (failure === undefined) {
      await new Promise<void>((resolve) => {
        wake = resolve;
        gunzip.end();
      });
    }
    yield* taken();
    if (failure !== undefined) throw explained(failure, numIn);
  } finally {
    gunzip.destroy();
  }
}

function explained(failure: unknown, numIn: number): BrokenStream {
  if (systemCode(failure) === 'Z_BUF_ERROR') {
    return new BrokenStream('truncated', `the gzip archive ends after ${numIn} bytes, before its data does`);
  }
  const reason = failure instanceof Error ? failure.message : String(failure);
  return new BrokenStream('corrupt-archive', `the gzip archive is broken before byte ${numIn} (${reason})`);
}
