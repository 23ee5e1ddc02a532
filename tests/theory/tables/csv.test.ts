import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readCsv } from '../../../src/theory/tables/csv.ts';

/** The slow, obviously right way back: every cell in quotes. */
const written = (rows: readonly (readonly string[])[], separator: string, lineEnd: string): string =>
  rows.map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(separator)).join(lineEnd);

describe('reading a table', () => {
  test('gives back what was written in quotes, whatever stands between the cells', () => {
    const cell = fc.string({
      unit: fc.constantFrom('a', '1', '"', ',', ';', '\t', ' ', '\n', '\r', 'é'),
      maxLength: 6,
    });
    const rows = fc.array(fc.tuple(cell, cell, fc.constant('x')), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(
        rows,
        fc.constantFrom(',', '\t', ';'),
        fc.constantFrom('\n', '\r\n', '\r'),
        (body, separator, end) => {
          const { columns, rows: found } = readCsv(written([['a', 'b', 'c'], ...body], separator, end), 'table');
          expect(columns).toEqual(['a', 'b', 'c']);
          expect(found.map(({ cells }) => cells)).toEqual(body);
        },
      ),
    );
  });

  test('tells the line of each row, with line feeds inside of cells and blank lines counted', () => {
    const { rows } = readCsv('\ufeffa,b\n1,"two\nlines"\n\n3,4\r\n5,6', 'table');
    expect(rows).toEqual([
      { line: 2, cells: ['1', 'two\nlines'] },
      { line: 5, cells: ['3', '4'] },
      { line: 6, cells: ['5', '6'] },
    ]);
  });

  test('a first column without a name is the index that data frames write', () => {
    expect(readCsv(',loss\n0,3.2\n', 'table').columns).toEqual(['', 'loss']);
  });

  test.each([
    ['no rows', 'a,b\n', 'line 1: found a header alone'],
    ['nothing', '\n\n', 'line 1: found nothing'],
    ['a cell too few', 'a,b\n1,2\n3\n', 'line 3: found 1 cells, expected 2'],
    ['a cell too many', 'a,b\n1,2,3\n', 'line 2: found 3 cells, expected 2'],
    ['a quote that stays open', 'a,b\n1,"2\n3,4\n', 'line 2: a quote is not closed'],
    ['something behind a quote', 'a,b\n"1"x,2\n', 'line 2: a quote is not closed'],
    ['two columns of one name', 'a,b,a\n1,2,3\n', 'line 1: two columns are called "a"'],
    ['a column without a name', 'a,,c\n1,2,3\n', 'line 1: column 2 has no name'],
  ])('%s: a fault with its line', (_, text, message) => {
    expect(() => readCsv(text, 'table.csv')).toThrow(message);
  });
});
