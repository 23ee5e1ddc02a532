import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { FileSystem, OpenFile } from '../../src/core/index.ts';
import { nodeFileSystem, writeDurably } from '../../src/core/node.ts';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'groundwork-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The files of this machine, with a list of the calls that change something; the call with number `failAt` fails. */
function recorded(failAt = Number.POSITIVE_INFINITY): { fs: FileSystem; calls: string[] } {
  const calls: string[] = [];
  const note = (call: string): void => {
    calls.push(call);
    if (calls.length - 1 === failAt) throw new Error(`failed at ${call}`);
  };
  const fs: FileSystem = {
    ...nodeFileSystem,
    open: (path, mode) => {
      note('open');
      const file = nodeFileSystem.open(path, mode);
      const watched: OpenFile = {
        ...file,
        write: (bytes) => {
          note('write');
          file.write(bytes);
        },
        sync: () => {
          note('sync');
          file.sync();
        },
        close: () => {
          file.close();
          calls.push('close');
        },
      };
      return watched;
    },
    rename: (from, to) => {
      note('rename');
      nodeFileSystem.rename(from, to);
    },
    syncFolder: (path) => {
      note('sync-folder');
      nodeFileSystem.syncFolder(path);
    },
  };
  return { fs, calls };
}

describe('writeDurably', () => {
  const chunks = [new Uint8Array([1, 2, 3]), new Uint8Array(0), new Uint8Array(100_000).fill(7)];
  const contents = Buffer.concat(chunks);

  test('writes the chunks in order, tells size and SHA-256, and leaves no other file', () => {
    const folder = temporaryFolder();
    const path = join(folder, 'file');
    expect(writeDurably(nodeFileSystem, path, chunks)).toEqual({ sizeBytes: 100_003, sha256: sha256(contents) });
    expect(readFileSync(path).equals(contents)).toBe(true);
    expect(nodeFileSystem.list(folder)).toEqual(['file']);
  });

  test('flushes the contents before the file gets its name, and the folder after', () => {
    const { fs, calls } = recorded();
    writeDurably(fs, join(temporaryFolder(), 'file'), chunks);
    expect(calls).toEqual(['open', 'write', 'write', 'write', 'sync', 'close', 'rename', 'sync-folder']);
  });

  test('leaves the old file or the whole new one, no other and none open, whichever call fails', () => {
    // The call with number 5 is the closing.
    for (const k of [0, 1, 2, 3, 4, 6, 7]) {
      const folder = temporaryFolder();
      const path = join(folder, 'file');
      writeDurably(nodeFileSystem, path, [new Uint8Array([9])]);
      const { fs, calls } = recorded(k);
      expect(() => writeDurably(fs, path, chunks)).toThrow(/^failed at/);
      const isNew = calls.at(-1) === 'sync-folder';
      expect(readFileSync(path).equals(isNew ? contents : Buffer.from([9]))).toBe(true);
      expect(nodeFileSystem.list(folder)).toEqual(['file']);
      expect(calls.filter((call) => call === 'close')).toHaveLength(k === 0 ? 0 : 1);
    }
  });

  test('tells why it stopped, also where the unfinished file cannot be removed', () => {
    const folder = temporaryFolder();
    const { fs } = recorded(1);
    const stuck: FileSystem = {
      ...fs,
      remove: () => {
        throw new Error('cannot remove');
      },
    };
    expect(() => writeDurably(stuck, join(folder, 'file'), chunks)).toThrow('failed at write');
    expect(existsSync(join(folder, 'file'))).toBe(false);
  });

  test('replaces what lies at the name that it writes under, and never writes through a link', () => {
    const folder = temporaryFolder();
    const path = join(folder, 'file');
    const outside = join(temporaryFolder(), 'other');
    writeFileSync(outside, 'other');
    for (const leave of [
      () => symlinkSync(outside, `${path}.tmp`),
      () => symlinkSync(join(outside, 'nothing'), `${path}.tmp`),
      () => writeFileSync(`${path}.tmp`, 'x'.repeat(200_000)),
    ]) {
      leave();
      writeDurably(nodeFileSystem, path, chunks);
      expect(readFileSync(path).equals(contents)).toBe(true);
      expect(nodeFileSystem.list(folder)).toEqual(['file']);
    }
    expect(readFileSync(outside, 'utf8')).toBe('other');
  });

  test('stops where the chunks cannot be made', () => {
    const folder = temporaryFolder();
    function* broken(): Generator<Uint8Array> {
      yield new Uint8Array(10);
      throw new Error('no more');
    }
    expect(() => writeDurably(nodeFileSystem, join(folder, 'file'), broken())).toThrow('no more');
    expect(nodeFileSystem.list(folder)).toEqual([]);
  });
});
