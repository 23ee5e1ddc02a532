import { GroundworkError } from '../../core/index.ts';
import { computeOf } from '../calibration/extrapolation.ts';
import { countingConventions } from '../forecast.ts';
import { forecastConvention, lawPointsOf, leftOutSentences, withoutTooSmall } from '../forecasting/ladder-law.ts';
import type { LadderRecord } from '../ladder-record.ts';
import type { LawPoint } from '../scaling-law.ts';
import { type CsvRow, type CsvTable, faultAt, readCsv } from './csv.ts';

/** What a column of a table of trainings says. */
export type LawQuantity = 'parameters' | 'tokens' | 'flops' | 'loss';

/** Names that tables give their columns, in lower case and without anything but letters and digits, the most telling first. */
const usualNames: { readonly [quantity in LawQuantity]: readonly string[] } = {
  parameters: [
    'numparameters',
    'parameters',
    'numparams',
    'nparams',
    'params',
    'modelsize',
    'modelparams',
    'nonembeddingparams',
    'nnonemb',
    'n',
  ],
  tokens: ['numtokens', 'ntokens', 'trainingtokens', 'traintokens', 'tokens', 'd'],
  flops: ['trainingflops', 'trainingflop', 'trainflops', 'totalflops', 'flops', 'flop', 'compute', 'budget', 'c'],
  loss: [
    'validationloss',
    'valloss',
    'finalloss',
    'evalloss',
    'testloss',
    'bitsperbyte',
    'bpb',
    'loss',
    'lossfinal',
    'l',
  ],
};

/** The flag that names a column. */
const flagOf: { readonly [quantity in LawQuantity]: string } = {
  parameters: '--n',
  tokens: '--d',
  flops: '--c',
  loss: '--loss',
};

/** Floating-point operations of a training for each parameter and token, by the rule C = 6·N·D (Kaplan et al. 2020, section 2.1). */
const flopsPerParameterToken = 6;

/** Which columns to read; those that are not named are found by their usual names. */
export interface LawColumns {
  /** Columns of the number of parameters by the name of their convention; one `parameters` where there is one. */
  readonly parameters?: ReadonlyMap<string, string>;
  readonly tokens?: string;
  readonly flops?: string;
  readonly loss?: string;
  /** Only rows that have these values in these columns. */
  readonly where?: ReadonlyMap<string, string>;
}

/** The trainings of a table under one convention of counting parameters. */
export interface LawAccounting {
  /** Such as `total`; `parameters` where there is no choice. */
  readonly convention: string;
  /** The column of N; null where N is C / 6D. */
  readonly column: string | null;
  readonly points: readonly TablePoint[];
}

/** A training of a table. */
export interface TablePoint extends LawPoint {
  /** C, from its column or 6·N·D. */
  readonly flops: number;
  /** Where it stands, such as `line 7`. */
  readonly label: string;
}

/** A table of trainings. */
export interface LawTable {
  readonly name: string;
  /** The columns that were read; null where the quantity follows from the others by C = 6·N·D. */
  readonly columns: { readonly tokens: string | null; readonly flops: string | null; readonly loss: string };
  /** At least one, the first one being what is talked about. */
  readonly accountings: readonly LawAccounting[];
  /** What was left out of it, a sentence each. */
  readonly notes: readonly string[];
}

/**
 * Reads a table with a row for each finished training: parameters N, tokens D and loss; of N, D and training compute C two are enough, by
 * C = 6·N·D.
 *
 * @param name of the file, for messages
 * @throws GroundworkError `usage` for a column that is not there or cannot be chosen; `invalid-document`, with the line, for a cell that is
 *   no positive number and for what `readCsv` throws
 */
export function readLawTable(text: string, name: string, named: LawColumns = {}): LawTable {
  const table = readCsv(text, name);
  const column = (quantity: Exclude<LawQuantity, 'parameters'>) =>
    named[quantity] === undefined ? foundColumn(table, quantity) : namedColumn(table, name, named[quantity]);
  const parameters = named.parameters ?? foundParameters(table);
  const [loss, tokens, flops] = [column('loss'), column('tokens'), column('flops')];
  if (loss === undefined) throw missing(table, name, ['loss']);
  const isKnown = { parameters: parameters.size > 0, tokens: tokens !== undefined, flops: flops !== undefined };
  const absent = (['parameters', 'tokens', 'flops'] as const).filter((quantity) => !isKnown[quantity]);
  // Where conventions differ, D = C / 6N would differ with them.
  if (absent.length > 1 || (parameters.size > 1 && tokens === undefined)) throw missing(table, name, absent);
  const rows = chosenRows(table, name, named.where ?? new Map());
  const conventions = parameters.size === 0 ? [['parameters', null] as const] : [...parameters];
  const accountings = conventions.map(([convention, columnName]) => {
    const n = columnName === null ? undefined : namedColumn(table, name, columnName);
    return {
      convention,
      column: columnName,
      points: rows.map((row) => pointOf(row, { table, name, n, tokens, flops, loss })),
    };
  });
  const nameOf = (index: number | undefined) => (index === undefined ? null : (table.columns[index] ?? null));
  return {
    name,
    columns: { tokens: nameOf(tokens), flops: nameOf(flops), loss: nameOf(loss) ?? '' },
    accountings,
    notes: [],
  };
}

