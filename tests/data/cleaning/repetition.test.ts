import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { countDuplicates, NgramCounter } from '../../../src/data/cleaning/repetition.ts';
import { WordTable } from '../../../src/data/cleaning/word-table.ts';
import { runsOf } from '../../support/full-tests.ts';

/** The most frequent n-gram, by counting every n-gram as text; of equals the first. */
function slowTop(words: readonly string[], n: number): number {
  const counts = new Map<string, number>();
  for (let i = 0; i + n <= words.length; i++) {
    const ngram = words.slice(i, i + n).join(' ');
    counts.set(ngram, (counts.get(ngram) ?? 0) + 1);
  }
  let best = '';
  for (const [ngram, count] of counts) if (count > (counts.get(best) ?? 0)) best = ngram;
  return best.length * (counts.get(best) ?? 0);
}

/** Reads from left to right and goes past each n-gram that was read before. */
function slowDuplicates(words: readonly string[], n: number): number {
  const seen = new Set<string>();
  let characters = 0;
  for (let i = 0; i + n <= words.length; ) {
    const ngram = words.slice(i, i + n);
    if (seen.has(ngram.join(' '))) {
      characters += ngram.join('').length;
      i += n;
    } else {
      seen.add(ngram.join(' '));
      i++;
    }
  }
  return characters;
}

const repetitive = fc.array(fc.constantFrom('a', 'b', 'cc', 'ddd'), { maxLength: 60 });
const varied = fc.array(
  fc.nat(400).map((number) => `w${number}`),
  { maxLength: 200 },
);
const looped = fc
  .tuple(
    fc.array(
      fc.nat(30).map((number) => `v${number}`),
      { minLength: 1, maxLength: 14 },
    ),
    fc.integer({ min: 1, max: 8 }),
    varied,
  )
  .map(([loop, times, rest]) => [...rest, ...Array.from({ length: times }, () => loop).flat(), ...rest.slice(0, 20)]);

describe('n-grams', () => {
  test.each([
    ['of few words', repetitive],
    ['of many words', varied],
    ['in loops', looped],
  ])('%s are counted as the slow reference counts them', (_, words) => {
    const table = new WordTable();
    const counter = new NgramCounter();
    fc.assert(
      fc.property(words, (list) => {
        table.split(list.join(' '));
        counter.start(table);
        for (let n = 2; n <= 10; n++) {
          const coverage = counter.next();
          expect([n, coverage.topCharacters]).toEqual([n, slowTop(list, n)]);
          expect([n, coverage.duplicateCharacters]).toEqual([n, slowDuplicates(list, n)]);
        }
      }),
      { numRuns: runsOf(300) },
    );
  });

  test('that all occur once have the first as the most frequent', () => {
    const table = new WordTable();
    const counter = new NgramCounter();
    table.split('first second third');
    counter.start(table);
    expect(counter.next()).toEqual({ topCharacters: 'first second'.length, duplicateCharacters: 0 });
  });
});

test('an element counts as repeated from its second occurrence on', () => {
  const found = countDuplicates(['ab', 'c', 'ab', 'ab', ''], (element) => element.length);
  expect(found).toEqual({ numElements: 5, numDuplicates: 2, duplicateCharacters: 4 });
});
