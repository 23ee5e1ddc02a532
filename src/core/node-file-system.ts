import * as fs from 'node:fs';
import { dirname } from 'node:path';
import { GroundworkError } from './errors.ts';
import type { FileSystem, OpenFile } from './file-system.ts';

/** The files of this machine. */
export const nodeFileSystem: FileSystem = {
  exists: (path) => fs.existsSync(path),
  stat: (path) =>
    explained(path, 'read', () => {
      const found = fs.statSync(path);
      return { sizeBytes: found.size, isFolder: found.isDirectory() };
    }),
  list: (path) => explained(path, 'read', () => fs.readdirSync(path).sort()),
  makeFolder: (path) => explained(path, 'write', () => void fs.mkdirSync(path, { recursive: true })),
  readFile: (path) => explained(path, 'read', () => fs.readFileSync(path)),
  open: (path, mode) => explained(path, mode === 'read' ? 'read' : 'write', () => openNodeFile(path, mode)),
  rename: (from, to) => explained(to, 'write', () => fs.renameSync(from, to)),
  remove: (path) => explained(path, 'write', () => fs.rmSync(path, { recursive: true, force: true })),
  syncFolder: (path) =>
    explained(path, 'write', () => {
      // Windows cannot open a folder; there the rename itself is journalled.
      if (process.platform === 'win32') return;
      const handle = fs.openSync(path, 'r');
      try {
        fs.fsyncSync(handle);
      } finally {
        fs.closeSync(handle);
      }
    }),
};

const flags = { read: 'r', write: 'w+', append: 'a+', 'create-new': 'wx+' } as const;

function openNodeFile(path: string, mode: keyof typeof flags): OpenFile {
  const handle = fs.openSync(path, flags[mode]);
  return {
    write: (bytes) =>
      explained(path, 'write', () => {
        for (let done = 0; done < bytes.length; ) done += fs.writeSync(handle, bytes, done);
      }),
    readAt: (into, offset) =>
      explained(path, 'read', () => {
        let done = 0;
        while (done < into.length) {
          const count = fs.readSync(handle, into, done, into.length - done, offset + done);
          if (count === 0) break;
          done += count;
        }
        return done;
      }),
    truncate: (sizeBytes) => explained(path, 'write', () => fs.ftruncateSync(handle, sizeBytes)),
    sync: () => explained(path, 'write', () => fs.fsyncSync(handle)),
    close: () => explained(path, 'write', () => fs.closeSync(handle)),
  };
}

/** Runs a call and turns the faults that a person can mend into errors that say how. */
function explained<T>(path: string, action: 'read' | 'write', call: () => T): T {
  try {
    return call();
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const fail = (kind: 'disk-full' | 'file-not-found' | 'file-access', message: string, hint: string): never => {
      throw new GroundworkError(kind, message, { hint, cause });
    };
    if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') {
      const found = code === 'EFBIG' ? 'the largest size that a file may have was reached' : freeSpace(path);
      fail(
        'disk-full',
        `${path} could not be written: ${found}`,
        'Make room, or choose another folder, and run again.',
      );
    }
    if (code === 'ENOENT') fail('file-not-found', `there is no ${path}`, 'Check the path.');
    if (code === 'ENOTDIR') fail('file-not-found', `a part of ${path} is a file, expected a folder`, 'Check the path.');
    if (code === 'EEXIST') fail('file-access', `${path} exists already`, 'Remove it, or choose another path.');
    if (code === 'EISDIR') fail('file-access', `${path} is a folder, expected a file`, 'Check the path.');
    if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
      fail(
        'file-access',
        `${path} may not be ${action === 'read' ? 'read' : 'written'} (${code})`,
        'Check who owns it.',
      );
    }
    if (code === 'ENAMETOOLONG') fail('file-access', `a name in ${path} is too long`, 'Choose a shorter one.');
    if (code === undefined) throw cause;
    return fail(
      'file-access',
      `${path} could not be ${action === 'read' ? 'read' : 'written'} (${code})`,
      'Check the path.',
    );
  }
}

function freeSpace(path: string): string {
  try {
    const { bavail, bsize } = fs.statfsSync(dirname(path));
    return `the disk is full (${((bavail * bsize) / 2 ** 20).toFixed(1)} MiB free)`;
  } catch {
    // The free space is a courtesy; a folder that is gone has none to tell.
    return 'the disk is full';
  }
}
