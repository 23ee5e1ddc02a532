import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { GuardedProcess, type ProcessMemory } from '../../../src/data/readers/guarded-process.ts';

interface Head {
  readonly pid?: number;
  readonly length?: number;
}

const childFile = new URL('./processes/guarded-child.mjs', import.meta.url);
const patienceMs = 60_000;
let file: FileHandle;
let child: GuardedProcess<Head> | undefined;
beforeAll(async () => {
  file = await open(fileURLToPath(childFile));
});
afterEach(() => child?.close());
afterAll(() => file.close());

/** Starts the child; returns it and its process id. */
async function started(request: object, memory: Partial<ProcessMemory> = {}) {
  const limits = { heapMebibytes: 64, totalMebibytes: 512, ...memory };
  child = new GuardedProcess<Head>(childFile, request, file.fd, limits);
  const first = await child.next(patienceMs);
  return { child, pid: 'head' in first ? (first.head.pid ?? 0) : 0 };
}

function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('a guarded process', () => {
  test('hands over frames of any length, whole and in order', async () => {
    const lengths = [0, 1, 7, 8, 65_535, 0, 65_536, 300_001, 2, 2 ** 21, 0];
    const { child, pid } = await started({ does: 'write frames', lengths });
    expect(runs(pid)).toBe(true);
    for (const length of lengths) {
      const frame = await child.next(patienceMs);
      expect(frame).toMatchObject({ head: { length } });
      const body = 'body' in frame ? frame.body : Buffer.alloc(0);
      expect(body.equals(Buffer.alloc(length, length))).toBe(true);
    }
  });

  test('that runs for ever is ended when its time is over', async () => {
    const { child, pid } = await started({ does: 'loop' });
    expect(await child.next(50)).toEqual({ ended: 'nothing came of it within 0.05 s' });
    expect(runs(pid)).toBe(false);
  });

  test.each(['fill the heap', 'fill one array'])('that would %s ends at the limit of the heap', async (does) => {
    const { child, pid } = await started({ does }, { totalMebibytes: 4096 });
    expect(await child.next(patienceMs)).toEqual({ ended: 'it takes more memory than is allowed' });
    expect(runs(pid)).toBe(false);
  });

  test('that would fill buffers, which its heap does not hold, ends at the limit of all memory', async () => {
    const { child, pid } = await started({ does: 'fill buffers' }, { totalMebibytes: 256 });
    expect(await child.next(patienceMs)).toEqual({ ended: 'it takes more memory than is allowed' });
    expect(runs(pid)).toBe(false);
  });

  test('that V8 brings down has ended, and why is said', async () => {
    const { child } = await started({ does: 'abort' });
    expect(await child.next(patienceMs)).toEqual({
      ended: expect.stringMatching(/^it ended with (SIGABRT|exit code)/),
    });
  });

  test.each([
    ['throw', 'a bug in the work'],
    ['reject', 'a bug that nobody awaits'],
    ['write frames', 'exit code 0'],
  ])('that ends by itself is a fault of ours (%s)', async (does, message) => {
    const { child } = await started({ does });
    await expect(child.next(patienceMs)).rejects.toThrow(/^Groundwork is at fault/);
    await expect(child.next(patienceMs)).rejects.toThrow(message);
  });

  test('that does not start is a fault of ours', async () => {
    child = new GuardedProcess(childFile, { does: 'not start' }, file.fd, { heapMebibytes: 64, totalMebibytes: 512 });
    await expect(child.start()).rejects.toThrow('a bug at the start');
  });

  test('is gone after it was closed, whether it waits to write or runs for ever', async () => {
    for (const does of ['write for ever', 'loop']) {
      const { child, pid } = await started({ does });
      expect(runs(pid)).toBe(true);
      await child.close();
      expect(runs(pid)).toBe(false);
    }
  });

  test('is gone when the process that started it was killed', async () => {
    const parent = spawn(
      process.execPath,
      [fileURLToPath(new URL('./processes/guarded-parent.mjs', import.meta.url))],
      {
        stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
      },
    );
    const held = parent.stdio[3];
    if (!(held instanceof Readable)) throw new Error('the pipe is missing');
    const [line] = (await once(parent.stdout as Readable, 'data')) as [Buffer];
    const pid = Number(line.toString());
    onTestFinished(() => void (runs(pid) && process.kill(pid, 'SIGKILL')));
    expect(runs(pid)).toBe(true);
    parent.kill('SIGKILL');
    // Parent and child hold the other end of this pipe: it ends when both are gone, and not before.
    await once(held.resume(), 'end');
  });
});
