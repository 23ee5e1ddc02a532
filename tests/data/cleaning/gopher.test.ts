import { describe, expect, test } from 'vitest';
import { cleanBy, differentWords, ruleOf } from './cleaning-support.ts';

/** Kept by every rule of Gopher: words of 5 letters with the stop words among them. */
const prose = (count: number): string => ['the', 'and', ...differentWords(count - 2)].join(' ');

describe('Gopher quality', () => {
  test.each([
    ['too-few-words', prose(49), prose(50)],
    ['too-many-words', prose(100_001), prose(100_000)],
    [
      'short-words',
      `the and ${differentWords(98, 2)
        .map((word) => word.slice(-2))
        .join(' ')}`,
      `the and ${differentWords(98, 3).join(' ')}`,
    ],
    [
      'long-words',
      ['the', 'and', ...differentWords(98, 11)].join(' '),
      ['the', 'and', ...differentWords(98, 10)].join(' '),
    ],
    // A # is a word of its own where it stands at an end, and none within one: 100 words with 11 and with 10.
    ['hashes', prose(100).replace(/q(?=\w\b)/g, (q, at: number) => (at < 6 * 13 ? '#' : q)), prose(100)],
    ['bullet-lines', `${prose(60)}\n${'- the\n'.repeat(10)}`, `${prose(60)}\n${'- the\n'.repeat(9)}`],
    ['ellipsis-lines', `${prose(60)}\n${prose(30)}\nto the...`, `${prose(60)}\n${prose(30)}\n${prose(9)}\nto the…`],
    ['non-alphabetic-words', `${prose(79)} ${'12 '.repeat(21)}`, `${prose(80)} ${'12 '.repeat(20)}`],
    ['too-few-stop-words', `the ${differentWords(60).join(' ')}`, `the with ${differentWords(60).join(' ')}`],
  ])('removes by %s beyond the border and not at it', async (rule, removed, kept) => {
    const clean = await cleanBy('gopher-quality');
    expect(ruleOf(clean(removed))).toBe(rule);
    expect(ruleOf(clean(kept))).toBe('kept');
  });

  test('counts ellipses of both kinds per word', async () => {
    const clean = await cleanBy('gopher-quality', 'maxEllipsisLines=off');
    const words = differentWords(88).join(' ');
    // 90 words and 10 ellipses, which are words too: 0.1 a word.
    expect(ruleOf(clean(`the and ${words} ${'... … '.repeat(5)}`))).toBe('kept');
    expect(ruleOf(clean(`the and ${words} ${'... … '.repeat(5)}…`))).toBe('ellipses');
  });

  test('does not count symbols as words', async () => {
    const clean = await cleanBy('gopher-quality', 'minAlphabeticWords=off');
    expect(ruleOf(clean(`${prose(49)} , ; : — %`))).toBe('too-few-words');
  });

  test('knows stop words in lower case only', async () => {
    const clean = await cleanBy('gopher-quality');
    expect(ruleOf(clean(`The And ${differentWords(60).join(' ')}`))).toBe('too-few-stop-words');
  });

  test('takes other thresholds and other stop words', async () => {
    const clean = await cleanBy('gopher-quality', 'minWords=5', 'stopWords=qqqqa,qqqqb');
    expect(ruleOf(clean(differentWords(5).join(' ')))).toBe('kept');
    expect(ruleOf(clean(differentWords(4).join(' ')))).toBe('too-few-words');
  });
});

const repetitionOptions = [
  'maxDuplicateLines',
  'maxDuplicateParagraphs',
  'maxDuplicateLineCharacters',
  'maxDuplicateParagraphCharacters',
  ...[2, 3, 4].map((n) => `maxTop${n}gram`),
  ...[5, 6, 7, 8, 9, 10].map((n) => `maxDuplicate${n}grams`),
];
/** Repetition with one rule alone, at its published threshold. */
const byRule = (option: string) =>
  cleanBy('gopher-repetition', ...repetitionOptions.filter((name) => name !== option).map((name) => `${name}=off`));

describe('Gopher repetition', () => {
  test.each([
    // Of 10 elements, 4 repeat; 3 of 10 are the border.
    ['duplicate-paragraphs', 'maxDuplicateParagraphs', '\n\n'],
    ['duplicate-lines', 'maxDuplicateLines', '\n'],
  ])('removes by %s beyond 3 of 10 and not at it', async (rule, option, separator) => {
    const clean = await byRule(option);
    const different = differentWords(8);
    expect(ruleOf(clean([...different.slice(0, 5), 'a', 'a', 'a', 'a', 'a'].join(separator)))).toBe(rule);
    expect(ruleOf(clean([...different.slice(0, 6), 'a', 'a', 'a', 'a'].join(separator)))).toBe('kept');
  });

  test.each([
    ['duplicate-paragraph-characters', 'maxDuplicateParagraphCharacters', '\n\n'],
    ['duplicate-line-characters', 'maxDuplicateLineCharacters', '\n'],
  ])('removes by %s beyond a fifth of the text and not at it', async (rule, option, separator) => {
    const clean = await byRule(option);
    const text = (size: number): string => {
      const repeated = ['x'.repeat(20), 'x'.repeat(20), ''].join(separator);
      return repeated + 'y'.repeat(size - repeated.length);
    };
    expect(ruleOf(clean(text(100)))).toBe('kept');
    expect(ruleOf(clean(text(99)))).toBe(rule);
  });

  test.each([
    [2, 0.2],
    [3, 0.18],
    [4, 0.16],
  ])('removes where the most frequent %i-gram covers more than %f of the text', async (n, share) => {
    const clean = await byRule(`maxTop${n}gram`);
    // 9 characters three times, of a text in which nothing else repeats.
    const ngram = { 2: 'abcd efgh', 3: 'abc def g', 4: 'abc d e f' }[n] as string;
    const text = (size: number): string => {
      const start = differentWords(3)
        .map((word) => `${ngram} ${word} `)
        .join('');
      return start + 'z'.repeat(size - start.length);
    };
    const border = (ngram.length * 3) / share;
    expect(ruleOf(clean(text(Math.ceil(border - 1e-9))))).toBe('kept');
    expect(ruleOf(clean(text(Math.ceil(border - 1e-9) - 1)))).toBe(`top-${n}gram`);
  });

  test.each([
    [5, 0.15],
    [6, 0.14],
    [7, 0.13],
    [8, 0.12],
    [9, 0.11],
    [10, 0.1],
  ])('removes where repeated %i-grams hold more than %f of the text', async (n, share) => {
    const clean = await byRule(`maxDuplicate${n}grams`);
    const ngram = differentWords(n, 6).join(' ');
    const text = (size: number): string => `${ngram} middle ${ngram} ${'z'.repeat(size - 2 * ngram.length - 9)}`;
    const border = Math.ceil((6 * n) / share - 1e-9);
    expect(ruleOf(clean(text(border)))).toBe('kept');
    expect(ruleOf(clean(text(border - 1)))).toBe(`duplicate-${n}grams`);
  });

  test('counts an emoji as one character', async () => {
    const clean = await byRule('maxDuplicateLineCharacters');
    // 10 of 50 code points are a fifth; in UTF-16 units they would be 10 of 78.
    expect(ruleOf(clean(`${'a'.repeat(10)}\n${'😀'.repeat(28)}\n${'a'.repeat(10)}`))).toBe('kept');
    expect(ruleOf(clean(`${'a'.repeat(10)}\n${'😀'.repeat(27)}\n${'a'.repeat(10)}`))).toBe('duplicate-line-characters');
  });
});
