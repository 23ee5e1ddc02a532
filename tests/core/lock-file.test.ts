import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { takeLock } from '../../src/core/node.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lock-'));
  path = join(folder, 'run.lock');
});
afterEach(() => rmSync(folder, { recursive: true }));
const take = () => takeLock(path, 'the run');
const goneProcess = () => spawnSync(process.execPath, ['-e', '']).pid;
const write = (holder: object) => writeFileSync(path, JSON.stringify({ token: 'other', ...holder }));

describe('a lock', () => {
  test('is held once, and free again afterwards, with nothing left behind', () => {
    const free = take();
    expect(take).toThrow(
      expect.objectContaining({ code: 'locked', exitCode: 5, message: `the run is in use by process ${process.pid}` }),
    );
    free();
    expect(readdirSync(folder)).toEqual([]);
    take()();
  });

  test('is taken over from a process that is gone', () => {
    write({ process: goneProcess(), startedAt: null, machine: hostname() });
    take();
    expect(JSON.parse(readFileSync(path, 'utf8')).process).toBe(process.pid);
    expect(readdirSync(folder)).toEqual(['run.lock']);
  });

  test.runIf(process.platform === 'linux')('is taken over where the number of the process is another one’s now', () => {
    write({ process: process.pid, startedAt: '1', machine: hostname() });
    take()();
  });

  test('is never taken from another machine, nor where its holder cannot be told', () => {
    write({ process: 1, startedAt: null, machine: 'elsewhere' });
    expect(take).toThrow(/process 1 on elsewhere/);
    for (const text of ['', 'null', '{"process":12']) {
      writeFileSync(path, text);
      expect(take, text).toThrow(expect.objectContaining({ code: 'locked' }));
    }
  });

  test('that cannot be read is taken over where it is older than the start of the machine: its writer lost the power', () => {
    for (const name of ['run.lock', 'run.lock.takeover']) {
      write({ process: goneProcess(), startedAt: null, machine: hostname() });
      writeFileSync(join(folder, name), '');
      utimesSync(join(folder, name), new Date(0), new Date(0));
      take()();
      expect(readdirSync(folder), name).toEqual([]);
    }
  });

  test('is taken over also where one who took it over was killed while it did', () => {
    write({ process: goneProcess(), startedAt: null, machine: hostname() });
    copyFileSync(path, `${path}.takeover`);
    const free = take();
    expect(readdirSync(folder)).toEqual(['run.lock']);
    expect(take).toThrow(expect.objectContaining({ code: 'locked' }));
    free();
  });

  test('is not taken over while another that lives does', () => {
    write({ process: process.pid, startedAt: null, machine: hostname() });
    renameSync(path, `${path}.takeover`);
    write({ process: goneProcess(), startedAt: null, machine: hostname() });
    expect(take).toThrow(expect.objectContaining({ code: 'locked' }));
    expect(readdirSync(folder)).toEqual(['run.lock', 'run.lock.takeover']);
  });

  test('is not given free by one who lost it', () => {
    const free = take();
    write({ process: process.pid, startedAt: null, machine: hostname() });
    free();
    expect(existsSync(path)).toBe(true);
  });

  test('of a dead process is taken over by one of many', async () => {
    // Each takes the lock at the same moment and holds it until all have tried.
    const script = `
      import { takeLock } from ${JSON.stringify(new URL('../../dist/core/node.js', import.meta.url).href)};
      process.stdout.write('ready');
      process.stdin.once('data', () => {
        try { takeLock(${JSON.stringify(path)}, 'x'); process.stdout.write(' held'); }
        catch (fault) { process.stdout.write(' ' + fault.code); }
        process.stdin.once('end', () => process.exit());
      });`;
    const children = Array.from({ length: 4 }, () =>
      spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] }),
    );
    const outputs = children.map(() => '');
    children.forEach((child, i) => {
      child.stdout.on('data', (chunk: Buffer) => {
        outputs[i] += chunk.toString();
      });
    });
    await Promise.all(children.map((child) => once(child.stdout, 'data')));
    write({ process: goneProcess(), startedAt: null, machine: hostname() });
    const answers = children.map((child) => once(child.stdout, 'data'));
    for (const child of children) child.stdin.write('go');
    await Promise.all(answers);
    for (const child of children) child.stdin.end();
    await Promise.all(children.map((child) => once(child, 'close')));
    expect(outputs.sort()).toEqual(['ready held', 'ready locked', 'ready locked', 'ready locked']);
  });
});
