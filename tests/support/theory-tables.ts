import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'vitest';

/**
 * The public tables of scaling-law runs that fits are tested on. They lie beside the project, in `../shared/theory-data/`,
 * and are no part of it: where they are absent the tests that need them are skipped and a note says so.
 */
export const theoryTableNames = [
  'chinchilla_epoch_svg_extracted',
  'gadre2024_104models',
  'modded_nanogpt_replicates',
  'olmo_ladder_c4_curves',
  'olmo_ladder_runs',
  'porian2024_fits',
  'porian2024_isoflop_points',
  'porian2024_optimal_pairs',
] as const;
export type TheoryTableName = (typeof theoryTableNames)[number];

/** A row of a table: the text of each cell by the name of its column. */
export type TableRow = Readonly<Record<string, string>>;

const folder = new URL('../../../shared/theory-data/', import.meta.url);
const tables = new Map<TheoryTableName, readonly TableRow[] | undefined>();

/** The rows of a public table, or undefined where it is absent. Each table is read once a process. */
export function theoryTable(name: TheoryTableName): readonly TableRow[] | undefined {
  if (!tables.has(name)) {
    const path = fileURLToPath(new URL(`${name}.csv`, folder));
    tables.set(name, existsSync(path) ? rowsOf(readFileSync(path, 'utf8'), name) : undefined);
  }
  return tables.get(name);
}

/** The number in a column of a row. An absent column, an empty cell and a word are faults of the test. */
export function numberIn(row: TableRow, column: string): number {
  const value = Number(textIn(row, column));
  if (!Number.isFinite(value)) throw new Error(`Column ${column} holds ${JSON.stringify(row[column])}, not a number.`);
  return value;
}

/** The text in a column of a row, which must not be empty. */
export function textIn(row: TableRow, column: string): string {
  const text = row[column];
  if (text === undefined || text === '') {
    throw new Error(`There is nothing in column ${column}; the columns are ${Object.keys(row).join(', ')}.`);
  }
  return text;
}

/** Whether a cell of a row holds anything: some tables leave cells empty where nothing was measured. */
export const isFilled = (row: TableRow, column: string): boolean => (row[column] ?? '') !== '';

/** Declares tests on the rows of a public table; without the table they are skipped, and a printed note says so. */
export function describeWithTable(
  title: string,
  name: TheoryTableName,
  body: (rows: readonly TableRow[]) => void,
): void {
  const rows = theoryTable(name);
  if (rows !== undefined) return void describe(title, () => body(rows));
  console.warn(`Skipped: ${title}. The public table ${name}.csv is not in ../shared/theory-data/ beside the project.`);
  describe.skip(title, () => {
    test(`needs ${name}.csv`, () => {});
  });
}

/** Plain comma-separated values: none of the tables quotes a cell. */
function rowsOf(text: string, name: string): TableRow[] {
  if (text.includes('"')) throw new Error(`${name}.csv quotes cells, which this reader does not understand.`);
  const [header = '', ...lines] = text.trimEnd().split(/\r?\n/);
  const columns = header.split(',');
  return lines.map((line, i) => {
    const cells = line.split(',');
    if (cells.length !== columns.length) {
      throw new Error(`Line ${i + 2} of ${name}.csv has ${cells.length} cells, expected ${columns.length}.`);
    }
    return Object.fromEntries(columns.map((column, j) => [column, cells[j] ?? '']));
  });
}
