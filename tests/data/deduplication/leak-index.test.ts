import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { randomStream } from '../../../src/core/index.ts';
import { LeakIndex } from '../../../src/data/deduplication/leak-index.ts';
import { runsOf } from '../../support/full-tests.ts';
import { madeUpWord, oddTexts, perturb, proseDocuments, slowJaccard } from './slow-reference.ts';

const slowLeak = (validation: readonly string[], text: string, threshold: number): number | undefined => {
  const found = validation.findIndex((other) => slowJaccard(other, text) >= threshold);
  return found < 0 ? undefined : found;
};

describe('the leak index', () => {
  test('finds what the slow reference finds, at any threshold', () => {
    let numFound = 0;
    const scenes = fc
      .record({
        validation: fc.array(oddTexts, { maxLength: 6 }),
        one: oddTexts,
        threshold: fc.constantFrom(0.01, 0.3, 0.5, 0.7, 0.8, 0.9, 1),
        choice: fc.nat(20),
        from: fc.nat(20),
        cut: fc.nat(40),
      })
      .map(({ validation, one, threshold, choice, from, cut }) => {
        const base = validation[choice % Math.max(1, validation.length)] ?? '';
        return {
          validation,
          threshold,
          text: choice < 5 ? one : base.slice(0, from) + base.slice(from + cut) + one.slice(0, cut),
        };
      });
    fc.assert(
      fc.property(scenes, ({ validation, threshold, text }) => {
        const found = LeakIndex.build(validation, threshold).findLeak(text);
        expect(found).toBe(slowLeak(validation, text, threshold));
        if (found !== undefined) numFound++;
      }),
      { numRuns: runsOf(600) },
    );
    expect(numFound).toBeGreaterThan(runsOf(60) / 2);
  });

  test('finds what the slow reference finds among documents that share most of their text', () => {
    const stream = randomStream(3, 'boilerplate');
    const words = (n: number) => Array.from({ length: n }, () => madeUpWord(stream)).join(' ');
    const common = words(60);
    const validation = Array.from({ length: 40 }, () => `${common} ${words(20 + stream.nextInteger(20))}`);
    const index = LeakIndex.build(validation, 0.7);
    let numFound = 0;
    for (let i = 0; i < 90; i++) {
      const base = validation[stream.nextInteger(40)] as string;
      const text = i % 3 === 0 ? `${common} ${words(25)}` : perturb(base, 0.03 * stream.nextUniform(), stream);
      const found = index.findLeak(text);
      expect(found).toBe(slowLeak(validation, text, 0.7));
      if (found !== undefined) numFound++;
    }
    expect(numFound).toBeGreaterThan(30);
    expect(numFound).toBeLessThan(90);
  });

  test('leaves no document of real prose at or above the threshold, and takes no other away', () => {
    const stream = randomStream(11, 'prose');
    const documents = proseDocuments(5);
    const validation = documents.filter((_, i) => i % 97 === 0);
    const index = LeakIndex.build(validation);
    let numFound = 0;
    for (const text of validation) {
      expect(slowJaccard(validation[index.findLeak(text) as number] as string, text)).toBeGreaterThanOrEqual(0.7);
      const other = perturb(text, 0.08 * stream.nextUniform(), stream);
      const isLeak = slowJaccard(text, other) >= 0.7;
      // Another validation document that stands before may be as much alike; none is in this corpus.
      expect(index.findLeak(other) !== undefined).toBe(isLeak);
      if (isLeak) numFound++;
    }
    expect(numFound).toBeGreaterThan(validation.length / 5);
    expect(numFound).toBeLessThan(validation.length * 0.9);
  });

  test('draws the line at the threshold itself', () => {
    const words = (n: number, letter: string) => Array.from({ length: n }, (_, i) => letter.repeat(i + 1)).join(' ');
    // 17 shingles each: 14 of 20 in common are 0.7, 13 of 21 are not.
    const validation = [`${words(18, 'a')} ${words(3, 'b')}`];
    const index = LeakIndex.build(validation, 0.7);
    expect(index.findLeak(`${words(18, 'a')} ${words(3, 'c')}`)).toBe(0);
    expect(index.findLeak(`${words(17, 'a')} ${words(4, 'c')}`)).toBeUndefined();
  });

  test('names the first validation document of several', () => {
    const index = LeakIndex.build(['x', 'one two three', 'ONE, two, three']);
    expect(index.findLeak('one two three!')).toBe(1);
  });

  test('does not count a repeated shingle twice', () => {
    const once = 'a b c d e f';
    const index = LeakIndex.build([once]);
    // {abcde, bcdef} against those two and the four at the seam: 2 / 6.
    expect(index.findLeak(`${once} ${once}`)).toBeUndefined();
    expect(LeakIndex.build([once], 0.33).findLeak(`${once} ${once} ${once}`)).toBe(0);
  });

  test('of nothing finds nothing, and texts without words are like nothing', () => {
    expect(LeakIndex.build([]).findLeak('a b c')).toBeUndefined();
    expect(LeakIndex.build(['', 'a b c']).findLeak('')).toBeUndefined();
    expect(LeakIndex.build(['', 'a b c']).findLeak('a b c')).toBe(1);
  });

  test('answers the same from its data in another thread, over the same memory', () => {
    const validation = proseDocuments(10).slice(0, 300);
    const index = LeakIndex.build(validation);
    const data = structuredClone(index.data);
    expect(data.shingles.buffer).toBeInstanceOf(SharedArrayBuffer);
    const again = LeakIndex.fromData(data);
    for (const text of [...validation, 'something else']) expect(again.findLeak(text)).toBe(index.findLeak(text));
  });
});
