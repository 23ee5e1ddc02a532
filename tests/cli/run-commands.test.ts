import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Terminal } from '../../src/cli/command-line.ts';
import { runCommandLine } from '../../src/cli/index.ts';
import { smallTexts } from '../data/build/small-corpus.ts';

const repository = process.cwd();
/** A model that is trained in a moment. */
const small = ['--steps', '4', '--size', '1x16', '--context', '16', '--batch', '2', '--threads', '1'] as const;
const quiet = ['--eval-every', '0', '--sample-every', '0'] as const;

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'run-commands-'));
  mkdirSync(join(folder, 'texts'));
  smallTexts(60).forEach(({ text }, number) => {
    writeFileSync(join(folder, 'texts', `${number}.txt`), text);
  });
  // Datasets and runs lie below the working folder.
  process.chdir(folder);
  await run(['pretrain', 'texts', ...small, ...quiet, '--name', 'first']);
});
afterAll(() => {
  process.chdir(repository);
  rmSync(folder, { recursive: true });
});

async function run(args: readonly string[], more: Partial<Terminal> = {}) {
  const [out, error]: [string[], string[]] = [[], []];
  const code = await runCommandLine(args, {
    out: (text) => out.push(`${text}\n`),
    stream: (text) => out.push(text),
    error: (text) => error.push(text),
    ...more,
  });
  return { code, out: out.join(''), error: error.join('\n') };
}

describe('pretrain', () => {
  test('makes a model of a folder of text, and says how good it is, where its report is and what to do next', async () => {
    const { code, out, error } = await run(['pretrain', 'texts', ...small, ...quiet, '--name', 'told']);
    expect(code).toBe(0);
    expect(error).toMatch(/^dataset: {2}datasets\/texts-[0-9a-f]{8}, built before from the same text$/m);
    expect(error).toContain('plan:     The model has the size that was asked for: 1 layers of width 16');
    expect(out).toMatch(/^reached: {4}\d\.\d{4} bits per byte on held-out text \(a bigram model: \d\.\d{4}\)$/m);
    expect(out).toMatch(/^report: {5}runs\/told\/report.html$/m);
    for (const next of ['sample', 'chat', 'eval']) expect(out).toContain(`groundwork ${next} runs/told`);
    expect(readFileSync('runs/told/report.html', 'utf8')).toContain('Loss over tokens');
  });

  test('--json gives one line with the result, and nothing else on standard output', async () => {
    const { out } = await run(['pretrain', 'texts', ...small, ...quiet, '--json', '--name', 'json', '--prompt', 'The']);
    const result = JSON.parse(out);
    expect(result).toMatchObject({ folder: 'runs/json', status: 'finished', step: 4, report: 'runs/json/report.html' });
    expect(result.samples).toEqual([{ prompt: 'The', text: expect.any(String) }]);
    expect(out.trimEnd()).not.toContain('\n');
  });

  test('--plan-only prints the plan and trains nothing', async () => {
    const { code, out } = await run(['pretrain', 'texts', ...small, '--plan-only', '--name', 'planned']);
    expect(code).toBe(0);
    expect(out).toContain('4 steps read');
    expect(existsSync('runs/planned')).toBe(false);
    const json = await run(['pretrain', 'texts', ...small, '--plan-only', '--json']);
    expect(JSON.parse(json.out)).toMatchObject({ numSteps: 4, size: { numLayers: 1, width: 16, contextLength: 16 } });
  });

  test('the same text is built once, other text beside it', async () => {
    writeFileSync(
      'more.txt',
      smallTexts(30)
        .map(({ text }) => text)
        .join('\n\n'),
    );
    const plan = ['--plan-only', ...small] as const;
    const first = await run(['pretrain', 'more.txt', ...plan]);
    expect(first.error).toMatch(/dataset: {2}datasets\/more-[0-9a-f]{8}, from/);
    expect((await run(['pretrain', 'more.txt', ...plan])).error).toContain('built before from the same text');
    writeFileSync('more.txt', 'And one more sentence, at the end.\n', { flag: 'a' });
    const changed = await run(['pretrain', 'more.txt', ...plan]);
    expect(changed.error).toContain(', from ');
    expect(changed.error).not.toContain(/datasets\/more-[0-9a-f]{8}/.exec(first.error)?.[0]);
  });

  test('trains on a mixture', async () => {
    const [, dataset = ''] = /(datasets\/texts-[0-9a-f]{8})/.exec((await run(['runs', 'show', 'first'])).out) ?? [];
    const mixture = ['--data', `${dataset}:3`, '--data', `${dataset}:1`];
    const { code, out } = await run(['pretrain', ...mixture, ...small, ...quiet, '--json', '--name', 'mixture']);
    expect(code).toBe(0);
    const { datasets } = JSON.parse(readFileSync(`${JSON.parse(out).folder}/run.json`, 'utf8'));
    expect(datasets.map(({ weight }: { weight: number }) => weight)).toEqual([3, 1]);
  });

  for (const [title, args, found] of [
    ['two budgets', ['--budget', '5m', '--steps', '3'], '--budget and --steps are two budgets'],
    ['a time that is none', ['--budget', 'soon'], '"soon"'],
    ['tokens that are none', ['--tokens', 'many'], '"many"'],
    ['a size that is none', ['--size', 'large'], '"large"'],
    ['no layers', ['--size', '0x64'], '"0x64"'],
    ['text beside --data', ['texts', '--data', 'x:1'], '--data'],
    ['a weight of nothing', ['--data', 'x:0'], '"x:0"'],
    ['an unknown engine', ['texts', '--engine', 'cuda'], '"cuda"'],
    ['an empty folder for runs', ['--out', ''], '--out is empty'],
    ['one checkpoint to keep', ['texts', '--keep', '1'], '"1"'],
  ] as const) {
    test(`ends with exit code 2 for ${title}`, async () => {
      const { code, error } = await run(['pretrain', ...args]);
      expect(error).toContain(found);
      expect(error).toMatch(/^hint: \S/m);
      expect(code).toBe(2);
    });
  }

  test('ends with exit code 3 for an unknown recipe, and 5 for a name that is taken', async () => {
    expect(await run(['pretrain', 'texts', '--recipe', 'secret'])).toMatchObject({ code: 3 });
    const { code, error } = await run(['pretrain', 'texts', ...small, '--name', 'first']);
    expect(code).toBe(5);
    expect(error).toContain('holds a run already');
  });
});

