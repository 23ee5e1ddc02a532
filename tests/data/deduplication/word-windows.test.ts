import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WordHasher } from '../../../src/data/deduplication/word-hashes.ts';
import { WordWindows } from '../../../src/data/deduplication/word-windows.ts';
import { runsOf } from '../../support/full-tests.ts';
import { oddTexts, proseDocuments, slowWindows } from './slow-reference.ts';

const [words, windows] = [new WordHasher(), new WordWindows()];
const hashesOf = (text: string, length: number): string[] => {
  words.read(text);
  windows.read(words, length);
  return Array.from({ length: windows.count }, (_, i) => `${windows.low[i]} ${windows.high[i]}`);
};

describe('word windows', () => {
  test('are those of the slow reference, with equal hashes exactly where the words are equal', () => {
    const known = new Map<string, string>();
    const back = new Map<string, string>();
    const agree = (text: string, length: number) => {
      const [slow, fast] = [slowWindows(text, length), hashesOf(text, length)];
      expect(fast.length).toBe(slow.length);
      slow.forEach((window, i) => {
        const hash = fast[i] as string;
        if ((known.get(window) ?? hash) !== hash || (back.get(hash) ?? window) !== window) expect(hash).toBe(window);
        known.set(window, hash);
        back.set(hash, window);
      });
    };
    fc.assert(fc.property(oddTexts, fc.integer({ min: 1, max: 14 }), agree), { numRuns: runsOf(250) });
    for (const text of proseDocuments(200).slice(0, 20)) agree(text, 5);
    expect(back.size).toBeGreaterThan(10_000);
  });

  test('of the same few words in every order are all different', () => {
    // Every sequence of two words over 13 places: a rolling hash with a weak base merges some of them.
    const seen = new Set<string>();
    for (let bits = 0; bits < 1 << 13; bits++) {
      const text = Array.from({ length: 13 }, (_, i) => ((bits >> i) & 1 ? 'a' : 'b')).join(' ');
      for (const hash of hashesOf(text, 13)) seen.add(hash);
    }
    expect(seen.size).toBe(1 << 13);
  });

  test('have halves that are each spread over all 32 bits', () => {
    const text = Array.from({ length: 20_000 }, (_, i) =>
      `w${i.toString(36)}`.replace(/\d/g, (d) => 'qrstuvwxyz'[Number(d)] ?? ''),
    ).join(' ');
    hashesOf(text, 5);
    const n = windows.count;
    for (const half of [windows.low, windows.high]) {
      for (let bit = 0; bit < 32; bit++) {
        let ones = 0;
        for (let i = 0; i < n; i++) ones += ((half[i] as number) >>> bit) & 1;
        // Five standard deviations of a fair coin.
        expect(Math.abs(ones - n / 2), `bit ${bit}`).toBeLessThan(2.5 * Math.sqrt(n));
      }
    }
  });
});
