import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommandLine } from '../../src/cli/index.ts';
import { nodeFileSystem } from '../../src/core/node.ts';
import { lossOf } from '../../src/theory/index.ts';
import type { ComparedRun } from '../../src/training/comparison/arms.ts';
import { ladderRecordText } from '../../src/training/index.ts';
import { writeRunManifest } from '../../src/training/run/run-manifest.ts';
import { comparedRun, smallLadder } from '../training/comparison/compared-runs.ts';

const repository = process.cwd();
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'compare-commands-'));
  process.chdir(folder);
  const base = [2.301, 2.304, 2.299];
  write(base.map((bitsPerByte, seed) => comparedRun({ name: `base-${seed}`, seed, bitsPerByte })));
  write(
    base.map((loss, seed) =>
      comparedRun({ name: `fast-${seed}`, seed, bitsPerByte: loss - 0.02 - 0.001 * seed, learningRate: 0.004 }),
    ),
  );
  write([comparedRun({ name: 'unfinished', learningRate: 0.1, manifest: { status: 'stopped' } })]);
  mkdirSync('laws');
  writeFileSync('laws/small.json', ladderRecordText(smallLadder()));
});
afterAll(() => {
  process.chdir(repository);
  rmSync(folder, { recursive: true });
});

function write(runs: readonly ComparedRun[]): void {
  for (const { folder: run, manifest } of runs) {
    mkdirSync(run, { recursive: true });
    writeRunManifest(nodeFileSystem, run, manifest);
    writeFileSync(`${run}/events.jsonl`, '');
  }
}

async function run(...args: string[]) {
  const [out, error]: [string[], string[]] = [[], []];
  const code = await runCommandLine(args, { out: (text) => out.push(text), error: (text) => error.push(text) });
  // Sentences are wrapped: where, does not matter here.
  return { code, out: out.join('\n'), text: out.join('\n').replaceAll(/\s+/g, ' '), error: error.join('\n') };
}

const names = (prefix: string) => [0, 1, 2].map((seed) => `${prefix}-${seed}`);

