import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type BookForm, bookChapters, paragraphRuns } from '../../../src/data/demos/paragraphs.ts';

const form: BookForm = { chapterHeading: /^CHAPTER \d/, end: /^THE END/ };
const textsOf = (lines: readonly string[]) =>
  bookChapters(lines, form).map((paragraphs) => paragraphs.map(({ text }) => text));

test('wrapped lines become paragraphs of one line, chapter by chapter', () => {
  const lines = [
    'A title',
    '',
    'CHAPTER 1',
    'with a heading',
    '',
    'It was  a',
    'dark night.',
    '',
    'CHAPTER 2',
    '',
    'End.',
  ];
  expect(textsOf([...lines, 'THE END', '', 'left out'])).toEqual([['It was a dark night.'], ['End.']]);
});

test('words broken at their own hyphen and dashes at the end of a line are joined without a space', () => {
  expect(textsOf(['CHAPTER 1', '', 'a well-', 'known man--', 'he, and I -', 'too'])).toEqual([
    ['a well-known man--he, and I - too'],
  ]);
});

test('verse keeps its lines, prose with short lines does not', () => {
  const verse = ['"The ribs and terrors in the whale,', '  Arched over me a dismal gloom,'];
  expect(textsOf(['CHAPTER 1', '', ...verse, '', 'short lines', 'of prose.'])).toEqual([
    ['"The ribs and terrors in the whale,\nArched over me a dismal gloom,', 'short lines of prose.'],
  ]);
});

test('headings, numbers, stars, notes and footnotes are left out', () => {
  const lines = [
    'VOLUME II',
    '',
    'IV.',
    '',
    '* * *',
    '',
    '[At this point volume 1 ends.]',
    '',
    '(End of volume one.)',
    '',
  ];
  const kept = ['He _said_ so.* [* a note]', '', 'NO!'];
  expect(textsOf(['CHAPTER 1', '', ...lines, ...kept])).toEqual([['He said so.', 'NO!']]);
});

test('a paragraph lies at its line and byte', () => {
  const lines = ['CHAPTER 1', '', 'Früh.', '', 'Late.'];
  expect(bookChapters(lines, form)[0]).toEqual([
    { text: 'Fruh.', line: 3, byteOffset: 11 },
    { text: 'Late.', line: 5, byteOffset: 19 },
  ]);
});

test('runs hold all paragraphs in order, each of the least length, unless the chapter is shorter', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 })), (lengths) => {
      const paragraphs = lengths.map((length, line) => ({ text: 'x'.repeat(length), line, byteOffset: 0 }));
      const runs = paragraphRuns(paragraphs, 50);
      expect(runs.flat()).toEqual(paragraphs);
      const sizes = runs.map((run) => run.reduce((sum, { text }) => sum + text.length, 0));
      for (const size of sizes.slice(0, -1)) expect(size).toBeGreaterThanOrEqual(50);
      if (sizes.length > 1) expect(sizes.at(-1)).toBeGreaterThanOrEqual(25);
    }),
  );
});
