import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodeFileSystem } from '../../src/core/node.ts';
import type { RecordBatch, RecordFormat, RecordStream } from '../../src/data/document.ts';
import {
  openTokenizerSource,
  readTextFile,
  trainVocabulary,
  vocabularyFiles,
  writeVocabulary,
} from '../../src/data/index.ts';
import { characterBoundary, TextSample } from '../../src/data/vocabulary/text-sample.ts';
import { trainTokenizer } from '../../src/tokenizer/index.ts';
import { readTokenizer } from '../../src/tokenizer/node.ts';
import { Crash, faultingFileSystem } from '../support/faulting-file-system.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'groundwork-vocabulary-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const words = ['harbour', 'lantern', 'quiet', 'seven', 'the', 'of', 'storm', 'never'];
const sentence = (seed: number) =>
  Array.from({ length: 40 }, (_, i) => words[(seed * 7 + i * i) % words.length]).join(' ');

/** Records as a reader delivers them, so many in a batch. */
async function* recordsOf(texts: readonly Uint8Array[], format: RecordFormat = 'text', inBatch = 3): RecordStream {
  for (let i = 0; i < texts.length; i += inBatch) {
    const records = texts.slice(i, i + inBatch).map((bytes, k) => {
      return { source: `text-${i + k}`, line: 1, byteOffset: 0, format, bytes };
    });
    yield { records, faults: [], bytesRead: i } satisfies RecordBatch;
  }
}

const options = { vocabularySize: 300, specialTokens: ['<|bos|>'] };

describe('training on a corpus', () => {
  const texts = Array.from({ length: 20 }, (_, i) => utf8(`${sentence(i)} é${i}`));

  test('is training on the texts of its records, each a unit', async () => {
    const trained = await trainVocabulary({ records: recordsOf(texts), numWorkers: 1, ...options });
    expect(trained.tokenizer.fingerprint).toBe(trainTokenizer(texts, options).fingerprint);
    expect(trained).toMatchObject({ numDocuments: 20, isCut: false });
    expect(trained.numBytes).toBe(texts.reduce((sum, { length }) => sum + length, 0));
    expect(trained.sample.numBytes).toBe(trained.numBytes);
    expect(trained.sample.numTokens).toBe(
      texts.reduce((sum, text) => sum + trained.tokenizer.encodeBytes(text).length, 0),
    );
  });

  test('gives the same for any number of workers, also of HTML, which they parse', async () => {
    const pages = texts.map((text) => utf8(`<html><body><p>${new TextDecoder().decode(text)}</p></body></html>`));
    const [one, two] = await Promise.all(
      [1, 2].map((numWorkers) => trainVocabulary({ records: recordsOf(pages, 'html'), numWorkers, ...options })),
    );
    expect(one?.numDocuments).toBe(20);
    expect(two?.tokenizer.fingerprint).toBe(one?.tokenizer.fingerprint);
    expect(two?.numBytes).toBe(one?.numBytes);
  });

  test('ends at the most text, within a document, and not within a character', async () => {
    const records = recordsOf([utf8('abcdef'), utf8('ghéé'), utf8('never')]);
    const trained = await trainVocabulary({ records, numWorkers: 1, maximumBytes: 9, ...options });
    expect(trained).toMatchObject({ numDocuments: 2, numBytes: 8, isCut: true });
    expect(trained.tokenizer.fingerprint).toBe(trainTokenizer([utf8('abcdef'), utf8('gh')], options).fingerprint);
  });

  test('counts records that cannot be read, or stops at the first', async () => {
    const broken = () => recordsOf([utf8('{"text":"a b a b"}'), utf8('{'), utf8('{"body":"x"}')], 'json');
    const { numFaults, numDocuments } = await trainVocabulary({ records: broken(), numWorkers: 1, ...options });
    expect(numDocuments).toBe(1);
    expect([...numFaults]).toEqual([
      ['invalid-json', 1],
      ['missing-field', 1],
    ]);
    const stopping = trainVocabulary({ records: broken(), numWorkers: 1, onFault: 'stop', ...options });
    await expect(stopping).rejects.toMatchObject({ code: 'invalid-document' });
    const empty = trainVocabulary({ records: recordsOf([utf8('{')], 'json'), numWorkers: 1, ...options });
    await expect(empty).rejects.toMatchObject({
      code: 'empty-corpus',
      message: expect.stringContaining('1 invalid-json'),
    });
  });

  test('finds wrong options before it reads anything', async () => {
    let hasRead = false;
    async function* watched(): RecordStream {
      hasRead = true;
      yield* recordsOf(texts);
    }
    for (const [wrong, code] of [
      [{ vocabularySize: 256, specialTokens: ['<|bos|>'] }, 'usage'],
      [{ ...options, specialTokens: ['<|a|>', '<|a|>'] }, 'usage'],
      [{ ...options, pattern: '(' }, 'invalid-tokenizer'],
    ] as const) {
      const training = trainVocabulary({ records: watched(), numWorkers: 1, ...wrong });
      await expect(training).rejects.toMatchObject({ code });
    }
    expect(hasRead).toBe(false);
  });

  test('stops when it is told to', async () => {
    const stop = new AbortController();
    async function* endless(): RecordStream {
      yield* recordsOf(texts);
      stop.abort();
      yield* recordsOf(texts);
    }
    const training = trainVocabulary({ records: endless(), numWorkers: 1, signal: stop.signal, ...options });
    await expect(training).rejects.toMatchObject({ code: 'interrupted' });
  });
});

