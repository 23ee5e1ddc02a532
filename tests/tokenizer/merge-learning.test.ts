import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GroundworkError } from '../../src/core/index.ts';
import { type LearnedMerges, learnMerges, type MergeLearningOptions } from '../../src/tokenizer/merge-learning.ts';
import { PieceCounts } from '../../src/tokenizer/piece-counts.ts';
import { linesOf, spell, trainNatively } from './support/native-training.ts';
import { learnMergesSlowly } from './support/reference-merge-learner.ts';

const none = Number.POSITIVE_INFINITY;

/** Counts of pieces that are given as Latin-1. */
function countsOf(pieces: Iterable<readonly [string, number]>) {
  const counts = new PieceCounts();
  for (const [piece, count] of pieces) counts.add(Buffer.from(piece, 'latin1'), 0, piece.length, count);
  return counts.toData();
}

function learnFrom(pieces: Iterable<readonly [string, number]>, options: MergeLearningOptions): LearnedMerges {
  return learnMerges(countsOf(pieces), options);
}

function latin1(learned: LearnedMerges): [string, string][] {
  const { tokenBytes, tokenOffsets, merges } = learned;
  const text = (id = -1) => Buffer.from(tokenBytes.subarray(tokenOffsets[id], tokenOffsets[id + 1])).toString('latin1');
  return Array.from({ length: merges.length / 2 }, (_, i) => [text(merges[2 * i]), text(merges[2 * i + 1])]);
}

const fewLetters = fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' '), minLength: 1, maxLength: 24 });
const manyBytes = fc.uint8Array({ minLength: 1, maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const corpus = fc
  .array(fc.tuple(fc.oneof(fewLetters, manyBytes), fc.integer({ min: 1, max: 20 })), { minLength: 1, maxLength: 30 })
  .map((pieces) => new Map(pieces));

describe('learnMerges', () => {
  test('learns what counting all pairs anew for each merge learns', () => {
    let numCompared = 0;
    fc.assert(
      fc.property(
        corpus,
        fc.integer({ min: 0, max: 120 }),
        fc.constantFrom(0, 1, 2, 5),
        fc.constantFrom(2, 3, 5, none),
        (pieces, numMerges, minimumFrequency, maximumTokenLength) => {
          const reference = learnMergesSlowly(pieces, { numMerges, minimumFrequency, maximumTokenLength });
          const options = { vocabularySize: 256 + numMerges, minimumFrequency, maximumTokenLength };
          const learned = latin1(learnFrom(pieces, options));
          numCompared += reference.length;
          expect(learned).toEqual(reference);
        },
      ),
      { numRuns: 200, seed: 1 },
    );
    expect(numCompared).toBeGreaterThan(2500);
  });

  test('learns what Hugging Face learns from small corpora, until there is nothing more to merge', () => {
    const letters = fc.constantFrom('a', 'b', 'c');
    const line = fc.string({ unit: letters, minLength: 1, maxLength: 40 });
    const corpora = fc
      .sample(fc.array(line, { minLength: 1, maxLength: 40 }), { numRuns: 100, seed: 2 })
      .map((lines) => `${lines.join('\n')}\n`);
    for (const [i, { merges, vocabulary }] of trainNatively(corpora).entries()) {
      const counts = new PieceCounts();
      for (const piece of linesOf(corpora[i] ?? '')) counts.add(piece, 0, piece.length, 1);
      const learned = spell(learnMerges(counts.toData(), { vocabularySize: 30_000 }));
      expect(learned.merges).toEqual(merges);
      expect(learned.vocabulary.slice(256)).toEqual(vocabulary.filter((token) => token.length > 1));
    }
  });

  test('counts exactly beyond 2³¹', () => {
    const pieces: [string, number][] = [
      ['ab', 2 ** 33 + 1],
      ['cd', 2 ** 33 + 2],
      ['ef', 2 ** 31],
    ];
    expect(latin1(learnFrom(pieces, { vocabularySize: 259 }))).toEqual([
      ['c', 'd'],
      ['a', 'b'],
      ['e', 'f'],
    ]);
  });

  test('gives ids to special tokens first, then to bytes by their characters, then to merges', () => {
    const { tokenBytes, tokenOffsets, vocabularySize } = learnFrom([['ab', 3]], {
      vocabularySize: 259,
      specialTokens: ['<|bos|>', '<|end|>'],
    });
    const bytesOf = (id: number) => [...tokenBytes.subarray(tokenOffsets[id], tokenOffsets[id + 1])];
    expect(vocabularySize).toBe(259);
    expect([0, 1, 2, 3, 2 + 94, 2 + 188, 2 + 188 + 32, 257, 258].map(bytesOf)).toEqual([
      [],
      [],
      [33],
      [34],
      [161],
      [0],
      [32],
      [173],
      [97, 98],
    ]);
  });

  test('merges nothing into the text of a special token', () => {
    const pieces: [string, number][] = [['abc', 9]];
    const { vocabularySize, merges } = learnFrom(pieces, { vocabularySize: 300, specialTokens: ['abc'] });
    expect(vocabularySize).toBe(258);
    expect(merges).toHaveLength(2);
  });

  test('ends with fewer tokens where the corpus has no more pairs', () => {
    expect(learnFrom([['abcd', 1]], { vocabularySize: 1000 }).vocabularySize).toBe(259);
    expect(learnFrom([], { vocabularySize: 1000 }).vocabularySize).toBe(256);
    expect(learnFrom([['abcd', 1]], { vocabularySize: 1000, minimumFrequency: 2 }).vocabularySize).toBe(256);
  });

  test('does as many steps for one long piece as for the same bytes in short ones', () => {
    // Every merge scanning the whole piece would be 10,000 × 200,000 steps, which is minutes.
    let state = 1;
    const random = Buffer.from(
      Uint8Array.from({ length: 200_000 }, () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return 97 + (state >>> 29);
      }),
    ).toString('latin1');
    const learned = learnFrom([[random, 1]], { vocabularySize: 10_256 });
    expect(learned.vocabularySize).toBe(10_256);
    expect(learnFrom([['ab'.repeat(1 << 19), 1]], { vocabularySize: 1000 }).vocabularySize).toBe(256 + 20);
  });

  test.each<[string, MergeLearningOptions]>([
    ['a vocabulary without room for the bytes', { vocabularySize: 256, specialTokens: ['<|bos|>'] }],
    ['a vocabulary that is no whole number', { vocabularySize: 300.5 }],
    ['a special token twice', { vocabularySize: 300, specialTokens: ['<|a|>', '<|a|>'] }],
    ['a special token without text', { vocabularySize: 300, specialTokens: [''] }],
    ['a special token that is a byte', { vocabularySize: 300, specialTokens: ['a'] }],
    ['tokens of one byte', { vocabularySize: 300, maximumTokenLength: 1 }],
    ['a frequency below zero', { vocabularySize: 300, minimumFrequency: -1 }],
  ])('refuses %s', (_, options) => {
    expect(() => learnFrom([['ab', 1]], options)).toThrow(GroundworkError);
  });
});
