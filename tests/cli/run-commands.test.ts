import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Terminal } from '../../src/cli/command-line.ts';
import { runCommandLine } from '../../src/cli/index.ts';
import { nodeFileSystem } from '../../src/core/node.ts';
import { bigramBaseline, openDataset } from '../../src/data/index.ts';
import { openRun } from '../../src/training/index.ts';
import { smallTexts } from '../data/build/small-corpus.ts';

const repository = process.cwd();
/** A model that is trained in a moment. */
const small = ['--steps', '4', '--size', '1x16', '--context', '16', '--batch', '2', '--threads', '1'] as const;
const quiet = ['--eval-every', '0', '--sample-every', '0'] as const;

let folder: string;
/** What trained the runs that most tests look at. */
let first: Outcome;
let second: Outcome;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'run-commands-'));
  mkdirSync(join(folder, 'texts'));
  smallTexts(60).forEach(({ text }, number) => {
    writeFileSync(join(folder, 'texts', `${number}.txt`), text);
  });
  // Datasets and runs lie below the working folder.
  process.chdir(folder);
  first = await run(['pretrain', 'texts', ...small, ...quiet, '--name', 'first']);
  const more = ['--seed', '1', '--prompt', 'The', '--json'];
  second = await run(['pretrain', 'texts', ...small, ...quiet, '--name', 'second', ...more]);
});
afterAll(() => {
  process.chdir(repository);
  rmSync(folder, { recursive: true });
});

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

async function run(args: readonly string[], more: Partial<Terminal> = {}): Promise<Outcome> {
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
    const { code, out, error } = first;
    expect(code).toBe(0);
    expect(second.error).toMatch(/^dataset: {2}datasets\/texts-[0-9a-f]{8}, built before from the same text$/m);
    expect(error).toContain('plan:     The model has the size that was asked for: 1 layers of width 16');
    expect(out).toMatch(/^reached: {4}\d\.\d{4} bits per byte on held-out text \(a bigram model: \d\.\d{4}\)$/m);
    expect(error).toMatch(
      /^forecast: (\d\.\d+ bits per byte \(four times in five between|nothing can be said of the bits per byte; )/m,
    );
    expect(error.indexOf('forecast:')).toBeGreaterThan(error.indexOf('plan:'));
    expect(error.indexOf('forecast:')).toBeLessThan(error.indexOf('step 1 of 4'));
    // A sentence for each quantity, as the last of all.
    expect(out).toMatch(/\n\nverdict: {4}.*foretold \((within|outside) \d\d %: [\s\S]*\)/);
    expect(out.slice(out.indexOf('verdict:'))).not.toContain('groundwork');
    expect(out).toMatch(/^report: {5}runs\/first\/report.html$/m);
    for (const next of ['sample', 'chat', 'eval']) expect(out).toContain(`groundwork ${next} runs/first`);
    expect(readFileSync('runs/first/report.html', 'utf8')).toContain('Loss over tokens');
  });

  test('--json gives one line with the result, and nothing else on standard output', async () => {
    const { out } = second;
    const result = JSON.parse(out);
    const report = 'runs/second/report.html';
    expect(result).toMatchObject({ folder: 'runs/second', status: 'finished', step: 4, report });
    expect(result.samples).toEqual([{ prompt: 'The', text: expect.any(String) }]);
    expect(result.forecast).toMatchObject({ format: 'groundwork-forecast', subject: { numSteps: 4 } });
    expect(result.verdict).toMatchObject({ format: 'groundwork-verdict' });
    expect(out.trimEnd()).not.toContain('\n');
  });

  test('--plan-only prints the plan and trains nothing; the same text is built once, other text beside it', async () => {
    writeFileSync(
      'more.txt',
      smallTexts(30)
        .map(({ text }) => text)
        .join('\n\n'),
    );
    const plan = ['--plan-only', ...small] as const;
    const planned = await run(['pretrain', 'more.txt', ...plan, '--name', 'planned']);
    expect(planned.code).toBe(0);
    expect(planned.out).toContain('4 steps read');
    expect(existsSync('runs/planned')).toBe(false);
    expect(planned.error).toMatch(/dataset: {2}datasets\/more-[0-9a-f]{8}, from/);
    const again = await run(['pretrain', 'more.txt', ...plan, '--json']);
    expect(again.error).toContain('built before from the same text');
    expect(JSON.parse(again.out)).toMatchObject({ numSteps: 4, size: { numLayers: 1, width: 16, contextLength: 16 } });
    writeFileSync('more.txt', 'And one more sentence, at the end.\n', { flag: 'a' });
    const changed = await run(['pretrain', 'more.txt', ...plan]);
    expect(changed.error).toContain(', from ');
    expect(changed.error).not.toContain(/datasets\/more-[0-9a-f]{8}/.exec(planned.error)?.[0]);
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
    ['a flag without its value', ['--name', '--json'], 'is ambiguous. Did you forget'],
    ['a name that no folder can have', ['missing', '--name', '../x'], '--name "../x" holds'],
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
    // Told before anything is read or measured: there is no such text.
    const { code, error } = await run(['pretrain', 'missing', ...small, '--name', 'first']);
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
    expect(again.error).toContain('there is no run that can go on');
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

describe('as a process', () => {
  const main = resolve(repository, 'dist/cli/main.js');

  test('a training whose words nobody reads any more goes on to its end', async () => {
    const args = [main, 'pretrain', 'texts', ...small, ...quiet, '--name', 'unread'];
    const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    child.stderr.once('data', () => child.stderr.destroy());
    const [code] = await once(child, 'close');
    expect(code).toBe(0);
    expect(openRun(nodeFileSystem, join(folder, 'runs/unread')).manifest.status).toBe('finished');
  });

  test('a sample that is stopped ends with exit code 7, and no other text is begun', async () => {
    const args = [
      main,
      'sample',
      'runs/first',
      '--prompt',
      'The',
      '--prompt',
      'Never',
      '--tokens',
      '1000000',
      '--threads',
      '1',
    ];
    const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, error] = ['', ''];
    child.stderr.on('data', (chunk) => {
      error += chunk;
    });
    child.stdout.on('data', (chunk) => {
      if (out.length <= 3 && (out + chunk).length > 3) child.kill('SIGINT');
      out += chunk;
    });
    const [code] = await once(child, 'close');
    expect(error).toContain('interrupted: stopped while a text was written');
    expect(out).not.toContain('Never');
    expect(code).toBe(7);
  });

  test.runIf(existsSync('/dev/full'))('results that cannot be written: a sentence and exit code 5', async () => {
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, [main, 'runs', 'list'], { cwd: folder, stdio: ['ignore', full, 'pipe'] });
    let error = '';
    child.stderr?.on('data', (chunk) => {
      error += chunk;
    });
    const [code] = await once(child, 'close');
    closeSync(full);
    expect(error).toMatch(/^groundwork: file-access: the results could not be written: .*\nhint: \S.*\n$/);
    expect(code).toBe(5);
  });
});

