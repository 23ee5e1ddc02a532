import type { FileSystem } from './file-system.ts';

const chunkBytes = 2 ** 22;

/** A file piece by piece, in the same memory each time: a piece is to be used up before the next one is asked for. */
export function* fileChunks(fs: FileSystem, path: string): Generator<Uint8Array> {
  const file = fs.open(path, 'read');
  try {
    const chunk = new Uint8Array(Math.min(chunkBytes, fs.stat(path).sizeBytes + 1));
    for (let offset = 0; ; offset += chunk.length) {
      const found = file.readAt(chunk, offset);
      if (found > 0) yield chunk.subarray(0, found);
      if (found < chunk.length) return;
    }
  } finally {
    file.close();
  }
}
