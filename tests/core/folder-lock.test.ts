import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lockFileName, lockFolder, nodeFileSystem } from '../../src/core/node.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lock-'));
});
afterEach(() => rmSync(folder, { recursive: true }));
const lock = () => lockFolder(nodeFileSystem, folder);
const lockFile = () => join(folder, lockFileName);

describe('a folder', () => {
  test('is locked once, and free again afterwards', () => {
    const unlock = lock();
    expect(lock).toThrow(expect.objectContaining({ code: 'locked', exitCode: 5 }));
    unlock();
    lock()();
  });

  test('is taken over from a process that is gone', () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    writeFileSync(lockFile(), JSON.stringify({ process: pid, startedAt: null, machine: hostname() }));
    lock();
    expect(JSON.parse(readFileSync(lockFile(), 'utf8')).process).toBe(process.pid);
  });

  test.runIf(process.platform === 'linux')('is taken over where the number of the process is another one’s now', () => {
    writeFileSync(lockFile(), JSON.stringify({ process: process.pid, startedAt: '1', machine: hostname() }));
    lock()();
  });

  test('is taken over from a lock that was cut off while it was written', () => {
    writeFileSync(lockFile(), '{"process":12');
    lock()();
  });

  test('is never taken from another machine', () => {
    writeFileSync(lockFile(), JSON.stringify({ process: 1, startedAt: null, machine: 'elsewhere' }));
    expect(lock).toThrow(/a process on elsewhere/);
  });
});
