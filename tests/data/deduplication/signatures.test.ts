import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { randomStream } from '../../../src/core/index.ts';
import { candidateProbability, numBands } from '../../../src/data/deduplication/min-hash.ts';
import { bandOf, documentSignature, SignatureWriter } from '../../../src/data/deduplication/signatures.ts';
import { madeUpWord, oddTexts, slowJaccard, slowWindows } from './slow-reference.ts';

const bandsOf = (text: string): string[] => {
  const { bandKeys } = documentSignature(text);
  return Array.from({ length: numBands }, (_, k) => `${bandKeys[2 * k]} ${bandKeys[2 * k + 1]}`);
};

describe('signatures', () => {
  test('of a block are those of its documents, whatever the block', () => {
    fc.assert(
      fc.property(fc.array(oddTexts, { maxLength: 150 }), fc.nat(150), (texts, cut) => {
        const writer = new SignatureWriter();
        const blocks = [texts.slice(0, cut), texts.slice(cut)].map((part) => {
          for (const text of part) writer.add(text);
          return { part, block: writer.take() };
        });
        for (const { part, block } of blocks) {
          expect(block.numDocuments).toBe(part.length);
          expect(block.exactKeys.length).toBe(4 * part.length);
          expect(block.bandKeys.length).toBe(2 * numBands * part.length);
          part.forEach((text, i) => {
            const alone = documentSignature(text);
            expect(block.exactKeys.slice(4 * i, 4 * i + 4)).toEqual(alone.exactKeys);
            expect(block.shingleCounts[i]).toBe(alone.shingleCounts[0]);
            for (let band = 0; band < numBands; band++) {
              expect(bandOf(block, band).slice(2 * i, 2 * i + 2)).toEqual(bandOf(alone, band));
            }
          });
        }
      }),
      { numRuns: 40 },
    );
  });

  test('hold the first 128 bits of the SHA-256 of the text as it stands', () => {
    for (const text of ['', 'The Union', 'the union', 'Ärger 漢字 \ud800']) {
      const digest = createHash('sha256').update(Buffer.from(text)).digest();
      const { exactKeys } = documentSignature(text);
      expect(Buffer.from(exactKeys.buffer)).toEqual(digest.subarray(0, 16));
    }
  });

  test('count shingles as the slow reference does', () => {
    fc.assert(
      fc.property(oddTexts, (text) => {
        expect(documentSignature(text).shingleCounts[0]).toBe(slowWindows(text, 5).length);
      }),
    );
  });

  test('have band keys that depend on the set of shingles alone', () => {
    const [a, b] = ['one two three four five six', 'seven eight nine ten eleven twelve'];
    const turned = 'one two three four five six one two three four five six';
    expect(bandsOf('ONE, two: three (four) five; six!')).toEqual(bandsOf(a));
    expect(bandsOf(`${turned} ${a}`)).toEqual(bandsOf(turned));
    expect(bandsOf(a).filter((key, k) => key === bandsOf(b)[k])).toEqual([]);
  });

  test('of a document without words have band keys of zeros, and any word changes that', () => {
    expect(new Set(bandsOf(' … '))).toEqual(new Set(['0 0']));
    expect(bandsOf('a')).not.toContain('0 0');
  });

  test('of fifty thousand documents of one word share no band', () => {
    const writer = new SignatureWriter();
    const stream = randomStream(5, 'words');
    for (let i = 0; i < 50_000; i++) writer.add(madeUpWord(stream));
    const block = writer.take();
    for (const band of [0, 13]) {
      const keys = bandOf(block, band);
      const different = new Set<number>();
      for (let i = 0; i < keys.length; i += 2)
        different.add((keys[i] as number) * 2 ** 20 + ((keys[i + 1] as number) >>> 12));
      expect(different.size).toBe(50_000);
    }
  });

  test('without near duplicates leave the band keys out', () => {
    const writer = new SignatureWriter({ near: false });
    for (let i = 0; i < 100; i++) writer.add(`text ${i}`);
    const block = writer.take();
    expect(block.bandKeys.length).toBe(0);
    expect(block.exactKeys.slice(0, 4)).toEqual(documentSignature('text 0').exactKeys);
  });

  test('share a band as often as 1 − (1 − s⁸)¹⁴ says, over the whole range of s', () => {
    const stream = randomStream(7, 's-curve');
    const numPairs = 200;
    for (const target of [0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95]) {
      let [found, expected, variance] = [0, 0, 0];
      for (let pair = 0; pair < numPairs; pair++) {
        // Two documents with a common beginning: J ≈ shared / (shared + 2 · own).
        const shared = 60;
        const own = Math.round((shared * (1 / target - 1)) / 2);
        const start = Array.from({ length: shared }, () => madeUpWord(stream)).join(' ');
        const [one, other] = [0, 1].map(
          () => `${start} ${Array.from({ length: own }, () => madeUpWord(stream)).join(' ')}`,
        );
        const chance = candidateProbability(slowJaccard(one as string, other as string));
        expected += chance;
        variance += chance * (1 - chance);
        const keys = bandsOf(other as string);
        if (bandsOf(one as string).some((key, k) => key === keys[k])) found++;
      }
      // Four standard deviations of the binomial, and half a pair.
      expect(
        Math.abs(found - expected),
        `s = ${target}: ${found} of ${numPairs}, expected ${expected.toFixed(1)}`,
      ).toBeLessThan(4 * Math.sqrt(variance) + 0.5);
    }
  });
});