interface Places {
  readonly table: CsvTable;
  readonly name: string;
  readonly n: number | undefined;
  readonly tokens: number | undefined;
  readonly flops: number | undefined;
  readonly loss: number;
}

function pointOf(row: CsvRow, { table, name, n, tokens, flops, loss }: Places): TablePoint {
  const read = (index: number): number => {
    const cell = (row.cells[index] ?? '').trim();
    const value = Number(cell);
    if (cell !== '' && value > 0 && Number.isFinite(value)) return value;
    throw faultAt(
      name,
      row.line,
      `"${table.columns[index]}" is "${cell}", expected a number above 0`,
      'Mend the cell, or leave out the rows of trainings that did not end.',
    );
  };
  const C = flops === undefined ? undefined : read(flops);
  const N = n === undefined ? undefined : read(n);
  const D = tokens === undefined ? undefined : read(tokens);
  const quotient = (other: number | undefined) => (C ?? Number.NaN) / (flopsPerParameterToken * (other ?? Number.NaN));
  const numParameters = N ?? quotient(D);
  const numTokens = D ?? quotient(N);
  return {
    numParameters,
    numTokens,
    loss: read(loss),
    flops: C ?? flopsPerParameterToken * numParameters * numTokens,
    label: `line ${row.line}`,
  };
}

/**
 * The table that the record of a ladder is: those of its trainings that follow one law (`withoutTooSmall`), under each convention in which
 * all have parameters, that of forecasts first. Tokens that were read again count as what they are worth (D′).
 *
 * @param name of the file, for messages
 */
export function ladderTable(whole: LadderRecord, name: string): LawTable {
  const record = withoutTooSmall(whole);
  const conventions = [forecastConvention, ...countingConventions.filter((one) => one !== forecastConvention)];
  const accountings = conventions
    .filter((convention) => record.points.every(({ parameters }) => parameters[convention] > 0))
    .map((convention) => ({
      convention,
      column: convention,
      points: lawPointsOf(record, convention).map(
        (point, i): TablePoint => ({
          ...point,
          flops: record.points[i]?.flops ?? computeOf(point),
          label: `${record.points[i]?.rung}, seed ${record.points[i]?.seed}`,
        }),
      ),
    }));
  return {
    name,
    columns: { tokens: 'numTokens', flops: 'flops', loss: 'bits per byte' },
    accountings,
    notes: leftOutSentences(whole, record),
  };
}

/** Letters and digits alone: `Training FLOP` is `trainingflop`. */
const plain = (column: string): string => column.toLowerCase().replaceAll(/[^a-z0-9]/g, '');

function foundColumn({ columns }: CsvTable, quantity: LawQuantity): number | undefined {
  const names = columns.map(plain);
  for (const usual of usualNames[quantity]) {
    const index = names.indexOf(usual);
    if (index >= 0) return index;
  }
  return undefined;
}

function chosenRows(table: CsvTable, name: string, where: ReadonlyMap<string, string>): readonly CsvRow[] {
  const conditions = [...where].map(([column, value]) => [namedColumn(table, name, column), value] as const);
  const rows = table.rows.filter(({ cells }) => conditions.every(([index, value]) => cells[index]?.trim() === value));
  if (rows.length > 0) return rows;
  const found = conditions.map(([index]) => [...new Set(table.rows.map(({ cells }) => cells[index]?.trim() ?? ''))]);
  throw new GroundworkError(
    'usage',
    `no row of ${name} has ${[...where].map((pair) => pair.join('=')).join(' and ')}`,
    { hint: `There are: ${found.map((values) => values.slice(0, 12).join(', ')).join('; ')}.` },
  );
}

function foundParameters(table: CsvTable): ReadonlyMap<string, string> {
  const index = foundColumn(table, 'parameters');
  return index === undefined ? new Map() : new Map([['parameters', table.columns[index] ?? '']]);
}

function namedColumn({ columns }: CsvTable, name: string, column: string): number {
  const index = columns.indexOf(column);
  if (index >= 0) return index;
  throw new GroundworkError('usage', `${name} has no column "${column}"`, { hint: `It has: ${columns.join(', ')}.` });
}

function missing({ columns }: CsvTable, name: string, quantities: readonly LawQuantity[]): GroundworkError {
  const flags = quantities.map((quantity) => `${flagOf[quantity]} COLUMN`).join(', ');
  return new GroundworkError('usage', `found no column of ${quantities.join(' or ')} in ${name}`, {
    hint: `Name it: ${flags}. The table has: ${columns.join(', ')}.`,
  });
}