describe('text of one’s own ends in a model or a clear sentence', () => {
  const train = (...args: readonly string[]) => run(['pretrain', ...args, ...small, ...quiet, '--json']);

  test.each([
    ['40 bytes', () => writeFileSync('forty.txt', 'x'.repeat(39).concat('\n')), 'forty.txt', 'found 40 bytes of text'],
    ['an empty folder', () => mkdirSync('empty'), 'empty', 'found no text in empty'],
    [
      'a folder of images',
      () => {
        mkdirSync('images');
        for (const name of ['a.png', 'b.jpg']) writeFileSync(`images/${name}`, Buffer.from([0x89, 0x50, 0, 1, 2, 3]));
      },
      'images',
      '2 unknown-format',
    ],
  ] as const)('%s: a sentence, and exit code 6', async (_, make, path, sentence) => {
    make();
    const { code, out, error } = await train(path);
    expect(error).toContain(sentence);
    expect(error).toMatch(/^groundwork: empty-corpus: .*expected at least 1000 bytes\nhint: Name files or folders/m);
    expect(out).toBe('');
    expect(code).toBe(6);
  });

  test('a folder that is missing: exit code 5', async () => {
    expect(await train('missing')).toMatchObject({ code: 5, out: '' });
  });

  test('a text without line feeds, of which nothing can be held out: a sentence', async () => {
    writeFileSync(
      'line.txt',
      smallTexts(40)
        .map(({ text }) => text.replaceAll('\n', ' '))
        .join(' '),
    );
    const { code, error } = await train('line.txt');
    expect(error).toContain('expected two groups or more');
    expect(code).toBe(6);
  });

  test('less than one batch: a model', async () => {
    writeFileSync(
      'little.txt',
      `${smallTexts(12)
        .map(({ text }) => text)
        .join('\n\n')}\n`.slice(0, 1500),
    );
    const args = ['little.txt', '--steps', '3', '--size', '1x16', '--context', '64', '--batch', '64', '--threads', '1'];
    const { code, out, error } = await run(['pretrain', ...args, ...quiet, '--json']);
    expect(error).toContain('plan:');
    expect(code).toBe(0);
    expect(JSON.parse(out).bitsPerByte).toBeGreaterThan(0);
  });

  test('documentation and source code of a repository: a model', async () => {
    const { code, out } = await train(join(repository, 'docs'), join(repository, 'src/core'));
    expect(code).toBe(0);
    expect(JSON.parse(out).bitsPerByte).toBeGreaterThan(0);
    const sources = readFileSync(`${JSON.parse(out).folder}/run.json`, 'utf8');
    expect(sources).toContain('docs-');
  });
});

