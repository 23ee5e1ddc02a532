import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommandLine } from '../../src/cli/index.ts';
import { smallTexts } from '../data/build/small-corpus.ts';
import { syntheticLadder } from '../theory/forecasting/synthetic-ladder.ts';

const repository = process.cwd();
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'forecast-command-'));
  mkdirSync(join(folder, 'texts'));
  for (const [number, { text }] of smallTexts(60).entries())
    writeFileSync(join(folder, 'texts', `${number}.txt`), text);
  process.chdir(folder);
  writeFileSync('ladder.json', JSON.stringify(syntheticLadder()));
});
afterAll(() => {
  process.chdir(repository);
  rmSync(folder, { recursive: true });
});

async function run(...args: readonly string[]) {
  const [out, error]: [string[], string[]] = [[], []];
  const code = await runCommandLine(['forecast', ...args], {
    out: (text) => out.push(`${text}\n`),
    error: (text) => error.push(text),
    columns: () => 200,
  });
  return { code, out: out.join(''), error: error.join('\n') };
}

const plan = [
  '--steps',
  '400',
  '--size',
  '2x32',
  '--batch',
  '8',
  '--context',
  '64',
  '--threads',
  '1',
  '--no-probe',
] as const;

describe('forecast', () => {
  test('prints loss, time and memory with intervals, what more compute would buy, and what it rests on; nothing is trained', async () => {
    const { code, out } = await run(
      'texts',
      ...plan,
      '--laws',
      'ladder.json',
      '--html',
      'page.html',
      '--svg',
      'plot.svg',
    );
    expect(code).toBe(0);
    expect(out).toMatch(
      /^forecast: \d\.\d+ bits per byte \(four times in five between \d\.\d+ and \d\.\d+\) in .* with \d/m,
    );
    expect(out).toContain('By the law of baseline-presidents, from 18 trainings');
    expect(out).toContain('The law was measured on presidents, not on texts');
    expect(out).toMatch(/^bits per byte +\d\.\d+ +\d\.\d+ to \d\.\d+ +\d\.\d+ to \d\.\d+$/m);
    for (const row of [
      'time',
      'memory',
      'this run',
      'best at this compute',
      '2 times the compute',
      '10 times the compute',
    ]) {
      expect(out).toMatch(new RegExp(`^${row} `, 'm'));
    }
    expect(out).toContain('a guess, since nothing was measured');
    expect(readFileSync('page.html', 'utf8')).toContain('Bits per byte over compute');
    expect(readFileSync('plot.svg', 'utf8')).toMatch(/^<svg /);
    expect(existsSync('runs')).toBe(false);
  });

  test('--json gives one line with plan, forecast and prospects', async () => {
    const { code, out } = await run('texts', ...plan, '--laws', 'ladder.json', '--json');
    expect(code).toBe(0);
    expect(out.trimEnd()).not.toContain('\n');
    expect(JSON.parse(out)).toMatchObject({
      plan: { numSteps: 400 },
      forecast: { format: 'groundwork-forecast', basis: { ladder: 'baseline-presidents' } },
      prospects: { chosen: { factor: 1 }, more: [{ factor: 2 }, { factor: 10 }], deadweight: expect.any(Number) },
    });
  });

  test('a ladder in laws/ of the working folder is found; a broken one is told of, and what is left is foretold', async () => {
    mkdirSync('laws');
    try {
      writeFileSync('laws/own.json', JSON.stringify(syntheticLadder({ name: 'of my own', bigramBitsPerByte: 3.3 })));
      writeFileSync('laws/broken.json', '{');
      const { code, out } = await run('texts', ...plan);
      expect(code).toBe(0);
      expect(out).toMatch(/A law is left out: .*broken\.json/);
      expect(out).toMatch(/^forecast: \d\.\d+ bits per byte/m);
    } finally {
      rmSync('laws', { recursive: true });
    }
  });

  test('faults end with their exit codes, before anything is read or measured', async () => {
    writeFileSync('bad.json', '[1]');
    expect(await run('texts', '--laws', 'bad.json')).toMatchObject({
      code: 6,
      error: expect.stringContaining('bad.json'),
    });
    expect(await run('texts', '--laws', 'none.json')).toMatchObject({ code: 5 });
    expect(await run('texts', '--budget', '5m', '--steps', '3')).toMatchObject({
      code: 2,
      error: expect.stringContaining('two budgets'),
    });
    expect(await run('texts', '--html', '')).toMatchObject({ code: 2 });
    expect(await run('texts', '--size', 'large')).toMatchObject({
      code: 2,
      error: expect.stringContaining('groundwork forecast --help'),
    });
    expect(await run('texts', '--precision', 'half')).toMatchObject({
      code: 2,
      error: expect.stringMatching(/--precision is "half", expected .*float32.*bfloat16/),
    });
    expect(await run('texts', ...plan, '--precision', 'bfloat16')).toMatchObject({
      code: 4,
      error: expect.stringContaining('onnx/cpu does not compute in bfloat16'),
    });
    expect(await run('missing', ...plan)).toMatchObject({ code: 5 });
  });
});
