import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PieceCounts } from '../../src/tokenizer/piece-counts.ts';
import { patterns, type Splitter, splitterOf } from '../../src/tokenizer/splitter.ts';

const encoder = new TextEncoder();

function toMap(counts: PieceCounts): Map<string, number> {
  const { bytes, ends, counts: numbers } = counts.toData();
  const text = (i: number) => Buffer.from(bytes.subarray(ends[i - 1] ?? 0, ends[i])).toString('latin1');
  return new Map(Array.from(numbers, (number, i) => [text(i), number]));
}

/** Pieces of three bytes. */
const triples: Splitter = {
  pattern: '…',
  split(_, start, end, ends) {
    let numPieces = 0;
    for (let at = start; at < end && numPieces < ends.length; ) {
      at = Math.min(at + 3, end);
      ends[numPieces++] = at;
    }
    return numPieces;
  },
};

describe('PieceCounts', () => {
  test('counts what a map of strings counts', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), (documents) => {
        const counts = new PieceCounts();
        const expected = new Map<string, number>();
        for (const document of documents) {
          counts.addDocument(triples, document);
          for (let at = 0; at < document.length; at += 3) {
            const piece = Buffer.from(document.subarray(at, at + 3)).toString('latin1');
            expected.set(piece, (expected.get(piece) ?? 0) + 1);
          }
        }
        expect(toMap(counts)).toEqual(expected);
        expect(counts.numPieces).toBe(expected.size);
      }),
    );
  });

  test('grows to a hundred thousand pieces and tells them apart', () => {
    const counts = new PieceCounts();
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 100_000; i++) {
        const piece = encoder.encode(`piece ${i}`);
        counts.add(piece, 0, piece.length, i);
      }
    }
    expect(counts.numPieces).toBe(100_000);
    const map = toMap(counts);
    for (let i = 1; i < 100_000; i += 9973) expect(map.get(`piece ${i}`)).toBe(2 * i);
  });

  test('tells long pieces apart by their last byte', () => {
    const counts = new PieceCounts();
    for (const last of ['a', 'b', 'a', 'a']) {
      const piece = encoder.encode(`${'x'.repeat(100_000)}${last}`);
      counts.add(piece, 0, piece.length, 1);
    }
    expect([...toMap(counts).values()]).toEqual([3, 1]);
  });

  test('lets no piece span two documents', () => {
    const counts = new PieceCounts();
    const splitter = splitterOf(patterns.gpt4);
    for (const text of ['one', 'two', '', 'one two']) counts.addDocument(splitter, encoder.encode(text));
    expect(toMap(counts)).toEqual(
      new Map([
        ['one', 2],
        ['two', 1],
        [' two', 1],
      ]),
    );
  });

  test('goes on where a document has more pieces than are asked for at a time', () => {
    const counts = new PieceCounts();
    counts.addDocument(splitterOf(patterns.gpt4), encoder.encode('1 '.repeat(600_000)));
    expect([...toMap(counts).values()].reduce((sum, count) => sum + count)).toBe(1_200_000);
  });

  test('asks a splitter that reads the rest of a document few times', () => {
    let numRead = 0;
    const readsRest: Splitter = {
      ...triples,
      readsRest: true,
      split(bytes, start, end, ends) {
        numRead += end - start;
        return triples.split(bytes, start, end, ends);
      },
    };
    const document = new Uint8Array(3e6);
    new PieceCounts().addDocument(readsRest, document);
    expect(numRead).toBeLessThan(6 * document.length);
  });

  test('stops where there are more pieces than merges can be learned from', () => {
    const fill = (numPieces: number) => {
      // A piece of seven bytes takes eight places, and one is at the end.
      const counts = new PieceCounts(8 * 100 + 1);
      for (let i = 0; i < numPieces; i++) counts.add(encoder.encode(String(1e6 + i)), 0, 7, 1);
      return counts.numPieces;
    };
    expect(fill(100)).toBe(100);
    expect(() => fill(101)).toThrow(expect.objectContaining({ code: 'out-of-memory' }));
  });

  test('merges to what counting in one place gives, through data that can be transferred', () => {
    const splitter = splitterOf(patterns.gpt4);
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 60 })), fc.nat(), (texts, cut) => {
        const [whole, left, right] = [new PieceCounts(), new PieceCounts(), new PieceCounts()];
        for (const [i, text] of texts.entries()) {
          const document = encoder.encode(text);
          whole.addDocument(splitter, document);
          (i < cut % (texts.length + 1) ? left : right).addDocument(splitter, document);
        }
        const data = right.toData();
        const moved = structuredClone(data, { transfer: [data.bytes.buffer, data.ends.buffer, data.counts.buffer] });
        const merged = PieceCounts.fromData(moved);
        merged.addData(left.toData());
        expect(toMap(merged)).toEqual(toMap(whole));
      }),
    );
  });
});
