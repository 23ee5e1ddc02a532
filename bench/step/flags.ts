import { parseArgs } from 'node:util';
import { GroundworkError } from '../../src/core/index.ts';
import { type ModelName, modelNames } from './models.ts';
import { type RowSpec, rowSpecs } from './rows.ts';

export const stepUsage = `npm run bench -- step [flags]

Times a training step of the same model on the same numbers in Groundwork and in other frameworks, in turns.

  --models S,M,W    which models (default: all)
  --rounds N        rounds of bursts, each row once a round (default: 5)
  --rows PATTERN    only rows whose name matches this regular expression, such as 'ours|gemm' (default: all)
  --slow            run the rows that take minutes on M and W too, with few steps
  --timeout SECONDS the longest time that a row may take to load or to answer (default: 600)
  --json FILE       also write the result to FILE
  --help            this text

Rows: ${rowSpecs.map(({ id }) => id).join(', ')}`;

export interface StepFlags {
  readonly models: readonly ModelName[];
  readonly rounds: number;
  readonly rows: readonly RowSpec[];
  readonly slow: boolean;
  readonly timeoutMs: number;
  readonly jsonPath: string | undefined;
  readonly help: boolean;
}

const options = {
  models: { type: 'string' },
  rounds: { type: 'string' },
  rows: { type: 'string' },
  slow: { type: 'boolean' },
  timeout: { type: 'string' },
  json: { type: 'string' },
  help: { type: 'boolean' },
} as const;

/**
 * Reads the flags of `bench step`.
 *
 * @throws GroundworkError `usage`
 */
export function parseStepFlags(args: readonly string[]): StepFlags {
  const values = parse(args);
  return {
    models: values.models === undefined ? modelNames : parseModels(values.models),
    rounds: parseCount('rounds', values.rounds, 5),
    rows: values.rows === undefined ? rowSpecs : chooseRows(values.rows),
    slow: values.slow ?? false,
    timeoutMs: 1000 * parseCount('timeout', values.timeout, 600),
    jsonPath: values.json,
    help: values.help ?? false,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
  } catch (cause) {
    throw refusal((cause as Error).message, cause);
  }
}

function refusal(message: string, cause?: unknown): GroundworkError {
  return new GroundworkError('usage', message, { hint: 'See npm run bench -- step --help.', cause });
}

function parseModels(text: string): readonly ModelName[] {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !(modelNames as readonly string[]).includes(name));
  if (unknown !== undefined) {
    throw refusal(`--models names the model "${unknown}", expected some of ${modelNames.join(',')}`);
  }
  return modelNames.filter((name) => names.includes(name));
}

function parseCount(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1) {
    throw refusal(`--${name} is "${text}", expected a whole number of at least 1`);
  }
  return count;
}

function chooseRows(text: string): readonly RowSpec[] {
  let pattern: RegExp;
  try {
    pattern = new RegExp(text, 'i');
  } catch (cause) {
    throw refusal(`--rows is "${text}", which is no regular expression`, cause);
  }
  const rows = rowSpecs.filter(({ id }) => pattern.test(id));
  if (rows.length === 0) {
    throw refusal(`--rows "${text}" matches none of ${rowSpecs.map(({ id }) => id).join(', ')}`);
  }
  return rows;
}