describe('a run that is stopped', () => {
  test('ends with exit code 7, says how to go on, and goes on', async () => {
    const stop = new AbortController();
    const long = ['--steps', '40', '--size', '1x16', '--context', '16', '--batch', '2', '--threads', '1', ...quiet];
    const stopped = await run(['pretrain', 'texts', ...long, '--name', 'stopped'], {
      signal: stop.signal,
      live: (lines) => {
        if (/step [1-9]/.test(lines)) stop.abort('SIGTERM');
      },
    });
    expect(stopped.code).toBe(7);
    expect(stopped.error).toMatch(/interrupted: the run was stopped by SIGTERM after step \d+; it is saved/);
    expect(stopped.error).toContain('groundwork resume runs/stopped');
    expect((await run(['runs'])).out).toMatch(/^stopped +stopped/m);
    const resumed = await run(['resume', '--json']);
    expect(resumed.error).toContain('goes on from step');
    expect(JSON.parse(resumed.out)).toMatchObject({ folder: 'runs/stopped', status: 'finished', step: 40 });
    const again = await run(['resume']);
    expect(again.error).toContain('there is no run that is not finished');
    expect(again.code).toBe(5);
  });

  test('as a process: at SIGINT with exit code 7', async () => {
    const long = ['--steps', '100000', '--size', '1x16', '--context', '16', '--batch', '2', '--threads', '1', ...quiet];
    const args = [resolve(repository, 'dist/cli/main.js'), 'pretrain', 'texts', ...long, '--name', 'killed'];
    const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    let error = '';
    child.stderr.on('data', (chunk) => {
      const before = error;
      error += chunk;
      if (!/^step \d/m.test(before) && /^step \d/m.test(error)) child.kill('SIGINT');
    });
    const [code] = await once(child, 'close');
    expect(error).toContain('stopped by SIGINT');
    expect(code).toBe(7);
    expect((await run(['runs', 'verify', 'killed'])).out).toContain('is sound');
  });
});

