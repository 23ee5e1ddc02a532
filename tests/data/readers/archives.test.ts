import { constants, gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { BrokenStream } from '../../../src/data/readers/byte-stream.ts';
import { gunzipped } from '../../../src/data/readers/gzip.ts';
import { unzstd } from '../../../src/data/readers/zstandard.ts';

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** What comes out, and what broke. */
async function unpacked(chunks: AsyncIterable<Uint8Array>): Promise<{ bytes: Buffer; largest: number; kind: string }> {
  const pieces: Uint8Array[] = [];
  let kind = 'whole';
  try {
    for await (const piece of chunks) pieces.push(piece);
  } catch (cause) {
    if (!(cause instanceof BrokenStream)) throw cause;
    ({ kind } = cause);
  }
  return { bytes: Buffer.concat(pieces), largest: Math.max(0, ...pieces.map((piece) => piece.length)), kind };
}

const lines = Buffer.from(Array.from({ length: 40_000 }, (_, i) => `line ${i} ${(i * i) % 1009}\n`).join(''));

describe('gzip', () => {
  test('is unpacked whatever the size of the chunks', async () => {
    const packed = gzipSync(lines);
    for (const size of [1000, 4096, 1 << 20]) {
      const { bytes, kind } = await unpacked(gunzipped(inPieces(packed, size)));
      expect(kind).toBe('whole');
      expect(bytes.equals(lines)).toBe(true);
    }
    expect((await unpacked(gunzipped(inPieces(packed.subarray(0, 300), 1)))).kind).toBe('truncated');
  });

  test('may have several members, as gzip and bgzip write them', async () => {
    const packed = Buffer.concat([gzipSync(lines), gzipSync(''), gzipSync('end')]);
    const { bytes, kind } = await unpacked(gunzipped(inPieces(packed, 5000)));
    expect(kind).toBe('whole');
    expect(bytes.equals(Buffer.concat([lines, Buffer.from('end')]))).toBe(true);
  });

  test('that ends early gives all that can be unpacked, and then a fault', async () => {
    const packed = gzipSync(lines);
    for (const length of [0, 1, 5, 18, 100, packed.length >> 1, packed.length - 9, packed.length - 1]) {
      const tail = packed.subarray(0, length);
      const expected = length < 2 ? Buffer.alloc(0) : gunzipSync(tail, { finishFlush: constants.Z_SYNC_FLUSH });
      const { bytes, kind } = await unpacked(gunzipped(inPieces(tail, 4096)));
      expect(kind, `${length} bytes`).toBe('truncated');
      expect(bytes.equals(expected), `${length} bytes`).toBe(true);
    }
  });

  test('with a changed byte gives a prefix of the truth, or a fault', async () => {
    const packed = gzipSync(lines);
    for (const at of [3, 100, packed.length >> 1, packed.length - 6, packed.length - 2]) {
      const changed = Buffer.from(packed);
      changed[at] = (changed[at] ?? 0) ^ 0x55;
      const { kind } = await unpacked(gunzipped(inPieces(changed, 4096)));
      expect(['corrupt-archive', 'truncated'], `byte ${at}`).toContain(kind);
    }
    expect((await unpacked(gunzipped(inPieces(Buffer.from('no archive'), 4096)))).kind).toBe('corrupt-archive');
  });
});

describe('zstd', () => {
  const fixture = Buffer.from(Array.from({ length: 20_000 }, (_, i) => `line ${i % 7} of the fixture\n`).join(''));
  /** Made by `zstd -19 -c file` (size and checksum in the frame) and `zstd -19 --no-check` from a pipe (a window). */
  const sized = Buffer.from(
    'KLUv/aTAtgYAlAEA4GxpbmUgMCBvZiB0aGUgZml4dHVyZQoxMjM0NTYIIJBj62P/nRwg97FPfvexvJCtbQJUAAAAAQD9//H/uQYCRAAAAAEA/f85AAJFAAAAAQC9Nh0AAaWCibg=',
    'base64',
  );
  const piped = Buffer.from(
    'KLUv/QBolAEA4GxpbmUgMCBvZiB0aGUgZml4dHVyZQoxMjM0NTYIIJBj62P/nRwg97FPfvexvJCtbQJUAAAAAQD9//H/uQYCRAAAAAEA/f85AAJFAAAAAQC9Nh0AAQ==',
    'base64',
  );
  /** `zstd` and `zstd --no-check` of `short\n`. */
  const short = Buffer.from('KLUv/SQGMQAAc2hvcnQKkGPzoQ==', 'base64');
  const shortPiped = Buffer.from('KLUv/QBYMQAAc2hvcnQK', 'base64');
  const skippable = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);

  test('is unpacked whatever the size of the chunks, a block at a time', async () => {
    for (const packed of [sized, piped]) {
      for (const size of [1, 7, 1 << 20]) {
        const { bytes, kind, largest } = await unpacked(unzstd(inPieces(packed, size)));
        expect(kind).toBe('whole');
        expect(bytes.equals(fixture)).toBe(true);
        expect(largest).toBeLessThanOrEqual(2 ** 17);
      }
    }
  });

  test('may have several frames and skippable ones', async () => {
    const packed = Buffer.concat([skippable, short, shortPiped, skippable, sized, short]);
    for (const size of [1, 3, 1 << 20]) {
      const { bytes, kind } = await unpacked(unzstd(inPieces(packed, size)));
      expect(kind).toBe('whole');
      expect(bytes.toString()).toBe(`short\nshort\n${fixture}short\n`);
    }
  });

  test('that ends early gives its complete blocks, and then a fault', async () => {
    for (let length = 1; length < sized.length; length++) {
      const { bytes, kind } = await unpacked(unzstd(inPieces(sized.subarray(0, length), 50)));
      expect(kind, `${length} bytes`).toBe('truncated');
      expect(bytes.equals(fixture.subarray(0, bytes.length))).toBe(true);
      expect(bytes.length % 2 ** 17).toBe(0);
    }
  });

  test('that claims more memory than is accepted, needs a dictionary, or is something else, is a fault', async () => {
    const window = Buffer.from(piped);
    window[5] = 0xff;
    const dictionary = Buffer.from(piped);
    dictionary[4] = 1;
    for (const bytes of [window, dictionary, Buffer.from('no archive')]) {
      expect((await unpacked(unzstd(inPieces(bytes, 50)))).kind).toBe('corrupt-archive');
    }
  });

  test('that unpacks 1 GB from 32 KB does so in pieces of 128 KiB', async () => {
    // Blocks of one byte repeated 131,072 times: 21 bits of size, kind 1.
    const block = Buffer.from([(131072 << 3) | 2, 131072 >> 5, 131072 >> 13, 0x61]);
    const bomb = Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0x38]), ...Array<Buffer>(8192).fill(block)]);
    let numBytes = 0;
    let largest = 0;
    const read = async () => {
      for await (const piece of unzstd(inPieces(bomb, 1 << 20))) {
        numBytes += piece.length;
        largest = Math.max(largest, piece.length);
      }
    };
    await expect(read()).rejects.toMatchObject({ kind: 'truncated' });
    expect(numBytes).toBe(2 ** 30);
    expect(largest).toBe(2 ** 17);
  });
});
