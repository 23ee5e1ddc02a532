import { dirname } from 'node:path';
import { type FileSystem, fileChunks } from '../core/index.ts';
import { writeDurably } from '../core/node.ts';
import type { BundledFile } from './bundle-manifest.ts';

/** A bundle as it is being written. */
export interface BundleFolder {
  readonly fs: FileSystem;
  readonly folder: string;
  /** Writes a file and says what it is. */
  write(path: string, contents: string | Iterable<Uint8Array>): BundledFile;
  /** Copies a file from elsewhere. */
  copy(path: string, from: string): BundledFile;
  /** Writes a file that a person may change: it is no part of what the training depends on. */
  writeChangeable(path: string, text: string): void;
  /** What was written and is to stay as it is, by path. */
  files(): readonly BundledFile[];
}

/** @param folder exists already */
export function bundleFolder(fs: FileSystem, folder: string): BundleFolder {
  const written = new Map<string, BundledFile>();
  const put = (path: string, contents: string | Iterable<Uint8Array>): BundledFile => {
    const chunks = typeof contents === 'string' ? [new TextEncoder().encode(contents)] : contents;
    fs.makeFolder(dirname(`${folder}/${path}`));
    return { path, ...writeDurably(fs, `${folder}/${path}`, chunks) };
  };
  const write: BundleFolder['write'] = (path, contents) => {
    const file = put(path, contents);
    written.set(path, file);
    return file;
  };
  return {
    fs,
    folder,
    write,
    writeChangeable: (path, text) => {
      put(path, text);
    },
    copy: (path, from) => write(path, fileChunks(fs, from)),
    files: () => [...written.values()].sort((a, b) => (a.path < b.path ? -1 : 1)),
  };
}
