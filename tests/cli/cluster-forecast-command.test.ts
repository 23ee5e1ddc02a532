import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommandLine } from '../../src/cli/index.ts';
import { smallTexts } from '../data/build/small-corpus.ts';
import { syntheticLadder } from '../theory/forecasting/synthetic-ladder.ts';

const repository = process.cwd();
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cluster-forecast-command-'));
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

const sevenBillion = ['--device', 'h100', '--devices', '8', '--fsdp', '--size', '32x4096'] as const;

describe('forecast --device', () => {
  test('says of a 7 B run, without any text, whether it fits, how long it takes, and what it costs', async () => {
    const { code, out } = await run(...sevenBillion, '--price-per-hour', '2.5');
    expect(code).toBe(0);
    expect(out).toMatch(/^plan: {5}32 layers of width 4,096, 6,\d{3},\d{3},\d{3} parameters/m);
    expect(out).toMatch(/^forecast: .* tokens take [\s\S]* on 8 × NVIDIA H100\s+SXM\s+80 GB/m);
    expect(out).toContain('It fits: each device holds');
    expect(out).toContain('Nothing is said of the loss');
    for (const row of [
      'parameters',
      'optimizer',
      'gradients',
      'activations that wait',
      'or in its place, logits',
      'at the peak',
      'device-hours',
      'cost',
    ]) {
      expect(out).toMatch(new RegExp(`^${row} `, 'm'));
    }
  });

  test('--json has the same as numbers', async () => {
    const { code, out } = await run(...sevenBillion, '--efficiency', '0.4', '--tokens', '10G', '--json');
    expect(code).toBe(0);
    expect(out.trimEnd()).not.toContain('\n');
    expect(JSON.parse(out)).toMatchObject({
      accelerator: { name: 'h100' },
      mesh: { data: 1, fsdp: 8, model: 1 },
      fits: true,
      efficiency: { value: 0.4, source: 'given' },
      batch: { precision: 'bfloat16' },
      memory: { peak: expect.any(Number) },
      loss: { bitsPerByte: null },
      cost: null,
    });
  });

  test('with a text says what a law tells of the loss, and why there is none where it would have to reach too far', async () => {
    const small = await run(
      'texts',
      '--device',
      'l4',
      '--size',
      '2x32',
      '--steps',
      '100',
      '--context',
      '64',
      '--laws',
      'ladder.json',
    );
    expect(small.code).toBe(0);
    expect(small.out).toMatch(/It reaches \d\.\d\d bits per byte \(four times in five between/);
    const large = await run('texts', ...sevenBillion, '--laws', 'ladder.json');
    expect(large.code).toBe(0);
    expect(large.out).toMatch(
      /Nothing is said of the loss: the run takes \d+ times the compute of the largest training/,
    );
  });

  test('faults end with their exit codes', async () => {
    const usage = async (...args: readonly string[]) => {
      const { code, error } = await run(...args);
      expect(code).toBe(2);
      return error;
    };
    expect(await usage('--device', 'abacus', '--size', '2x32')).toContain('tpu-v5p');
    expect(await usage('--device', 'h100')).toContain('--device needs a size');
    expect(await usage('texts', '--fsdp')).toContain('--fsdp needs --device');
    expect(await usage('--device', 'h100', '--size', '2x32', '--html', 'page.html')).toContain('--html');
    expect(await usage('--device', 'h100', '--size', '2x32', '--devices', '8', '--model', '3')).toContain(
      'groups of 3',
    );
    expect(await usage('--device', 'h100', '--size', '2x32', '--efficiency', '40')).toContain('--efficiency');
  });
});
