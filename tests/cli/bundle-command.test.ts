import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommandLine } from '../../src/cli/index.ts';
import { nodeFileSystem } from '../../src/core/node.ts';
import { openRun, verifyRun } from '../../src/training/index.ts';
import { smallTexts } from '../data/build/small-corpus.ts';
import { describeWithJax } from '../support/jax-python.ts';

const repository = process.cwd();
/** A model that is trained in a moment. */
const small = ['--steps', '4', '--size', '1x16', '--context', '16', '--batch', '4', '--checkpoint-every', '2'] as const;

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bundle-command-'));
  mkdirSync(join(folder, 'texts'));
  smallTexts(60).forEach(({ text }, number) => {
    writeFileSync(join(folder, 'texts', `${number}.txt`), text);
  });
  // Datasets, bundles and runs lie below the working folder.
  process.chdir(folder);
  const { code, error } = await run(['bundle', 'texts', ...small, '--eval-every', '2', '--name', 'first']);
  expect(code, error).toBe(0);
});
afterAll(() => {
  process.chdir(repository);
  rmSync(folder, { recursive: true });
});

async function run(args: readonly string[]): Promise<{ code: number; out: string; error: string }> {
  const [out, error]: [string[], string[]] = [[], []];
  const code = await runCommandLine(args, { out: (text) => out.push(text), error: (text) => error.push(text) });
  return { code, out: out.join('\n'), error: error.join('\n') };
}

describe('groundwork bundle', () => {
  test('says what it wrote, how large it is, and what comes next', async () => {
    const { code, out, error } = await run(['bundle', 'texts', ...small, '--out', 'elsewhere']);
    expect(code, error).toBe(0);
    expect(error).toContain('The model has the size that was asked for');
    expect(error).not.toContain('a guess');
    expect(out).toMatch(/^bundle: {5}elsewhere, [\d.]+ .B: /m);
    expect(out).toContain('goes on:    from step 0 of 4');
    expect(out).toContain('groundwork pull elsewhere');
    expect(existsSync('elsewhere/README.md')).toBe(true);
  });

  test('plans for the devices that are named: what they hold, how long they take, and bfloat16', async () => {
    const flags = ['--tokens', '4k', '--size', '2x64', '--context', '32', '--json'];
    const devices = ['--device', 'h100', '--nodes', '2', '--image', 'lab/jax:1', '--time', '01:00:00'];
    const { code, out, error } = await run(['bundle', 'texts', ...flags, ...devices, '--out', 'on-gpus']);
    expect(code, error).toBe(0);
    const told = JSON.parse(out);
    expect(told.devices).toEqual({ numNodes: 2, numDevices: 8, kind: 'h100', areForetold: true });
    expect(told.mesh).toEqual({ data: 16, fsdp: 1, model: 1 });
    expect(told.batch).toMatchObject({ precision: 'bfloat16' });
    expect(told.batch.batchSize % 16).toBe(0);
    expect(told.forecast.assumptions.join(' ')).toContain('16 × NVIDIA H100');
    const { plan } = openRun(nodeFileSystem, 'on-gpus/run').manifest;
    expect(plan).toMatchObject({ memory: { limit: 'memory of one NVIDIA H100 SXM 80 GB' } });
  });

  test('copies a run with what it has learned, and pull brings it back in its place', async () => {
    const flags = ['--steps', '4', '--size', '1x16', '--context', '16', '--batch', '4', '--threads', '1'];
    expect((await run(['pretrain', 'texts', ...flags, '--checkpoint-every', '1', '--name', 'mine'])).code).toBe(0);
    // As if it had been stopped after step 3.
    const there = openRun(nodeFileSystem, 'runs/mine');
    rmSync('runs/mine/checkpoints/step-00000004', { recursive: true });
    const { verdict: _, ...manifest } = there.manifest;
    there.update({ ...manifest, status: 'stopped', result: null });
    const { code, out, error } = await run(['bundle', 'mine', '--json']);
    expect(code, error).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ folder: 'bundles/mine', name: 'mine', step: 3 });
    const pulled = await run(['pull', 'bundles/mine']);
    expect(pulled.code, pulled.error).toBe(0);
    expect(pulled.error).toContain('runs/mine took the place of what it was before. The run is not finished');
    const resumed = await run(['resume', 'mine', '--engine', 'cpu', '--threads', '1']);
    expect(resumed.code, resumed.error).toBe(0);
    expect(openRun(nodeFileSystem, 'runs/mine').manifest).toMatchObject({ status: 'finished', result: { step: 4 } });
  });

  test('refuses what it cannot write, with a hint', async () => {
    const refused = async (args: readonly string[], exit: number, words: string) => {
      const { code, error } = await run(['bundle', ...args]);
      expect(error).toContain(words);
      expect(error).toContain('hint: ');
      expect(code).toBe(exit);
    };
    await refused(['texts'], 2, 'found neither --tokens');
    await refused(['texts', '--budget', '5m'], 2, 'cannot have a budget of time');
    await refused(['texts', ...small, '--device', 'abacus'], 2, 'no accelerator called "abacus"');
    await refused(['texts', ...small, '--devices', '3', '--nodes', '2'], 2, 'cannot be shared out evenly over 2 nodes');
    const each = ['--devices', '4', '--gpus-per-node', '3'];
    await refused(['texts', ...small, ...each], 2, '4 devices cannot be shared out evenly over 2 nodes with 3 on each');
    await refused(['texts', ...small, '--devices', '3'], 2, '4 rows cannot be shared out evenly over 3 groups');
    await refused(['texts', ...small, '--time', 'tomorrow'], 2, '--time is "tomorrow"');
    await refused(['texts', ...small, '--partition', 'a b; rm'], 2, 'expected a name without spaces');
    await refused(['texts', ...small, '--name', '../x'], 2, '--name "../x"');
    await refused(['texts', ...small, '--name', 'first'], 5, 'bundles/first exists already');
    const large = ['--size', '4x12288', '--context', '1024', '--batch', '1', '--steps', '9', '--device', 'l4'];
    await refused(['texts', ...large], 5, 'GiB on each device');
    expect(readdirSync('bundles').filter((name) => name.startsWith('.'))).toEqual([]);
  });
});

