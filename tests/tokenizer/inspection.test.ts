import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  compressionOf,
  describeToken,
  displayedPieces,
  inspectTokenizer,
  isUtf8,
  printableJson,
  sampleTexts,
  tokenizerFromData,
  trainTokenizer,
  visibleBytes,
  visibleText,
} from '../../src/tokenizer/index.ts';
import { smallTokenizerData } from './support/small-tokenizer.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);
const esc = String.fromCharCode(0x1b);

/** Bytes that are often nearly UTF-8. */
const strangeBytes = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 3 }).map(utf8),
      fc.uint8Array({ maxLength: 3 }),
      fc.constantFrom('é€', '\u{1f600}', '\u0301', '\u202e', '\u00a0', `${esc}[31m`, '\u009b').map(utf8),
      fc.constantFrom('é€', '\u{1f600}').map((text) => utf8(text).subarray(0, -1)),
      fc.constantFrom([0xed, 0xa0, 0x80], [0xe0, 0x80, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xc0, 0xaf]),
    ),
    { maxLength: 8 },
  )
  .map((parts) => Uint8Array.from(parts.flatMap((part) => [...part])));

describe('text for a terminal', () => {
  test('holds no control, format, private or unassigned character and no half of a pair, whatever the bytes are', () => {
    fc.assert(
      fc.property(strangeBytes, (bytes) => {
        expect(visibleBytes(bytes, { marks: true })).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]|\p{Zs}(?<! )/u);
        expect(visibleBytes(bytes, { marks: false }).replaceAll('\n', '')).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
        expect(printableJson(new TextDecoder().decode(bytes))).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
      }),
    );
  });

  test('gives bytes that are no whole character as hexadecimal, and the characters around them', () => {
    const show = (...bytes: number[]) => visibleBytes(Uint8Array.from(bytes), { marks: true });
    expect(show(0x61, 0xe2, 0x82, 0xac, 0x20, 0xe2, 0x82)).toBe('a€␣⟨E2 82⟩');
    expect(show(0xc0, 0xaf, 0x0a, 0x62)).toBe('⟨C0 AF⟩↵b');
    expect(show(0xed, 0xa0, 0x80)).toBe('⟨ED A0 80⟩');
  });

  test('shows what cannot be seen by signs', () => {
    expect(visibleText(`a\t${esc}[0m\r\u007f\u200d\u00a0`, { marks: false })).toBe('a→␛[0m␍␡⟨U+200D⟩⟨U+00A0⟩');
    expect(visibleText('\u0301x', { marks: false })).toBe('◌\u0301x');
    expect(visibleText('a b\n', { marks: false })).toBe('a b\n');
  });

  test('JSON that is escaped for it still means the same', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(JSON.parse(printableJson({ text }))).toEqual({ text });
      }),
    );
  });

  test('bytes are UTF-8 where a strict decoder takes them', () => {
    fc.assert(
      fc.property(strangeBytes, (bytes) => {
        let isAccepted = true;
        try {
          new TextDecoder('utf-8', { fatal: true }).decode(bytes);
        } catch {
          isAccepted = false;
        }
        expect(isUtf8(bytes)).toBe(isAccepted);
      }),
      { numRuns: 1000 },
    );
  });
});

const small = tokenizerFromData(
  smallTokenizerData({
    merges: [
      ['t', 'h'],
      ['th', 'e'],
      [' ', 'the'],
      ['1', '9'],
      ['!', '!'],
    ],
    specials: ['<|bos|>'],
  }),
);

describe('pieces', () => {
  const show = (text: string, color: boolean, marks = false) =>
    displayedPieces(small, small.encode(text, { special: 'recognise' }), { color, marks });

  test('without colours stand between bars, with marks for blanks and line feeds', () => {
    expect(show('the the 19!!\n<|bos|>é', false)).toBe('the│␣the│␣│19│!!│↵\n<|bos|>│⟨C3⟩│⟨A9⟩');
  });

  test('with colours are the text itself once the colours are taken away', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('t', 'h', 'e', ' ', '\n', '1', '9', '!') }), (text) => {
        const shown = show(text, true);
        expect(shown.replaceAll(new RegExp(`${esc}\\[[0-9;]*m`, 'g'), '')).toBe(text.replace(/\n$/, ''));
      }),
    );
  });

  test('with colours have another behind them than their neighbours, and none at the end of a line', () => {
    const styles = [...show('the the 19', true).matchAll(/48;5;(\d+)m/g)].map(([, color]) => color);
    expect(styles).toHaveLength(4);
    for (const [i, style] of styles.entries()) expect(style).not.toBe(styles[i + 1]);
    expect(show('a\nb', true)).toContain(`${esc}[0m\n${esc}[`);
  });

  test('never pass an escapeape sequence of the text on', () => {
    for (const color of [true, false]) {
      const shown = show(`${esc}[31mred${esc}]0;title\u0007`, color);
      expect(shown).not.toContain(`${esc}[31m`);
      expect(shown).not.toContain(`${esc}]`);
      expect(shown).not.toContain('\u0007');
      expect(shown).toContain('␛');
      expect(shown).toContain('␇');
    }
  });
});

