import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { byteEncoderOf } from '../../src/tokenizer/byte-encoder.ts';
import { vocabularyIndexOf } from '../../src/tokenizer/byte-strings.ts';
import { patterns, specialToken, tokenizerFromData } from '../../src/tokenizer/index.ts';
import { mergeTableOf } from '../../src/tokenizer/merge-table.ts';
import { wholeTextPattern } from '../../src/tokenizer/patterns.ts';
import { splitterOf } from '../../src/tokenizer/splitter.ts';
import { runsEverything } from '../support/full-tests.ts';
import { edgeStrings, edgeText } from './support/edge-text.ts';
import { referenceMerge } from './support/reference-encoding.ts';
import { smallTokenizerData } from './support/small-tokenizer.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);

const words = smallTokenizerData({
  merges: [
    ['t', 'h'],
    ['th', 'e'],
    [' ', 'the'],
    ['l', 'l'],
    ['h', 'e'],
    ['he', 'll'],
    ['hell', 'o'],
  ],
  specials: ['<|bos|>', '<|bos|>x', '<|user|>'],
});
const tokenizer = tokenizerFromData(words);

/** Merges over three letters, of which some make the same token and some rank below those that make their parts. */
const anyMerges = fc
  .uniqueArray(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 2, maxLength: 6 }), {
    minLength: 1,
    maxLength: 14,
  })
  .chain((tokens) => {
    const known = new Set([...tokens, 'a', 'b', 'c']);
    const pairs = tokens.flatMap((token) =>
      Array.from({ length: token.length - 1 }, (_, at) => [token.slice(0, at + 1), token.slice(at + 1)] as const),
    );
    const usable = pairs.filter(([left, right]) => known.has(left) && known.has(right));
    return fc.record({
      tokens: fc.constant(tokens),
      merges: fc.shuffledSubarray([...usable]),
      ignoreMerges: fc.boolean(),
    });
  });

describe('merging', () => {
  test('gives what merging the slow way gives, for pieces short and long, merges in any order', () => {
    const text = fc.oneof(
      fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 60 }),
      fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 60, maxLength: 200, size: 'max' }),
      fc
        .tuple(fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 4 }), fc.nat(80))
        .map(([part, times]) => part.repeat(times)),
    );
    fc.assert(
      fc.property(anyMerges, fc.array(text, { minLength: 1, maxLength: 4 }), ({ ignoreMerges, ...small }, texts) => {
        const data = smallTokenizerData(small, { ignoreMerges, pattern: wholeTextPattern });
        const fast = tokenizerFromData(data);
        for (const piece of [...texts, ...texts]) {
          if (piece !== '') expect([...fast.encode(piece)]).toEqual(referenceMerge(data, utf8(piece)));
        }
      }),
      { numRuns: runsEverything ? 500 : 60 },
    );
  });

  test('takes the leftmost of equal pairs, in a run of any length', () => {
    const data = smallTokenizerData(
      {
        merges: [
          ['a', 'a'],
          ['aa', 'a'],
        ],
      },
      { pattern: wholeTextPattern },
    );
    const fast = tokenizerFromData(data);
    for (const length of [1, 2, 3, 5, 63, 64, 65, 101, 1001]) {
      const text = 'a'.repeat(length);
      expect([...fast.encode(text)]).toEqual(referenceMerge(data, utf8(text)));
    }
  });

  test('merges a run of one byte as the definition does, in whatever order its merges stand', () => {
    const pairs = [
      ['a', 'a'],
      ['aa', 'aa'],
      ['aa', 'a'],
      ['aaaa', 'aaaa'],
      ['aaaa', 'aa'],
      ['aaaa', 'a'],
      ['aaa', 'aaa'],
      ['aaaaaaaa', 'aaaaaaaa'],
      ['aaaaaaaa', 'a'],
    ] as const;
    fc.assert(
      fc.property(fc.shuffledSubarray([...pairs]), fc.integer({ min: 65, max: 300 }), (chosen, length) => {
        // A merge stands behind those that make its halves; they may make the same token in two ways.
        const made = new Set(['a']);
        const merges = [['a', 'a'], ...chosen].filter(([left = '', right = '']) => {
          const isPossible = made.has(left) && made.has(right) && !made.has(left + right);
          if (isPossible) made.add(left + right);
          return isPossible;
        }) as (readonly [string, string])[];
        const data = smallTokenizerData({ merges }, { pattern: wholeTextPattern });
        const text = 'a'.repeat(length);
        expect([...tokenizerFromData(data).encode(text)]).toEqual(referenceMerge(data, utf8(text)));
      }),
      { numRuns: runsEverything ? 2000 : 200 },
    );
  });

  test('forgets nothing wrongly when more pieces come than are kept', () => {
    const numbers = Array.from({ length: 40_000 }, (_, index) => `w${index.toString(26).replace(/\d/g, 'thell')} the`);
    const text = numbers.join(' ');
    const fresh = tokenizerFromData(words);
    const ids = fresh.encode(text);
    expect(fresh.decode(ids)).toBe(text);
    expect(Buffer.compare(Buffer.from(fresh.encode(text).buffer), Buffer.from(ids.buffer))).toBe(0);
    expect([...fresh.encode(' the hello')]).toEqual([...tokenizer.encode(' the hello')]);
  });

  test('reads a text a few times over where a regular expression cuts it, however many pieces there are', () => {
    const splitter = splitterOf('[a-z]| ');
    let numRead = 0;
    const counting: typeof splitter = {
      ...splitter,
      split(text, start, end, ends) {
        numRead += end - start;
        return splitter.split(text, start, end, ends);
      },
    };
    const index = vocabularyIndexOf(words.tokenBytes, words.tokenOffsets);
    const byteIds = Int32Array.from({ length: 256 }, (_, byte) => byte);
    const encoder = byteEncoderOf(counting, index, mergeTableOf(words, index), byteIds, false);
    const text = utf8('a b '.repeat(50_000));
    encoder.append(text, 0, text.length);
    expect(encoder.take().join()).toBe(text.join());
    expect(numRead).toBeLessThan(4 * text.length);
  });

  test('ends soon for a word of a megabyte and for a megabyte of blanks', () => {
    const bytes = new Uint8Array(1 << 20);
    let state = 1;
    for (let at = 0; at < bytes.length; at++) {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      bytes[at] = 0x61 + ((state >>> 16) % 26);
    }
    expect(Buffer.compare(tokenizer.decodeBytes(tokenizer.encodeBytes(bytes)), bytes)).toBe(0);
    expect(tokenizer.encodeBytes(bytes.fill(0x20)).length).toBe(bytes.length);
  });
});