describe('a dataset of a run', () => {
  const measure = (...more: readonly string[]) => run(['eval', 'first', '--threads', '1', '--json', ...more]);
  const datasetOf = (name: string): string =>
    openRun(nodeFileSystem, `runs/${name}`).manifest.datasets[0]?.folder ?? '';

  test('is found from any working folder', async () => {
    expect(isAbsolute(datasetOf('first'))).toBe(true);
  });

  test('gives the bigram model the documents that the model is measured on', async () => {
    const dataset = openDataset(nodeFileSystem, datasetOf('first'));
    const [some, all] = [bigramBaseline(dataset, { numDocuments: 2 }), bigramBaseline(dataset)];
    dataset.close();
    expect(some).not.toBe(all);
    expect(JSON.parse((await measure('--documents', '2')).out)).toMatchObject({
      numDocuments: 2,
      baselineBitsPerByte: some,
    });
  });

  test('that is another than the run was trained on is told so, and no bigram model of it is shown', async () => {
    const tokenizer = `${datasetOf('first')}/tokenizer.json`;
    smallTexts(90)
      .slice(60)
      .forEach(({ text }, number) => {
        mkdirSync('others', { recursive: true });
        writeFileSync(`others/${number}.txt`, text);
      });
    expect(
      await run(['data', 'build', 'others', '--out', 'other', '--tokenizer', tokenizer, '--validation', '0.2']),
    ).toMatchObject({ code: 0 });
    const { out, error } = await measure('--dataset', 'other');
    expect(error).toContain('other is not what the run was trained on');
    expect(JSON.parse(out).baselineBitsPerByte).toBeNull();
  });

  test('that has moved: eval measures grammar and says so, report leaves a line out, resume is told where it is', async () => {
    const before = datasetOf('first');
    renameSync(before, 'moved');
    try {
      const { code, out, error } = await measure('--pairs', '--num-pairs', '1');
      expect(error).toContain('so bits per byte are left out; --dataset says where it is');
      expect(JSON.parse(out)).toMatchObject({ grammar: { numItems: 12 } });
      expect(code).toBe(0);
      expect(await measure()).toMatchObject({ code: 5 });
      const report = await run(['report', 'first']);
      expect(report.error).toContain('the score of a bigram model is left out');
      expect(report.code).toBe(0);
      cpSync('runs/first', 'runs/halted', { recursive: true });
      const halted = openRun(nodeFileSystem, 'runs/halted');
      halted.update({ ...halted.manifest, name: 'halted', status: 'stopped', result: null });
      expect((await run(['resume', 'halted'])).error).toContain('hint: Say where it is now: --data FOLDER.');
      expect(await run(['resume', 'halted', '--data', 'moved', '--data', 'moved'])).toMatchObject({ code: 2 });
      expect(await run(['resume', 'halted', '--data', 'other'])).toMatchObject({ code: 6 });
      expect(await run(['resume', 'halted', '--data', 'moved'])).toMatchObject({ code: 0 });
    } finally {
      renameSync('moved', before);
    }
  });

  test('that is broken does not keep a report from being written', async () => {
    const path = `${datasetOf('first')}/dataset.json`;
    const bytes = readFileSync(path);
    writeFileSync(path, '{');
    try {
      const { code, error } = await run(['report', 'first']);
      expect(error).toContain('note: the score of a bigram model is left out');
      expect(code).toBe(0);
    } finally {
      writeFileSync(path, bytes);
    }
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
    // Flags are read before a run is opened.
    for (const flag of ['--num-pairs=501', '--batch=0', '--documents=0', '--shots=-1']) {
      expect(await run(['eval', 'nowhere', '--pairs', flag]), flag).toMatchObject({ code: 2 });
    }
    expect(await run(['sample', 'first', '--step', '3'])).toMatchObject({ code: expect.any(Number), out: '' });
    expect(await run(['sample', 'first', '--top-p', '2'])).toMatchObject({ code: 2 });
    writeFileSync('bad.jsonl', '{"query":');
    expect(await run(['eval', 'first', '--choices', 'bad.jsonl'])).toMatchObject({ code: 6 });
  });
});

