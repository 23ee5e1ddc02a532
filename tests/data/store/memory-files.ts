import { dirname } from 'node:path';
import type { FileSystem, OpenFile } from '../../../src/core/index.ts';
import { GroundworkError } from '../../../src/core/index.ts';

/** Files in memory, and the calls that were made, in order: `write PATH`, `sync PATH`, `rename A B`, … */
export interface MemoryFiles extends FileSystem {
  readonly files: Map<string, Uint8Array>;
  readonly calls: string[];
}

/**
 * A file system in memory.
 *
 * @param failAt the number, from 0, of the call that fails, and with it all calls after: as if the machine had stopped
 */
export function memoryFiles(files = new Map<string, Uint8Array>(), failAt = Number.POSITIVE_INFINITY): MemoryFiles {
  const calls: string[] = [];
  const note = (call: string): void => {
    if (calls.length >= failAt) throw new Error(`stopped at ${call}`);
    calls.push(call);
  };
  const fileAt = (path: string): Uint8Array => {
    const bytes = files.get(path);
    if (bytes === undefined) throw new GroundworkError('file-not-found', `there is no ${path}`, { hint: 'Check it.' });
    return bytes;
  };
  const isFolder = (path: string): boolean => [...files.keys()].some((name) => name.startsWith(`${path}/`));
  const open = (path: string, mode: 'read' | 'write' | 'append' | 'create-new'): OpenFile => {
    if (mode === 'read') fileAt(path);
    else {
      note(`open ${path}`);
      if (mode === 'create-new' && files.has(path)) {
        const cause = Object.assign(new Error(path), { code: 'EEXIST' });
        throw new GroundworkError('file-access', `${path} exists already`, { hint: 'Remove it.', cause });
      }
      if (mode === 'write' || !files.has(path)) files.set(path, new Uint8Array(0));
    }
    return {
      write: (bytes) => {
        note(`write ${path}`);
        files.set(path, new Uint8Array(Buffer.concat([fileAt(path), bytes])));
      },
      readAt: (into, offset) => {
        const bytes = fileAt(path).subarray(offset, offset + into.length);
        into.set(bytes);
        return bytes.length;
      },
      truncate: (sizeBytes) => void files.set(path, fileAt(path).slice(0, sizeBytes)),
      sync: () => note(`sync ${path}`),
      close: () => undefined,
    };
  };
  return {
    files,
    calls,
    exists: (path) => files.has(path) || isFolder(path),
    stat: (path) =>
      files.has(path)
        ? { sizeBytes: fileAt(path).length, isFolder: false }
        : { sizeBytes: 0, isFolder: isFolder(path) },
    list: (path) => {
      const inside = [...files.keys()].filter((name) => name.startsWith(`${path}/`));
      return [...new Set(inside.map((name) => name.slice(path.length + 1).split('/')[0] as string))].sort();
    },
    makeFolder: () => undefined,
    readFile: fileAt,
    open,
    rename: (from, to) => {
      note(`rename ${from} ${to}`);
      files.set(to, fileAt(from));
      files.delete(from);
    },
    remove: (path) => {
      note(`remove ${path}`);
      for (const name of [...files.keys()]) if (name === path || name.startsWith(`${path}/`)) files.delete(name);
    },
    syncFolder: (path) => note(`sync-folder ${path}`),
  };
}

/** The folders that were flushed after the last rename into them. */
export function isFlushed(calls: readonly string[], path: string): boolean {
  const rename = calls.findLastIndex((call) => call.startsWith('rename ') && call.endsWith(` ${path}`));
  return rename >= 0 && calls.indexOf(`sync-folder ${dirname(path)}`, rename) > rename;
}
