import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { byteCharacters } from '../../src/tokenizer/byte-alphabet.ts';
import {
  generationConfigJson,
  gpt2FromFiles,
  parseTokenizer,
  patterns,
  serializeTokenizer,
  tokenizerConfigJson,
  tokenizerFromData,
  tokenizerFromTiktokenRanks,
} from '../../src/tokenizer/index.ts';
import { wholeTextPattern } from '../../src/tokenizer/patterns.ts';
import { runsEverything } from '../support/full-tests.ts';
import { edgeText } from './support/edge-text.ts';
import { nativeTokenizers } from './support/hugging-face-pieces.ts';
import { gpt2, qwen3 } from './support/known-tokenizers.ts';
import { smallTokenizerData } from './support/small-tokenizer.ts';

const merges = [
  ['t', 'h'],
  ['_', '_'],
  ['__', 'p'],
  ['__p', 'r'],
  ['__pr', 'o'],
  ['__pro', 't'],
  ['__prot', 'o'],
  ['__proto', '__'],
  ['1', '2'],
] as const;
const small = tokenizerFromData(smallTokenizerData({ merges, specials: ['<|bos|>', '<|user|>'] }));
const refusal = expect.objectContaining({ code: 'invalid-tokenizer' });

/** The file of the small tokenizer with something changed. */
function changed(change: (file: Record<string, unknown>, model: Record<string, unknown>) => void): string {
  const file = JSON.parse(serializeTokenizer(small)) as Record<string, unknown>;
  change(file, file.model as Record<string, unknown>);
  return JSON.stringify(file);
}

