import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { wordEnds } from '../../../src/data/cleaning/word-splitter.ts';
import { WordTable } from '../../../src/data/cleaning/word-table.ts';
import { runsOf } from '../../support/full-tests.ts';

function wordsOf(text: string, table = new WordTable()): string[] {
  table.split(text);
  return Array.from(table.words.subarray(0, table.numWords), (word) => table.textOf(word));
}

function sentencesIn(text: string): number {
  const table = new WordTable();
  table.split(text);
  return table.numSentences(text, 0, table.numRuns);
}

/** Characters that the rules treat differently. */
const spiky = fc.string({
  unit: fc.constantFrom(...'abAB19 .,-\'’"()…:;/=<>+*^%$€°C—_#~kms é中ا@&!?\n\t', '😀', '...', "n't", ' the '),
  maxLength: 40,
});

describe('words', () => {
  // What spaCy 3.8 makes of them with spacy.blank('en').
  test.each([
    ["don't cannot gonna it’s Let's", ['do', "n't", 'can', 'not', 'gon', 'na', 'it', '’s', 'Let', "'s"]],
    ['(abc). "hello," she’d', ['(', 'abc', ')', '.', '"', 'hello', ',', '"', 'she', '’d']],
    ['U.S.A. Mr. e.g., end... wait…what', ['U.S.A.', 'Mr.', 'e.g.', ',', 'end', '...', 'wait', '…', 'what']],
    ['$10.50 10km 5% 1990s 10:30 5pm', ['$', '10.50', '10', 'km', '5', '%', '1990s', '10:30', '5', 'pm']],
    ['state-of-the-art a--b -- —', ['state', '-', 'of', '-', 'the', '-', 'art', 'a', '--', 'b', '--', '—']],
    ['http://a.com/b?c=d. foo@bar.com', ['http://a.com/b?c=d', '.', 'foo@bar.com']],
    [
      'foo.Bar foo.bar x=y a/b key:value <div>',
      ['foo', '.', 'Bar', 'foo.bar', 'x', '=', 'y', 'a', '/', 'b', 'key', ':', 'value', '<', 'div', '>'],
    ],
    ['abc:) C++ #tag ## 😀😀', ['abc', ':)', 'C++', '#', 'tag', '#', '#', '😀', '😀']],
    ['日本語のテキスト。これ', ['日本語のテキスト。これ']],
  ])('of %s are those of the English rules', (text, words) => {
    expect(wordsOf(text)).toEqual(words);
  });

  test('put together are the run they were split from', () => {
    fc.assert(
      fc.property(spiky, (text) => {
        for (const run of text.split(/\s+/).filter((piece) => piece !== '')) {
          const ends = wordEnds(run);
          expect(ends.at(-1)).toBe(run.length);
          expect(ends.every((end, index) => end > (ends[index - 1] ?? 0))).toBe(true);
        }
      }),
      { numRuns: runsOf(500) },
    );
  });

  test('do not depend on what the table has seen before', () => {
    const table = new WordTable();
    fc.assert(
      fc.property(spiky, (text) => {
        expect(wordsOf(text, table)).toEqual(wordsOf(text));
        expect(wordsOf(text, table).join('')).toBe(text.replace(/\s/g, ''));
      }),
      { numRuns: runsOf(500) },
    );
  });

  test('are the same after the table was emptied for being too large', () => {
    const table = new WordTable();
    const many = Array.from({ length: 270_000 }, (_, index) => `w${index}`).join(' ');
    expect(wordsOf(many, table)).toHaveLength(270_000);
    expect(wordsOf('the end, and the end', table)).toEqual(['the', 'end', ',', 'and', 'the', 'end']);
    expect(table.numStrings).toBeLessThan(10);
  });

  test('are measured in code points', () => {
    const table = new WordTable();
    table.split('a𝒳b 😀');
    expect(Array.from(table.measures.subarray(0, 2), (measure) => measure >> 2)).toEqual([3, 1]);
    expect(table.numCodePoints).toBe(5);
  });
});

describe('sentences', () => {
  // By the rule-based sentence splitter of spaCy 3.8.
  test.each([
    ['One. Two! Three?', 3],
    ['One... still one', 1],
    ['He said "Stop." Then he left.', 2],
    ['Mr. Smith went. Home.', 2],
    ['no end', 1],
    ['', 1],
    ['One.  "', 2],
    ['One. "', 1],
    ['这是。 那是。', 2],
  ])('in %j are %i', (text, count) => {
    expect(sentencesIn(text)).toBe(count);
  });
});
