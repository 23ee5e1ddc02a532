import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommandLine } from '../../src/cli/index.ts';
import { smallTexts } from '../data/build/small-corpus.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'data-commands-'));
  const lines = smallTexts(60).map((text) => JSON.stringify(text));
  writeFileSync(at('corpus.jsonl'), `${lines.join('\n')}\n`);
});
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

async function run(args: readonly string[], input?: Readable) {
  const [out, error]: [string[], string[]] = [[], []];
  const code = await runCommandLine(args, {
    out: (text) => out.push(text),
    error: (text) => error.push(text),
    ...(input && { input }),
  });
  return { code, out: out.join('\n'), error: error.join('\n') };
}
const build = (out: string, ...args: readonly string[]) =>
  run(['data', 'build', at('corpus.jsonl'), '--out', at(out), '--vocabulary', '300', '--workers', '1', ...args]);

describe('data build', () => {
  test('makes a dataset that data verify finds sound and data inspect shows', async () => {
    const built = await build('a');
    expect(built.code).toBe(0);
    expect(built.out).toMatch(/^read +60 /m);
    expect(built.out).toContain('Look at it: groundwork data inspect');
    expect((await run(['data', 'verify', at('a')])).out).toContain('is sound');
    const { code, out } = await run(['data', 'inspect', at('a'), '--html', at('a.html')]);
    expect(code).toBe(0);
    expect(out).toContain('bits per byte');
    expect(readFileSync(at('a.html'), 'utf8')).toMatch(/^<!doctype html>/i);
  });

  test('--json gives one line with the whole account', async () => {
    const { out } = await build('json', '--json');
    expect(JSON.parse(out)).toMatchObject({ vocabularySize: 300, report: { read: { numDocuments: 60 } } });
    expect(out).not.toContain('\n');
  });

  test('reads standard input', async () => {
    const input = Readable.from([readFileSync(at('corpus.jsonl'))]);
    const args = ['data', 'build', '-', '--out', at('stdin'), '--vocabulary', '300', '--workers', '1', '--json'];
    const { code, out } = await run(args, input);
    expect(code).toBe(0);
    expect(JSON.parse(out).report.read.numDocuments).toBe(60);
  });

  for (const [title, args, found] of [
    ['nothing to read', ['data', 'build'], 'nothing to read'],
    ['an unknown preset', ['data', 'build', 'x', '--clean', 'spotless'], '"spotless"'],
    ['an unknown rule', ['data', 'build', '.ci', '--out', 'y', '--rule', 'c4.nonsense=1'], 'nonsense'],
    ['a vocabulary without room for the bytes', ['data', 'build', 'x', '--vocabulary', '256'], '"256"'],
    ['a share that is none', ['data', 'build', 'x', '--validation', '2'], '"2"'],
    ['a size that is none', ['data', 'build', 'x', '--max-document', '8 MB'], '"8 MB"'],
    ['an empty name', ['data', 'build', '.ci', '--out', ''], '--out is empty'],
    ['more workers than make sense', ['data', 'build', 'x', '--workers', '100000'], '"100000"'],
    ['an evaluation without a file', ['data', 'build', '.ci', '--evaluation', 'quiz'], '"quiz"'],
    ['an unknown demo', ['data', 'demo', 'poems'], 'presidents'],
    ['an unknown command of the group', ['data', 'burn'], '"data burn"'],
  ] as const) {
    test(`ends with exit code 2 for ${title}`, async () => {
      const { code, error } = await run(args);
      expect(error).toContain(found);
      expect(error).toMatch(/^hint: \S/m);
      expect(code).toBe(2);
      for (const name of ['x', 'x.building', '.ci', '.ci.building']) expect(existsSync(`datasets/${name}`)).toBe(false);
    });
  }

  test('ends with exit code 5 for a path that is missing and for a dataset that exists', async () => {
    expect(await run(['data', 'build', at('nothing'), '--out', at('b')])).toMatchObject({ code: 5 });
    await build('twice');
    const second = await build('twice');
    expect(second).toMatchObject({ code: 5 });
    expect(second.error).toContain('--replace');
    expect((await build('twice', '--replace')).code).toBe(0);
  });

  test('ends with exit code 6 for a broken record under --on-fault stop, named by file, line and byte', async () => {
    writeFileSync(at('broken.jsonl'), '{"text":"fine"}\n{"text":\n');
    const { code, error } = await run(['data', 'build', at('broken.jsonl'), '--out', at('c'), '--on-fault', 'stop']);
    expect(error).toContain('broken.jsonl:2:16');
    expect(code).toBe(6);
  });
});

describe('data verify and data inspect', () => {
  test('end with exit code 6 and name the file for a changed byte', async () => {
    for (const name of ['train/00000.tokens', 'report.json', 'dataset.json']) {
      await build(`changed-${name.replace('/', '-')}`);
      const dataset = at(`changed-${name.replace('/', '-')}`);
      const bytes = readFileSync(join(dataset, name));
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
      writeFileSync(join(dataset, name), bytes);
      const { code, error } = await run(['data', 'verify', dataset]);
      expect(error).toContain(name);
      expect(code).toBe(6);
    }
    expect((await run(['data', 'inspect', at('changed-dataset.json')])).code).toBe(6);
  });

  test('end with exit code 5 for a folder that is missing', async () => {
    for (const command of ['verify', 'inspect']) {
      expect((await run(['data', command, at('nothing')])).code).toBe(5);
    }
  });
});

describe('as a process of its own', () => {
  const main = resolve('dist/cli/main.js');

  test('a build that waits for input that never comes ends at the first signal with exit code 7', async () => {
    const child = spawn(process.execPath, [main, 'data', 'build', '-', '--out', at('idle')], { stdio: 'pipe' });
    child.stdin.write('{"text":"a"}\n');
    // It has begun once its working folder is there.
    while (!existsSync(join(at('idle.building'), 'work', 'settings.note'))) await new Promise(setImmediate);
    child.kill('SIGINT');
    const [code] = await once(child, 'close');
    expect(code).toBe(7);
  });

  test('a reader that stops reading is no fault', async () => {
    const script = `${process.execPath} ${main} data inspect ${at('a')} --json | head -c 10; echo "\${PIPESTATUS[0]}"`;
    const { stdout, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(stdout).toMatch(/0\n$/);
  });

  test('names the dataset after its input, and --version tells the version', () => {
    const start = (...args: readonly string[]) =>
      spawnSync(process.execPath, [main, ...args], { cwd: folder, encoding: 'utf8' });
    expect(start('data', 'build', '*.jsonl', '--on-fault', 'skip', '--vocabulary', '300').status).toBe(0);
    expect(start('data', 'build', 'corpus.jsonl', '--vocabulary', '300').status).toBe(0);
    expect(existsSync(at('datasets/dataset/dataset.json'))).toBe(true);
    expect(existsSync(at('datasets/corpus/dataset.json'))).toBe(true);
    expect(start('--version').stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