describe('tokenizer.json', () => {
  test('reads back as the same tokenizer', () => {
    const rules = [
      {},
      { ignoreMerges: true },
      { normalization: 'NFC' as const },
      { prefixSpace: true, pattern: patterns.gpt2 },
    ];
    for (const rule of rules) {
      const tokenizer = tokenizerFromData(smallTokenizerData({ merges, specials: ['<|bos|>'] }, rule));
      const copy = parseTokenizer(serializeTokenizer(tokenizer));
      expect(copy.data).toEqual(tokenizer.data);
      expect(copy.fingerprint).toBe(tokenizer.fingerprint);
      expect(serializeTokenizer(copy)).toBe(serializeTokenizer(tokenizer));
    }
  });

  test('is not written where it cannot say what the tokenizer does', () => {
    for (const pattern of [patterns.gpt2, wholeTextPattern]) {
      const kept = tokenizerFromData({ ...small.data, prefixSpace: true, pattern });
      expect(parseTokenizer(serializeTokenizer(kept)).fingerprint).toBe(kept.fingerprint);
    }
    const tokenizer = tokenizerFromData({ ...small.data, prefixSpace: true });
    expect(() => serializeTokenizer(tokenizer)).toThrow(refusal);
  });

  test('keeps published tokenizers as they are', () => {
    for (const tokenizer of [gpt2(), ...(runsEverything ? [qwen3()] : [])]) {
      expect(parseTokenizer(serializeTokenizer(tokenizer)).fingerprint).toBe(tokenizer.fingerprint);
    }
  });

  test('may hold a token spelled __proto__ and tokens that look like numbers', () => {
    const whole = tokenizerFromData({ ...small.data, pattern: wholeTextPattern });
    const copy = parseTokenizer(serializeTokenizer(whole));
    expect([...copy.encode('__proto__')]).toEqual([copy.tokenId('__proto__')]);
    expect([...copy.encode('12')]).toEqual([copy.tokenId('12')]);
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
  });

  test('has the form that Hugging Face reads, with the begin token before a text', async () => {
    const native = nativeTokenizers.Tokenizer.fromString(serializeTokenizer(small));
    const encoding = await native.encode('the<|user|>12', null, { addSpecialTokens: true });
    const ids = [small.beginToken, ...small.encode('the<|user|>12', { special: 'recognise' })];
    expect(encoding.getIds()).toEqual(ids);
    expect(await native.decode(encoding.getIds(), true)).toBe('the12');
  });

  test('has the configuration files that go with it', () => {
    expect(JSON.parse(tokenizerConfigJson(small, { contextLength: 512, chatTemplate: '{{ x }}' }))).toEqual({
      tokenizer_class: 'PreTrainedTokenizerFast',
      bos_token: '<|bos|>',
      eos_token: '<|bos|>',
      model_max_length: 512,
      clean_up_tokenization_spaces: false,
      chat_template: '{{ x }}',
    });
    expect(JSON.parse(generationConfigJson(small))).toMatchObject({ bos_token_id: small.beginToken });
  });

  test('may have its merges as text, as older files have them', () => {
    const old = changed((_, model) => {
      model.merges = (model.merges as string[][]).map((pair) => pair.join(' '));
    });
    expect(parseTokenizer(old).fingerprint).toBe(small.fingerprint);
  });

  test('may have special tokens that are not in the vocabulary, and a byte order mark', () => {
    const file = changed((_, model) => {
      const vocabulary = model.vocab as Record<string, number>;
      delete vocabulary['<|bos|>'];
      delete vocabulary['<|user|>'];
    });
    expect(parseTokenizer(`\ufeff${file}`).fingerprint).toBe(small.fingerprint);
  });

  test('may leave the pieces to ByteLevel', () => {
    const byteLevel = { type: 'ByteLevel', add_prefix_space: false };
    expect(parseTokenizer(changed((file) => Object.assign(file, { pre_tokenizer: byteLevel }))).pattern).toBe(
      patterns.gpt2,
    );
    const whole = changed((file) => Object.assign(file, { pre_tokenizer: { ...byteLevel, use_regex: false } }));
    expect([...parseTokenizer(whole).encode('__pro')]).toEqual([small.tokenId('__pro')]);
  });

  test.each<[string, (file: Record<string, unknown>, model: Record<string, unknown>) => void]>([
    ['Unigram', (_, model) => Object.assign(model, { type: 'Unigram' })],
    ['WordPiece', (_, model) => Object.assign(model, { type: 'WordPiece' })],
    ['no merges', (_, model) => delete model.merges],
    ['byte fallback', (_, model) => Object.assign(model, { byte_fallback: true })],
    ['subword prefixes', (_, model) => Object.assign(model, { continuing_subword_prefix: '##' })],
    ['word ends', (_, model) => Object.assign(model, { end_of_word_suffix: '</w>' })],
    ['dropout', (_, model) => Object.assign(model, { dropout: 0.1 })],
    ['no model', (file) => delete file.model],
    ['a list for a vocabulary', (_, model) => Object.assign(model, { vocab: [['a', 0]] })],
    ['an id that is text', (_, model) => Object.assign(model.vocab as object, { zz: '9' })],
    ['an id below 0', (_, model) => Object.assign(model.vocab as object, { zz: -1 })],
    ['an id past all reason', (_, model) => Object.assign(model.vocab as object, { zz: 2 ** 31 })],
    ['an id given twice', (_, model) => Object.assign(model.vocab as object, { zz: 256 })],
    ['a token that is not bytes', (_, model) => Object.assign(model.vocab as object, { 日: 999 })],
    ['an empty token', (_, model) => Object.assign(model.vocab as object, { '': 999 })],
    ['a byte without a token', (_, model) => delete (model.vocab as Record<string, number>)['!']],
    ['a merge of what is no token', (_, model) => Object.assign(model, { merges: [['zz', 'y']] })],
    ['a merge into what is no token', (_, model) => Object.assign(model, { merges: [['z', 'y']] })],
    ['a merge of three', (_, model) => Object.assign(model, { merges: ['a b c'] })],
    ['a merge of numbers', (_, model) => Object.assign(model, { merges: [[1, 2]] })],
    ['a merge named __proto__', (_, model) => Object.assign(model, { merges: [['__proto__', 'toString']] })],
    ['another normalizer', (file) => Object.assign(file, { normalizer: { type: 'Lowercase' } })],
    ['another decoder', (file) => Object.assign(file, { decoder: { type: 'Metaspace' } })],
    ['no pre-tokenizer', (file) => Object.assign(file, { pre_tokenizer: null })],
    ['another pre-tokenizer', (file) => Object.assign(file, { pre_tokenizer: { type: 'Metaspace' } })],
    [
      'two added tokens with one id',
      (file) =>
        Object.assign(file, {
          added_tokens: [
            { id: 300, content: 'x1' },
            { id: 300, content: 'x2' },
          ],
        }),
    ],
    [
      'an added token with the id of another',
      (file) => Object.assign(file, { added_tokens: [{ id: 5, content: '<x>' }] }),
    ],
    ['an added token with two ids', (file) => Object.assign(file, { added_tokens: [{ id: 999, content: '__' }] })],
  ])('is refused with %s', (_, change) => {
    expect(() => parseTokenizer(changed(change))).toThrow(refusal);
  });

  test.each(['', '{', 'null', '[]', '"x"', '{"model":null}'])('is refused where it is %j', (text) => {
    expect(() => parseTokenizer(text)).toThrow(refusal);
  });

  test('is read or refused, and nothing else, whatever was cut out of it', () => {
    const text = serializeTokenizer(small);
    fc.assert(
      fc.property(fc.nat(text.length), fc.nat(40), (at, length) => {
        try {
          parseTokenizer(text.slice(0, at) + text.slice(at + length));
        } catch (error) {
          expect(error).toEqual(refusal);
        }
      }),
      { numRuns: runsEverything ? 1000 : 100 },
    );
  });
});

