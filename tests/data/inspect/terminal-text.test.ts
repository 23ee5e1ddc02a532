import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  cellWidth,
  fitCells,
  flowText,
  textBar,
  textTable,
  visible,
  wrapText,
} from '../../../src/data/inspect/terminal-text.ts';

const text = fc.string({ unit: fc.oneof(fc.constantFrom('a', ' ', '漢', 'é', '\u001b', '\n', '😀'), fc.string()) });

describe('text for a terminal', () => {
  test('holds no control characters, so that no document can move the cursor', () => {
    expect(visible('\u001b[2J\u0007a\nb\tc\u009b\u202e\ud800')).toBe('␛[2J␇a b c··\ufffd');
    fc.assert(
      fc.property(text, (any) => {
        expect(visible(any)).not.toMatch(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u);
      }),
    );
  });

  test('is measured in cells', () => {
    expect(['abc', '漢字', 'e\u0301', '😀', '한'].map(cellWidth)).toEqual([3, 4, 1, 2, 2]);
  });

  test('is cut and wrapped to no more than its room', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 8, max: 40 }), (any, room) => {
        expect(cellWidth(fitCells(visible(any), room))).toBeLessThanOrEqual(room);
        for (const line of [...wrapText(any, room, 3), ...flowText([visible(any), 'b', 'c'], room, 2)]) {
          expect(cellWidth(line)).toBeLessThanOrEqual(room);
        }
        const words = (lines: string) => lines.replace(/\s+/g, '');
        expect(words(wrapText(any, room, 3).join(''))).toBe(words(visible(any)));
      }),
    );
  });
});

describe('a table', () => {
  test('aligns its columns', () => {
    const columns = [{ heading: 'rule' }, { heading: 'documents', align: 'right' as const }];
    expect(
      textTable(
        columns,
        [
          ['a', '1'],
          ['漢字', '12,345'],
        ],
        { maxWidth: 40 },
      ),
    ).toEqual(['rule  documents', 'a             1', '漢字     12,345']);
  });

  test('shrinks the columns that may shrink, in their order', () => {
    const columns = [
      { heading: '', shrinksTo: 6 },
      { heading: '', shrinksTo: 6 },
    ];
    expect(textTable(columns, [['a'.repeat(20), 'b'.repeat(8)]], { maxWidth: 16 })[1]).toBe('aaaaa…  bbbbbbbb');
    expect(textTable(columns, [['a'.repeat(20), 'b'.repeat(20)]], { maxWidth: 15 })[1]).toBe('aaaaa…  bbbbbb…');
  });
});

test('a bar is as long as its value, and is there if its value is', () => {
  expect(textBar(10, 10, 4)).toBe('████');
  expect(textBar(5, 10, 4)).toBe('██');
  expect(textBar(1, 16, 2)).toBe('▏');
  expect(textBar(1, 1e9, 4)).toBe('▏');
  expect(textBar(0, 10, 4)).toBe('');
});