describe('a trained model', () => {
  test('continues a text, the same for the same seed', async () => {
    const write = (seed: string) =>
      run(['sample', 'first', '--prompt', 'The ', '--tokens', '5', '--seed', seed, '--threads', '1', '--json']);
    const [a, b, c] = [await write('1'), await write('1'), await write('2')];
    expect(a.code).toBe(0);
    expect(JSON.parse(a.out).samples[0]).toMatchObject({ prompt: 'The ', sample: 0 });
    expect(JSON.parse(b.out).samples).toEqual(JSON.parse(a.out).samples);
    expect(JSON.parse(c.out).samples).not.toEqual(JSON.parse(a.out).samples);
  });

  test('writes as it goes, and tells its speed', async () => {
    const { out, error } = await run(['sample', 'first', '--prompt', 'The ', '--tokens', '5', '--threads', '1']);
    expect(out).toMatch(/^The /);
    expect(error).toMatch(/^\d+ tokens, \d+ a second$/m);
  });

  test('chats with lines that are piped in', async () => {
    const input = Readable.from(['The people\n/temperature 0\n/again\n/nonsense\n', '\n/quit\nnever\n']);
    const { code, out, error } = await run(['chat', 'first', '--tokens', '4', '--threads', '1'], { input });
    expect(code).toBe(0);
    expect(out.match(/The people/g)).toHaveLength(2);
    expect(out).not.toContain('never');
    expect(error).toContain('temperature is 0');
    expect(error).toContain('there is no /nonsense');
  });

  test('is measured: bits per byte, grammar, questions', async () => {
    const question = { query: 'The', choices: [' people', ' zebra'], gold: 0 };
    writeFileSync('questions.jsonl', `${JSON.stringify(question)}\n`);
    const args = ['--pairs', '--num-pairs', '2', '--choices', 'questions.jsonl', '--threads', '1'];
    const { code, out } = await run(['eval', 'first', ...args, '--json']);
    expect(code).toBe(0);
    const result = JSON.parse(out);
    const trained = JSON.parse(readFileSync('runs/first/run.json', 'utf8')).result;
    expect(result.bitsPerByte).toBeCloseTo(trained.bitsPerByte, 6);
    expect(result.grammar).toMatchObject({ numItems: 24 });
    expect(result.choices).toMatchObject([{ file: 'questions.jsonl', numItems: 1, chance: 0.5 }]);
    const told = await run(['eval', 'first', ...args]);
    expect(told.out).toMatch(/^bits per byte: {2}\d\.\d{4}$/m);
    expect(told.out).toContain('subject-verb agreement');
  });

  test('faults end with their exit codes', async () => {
    for (const command of ['sample', 'chat', 'eval', 'report', 'resume']) {
      expect(await run([command, 'nowhere']), command).toMatchObject({ code: 5 });
    }
    expect(await run(['sample', 'texts'])).toMatchObject({ code: 6 });
    expect(await run(['sample', 'first', '--step', '3'])).toMatchObject({ code: expect.any(Number), out: '' });
    expect(await run(['sample', 'first', '--top-p', '2'])).toMatchObject({ code: 2 });
    writeFileSync('bad.jsonl', '{"query":');
    expect(await run(['eval', 'first', '--choices', 'bad.jsonl'])).toMatchObject({ code: 6 });
  });
});

describe('runs', () => {
  test('are listed, shown, compared, verified, reported and deleted', async () => {
    await run(['pretrain', 'texts', ...small, ...quiet, '--name', 'second', '--seed', '1']);
    expect((await run(['runs', 'list'])).out).toMatch(/^second +finished +\d\.\d{4}/m);
    expect((await run(['runs', '--json'])).out).toContain('"name":"second"');
    expect((await run(['runs', 'show', 'second'])).out).toContain('steps:       4 of 4, each 2 x 16 tokens');
    const compared = await run(['runs', 'compare', 'first', 'second']);
    expect(compared.out).toMatch(/^seed +0 +1$/m);
    expect(compared.out).toContain('on the same data');
    expect((await run(['runs', 'verify', 'second'])).out).toBe('runs/second is sound\n');
    rmSync('runs/second/report.html');
    expect((await run(['report', 'second'])).out).toContain('runs/second/report.html');
    expect(existsSync('runs/second/report.html')).toBe(true);
    expect(await run(['runs', 'delete', 'second'])).toMatchObject({ code: 0, out: 'runs/second is deleted\n' });
    expect(existsSync('runs/second')).toBe(false);
  });

  test('that are broken are told so, with exit code 6', async () => {
    await run(['pretrain', 'texts', ...small, ...quiet, '--name', 'broken']);
    const path = 'runs/broken/checkpoints/step-00000004/model.safetensors';
    const bytes = readFileSync(path);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    writeFileSync(path, bytes);
    const { code, error } = await run(['runs', 'verify', 'broken']);
    expect(error).toContain('model.safetensors');
    expect(code).toBe(6);
    expect(await run(['runs', 'delete', 'texts'])).toMatchObject({ code: 6 });
    expect(existsSync('texts')).toBe(true);
  });
});

describe('doctor', () => {
  test('tells what there is and that something can train', async () => {
    const { code, out } = await run(['doctor']);
    expect(code).toBe(0);
    for (const topic of ['Node', 'processor', 'memory', 'disk', 'cpu', 'webgpu', 'wasm']) {
      expect(out).toMatch(new RegExp(`^(ok|note|absent|FAULT) +${topic} +\\S`, 'm'));
    }
    expect(out).toContain('Ready to train');
  });
});
