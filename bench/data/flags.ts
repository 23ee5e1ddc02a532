import { parseArgs } from 'node:util';
import { GroundworkError } from '../../src/core/index.ts';

export const dataUsage = `npm run bench -- data [flags]

Times each stage of making a dataset, and all of it, in Groundwork and in datatrove, over the same text with the same rules,
on one core each; and holds the documents that they keep against each other.

  --megabytes N     how much text (default: 100)
  --rounds N        how often each side makes the dataset; the least time counts (default: 1)
  --json FILE       also write the result to FILE, with every document on which the two differ
  --help            this text`;

export const largeUsage = `npm run bench -- data-large [flags]

Makes a corpus in a temporary folder (four times its size is needed there), with exact and near copies planted in it, builds a
dataset of it on two workers, and tells the memory that this took and how many of the copies were found.

  --gigabytes N     how large the corpus is (default: 1)
  --json FILE       also write the result to FILE
  --help            this text`;

export interface DataFlags {
  /** Bytes of text. */
  readonly sizeBytes: number;
  readonly rounds: number;
  readonly jsonPath: string | undefined;
  readonly help: boolean;
}

/**
 * Reads the flags of `bench data`.
 *
 * @throws GroundworkError `usage`
 */
export function parseDataFlags(args: readonly string[]): DataFlags {
  const values = read('data', args, {
    megabytes: { type: 'string', default: '100' },
    rounds: { type: 'string', default: '1' },
    ...shared,
  });
  return {
    sizeBytes: 1e6 * positive('data', '--megabytes', values.megabytes),
    rounds: Math.ceil(positive('data', '--rounds', values.rounds)),
    jsonPath: values.json,
    help: values.help,
  };
}

/**
 * Reads the flags of `bench data-large`.
 *
 * @throws GroundworkError `usage`
 */
export function parseLargeFlags(args: readonly string[]): Omit<DataFlags, 'rounds'> {
  const values = read('data-large', args, { gigabytes: { type: 'string', default: '1' }, ...shared });
  return {
    sizeBytes: 1e9 * positive('data-large', '--gigabytes', values.gigabytes),
    jsonPath: values.json,
    help: values.help,
  };
}

const shared = { json: { type: 'string' }, help: { type: 'boolean', default: false } } as const;

function read<const Options extends NonNullable<Parameters<typeof parseArgs>[0]>['options']>(
  name: string,
  args: readonly string[],
  options: Options,
) {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw refusal(name, (error as Error).message);
  }
}

function positive(name: string, flag: string, text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 1e6)) throw refusal(name, `${flag} is "${text}", expected a number above 0`);
  return value;
}

function refusal(name: string, message: string): GroundworkError {
  return new GroundworkError('usage', message, { hint: `See npm run bench -- ${name} --help.` });
}