describe('groundwork pull', () => {
  test('takes a bundle over that was not trained yet, and says so', async () => {
    const { code, out, error } = await run(['pull', 'bundles/first', '--name', 'waiting', '--out', 'others']);
    expect(code, error).toBe(0);
    expect(error).toContain('The run is not finished; its newest checkpoint is of step 0 of 4');
    expect(out).toContain('groundwork resume others/waiting');
    expect(verifyRun(nodeFileSystem, 'others/waiting')).toEqual([]);
  });

  test('refuses what is no bundle, with a hint', async () => {
    for (const [args, exit, words] of [
      [['pull', 'nowhere'], 5, 'there is no nowhere'],
      [['pull', 'texts'], 6, 'holds no bundle'],
      [['pull', 'bundles/first', '--name', '.x'], 2, 'begins with .'],
    ] as const) {
      const { code, error } = await run(args);
      expect(error).toContain(words);
      expect(code).toBe(exit);
    }
  });
});

describeWithJax('a bundle that was copied to where JAX is', (python) => {
  test('trains, comes back with a verdict, and can be used', { timeout: 900_000 }, async () => {
    // Nothing of what it was made from is there.
    cpSync('bundles/first', 'far/away', { recursive: true });
    const said = execFileSync(python, ['runner.py'], { cwd: 'far/away', encoding: 'utf8' });
    expect(said).toContain('finished after 4 steps');
    const { code, out, error } = await run(['pull', 'far/away']);
    expect(code, error).toBe(0);
    expect(error).toContain('The run is finished.');
    expect(error).not.toContain('is not as it was written');
    expect(out).toMatch(/^reached: +[\d.]+ bits per byte/m);
    expect(out).toMatch(/^verdict: /m);
    expect(existsSync('runs/first/report.html')).toBe(true);
    expect(verifyRun(nodeFileSystem, 'runs/first')).toEqual([]);
    const sampled = await run([
      'sample',
      'first',
      '--prompt',
      'a',
      '--tokens',
      '4',
      '--engine',
      'cpu',
      '--threads',
      '1',
    ]);
    expect(sampled.code, sampled.error).toBe(0);
  });
});
