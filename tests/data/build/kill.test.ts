import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { randomStream } from '../../../src/core/index.ts';
import { runsEverything } from '../../support/full-tests.ts';
import { contentsOf, smallTexts } from './small-corpus.ts';

const numKills = runsEverything ? 30 : 3;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kill-'));
  const lines = smallTexts(200).map((text) => JSON.stringify({ ...text, padding: ' '.repeat(45_000) }));
  writeFileSync(join(folder, 'corpus.jsonl'), lines.join('\n'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Starts a build as a person does; `until` is told of every line that it writes. */
function start(name: string, ...flags: readonly string[]) {
  const args = ['dist/cli/main.js', 'data', 'build', join(folder, 'corpus.jsonl'), '--out', join(folder, name, 'd')];
  const child = spawn(process.execPath, [...args, '--vocabulary', '400', ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  return { child, exit: once(child, 'close').then(([code, signal]) => ({ code, signal, output })) };
}

test('a build that is killed at any moment goes on from there and ends with the same bytes', async () => {
  const startMs = performance.now();
  expect((await start('expected').exit).code).toBe(0);
  const durationMs = performance.now() - startMs;
  const expected = contentsOf(join(folder, 'expected', 'd'));
  const random = randomStream(5, 'kills');
  let numKilled = 0;
  for (let i = 0; i < numKills; i++) {
    const name = `killed-${i}`;
    // Threads must not matter: with one worker everything runs on one.
    const { child, exit } = start(name, '--workers', String(1 + (i % 2)));
    // Spread over the whole build, whatever the machine's speed is.
    const timer = setTimeout(() => child.kill('SIGKILL'), random.nextUniform() * durationMs);
    if ((await exit).signal === 'SIGKILL') numKilled++;
    clearTimeout(timer);
    if (!existsSync(join(folder, name, 'd'))) {
      const { code, output } = await start(name).exit;
      expect(code, output).toBe(0);
    }
    expect(contentsOf(join(folder, name, 'd')), name).toEqual(expected);
    expect(existsSync(join(folder, name, 'd.building')), name).toBe(false);
    rmSync(join(folder, name), { recursive: true });
  }
  expect(numKilled).toBeGreaterThan(numKills / 3);
}, 600_000);

test('SIGTERM ends a build with exit code 7, and the next one goes on', async () => {
  const { child, exit } = start('stopped');
  child.stderr.once('data', () => child.kill('SIGTERM'));
  const { code, output } = await exit;
  expect(output).toContain('the same command goes on from there');
  expect(code).toBe(7);
  expect((await start('stopped').exit).code).toBe(0);
});

test.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
  'a disk that is full ends a build with exit code 5, and with room it goes on',
  async () => {
    // A file system of its own of 3 MB, in a namespace that ends with the process.
    const target = join(folder, 'full');
    const build = `${process.execPath} dist/cli/main.js data build ${folder}/corpus.jsonl --vocabulary 400 --workers 1 --out`;
    const script = `mkdir -p ${target} && mount -t tmpfs -o size=$SIZE tmpfs ${target} && ${build} ${target}/d; code=$?
      mount -o remount,size=200m ${target} && ${build} ${target}/d && test -f ${target}/d/dataset.json && exit $code`;
    const child = spawn('unshare', ['-rm', 'sh', '-c', script], {
      env: { ...process.env, SIZE: '64k' },
      stdio: 'pipe',
    });
    let output = '';
    child.stderr.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    const [code] = await once(child, 'close');
    // Containers may forbid namespaces.
    if (/unshare|mount/.test(output) && !output.includes('groundwork:')) {
      console.log(`skipped: no file system of its own can be mounted here (${output.trim()})`);
      return;
    }
    expect(output).toMatch(/groundwork: disk-full: .*the disk is full \(\d/);
    expect(code).toBe(5);
  },
);