describe('added tokens', () => {
  const withTokens = (tokens: readonly Record<string, unknown>[]) =>
    changed((file, model) => {
      file.added_tokens = tokens.map((token, index) => ({
        ...{ id: 265 + index, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
        ...token,
      }));
      const vocabulary = model.vocab as Record<string, number>;
      delete vocabulary['<|bos|>'];
      delete vocabulary['<|user|>'];
      Object.assign(file, { post_processor: null });
    });

  test('are found as Hugging Face finds them', async () => {
    const json = withTokens([
      { content: '<s>', lstrip: true },
      { content: '<e>', rstrip: true, special: false },
      { content: 'word', single_word: true, special: false },
      { content: '<s><s>' },
      { content: 'é1', normalized: true, special: false },
      { content: '\u00e9\u0301', special: false },
    ]);
    const ours = parseTokenizer(json);
    const native = nativeTokenizers.Tokenizer.fromString(json);
    const parts = [
      '<s>',
      '<e>',
      'word',
      '<s><s>',
      'é1',
      'é\u0301',
      ' ',
      '  ',
      '\n',
      '\u00a0',
      'a',
      '_',
      '日',
      '1',
      '<',
      '🙂',
    ];
    const text = fc.array(fc.constantFrom(...parts), { maxLength: 12 }).map((found) => found.join(''));
    await fc.assert(
      fc.asyncProperty(fc.oneof(text, edgeText), async (sample) => {
        const encoding = await native.encode(sample, null, { addSpecialTokens: false });
        expect([...ours.encode(sample, { special: 'recognise' })]).toEqual(encoding.getIds());
      }),
      { numRuns: runsEverything ? 5000 : 300 },
    );
  });

  test.each([
    ['before GPT-4 pieces in form C', { normalizer: { type: 'NFC' } }],
    [
      'before GPT-2 pieces with a blank in front',
      { pre_tokenizer: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true } },
    ],
  ])(
    'that take white space along and want a word of their own are found as Hugging Face finds them, %s',
    async (_, rules) => {
      const json = JSON.stringify({
        ...(JSON.parse(
          withTokens([
            { content: '<m>', lstrip: true, rstrip: true },
            { content: '<w>', single_word: true, rstrip: true },
            { content: 'foo', single_word: true, normalized: true, special: false },
            { content: '<l>', lstrip: true },
            { content: '<r>', rstrip: true },
            { content: 'foo!', normalized: true, special: false },
            { content: '  ', normalized: true, special: false },
            { content: '\t', rstrip: true },
          ]),
        ) as object),
        ...rules,
      });
      const ours = parseTokenizer(json);
      const native = nativeTokenizers.Tokenizer.fromString(json);
      const parts = [
        ...[
          '<m>',
          '<w>',
          '<l>',
          '<r>',
          'foo',
          'Foo',
          'foo!',
          ' ',
          '  ',
          '\t',
          '\n',
          '\r\n',
          '\u00a0',
          '\u3000',
          '\u2028',
        ],
        ...[
          'a',
          '_',
          '1',
          'e\u0301',
          '\u0300',
          '\u200d',
          '\u180e',
          '\ufeff',
          '\u0085',
          '\u001c',
          '😀',
          '각',
          '½',
          'Ⅷ',
          '\u0345',
        ],
      ];
      const text = fc.array(fc.constantFrom(...parts), { maxLength: 12 }).map((found) => found.join(''));
      await fc.assert(
        fc.asyncProperty(text, async (sample) => {
          const encoding = await native.encode(sample, null, { addSpecialTokens: false });
          expect([...ours.encode(sample, { special: 'recognise' })]).toEqual(encoding.getIds());
        }),
        { numRuns: runsEverything ? 10_000 : 500 },
      );
    },
  );

  test('take along white space of any length without reading it again and again', () => {
    const { encode } = parseTokenizer(
      withTokens([
        { content: '<m>', lstrip: true },
        { content: ' ', rstrip: true },
      ]),
    );
    // Quadratic, either would take minutes.
    expect(encode(`${'\u00a0'.repeat(1e5)}x<m>`, { special: 'recognise' })).toHaveLength(2e5 + 2);
    expect(encode(' '.repeat(1e5), { special: 'recognise' })).toHaveLength(1e5);
  });

  test('that are not special are found in ordinary text too', () => {
    const tokenizer = parseTokenizer(withTokens([{ content: '<think>', special: false }, { content: '<s>' }]));
    const bytes = new TextEncoder().encode('a<think><s>');
    expect([...tokenizer.encodeBytes(bytes)]).toEqual([...tokenizer.encode('a<think><s>')]);
    expect([...tokenizer.encodeBytes(bytes)].filter((id) => id >= 265)).toEqual([265]);
  });
});

