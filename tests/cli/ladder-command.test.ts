import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Terminal } from '../../src/cli/command-line.ts';
import { runCommandLine } from '../../src/cli/index.ts';
import { parseLadderRecord } from '../../src/training/index.ts';
import { smallTexts } from '../data/build/small-corpus.ts';

const repository = process.cwd();
let folder: string;
let first: Outcome;

const common = ['--vocabulary', '257', '--threads', '1'];
/** Three rungs of the smallest sizes on a few texts. */
const small = ['texts', '--flops', '1.2e10..6e10', '--rungs', '3', '--seeds', '1', '--context', '16', ...common];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ladder-command-'));
  mkdirSync(join(folder, 'texts'));
  smallTexts(200).forEach(({ text }, number) => {
    writeFileSync(join(folder, 'texts', `${number}.txt`), text);
  });
  // Datasets and ladders lie below the working folder.
  process.chdir(folder);
  first = await run(['ladder', ...small, '--record', 'record.json', '--html', 'page.html']);
}, 300_000);
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
    error: (text) => error.push(text),
    ...more,
  });
  return { code, out: out.join(''), error: error.join('\n') };
}

describe('groundwork ladder', () => {
  test('trains a ladder of a folder of text, fits its law and says what it found', () => {
    expect(first.error).toMatch(/^ladder: {3}ladders\/baseline-texts$/m);
    expect(first.error).toMatch(/trainings give \d+ points, in about/);
    expect(first.error).toMatch(/^1 of \d+ {2}\dx\d+, \d+ steps of \d+ tokens, seed 0: \d\.\d{4} bits per byte at/m);
    expect(first.out.replaceAll(/\s+/g, ' ')).toContain('follow the law L(N, D) = ');
    expect(first.out).toMatch(/The trainings\s+took/);
    expect(first.code).toBe(0);
  });

  test('writes a record that can be read, and a page with plots that needs nothing else', () => {
    const record = parseLadderRecord(readFileSync('record.json', 'utf8'), 'record.json');
    expect(record.points.length).toBeGreaterThanOrEqual(6);
    expect(record.name).toBe('baseline-texts');
    const page = readFileSync('page.html', 'utf8');
    expect(page).toContain('Bits per byte over compute');
    expect(page).toContain('What the law leaves over');
    expect(page).not.toMatch(/https?:\/\/(?!www\.w3\.org)/);
  });

  test('called again without a plan, it goes on as it began and finds the same', async () => {
    const again = await run(['ladder', 'texts', ...common, '--json']);
    expect(again.code).toBe(0);
    const { folder: where, numPoints, law } = JSON.parse(again.out);
    expect(where).toBe('ladders/baseline-texts');
    expect(numPoints).toBe(parseLadderRecord(readFileSync('record.json', 'utf8'), 'it').points.length);
    expect(law.alpha).toBeGreaterThan(0);
    expect(again.error).toContain(`goes on: ${numPoints} points are there already`);
  });

  test('refuses another plan than it began with', async () => {
    const other = await run(['ladder', ...small, '--flops', '1.2e10..7e10']);
    expect(other.code).toBe(6);
    expect(other.error).toContain('run-mismatch');
  });

  test('goes on with a budget of time as it began, however fast the machine is by now', async () => {
    const timed = [
      'ladder',
      'texts',
      ...common,
      '--budget',
      '2d',
      '--rungs',
      '2',
      '--seeds',
      '1',
      '--context',
      '16',
      '--out',
      'timed',
    ];
    const stop = async () => {
      const controller = new AbortController();
      const terminal = {
        signal: controller.signal,
        error: (text: string) => {
          if (text.startsWith('rung ')) controller.abort('SIGINT');
        },
      };
      return run(timed, terminal);
    };
    expect((await stop()).code).toBe(7);
    const before = JSON.parse(readFileSync('timed/ladder.json', 'utf8'));
    expect((await stop()).code).toBe(7);
    expect(JSON.parse(readFileSync('timed/ladder.json', 'utf8'))).toEqual(before);
    expect(before.request.budgetMs).toBe(2 * 86_400_000);
  });

  test('shows a plan and trains nothing', async () => {
    const plan = await run(['ladder', ...small, '--plan-only', '--out', 'planned']);
    expect(plan.code).toBe(0);
    expect(plan.out).toMatch(/^rung {2}layers x width/);
    expect(existsSync('planned')).toBe(false);
    const json = await run(['ladder', ...small, '--plan-only', '--json', '--out', 'planned']);
    const { request, plan: parsed, expectedMs } = JSON.parse(json.out);
    expect(request.flops).toEqual([1.2e10, 6e10]);
    expect(parsed.trunks.length).toBeGreaterThan(2);
    expect(expectedMs).toBeGreaterThan(0);
  });

  test('stops at a signal with what it has, and says how to go on', async () => {
    const controller = new AbortController();
    const stopped = await run(['ladder', ...small, '--out', 'stopped'], {
      signal: controller.signal,
      error: (text) => {
        if (text.startsWith('1 of')) controller.abort('SIGINT');
      },
    });
    expect(stopped.code).toBe(7);
    expect(existsSync('stopped/ladder.json')).toBe(true);
  });

  test.each([
    [['--flops', '1e10'], '--flops is "1e10", expected two numbers'],
    [['--flops', '6e10..2e10'], 'expected it to rise'],
    [['--flops', '1e10..x'], 'expected a number such as'],
    [['--flops', '1e5..1e6'], 'no size can be trained on it'],
    [['--budget', '5m', '--flops', '1e10..2e10'], 'two budgets'],
    [['--budget', '1s', '--context', '16'], 'the smallest ladder takes about'],
    [['--rungs', '1'], '--rungs is "1"'],
    [['--seeds', '0'], '--seeds is "0"'],
    [['--out', ' '], '--out is empty'],
    [['--recipe', 'none'], 'there is no recipe called "none"'],
  ])('refuses %j', async (flags, message) => {
    const { code, error } = await run(['ladder', 'texts', ...common, ...flags]);
    expect(error).toContain(message);
    expect([2, 3]).toContain(code);
    expect(error).toContain('hint: ');
  });
});
