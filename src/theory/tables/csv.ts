import { GroundworkError } from '../../core/index.ts';

/** A row of a table, with the line of the file on which it begins, the first one being 1. */
export interface CsvRow {
  readonly line: number;
  /** As many as the table has columns. */
  readonly cells: readonly string[];
}

/** A table as text: names of columns and rows of cells. */
export interface CsvTable {
  readonly columns: readonly string[];
  readonly rows: readonly CsvRow[];
}

/** What may stand between cells: the one that the header has most of. */
const separators = [',', '\t', ';'] as const;

/**
 * Reads a table with a header (RFC 4180): cells between commas, tabs or semicolons; quotes around a cell that holds one of these or a line
 * feed, a quote inside written twice. Blank lines and a byte-order mark are passed over; nothing else is.
 *
 * @param name of the file, for messages
 * @throws GroundworkError `invalid-document`, with the line: a quote that is not closed, too few or too many cells, a column without a
 *   name or with that of another, a table without rows
 */
export function readCsv(text: string, name: string): CsvTable {
  const content = text.startsWith('\ufeff') ? text.slice(1) : text;
  const [head, ...rows] = splitRows(content, name);
  if (head === undefined || rows.length === 0) {
    const found = head === undefined ? 'nothing' : 'a header alone';
    throw faultAt(name, 1, `found ${found}, expected a header and rows`, 'Give a table with a row for each training.');
  }
  const columns = head.cells.map((cell) => cell.trim());
  columns.forEach((column, i) => {
    if (column === '' && i > 0) throw faultAt(name, head.line, `column ${i + 1} has no name`, 'Name every column.');
    if (columns.indexOf(column) < i) {
      throw faultAt(name, head.line, `two columns are called "${column}"`, 'Give each column a name of its own.');
    }
  });
  for (const { line, cells } of rows) {
    if (cells.length === columns.length) continue;
    throw faultAt(
      name,
      line,
      `found ${cells.length} cells, expected ${columns.length} as in the header`,
      'A cell that holds a separator or a line feed stands in quotes.',
    );
  }
  return { columns, rows };
}

/** The fault of a table that cannot be used as it is, with the line where it lies. */
export function faultAt(name: string, line: number, message: string, hint: string): GroundworkError {
  return new GroundworkError('invalid-document', `${name}, line ${line}: ${message}`, { hint });
}

function splitRows(text: string, name: string): CsvRow[] {
  const separator = separatorOf(text);
  const rows: CsvRow[] = [];
  let position = 0;
  let line = 1;
  while (position < text.length) {
    const row: CsvRow & { readonly cells: string[] } = { line, cells: [] };
    for (;;) {
      const cell = readCell(text, position, separator);
      if (cell === undefined) {
        throw faultAt(
          name,
          row.line,
          'a quote is not closed, or something stands behind it',
          'Close it, or write it twice.',
        );
      }
      row.cells.push(cell.value);
      line += lineFeeds(text, position, cell.end);
      position = cell.end;
      if (text[position] !== separator) break;
      position++;
    }
    position = endOfLine(text, position);
    line++;
    if (row.cells.length > 1 || row.cells[0]?.trim() !== '') rows.push(row);
  }
  return rows;
}

/** A cell and the position behind it, where a separator, a line's end or the text's end stands; undefined where its quotes are wrong. */
function readCell(text: string, start: number, separator: string): { value: string; end: number } | undefined {
  if (text[start] !== '"') {
    let end = start;
    while (end < text.length && text[end] !== separator && !isLineEnd(text[end])) end++;
    return { value: text.slice(start, end), end };
  }
  let value = '';
  for (let position = start + 1; position < text.length; position++) {
    if (text[position] !== '"') value += text[position];
    else if (text[position + 1] === '"') value += text[++position];
    else {
      const end = position + 1;
      return end === text.length || text[end] === separator || isLineEnd(text[end]) ? { value, end } : undefined;
    }
  }
  return undefined;
}

function separatorOf(text: string): string {
  const header = /^[^\r\n]*/.exec(text.trimStart())?.[0] ?? '';
  const count = (separator: string) => header.split(separator).length;
  return separators.reduce((best, one) => (count(one) > count(best) ? one : best));
}

const isLineEnd = (character: string | undefined): boolean => character === '\n' || character === '\r';

/** The position behind the end of a line: `\n`, `\r\n` or `\r`. */
function endOfLine(text: string, position: number): number {
  return position + (text.startsWith('\r\n', position) ? 2 : 1);
}

function lineFeeds(text: string, from: number, to: number): number {
  return (text.slice(from, to).match(/\r\n|\n|\r/g) ?? []).length;
}