describe('a tokenizer', () => {
  test('gives back every text that it encodes', () => {
    for (const text of edgeStrings) expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
    fc.assert(
      fc.property(edgeText, (text) => {
        expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
        expect(tokenizer.decode(tokenizer.encode(text, { special: 'recognise' }))).toBe(text);
        expect(tokenizer.encodeBytes(utf8(`x${text}y`), 1, utf8(text).length + 1)).toEqual(tokenizer.encode(text));
      }),
      { numRuns: runsEverything ? 5000 : 500 },
    );
  });

  test('gives the same text however the tokens stream', () => {
    fc.assert(
      fc.property(edgeText, (text) => {
        const stream = tokenizer.decodeStream();
        let streamed = '';
        for (const id of tokenizer.encode(text)) {
          const part = stream.push(id);
          expect(/\p{Surrogate}/u.test(part)).toBe(false);
          expect(part.includes('\ufffd') && !text.includes('\ufffd')).toBe(false);
          streamed += part;
        }
        expect(streamed + stream.flush()).toBe(text);
      }),
    );
  });

  test('writes U+FFFD for half a character at the end, and streams anew after a flush', () => {
    const [first = 0] = tokenizer.encode('é');
    expect(tokenizer.decode([first])).toBe('\ufffd');
    const stream = tokenizer.decodeStream();
    expect([stream.push(first), stream.flush(), stream.push(0x61), stream.flush()]).toEqual(['', '\ufffd', 'a', '']);
  });

  test('keeps a byte order mark', () => {
    expect(tokenizer.decode(tokenizer.encode('\ufeffa'))).toBe('\ufeffa');
    const stream = tokenizer.decodeStream();
    expect([...tokenizer.encode('\ufeff')].map((id) => stream.push(id)).join('')).toBe('\ufeff');
  });

  test('reads a surrogate without its partner as U+FFFD', () => {
    expect(tokenizer.decode(tokenizer.encode('a\ud800b\udc00'))).toBe('a\ufffdb\ufffd');
  });

  test('reads special tokens in text as text unless asked to recognise them, the longest first', () => {
    const text = 'the<|bos|>x<|bos|> hello';
    const asText = tokenizer.encode(text);
    expect([...asText].some((id) => id >= 263)).toBe(false);
    expect(tokenizer.encodeBytes(utf8(text))).toEqual(asText);
    const recognised = tokenizer.encode(text, { special: 'recognise' });
    expect([...recognised].filter((id) => id >= 263)).toEqual([264, 263]);
    expect(tokenizer.decode(recognised)).toBe(text);
    expect(tokenizer.decode(recognised, { special: 'skip' })).toBe('the hello');
  });

  test('knows its special tokens, the one that begins, and its size', () => {
    expect(tokenizer.vocabularySize).toBe(266);
    expect(tokenizer.beginToken).toBe(263);
    expect([...tokenizer.specialTokens]).toEqual([
      ['<|bos|>', 263],
      ['<|bos|>x', 264],
      ['<|user|>', 265],
    ]);
    expect(tokenizer.tokenId(' the')).toBe(258);
    expect(tokenizer.tokenId('<|user|>')).toBe(265);
    expect(tokenizer.tokenId('nothing')).toBeUndefined();
    expect(tokenizer.tokenText(258)).toBe(' the');
    expect(tokenizer.tokenBytes(0xff)).toEqual(Uint8Array.of(0xff));
    expect(tokenizerFromData(smallTokenizerData({ merges: [] })).beginToken).toBeUndefined();
  });

  test.each([266, -1, 1.5, Number.NaN, 2 ** 32])('refuses to decode %s, the id of no token', (id) => {
    for (const act of [
      () => tokenizer.decode([id]),
      () => tokenizer.tokenBytes(id),
      () => tokenizer.decodeStream().push(id),
    ]) {
      expect(act).toThrow(expect.objectContaining({ code: 'invalid-tokenizer' }));
    }
  });

  test('is the same made from data that was posted to another thread', () => {
    const copy = tokenizerFromData(structuredClone(tokenizer.data));
    expect(copy.fingerprint).toBe(tokenizer.fingerprint);
    expect(copy.encode('the hello')).toEqual(tokenizer.encode('the hello'));
  });

  test('has a fingerprint that every rule enters', () => {
    const base = smallTokenizerData({ merges: [['a', 'b']], specials: ['<|bos|>'] });
    const others = [
      { ...base, pattern: patterns.gpt2 },
      { ...base, ignoreMerges: true },
      { ...base, normalization: 'NFC' as const },
      { ...base, prefixSpace: true },
      { ...base, merges: new Uint32Array(0) },
      { ...base, addedTokens: [specialToken(257, '<|eos|>')] },
      smallTokenizerData({ merges: [['b', 'a']], specials: ['<|bos|>'] }),
    ];
    const prints = [base, ...others].map((data) => tokenizerFromData(data).fingerprint);
    expect(new Set(prints).size).toBe(prints.length);
    expect(prints[0]).toMatch(/^[0-9a-f]{64}$/);
  });

  test('puts a blank before text that has none, where that is its rule', () => {
    const prefixed = tokenizerFromData({ ...words, prefixSpace: true, pattern: patterns.gpt2 });
    expect(prefixed.decode(prefixed.encode('the'))).toBe(' the');
    expect(prefixed.decode(prefixed.encodeBytes(utf8(' the')))).toBe(' the');
  });

  test('normalises to form C, where that is its rule', () => {
    const normalising = tokenizerFromData({ ...words, normalization: 'NFC' });
    expect(normalising.decode(normalising.encodeBytes(utf8('e\u0301 Å \uac00')))).toBe('é Å 가');
  });

  test.each([
    ['two tokens are the same bytes', { ...smallTokenizerData({ merges: [] }), tokenBytes: new Uint8Array(256) }],
    [
      'a merge makes no token',
      smallTokenizerData({ merges: [['a', 'b']], tokens: [] }, { merges: Uint32Array.of(97, 98) }),
    ],
    ['a merge names no token', smallTokenizerData({ merges: [] }, { merges: Uint32Array.of(97, 300) })],
    ['an added token lies beyond', smallTokenizerData({ merges: [] }, { addedTokens: [specialToken(300, '<s>')] })],
    ['an added token is there twice', smallTokenizerData({ merges: [], specials: ['<s>', '<s>'] })],
    ['an added token is spelled as a byte', smallTokenizerData({ merges: [], specials: ['<s>', '\u00e9'] })],
    [
      'an added token has the id of another token',
      smallTokenizerData({ merges: [['a', 'b']] }, { addedTokens: [specialToken(256, '<s>')] }),
    ],
    ['a byte has no token', { ...smallTokenizerData({ merges: [] }), tokenOffsets: new Uint32Array(257) }],
  ])('is refused where %s', (_, data) => {
    expect(() => tokenizerFromData(data)).toThrow(expect.objectContaining({ code: 'invalid-tokenizer' }));
  });
});
