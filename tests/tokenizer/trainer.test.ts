import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Tokenizer as ScriptTokenizer } from '@huggingface/tokenizers';
import { describe, expect, test } from 'vitest';
import { codeDocuments, firstBytes, proseDocuments } from '../../bench/tokenizer/corpora.ts';
import { GroundworkError } from '../../src/core/index.ts';
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

  const peer = fileURLToPath(new URL('../../bench/peers/tokenizers-python', import.meta.url));
  const python = join(peer, '.venv', 'bin', 'python');
  if (!existsSync(python)) process.stdout.write(`skipped in part: ${peer}/setup.sh installs tokenizers for Python\n`);

  test.skipIf(!existsSync(python))('gives the same ids in the Python tokenizers of Hugging Face', () => {
    const folder = mkdtempSync(join(tmpdir(), 'groundwork-tokenizer-'));
    try {
      const path = join(folder, 'tokenizer.json');
      writeFileSync(path, serializeTokenizer(trained));
      const input = `${JSON.stringify({ command: 'encode', tokenizer: path, texts })}\n`;
      const { stdout } = spawnSync(python, [join(peer, 'peer.py')], { input, maxBuffer: 2 ** 28, encoding: 'utf8' });
      const { ids } = JSON.parse(stdout) as { ids: number[][] };
      expect(texts.map((text) => [...trained.encode(text, { special: 'recognise' })])).toEqual(ids);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