describe('the samples', () => {
  test('are of many kinds, each long enough to tell one vocabulary from another', () => {
    const encoded = sampleTexts.map(({ kind, text }) => ({ kind, text, numBytes: utf8(text).length }));
    expect(new Set(encoded.map(({ kind }) => kind)).size).toBeGreaterThanOrEqual(15);
    for (const { kind, text, numBytes } of encoded) {
      expect(numBytes, kind).toBeGreaterThanOrEqual(500);
      expect(numBytes, kind).toBeLessThanOrEqual(2048);
      expect(text, kind).toBe(text.normalize('NFC'));
      expect(text, kind).toMatch(/^\S[\s\S]*\n$/);
    }
  });
});

describe('compression', () => {
  test('counts bytes and tokens of all documents of a text, for each tokenizer', () => {
    const bytesOnly = tokenizerFromData(smallTokenizerData({ merges: [] }));
    const texts = [{ name: 'two', documents: [utf8('the'), utf8(' the')] }];
    expect(compressionOf(texts, [small, bytesOnly])).toEqual([{ name: 'two', numBytes: 7, numTokens: [2, 7] }]);
  });
});

describe('an inspection', () => {
  const inspected = inspectTokenizer({ name: 'small', tokenizer: small });
  const numOf = (name: string) => inspected.classes.find((one) => one.name === name)?.numTokens ?? 0;

  test('puts every id into one class', () => {
    expect(inspected.classes.reduce((sum, { numTokens }) => sum + numTokens, 0)).toBe(small.vocabularySize);
    expect(numOf('word')).toBe(1);
    expect(numOf('subword')).toBe(26 + 26 + 2);
    expect(numOf('digits')).toBe(10 + 1);
    expect(numOf('part of a character')).toBe(128);
    expect(numOf('white space')).toBe(6);
    expect(numOf('added')).toBe(1);
    expect(numOf('control')).toBe(33 - 5);
    expect(numOf('unused id')).toBe(0);
  });

  test('lists the longest tokens, those that are not text, the special ones and the pattern', () => {
    expect(inspected.longest.slice(0, 2)).toEqual([
      { id: 258, text: ' the', numBytes: 4 },
      { id: 257, text: 'the', numBytes: 3 },
    ]);
    expect(inspected.notUtf8.numTokens).toBe(128);
    expect(inspected.specialTokens).toEqual([{ id: 261, content: '<|bos|>' }]);
    expect(inspected).toMatchObject({ beginToken: 261, patternName: 'gpt4', numMerges: 5 });
    expect(describeToken(small, 0xc3)).toEqual({ id: 0xc3, hexadecimal: 'C3', numBytes: 1 });
  });

  test('tells used from unused tokens by the texts, or by counts', () => {
    expect(inspected.usage).toBeUndefined();
    const texts = [{ name: 'mine', documents: [utf8('the the the\n')] }];
    const { usage } = inspectTokenizer({ name: 'small', tokenizer: small }, { texts });
    expect(usage).toMatchObject({ of: 'mine', numTokens: 4, numUsed: 3, numUnused: 261 - 3 });
    expect(usage?.mostFrequent[0]).toEqual({ id: 258, text: ' the', numBytes: 4, count: 2 });
    expect(usage?.longestUnused.map(({ text }) => text).slice(0, 3)).toEqual(['th', '19', '!!']);
    const counts = new Float64Array(262).fill(1);
    const counted = inspectTokenizer({ name: 'small', tokenizer: small }, { texts, counts: { name: 'all', counts } });
    expect(counted.usage).toMatchObject({ of: 'all', numTokens: 261, numUnused: 0 });
  });

  test('finds the same tokenizer again under another name, and no other', () => {
    const other = trainTokenizer([utf8('the the')], { vocabularySize: 258 });
    const { compression } = inspectTokenizer(
      { name: 'small', tokenizer: small },
      {
        against: [
          { name: 'copy', tokenizer: tokenizerFromData(small.data) },
          { name: 'other', tokenizer: other },
        ],
      },
    );
    expect(compression.tokenizers.map(({ isSame }) => isSame)).toEqual([true, true, false]);
    expect(compression.samples.map(({ name }) => name)).toEqual(sampleTexts.map(({ kind }) => kind));
    expect(compression.total.numTokens[0]).toBe(compression.total.numTokens[1]);
    expect(compression.total.numTokens[0]).toBe(
      compression.samples.reduce((sum, { numTokens }) => sum + (numTokens[0] ?? 0), 0),
    );
  });
});
