import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Tokenizer as ScriptTokenizer } from '@huggingface/tokenizers';
import { describe, expect, test } from 'vitest';
import { digestOfMerges } from '../../bench/tokenizer/children/answering.ts';
import { codeDocuments, firstBytes, proseDocuments } from '../../bench/tokenizer/corpora.ts';
import { GroundworkError } from '../../src/core/index.ts';
import { spellBytes } from '../../src/tokenizer/byte-alphabet.ts';
import { parseTokenizer, patterns, serializeTokenizer, trainTokenizer } from '../../src/tokenizer/index.ts';
import { trainTokenizerInParallel } from '../../src/tokenizer/node.ts';
import { edgeStrings } from './support/edge-text.ts';
import { nativeTokenizers } from './support/hugging-face-pieces.ts';
import { isUndisputed } from './support/reference-splitter.ts';

const texts = [...firstBytes(proseDocuments(), 80_000), ...firstBytes(codeDocuments(), 80_000), ...edgeStrings];
const documents = texts.map((text) => new TextEncoder().encode(text));
const options = { vocabularySize: 2000, specialTokens: ['<|bos|>', '<|end|>'] };
const trained = trainTokenizer(documents, options);

function* batchesOf(size: number): Generator<Uint8Array[]> {
  for (let i = 0; i < documents.length; i += size) yield documents.slice(i, i + size);
}

describe('trainTokenizer', () => {
  test('gives a tokenizer that has the size asked for, compresses, and gives text back', () => {
    expect(trained.vocabularySize).toBe(2000);
    expect([...trained.specialTokens]).toEqual([
      ['<|bos|>', 0],
      ['<|end|>', 1],
    ]);
    for (const text of texts) expect(trained.decode(trained.encode(text))).toBe(text);
    const numTokens = texts.reduce((sum, text) => sum + trained.encode(text).length, 0);
    expect(numTokens).toBeLessThan(documents.reduce((sum, document) => sum + document.length, 0) / 3);
  });

  test('tells the size that it reached where the corpus has too few pairs', () => {
    expect(trainTokenizer([new TextEncoder().encode('abcd')], { vocabularySize: 1000 }).vocabularySize).toBe(259);
  });

  test('does not depend on the order of the documents', () => {
    expect(trainTokenizer(documents.toReversed(), options).fingerprint).toBe(trained.fingerprint);
  });

  test('is the same for any number of workers and any batches', async () => {
    for (const [numWorkers, size] of [
      [1, 100],
      [2, 37],
      [3, 1000],
    ] as const) {
      const parallel = await trainTokenizerInParallel(batchesOf(size), { ...options, numWorkers });
      expect(parallel.fingerprint).toBe(trained.fingerprint);
    }
  });

  test('refuses a pattern that cannot be read before it reads a document', () => {
    const never = {
      [Symbol.iterator]: () => {
        throw new Error('read');
      },
    };
    expect(() => trainTokenizer(never, { ...options, pattern: '(' })).toThrow(GroundworkError);
  });
});

describe('the tokenizer.json of a trained tokenizer', () => {
  test('reads back as the same tokenizer', () => {
    expect(parseTokenizer(serializeTokenizer(trained)).fingerprint).toBe(trained.fingerprint);
  });

  test('gives the same ids in the native tokenizers of Hugging Face', async () => {
    const native = nativeTokenizers.Tokenizer.fromString(serializeTokenizer(trained));
    for (const text of texts) {
      const ids = (await native.encode(text, null, { addSpecialTokens: false })).getIds();
      expect([...trained.encode(text, { special: 'recognise' })]).toEqual(ids);
    }
  });

  test('gives the same ids in the JavaScript tokenizers of Hugging Face', () => {
    // Regular expressions of ECMAScript have no possessive quantifiers, so the pattern must be one without.
    const portable = trainTokenizer(documents, { ...options, pattern: patterns.llama3 });
    const script = new ScriptTokenizer(JSON.parse(serializeTokenizer(portable)), {});
    const compared = texts.filter((text) => !/[\u0085\ufeffſ]/.test(text) && isUndisputed(text));
    expect(compared.length).toBeGreaterThan(texts.length - 10);
    for (const text of compared) {
      const { ids } = script.encode(text, { add_special_tokens: false });
      expect([...portable.encode(text, { special: 'recognise' })]).toEqual(ids);
    }
  });
});

const peer = fileURLToPath(new URL('../../bench/peers/tokenizers-python', import.meta.url));
const python = join(peer, '.venv', 'bin', 'python');
if (!existsSync(python))
  process.stdout.write('skipped: bench/peers/tokenizers-python/setup.sh installs what is tested\n');

describe.skipIf(!existsSync(python))('the Python tokenizers of Hugging Face', () => {
  /** What the peer answers to one request that names a file with these contents. */
  function ask(request: object, field: string, contents: string): unknown {
    const folder = mkdtempSync(join(tmpdir(), 'groundwork-tokenizer-'));
    try {
      const path = join(folder, 'file');
      writeFileSync(path, contents);
      const input = `${JSON.stringify({ ...request, [field]: path })}\n`;
      const { stdout } = spawnSync(python, [join(peer, 'peer.py')], { input, maxBuffer: 2 ** 28, encoding: 'utf8' });
      return JSON.parse(stdout);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  test('give the same ids from the tokenizer.json of a trained tokenizer', () => {
    const { ids } = ask({ command: 'encode', texts }, 'tokenizer', serializeTokenizer(trained)) as { ids: number[][] };
    expect(texts.map((text) => [...trained.encode(text, { special: 'recognise' })])).toEqual(ids);
  });

  test('learn the same merges with a least frequency and a longest token, which they count as one more', () => {
    const request = {
      command: 'train',
      pattern: patterns.gpt4,
      vocabulary_size: 4000,
      special_tokens: options.specialTokens,
      min_frequency: 3,
      max_token_length: 7,
    };
    const theirs = ask(request, 'documents', texts.map((text) => `${JSON.stringify(text)}\n`).join(''));
    const { data, tokenBytes } = trainTokenizer(documents, {
      ...options,
      vocabularySize: 4000,
      minimumFrequency: 3,
      maximumTokenLength: 6,
    });
    const spell = (id = -1) => spellBytes(tokenBytes(id));
    const merges = Array.from({ length: data.merges.length / 2 }, (_, i): [string, string] => [
      spell(data.merges[2 * i]),
      spell(data.merges[2 * i + 1]),
    ]);
    expect(merges.length).toBeGreaterThan(1000);
    expect(theirs).toMatchObject({ numMerges: merges.length, digest: digestOfMerges(merges) });
  });
});