describe('the files of other makers', () => {
  test('a merge of GPT-2 may begin as the line of the version does, which is the first alone', () => {
    const [version, ...letters] = ['#version', ...'version'];
    const prefixes = letters.map((_, at) => version?.slice(0, at + 2) ?? '');
    const spellings = [...byteCharacters, ...prefixes, '#versionx'];
    const encoder = JSON.stringify(Object.fromEntries(spellings.map((spelling, id) => [spelling, id])));
    const lines = letters.map((letter, at) => `${at === 0 ? '#' : prefixes[at - 1]} ${letter}`);
    const merges = [...lines, '#version x', ''].join('\n');
    for (const file of [`#version: 0.2\n${merges}`, merges]) {
      expect(gpt2FromFiles(encoder, file).data.merges).toHaveLength(2 * 8);
    }
  });

  test.each([
    ['not-base64 0', 'line 1'],
    ['IQ== x', 'line 1'],
    ['IQ== 0\nIg== 0', 'line 2'],
    ['IQ== 0', 'bytes'],
  ])('a .tiktoken file of %j is refused, naming the place', (text, place) => {
    expect(() => tokenizerFromTiktokenRanks(text, { pattern: patterns.gpt4 })).toThrow(refusal);
    expect(() => tokenizerFromTiktokenRanks(text, { pattern: patterns.gpt4 })).toThrow(place);
  });

  test('special tokens of a .tiktoken file may not take the rank of another token', () => {
    const options = { pattern: patterns.gpt4, specialTokens: new Map([['<s>', 0]]) };
    expect(() => tokenizerFromTiktokenRanks('IQ== 0', options)).toThrow(refusal);
  });

  test('GPT-2 from its two files gives the ids that its authors published', () => {
    expect([...gpt2().encode('Hello world')]).toEqual([15496, 995]);
    expect(gpt2().vocabularySize).toBe(50257);
    expect(gpt2().beginToken).toBe(50256);
    expect(() => gpt2FromFiles('{"a": 0}', 'a b')).toThrow(refusal);
    expect(() => gpt2FromFiles('[', '')).toThrow(refusal);
  });
});