describe('compare', () => {
  test('groups the runs that are named into arms and says which is better, by how much and how sure that is', async () => {
    const { code, out, text, error } = await run('compare', ...names('base'), ...names('fast'), '--detect', '0.001');
    expect(error).toBe('');
    expect(code).toBe(0);
    expect(out).toMatch(/^base +0 1 2 +2\.3013 ± 0\.0025 +20 +1\.28 k +20\.0 M/m);
    expect(text).toContain('fast beside base optimizer.groups.0.learningRate: 0.001 → 0.004');
    expect(text).toMatch(
      /fast is better than base: [^.]*lower by 0\.0210 bits per byte, 95 % interval −0\.0\d+ to −0\.0\d+ \(p/,
    );
    expect(text).toMatch(
      /What it is worth, as a multiple of the baseline’s compute for the same loss: 1\.\d\d \(95 % from/,
    );
    expect(text).toMatch(/The difference that was asked about takes \d+ pairs\./);
    expect(text).toContain('However often one looks');
    expect(text).toContain('same 7 validation documents of small');
    expect(text).toContain('27 runs of the ladder small-ladder');
  });

  test('--json gives the same as data', async () => {
    const { out } = await run('compare', ...names('base'), ...names('fast'), '--json', '--no-worse', '0.01');
    const { baseline, results, noise } = JSON.parse(out);
    expect(baseline.runs).toHaveLength(3);
    expect(results[0]).toMatchObject({
      isShown: true,
      comparison: { outcome: 'b-is-better', noWorse: { isShown: true } },
    });
    expect(noise.sigma).toBeGreaterThan(0);
  });

  test('--seeds-for plans before any run', async () => {
    const { code, text } = await run('compare', '--seeds-for', '0.002', '--flops', '60M');
    expect(code).toBe(0);
    expect(text).toMatch(
      /To find a true difference of 0\.00200 bits per byte 4 times in 5, at 60\.0 M FLOPs a run, takes \d+ runs of each arm/,
    );
    expect((await run('compare', '--seeds-for', '0.002', 'base-0')).text).toContain('at 20.0 M FLOPs a run');
  });

  test.each([
    [['base-0'], 2, 'found 1 of 2 runs'],
    [names('base'), 2, 'nothing but their seeds'],
    [['base-0', 'unfinished'], 6, 'runs/unfinished is stopped'],
    [['base-0', 'missing'], 5, 'there is no missing'],
    [['base-0', 'fast-0', '--detect', '0'], 2, '--detect is 0'],
    [['base-0', 'fast-0', '--flops', '3'], 2, '--flops goes with --seeds-for'],
    [['--seeds-for', '0.01'], 2, 'found no compute to plan for'],
  ])('%s ends with exit code %d', async (args, code, message) => {
    const outcome = await run('compare', ...args);
    expect(outcome.error).toContain(message);
    expect(outcome.error).toMatch(/^hint: \S/m);
    expect(outcome.code).toBe(code);
  });
});

describe('laws fit', () => {
  const law = { E: 1.5, A: 300, alpha: 0.34, B: 900, beta: 0.3 };
  beforeAll(() => {
    const rows = [1e6, 4e6, 1.6e7, 6.4e7].flatMap((n) =>
      [2e7, 1e8, 5e8].map((d, i) => {
        const wiggle = 1 + 0.001 * Math.sin(n + 7 * i);
        return `${n},${n * 0.8},${d},${(lossOf(law, n, d) * wiggle).toFixed(5)}`;
      }),
    );
    writeFileSync('table.csv', ['params,body,tokens,val_loss', ...rows].join('\n'));
    writeFileSync('broken.csv', 'params,tokens,val_loss\n1e6,1e7,3\n2e6,1e7,none\n');
  });

  test('prints the law with intervals, what computes buy, and writes a page and a picture', async () => {
    const { code, out, text, error } = await run(
      'laws',
      'fit',
      'table.csv',
      '--compute',
      '1e18',
      '--html',
      'law.html',
      '--svg',
      'law.svg',
    );
    expect(code).toBe(0);
    expect(out).toMatch(/^L\(N, D\) = 1\.[45]\d+ \+ \d+/m);
    expect(out).toMatch(/^alpha +0\.3/m);
    for (const reach of ['1.92e17 within', '3.84e17 ×2.00', '1.00e18', '1.92e18 ×10.0']) expect(text).toContain(reach);
    expect(error).toContain('written: law.html, law.svg');
    expect(readFileSync('law.html', 'utf8')).toContain('A scaling law for table.csv');
    expect(readFileSync('law.svg', 'utf8')).toMatch(/^<svg xmlns/);
  });

  test('--json gives law, intervals, optima; several counts of parameters are fitted each', async () => {
    const args = ['table.csv', '--n', 'total=params,nonEmbedding=body', '--objective', 'lad', '--json'];
    const { out } = await run('laws', 'fit', ...args);
    const record = JSON.parse(out);
    expect(record).toMatchObject({
      convention: 'total',
      numPoints: 12,
      columns: { tokens: 'tokens', loss: 'val_loss' },
    });
    expect(record.law.E).toBeGreaterThan(1.3);
    expect(record.optima).toHaveLength(3);
    expect(record.accountings.fits.map(({ convention }: { convention: string }) => convention)).toEqual([
      'total',
      'nonEmbedding',
    ]);
    expect(out).not.toContain('\n');
  });

  test.each([
    [['missing.csv'], 5, 'missing.csv'],
    [['broken.csv'], 6, 'broken.csv, line 3: "val_loss" is "none"'],
    [['table.csv', '--loss', 'bits'], 2, 'table.csv has no column "bits"'],
    [['table.csv', '--n', 'all=params,total=body'], 2, '"all" is no convention'],
    [['table.csv', '--where', 'params'], 2, '--where is "params"'],
    [['table.csv', '--where', 'params=1000000'], 2, 'found 3 points for a scaling law'],
    [['table.csv', '--where', 'params=1', '--where', 'params=2'], 2, '--where gives "params" twice'],
    [['ladder.json', '--loss', 'bits'], 2, '--loss is for a table, found the record of a ladder'],
  ])('%s ends with exit code %d', async (args, code, message) => {
    const outcome = await run('laws', 'fit', ...args);
    expect(outcome.error).toContain(message);
    expect(outcome.code).toBe(code);
  });
});