describe('runs', () => {
  test('are listed, shown, compared, verified, reported and deleted', async () => {
    expect((await run(['runs', 'list'])).out).toMatch(/^second +finished +\d\.\d{4}/m);
    expect((await run(['runs', '--json'])).out).toContain('"name":"second"');
    const shown = (await run(['runs', 'show', 'second'])).out;
    expect(shown).toContain('steps:       4 of 4, each 2 x 16 tokens');
    expect(shown).toMatch(/^forecast: {4}.* with \d+(\.\d+)? [kMG]?B$/m);
    expect(shown).toMatch(/^verdict: {5}.*foretold/m);
    expect(JSON.parse((await run(['runs', 'show', 'second', '--json'])).out)).toMatchObject({
      forecast: { format: 'groundwork-forecast' },
      verdict: { format: 'groundwork-verdict' },
    });
    const compared = await run(['runs', 'compare', 'first', 'second']);
    expect(compared.out).toMatch(/^seed +0 +1$/m);
    expect(compared.out).toContain('on the same data');
    expect((await run(['runs', 'verify', 'second'])).out).toBe('runs/second is sound\n');
    rmSync('runs/second/report.html');
    expect((await run(['report', 'second'])).out).toContain('runs/second/report.html');
    expect(existsSync('runs/second/report.html')).toBe(true);
    // A word that names no run: none is deleted.
    expect(await run(['runs', 'delete', 'second', 'nope'])).toMatchObject({ code: 5, out: '' });
    // A folder of text that is called as the run.
    mkdirSync('second');
    expect((await run(['runs', 'show', 'second'])).out).toContain('runs/second, finished');
    expect(await run(['runs', 'delete', 'second'])).toMatchObject({ code: 0, out: 'runs/second is deleted\n' });
    expect(existsSync('runs/second')).toBe(false);
  });

  test('that are broken are told so, with exit code 6', async () => {
    cpSync('runs/first', 'runs/broken', { recursive: true });
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

test('--engine jax without a Python that has JAX says in one sentence how to get one, with exit code 4', async () => {
  const before = process.env.GROUNDWORK_PYTHON;
  process.env.GROUNDWORK_PYTHON = join(folder, 'no-python');
  try {
    const { code, error } = await run(['sample', 'first', '--engine', 'jax']);
    expect(code).toBe(4);
    expect(error).toMatch(
      /provider-unavailable: found no Python with jax>=0\.10,<0\.13: GROUNDWORK_PYTHON: .* is not to be had/,
    );
    expect(error).toContain('setup.sh');
  } finally {
    if (before === undefined) delete process.env.GROUNDWORK_PYTHON;
    else process.env.GROUNDWORK_PYTHON = before;
  }
});

describe('doctor', () => {
  test('tells what there is and that something can train', async () => {
    const { code, out } = await run(['doctor']);
    expect(code).toBe(0);
    for (const topic of ['Node', 'processor', 'memory', 'disk', 'cpu', 'webgpu', 'wasm', 'jax']) {
      expect(out).toMatch(new RegExp(`^(ok|note|absent|FAULT) +${topic} +\\S`, 'm'));
    }
    expect(out).toContain('Ready to train');
  });
});