describe('a sample of a stream', () => {
  test('is spread evenly over it, however long it is', () => {
    fc.assert(
      fc.property(fc.nat({ max: 400 }), fc.integer({ min: 1, max: 20 }), (numDocuments, most) => {
        const sample = new TextSample(most, 100);
        for (let i = 0; i < numDocuments; i++) sample.add(utf8(String(i)));
        const kept = sample.documents.map((document) => Number(new TextDecoder().decode(document)));
        expect(kept.length).toBeLessThanOrEqual(most);
        const stride = kept[1] ?? numDocuments;
        expect(kept).toEqual(
          Array.from({ length: Math.ceil(numDocuments / Math.max(1, stride)) }, (_, i) => i * stride),
        );
      }),
    );
  });

  test('is cut between characters', () => {
    expect([0, 1, 2, 3, 4, 9].map((at) => characterBoundary(utf8('a€b'), at))).toEqual([0, 1, 1, 1, 4, 5]);
  });
});

describe('files', () => {
  const tokenizer = trainTokenizer([utf8('the the')], { vocabularySize: 260, specialTokens: ['<|bos|>'] });

  test('are one for a name in .json, and two in a folder otherwise', () => {
    expect(vocabularyFiles(join(folder, 'a.json'), false)).toEqual({ tokenizer: join(folder, 'a.json') });
    const both = { tokenizer: join(folder, 'b/tokenizer.json'), config: join(folder, 'b/tokenizer_config.json') };
    expect(vocabularyFiles(join(folder, 'b'), false)).toEqual(both);
    writeVocabulary(tokenizer, both);
    expect(readdirSync(join(folder, 'b'))).toEqual(['tokenizer.json', 'tokenizer_config.json']);
    expect(readTokenizer(both.tokenizer).fingerprint).toBe(tokenizer.fingerprint);
    expect(() => vocabularyFiles(join(folder, 'b'), false)).toThrow(/exists already/);
    expect(vocabularyFiles(`${folder}/b/`, true)).toEqual(both);
  });

  test('stay whole at whatever call the process dies', () => {
    const files = { tokenizer: join(folder, 'c/tokenizer.json'), config: join(folder, 'c/tokenizer_config.json') };
    const counting = faultingFileSystem(nodeFileSystem, Number.POSITIVE_INFINITY, 'crash');
    writeVocabulary(tokenizer, files, counting);
    for (let k = 1; k <= counting.numCalls(); k++) {
      rmSync(join(folder, 'c'), { recursive: true });
      expect(() => writeVocabulary(tokenizer, files, faultingFileSystem(nodeFileSystem, k, 'crash'))).toThrow(Crash);
      if (nodeFileSystem.exists(files.tokenizer)) {
        expect(readTokenizer(files.tokenizer).fingerprint).toBe(tokenizer.fingerprint);
        expect(nodeFileSystem.exists(files.config)).toBe(true);
      }
      writeVocabulary(tokenizer, files);
    }
  });

  test('are found by file, by folder and by the name of a published tokenizer', async () => {
    const files = vocabularyFiles(join(folder, 'd'), false);
    writeVocabulary(tokenizer, files);
    for (const path of [files.tokenizer, join(folder, 'd')]) {
      expect((await openTokenizerSource(path)).tokenizer.fingerprint).toBe(tokenizer.fingerprint);
    }
    expect((await openTokenizerSource('gpt2')).tokenizer.vocabularySize).toBe(50257);
    await expect(openTokenizerSource(folder)).rejects.toMatchObject({ code: 'file-not-found' });
    await expect(openTokenizerSource(join(folder, 'none'))).rejects.toMatchObject({ code: 'file-not-found' });
  });

  test('of text are read whole, or refused by name and byte', () => {
    const path = join(folder, 'text');
    writeFileSync(path, 'né');
    expect(readTextFile(nodeFileSystem, path, 3)).toEqual(Buffer.from('né'));
    expect(() => readTextFile(nodeFileSystem, path, 2)).toThrow(/has 3 bytes/);
    expect(() => readTextFile(nodeFileSystem, folder, 9)).toThrow(/is a folder/);
    writeFileSync(path, Uint8Array.of(0x61, 0xff));
    expect(() => readTextFile(nodeFileSystem, path, 9)).toThrow(/text: found 0xff at byte 1, expected UTF-8/);
  });
});
