import { GroundworkError } from '../../src/core/errors.ts';
import type { FileSystem, OpenFile } from '../../src/core/file-system.ts';

/** What a process would have died of; after it no call does anything any more. */
export class Crash extends Error {}

/**
 * A file system that dies at its k-th call that changes something (counted from 1), or at which the disk is full at that call
 * alone. Half of what a call was to write is written. With `read-error` it is the k-th call that reads which fails, alone, as a
 * disk with a bad block does; those that change something all work.
 */
export function faultingFileSystem(
  inner: FileSystem,
  failAt: number,
  kind: 'crash' | 'disk-full' | 'read-error',
): FileSystem & { readonly numCalls: () => number } {
  let numCalls = 0;
  let isDead = false;
  const change = (call: () => void, half?: () => void): void => {
    if (isDead) throw new Crash('dead');
    if (kind !== 'read-error' && ++numCalls === failAt) {
      half?.();
      if (kind === 'disk-full') {
        throw new GroundworkError('disk-full', 'no room is left', { hint: 'Make room.' });
      }
      isDead = true;
      throw new Crash(`at call ${failAt}`);
    }
    call();
  };
  const read = <T>(path: string, call: () => T): T => {
    if (kind === 'read-error' && ++numCalls === failAt) {
      throw new GroundworkError('file-access', `${path} could not be read (EIO)`, { hint: 'Check the path.' });
    }
    return call();
  };
  return {
    numCalls: () => numCalls,
    exists: (path) => inner.exists(path),
    stat: (path) => read(path, () => inner.stat(path)),
    list: (path) => read(path, () => inner.list(path)),
    readFile: (path) => read(path, () => inner.readFile(path)),
    makeFolder: (path) => change(() => inner.makeFolder(path)),
    rename: (from, to) => change(() => inner.rename(from, to)),
    remove: (path) => change(() => inner.remove(path)),
    syncFolder: (path) => change(() => inner.syncFolder(path)),
    open: (path, mode) => {
      if (mode === 'read') {
        const file = read(path, () => inner.open(path, mode));
        return { ...file, readAt: (into, offset) => read(path, () => file.readAt(into, offset)) };
      }
      let file: OpenFile | undefined;
      change(() => {
        file = inner.open(path, mode);
      });
      const open = file as OpenFile;
      return {
        write: (bytes) =>
          change(
            () => open.write(bytes),
            () => open.write(bytes.subarray(0, bytes.length >> 1)),
          ),
        readAt: (into, offset) => open.readAt(into, offset),
        truncate: (sizeBytes) => change(() => open.truncate(sizeBytes)),
        sync: () => change(() => open.sync()),
        close: () => open.close(),
      };
    },
  };
}
