import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WordHasher } from '../../../src/data/deduplication/word-hashes.ts';
import { oddTexts, proseDocuments, slowWords } from './slow-reference.ts';

const hasher = new WordHasher();
const hashesOf = (text: string): string[] => {
  hasher.read(text);
  return Array.from({ length: hasher.numWords }, (_, i) => `${hasher.low[i]} ${hasher.high[i]}`);
};

describe('word hashes', () => {
  test('are one for each word of the normal form, equal exactly where the words are equal', () => {
    const [hashOf, wordOf] = [new Map<string, string>(), new Map<string, string>()];
    const agree = (text: string) => {
      const [words, hashes] = [slowWords(text), hashesOf(text)];
      expect(hashes.length, JSON.stringify(text)).toBe(words.length);
      words.forEach((word, i) => {
        const hash = hashes[i] as string;
        // Not by `expect` alone: there are a million words.
        if ((hashOf.get(word) ?? hash) !== hash || (wordOf.get(hash) ?? word) !== word) expect(hash).toBe(word);
        hashOf.set(word, hash);
        wordOf.set(hash, word);
      });
    };
    fc.assert(fc.property(oddTexts, agree), { numRuns: 500 });
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 80 }), agree), { numRuns: 500 });
    for (const text of proseDocuments(200).slice(0, 40)) agree(text);
    expect(wordOf.size).toBeGreaterThan(5_000);
  });

  test('of every letter of Unicode are those of the normal form', () => {
    // Beyond these lie private and unassigned code points, and the tags of plane 14.
    for (let first = 0; first <= 0x323ff; first += 256) {
      // Of the long rows of ideographs and of Hangul syllables, one part in sixteen.
      const isLongRow = (first >= 0x3500 && first < 0x9f00) || (first >= 0xad00 && first < 0xd700) || first >= 0x20000;
      if (isLongRow && (first >> 8) % 16 !== 0) continue;
      let text = '';
      for (let k = 0; k < 256; k++) text += `${String.fromCodePoint(first + k)}|x`;
      expect(hashesOf(text).length, `from ${first.toString(16)}`).toBe(slowWords(text).length);
      expect(hashesOf(text)).toEqual(hashesOf(slowWords(text).join(' ')));
    }
  });

  test('do not see case, accents, punctuation, digits, soft hyphens and white space', () => {
    expect(hashesOf('Café—NAÏVE, 1862!')).toEqual(hashesOf('  cafe\u0301\nnai\u00adve   0000'));
    expect(hashesOf('Café')).not.toEqual(hashesOf('Cafes'));
    expect(hashesOf('12')).not.toEqual(hashesOf('123'));
  });

  test('see the vowel signs of Indic scripts that have a width', () => {
    expect(hashesOf('की')).not.toEqual(hashesOf('का'));
    expect(hashesOf('की का')).toHaveLength(2);
  });

  test('make a word of each letter in scripts that are written without spaces', () => {
    expect(hashesOf('漢字x')).toEqual(hashesOf('漢 字 x'));
    expect(hashesOf('한국')).toHaveLength(1);
  });

  test('of an empty text and of punctuation alone are none', () => {
    expect(hashesOf('')).toEqual([]);
    expect(hashesOf(' .,;\u00ad\ud800 😀')).toEqual([]);
  });

  test('do not depend on what was read before', () => {
    const before = hashesOf('a short text');
    hashesOf('漢'.repeat(200_000));
    expect(hasher.numWords).toBe(200_000);
    expect(hashesOf('a short text')).toEqual(before);
  });
});
