import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Terminal } from '../../src/cli/command-line.ts';
import { runCommandLine } from '../../src/cli/index.ts';
import { nodeFileSystem } from '../../src/core/node.ts';
import { parseLadderRecord, readLadder } from '../../src/training/index.ts';
import { writeLadder } from '../../src/training/ladder/ladder-file.ts';
import { smallTexts } from '../data/build/small-corpus.ts';
import { runsEverything } from '../support/full-tests.ts';

const repository = process.cwd();
let folder: string;
/** A ladder that was stopped after its first point, and the same again. */
let stopped: Outcome;
let first: Outcome;

const common = ['--vocabulary', '257', '--threads', '1'];
/** Two rungs of the smallest size, which one training serves, on a few texts. */
const small = ['texts', '--flops', '1.5e10..3e10', '--rungs', '2', '--seeds', '1', '--context', '16', ...common];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ladder-command-'));
  mkdirSync(join(folder, 'texts'));
  smallTexts(200).forEach(({ text }, number) => {
    writeFileSync(join(folder, 'texts', `${number}.txt`), text);
  });
  // Datasets and ladders lie below the working folder.
  process.chdir(folder);
  const controller = new AbortController();
  stopped = await run(['ladder', ...small], {
    signal: controller.signal,
    error: (text) => {
      if (text.startsWith('1 of')) controller.abort('SIGINT');
    },
  });
  first = await run(['ladder', ...small, '--record', 'record.json']);
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
    error: (text) => error.push(text),
    ...more,
  });
  return { code, out: out.join(''), error: error.join('\n') };
}

describe('groundwork ladder', () => {
  test('trains a ladder of a folder of text, and says where there are too few points for a law', () => {
    expect(first.error).toMatch(/^ladder: {3}ladders\/baseline-texts$/m);
    expect(first.error).toMatch(/^One training gives 2 points, in about/m);
    expect(first.error).toMatch(/^2 of 2 {2}\dx\d+, \d+ steps of \d+ tokens, seed 0: \d\.\d{4} bits per byte at/m);
    expect(first.error).toContain('note: there is no law yet: ');
    expect(first.out).toBe('2 points are trained.\n');
    expect(first.code).toBe(0);
    const record = parseLadderRecord(readFileSync('record.json', 'utf8'), 'record.json');
    expect(record).toMatchObject({ name: 'baseline-texts', recipe: { name: 'baseline' } });
    expect(record.points).toHaveLength(2);
  });

  test('called again without a plan, it goes on as it began', async () => {
    const again = await run(['ladder', 'texts', ...common, '--json']);
    expect(again.code).toBe(0);
    expect(JSON.parse(again.out)).toMatchObject({ folder: 'ladders/baseline-texts', numPoints: 2, law: null });
    expect(again.error).toContain('goes on: 2 points are there already');
    expect(again.error).toMatch(/^One training gives 2 points\.$/m);
  });

  test('says what law its points follow, and writes a page with plots that needs nothing else', async () => {
    const folder = 'ladders/baseline-texts';
    const state = readLadder(nodeFileSystem, folder);
    const [point] = state.points;
    if (point === undefined) throw new Error('the ladder has no point');
    // Points as a law would have them stand in for hours of training.
    const made = [1, 4, 16].flatMap((size) =>
      [1, 4, 16].map((length) => {
        const matmul = size * point.parameters.matmul;
        const numTokens = length * point.numTokens;
        const bitsPerByte = 1 + 300 * matmul ** -0.5 + 200 * numTokens ** -0.5;
        const parameters = { total: matmul, nonEmbedding: matmul - 10_000, matmul, active: matmul };
        const flops = 6 * matmul * numTokens;
        return {
          ...point,
          rung: `${size}, ${length}`,
          parameters,
          numTokens,
          flops,
          bitsPerByte,
          loss: 2 * bitsPerByte,
        };
      }),
    );
    const failures = [{ rung: 'another', seed: 3, numSteps: 9, reason: 'its losses are no numbers' }];
    writeLadder(nodeFileSystem, folder, { ...state, failures, points: [...state.points, ...made] });
    const told = await run(['ladder', 'texts', ...common, '--html', 'page.html', '--json']);
    expect(told.code).toBe(0);
    expect(told.error).toContain('note: another, seed 3 is left out: its losses are no numbers');
    const { numPoints, law, sentences } = JSON.parse(told.out);
    expect(numPoints).toBe(11);
    expect(law.alpha).toBeGreaterThan(0);
    expect(sentences.join(' ')).toMatch(/follow the law L\(N, D\) = .* The trainings took/);
    const page = readFileSync('page.html', 'utf8');
    for (const title of ['Bits per byte over compute', 'What the law leaves over', 'Every training']) {
      expect(page).toContain(title);
    }
    expect(page).not.toMatch(/https?:\/\/(?!www\.w3\.org)/);
  });

  test.runIf(runsEverything)('refuses another plan than it began with', async () => {
    const other = await run(['ladder', ...small, '--flops', '1.5e10..4e10']);
    expect(other.code).toBe(6);
    expect(other.error).toContain('run-mismatch');
  });

  test.runIf(runsEverything)(
    'goes on with a budget of time as it began, however fast the machine is by now',
    async () => {
      const timed = [
        'ladder',
        'texts',
        ...common,
        '--budget',
        '20m',
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
      expect(before.request.budgetMs).toBe(20 * 60_000);
    },
  );

  test('shows a plan and trains nothing', async () => {
    const json = await run(['ladder', ...small, '--plan-only', '--json', '--out', 'planned']);
    const { request, plan: parsed, expectedMs } = JSON.parse(json.out);
    expect(request.flops).toEqual([1.5e10, 3e10]);
    expect(parsed.trunks[0].lengths).toHaveLength(2);
    expect(expectedMs).toBeGreaterThan(0);
    expect(existsSync('planned')).toBe(false);
    const text = await run(['ladder', 'texts', ...common, '--plan-only']);
    expect(text.out).toMatch(/^rung {2}layers x width/);
  });

  test('stops at a signal with what it has, and goes on with that', () => {
    expect(stopped.code).toBe(7);
    expect(first.error).toContain('goes on: one point is there already');
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
