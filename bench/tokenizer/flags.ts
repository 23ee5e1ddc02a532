import { parseArgs } from 'node:util';
import { GroundworkError } from '../../src/core/index.ts';

export const taskNames = ['train', 'encode', 'long-pieces'] as const;
export type TaskName = (typeof taskNames)[number];

export const tokenizerUsage = `npm run bench -- tokenizer [flags]

Times training and encoding against other tokenizers on the same text, in turns, and checks that results are equal.

  --tasks A,B      of ${taskNames.join(', ')} (default: all)
  --rounds N       rounds, each row once a round (default: 5)
  --rows PATTERN   only rows whose name matches this regular expression, such as 'ours|python' (default: all)
  --parity         train on prose and on code at 4,096 and 32,768 tokens instead, and compare the merges
  --timeout SECONDS the longest that an answer may take (default: 120; 20 for long pieces)
  --json FILE      also write the result to FILE
  --help           this text`;

export interface TokenizerFlags {
  readonly tasks: readonly TaskName[];
  readonly rounds: number;
  readonly rows: RegExp;
  readonly parity: boolean;
  readonly timeoutMs: number;
  readonly jsonPath: string | undefined;
  readonly help: boolean;
}

const options = {
  tasks: { type: 'string', default: taskNames.join(',') },
  rounds: { type: 'string', default: '5' },
  rows: { type: 'string', default: '' },
  parity: { type: 'boolean', default: false },
  timeout: { type: 'string', default: '120' },
  json: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

/**
 * Reads the flags of `bench tokenizer`.
 *
 * @throws GroundworkError `usage`
 */
export function parseTokenizerFlags(args: readonly string[]): TokenizerFlags {
  const values = read(args);
  const tasks = values.tasks.split(',').map((name) => {
    const task = taskNames.find((known) => known === name);
    if (!task) throw refusal(`--tasks names "${name}", expected ${taskNames.join(', ')}`);
    return task;
  });
  return {
    tasks,
    rounds: wholeNumber('--rounds', values.rounds),
    rows: regularExpression(values.rows),
    parity: values.parity,
    timeoutMs: 1000 * wholeNumber('--timeout', values.timeout),
    jsonPath: values.json,
    help: values.help,
  };
}

function read(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, strict: true }).values;
  } catch (error) {
    throw refusal((error as Error).message);
  }
}

function wholeNumber(flag: string, text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw refusal(`${flag} is "${text}", expected a whole number from 1`);
  return Number(text);
}

function regularExpression(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    throw refusal(`--rows: ${(error as Error).message}`);
  }
}

function refusal(message: string): GroundworkError {
  return new GroundworkError('usage', message, { hint: 'See npm run bench -- tokenizer --help.' });
}
