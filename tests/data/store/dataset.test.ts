import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nodeFileSystem } from '../../../src/core/node.ts';
import { openDataset } from '../../../src/data/store/dataset.ts';
import { encodeShard, joinShards } from '../../../src/data/store/shard.ts';
import { verifyDataset } from '../../../src/data/store/verification.ts';
import { parseTokenizer } from '../../../src/tokenizer/index.ts';
import { expectRefusal, refusalOf } from '../../support/expect-refusal.ts';
import { isFlushed, memoryFiles } from './memory-files.ts';
import { beginToken, byteDocument, byteTokenizer, emptyReport, writeSmallDataset } from './small-dataset.ts';
import { temporaryFolder } from './temporary-folder.ts';

const texts = fc.array(fc.array(fc.string({ unit: 'binary', maxLength: 12 }), { maxLength: 6 }), { maxLength: 5 });
const tokensOf = (text: string): number[] => [beginToken, ...new TextEncoder().encode(text)];

describe('openDataset', () => {
  test('reads any range of tokens, the documents and the validation text as they were written', () => {
    fc.assert(
      fc.property(texts, texts, fc.constantFrom(257, 70_000), fc.nat(), fc.nat(), (train, validation, size, a, b) => {
        const fs = memoryFiles();
        writeSmallDataset(fs, '/d', { train, validation, vocabularySize: size });
        expect(verifyDataset(fs, '/d', { deep: true })).toEqual([]);
        const dataset = openDataset(fs, '/d');
        for (const [part, documents] of [
          [dataset.train, train.flat()],
          [dataset.validation, validation.flat()],
        ] as const) {
          const all = documents.flatMap(tokensOf);
          expect(part.numTokens).toBe(all.length);
          expect(part.numDocuments).toBe(documents.length);
          const start = a % (all.length + 1);
          const length = b % (all.length - start + 1);
          const into = new Int32Array(length + 2).fill(-7);
          part.readTokens(start, length, into, 1);
          expect([...into]).toEqual([-7, ...all.slice(start, start + length), -7]);
          const expected: number[][] = [];
          const found: number[][] = [];
          let position = 0;
          documents.forEach((text, number) => {
            const tokens = tokensOf(text);
            const end = position + tokens.length;
            expected.push([position, end, tokens.length - 1, ...tokens], ...tokens.map(() => [number, end]));
            const bounds = [part.documentStart(number), part.documentEnd(number), part.documentBytes(number)];
            found.push([...bounds, ...part.documentTokens(number)]);
            for (; position < end; position++) found.push([part.documentOf(position), part.documentEndAfter(position)]);
          });
          expect(found).toEqual(expected);
        }
        validation.flat().forEach((text, number) => {
          expect([...dataset.validationText(number)]).toEqual([...new TextEncoder().encode(text)]);
        });
        dataset.close();
      }),
      { numRuns: 100 },
    );
  });

  test('reads from a real disk, with more shards than files may be open', () => {
    const folder = temporaryFolder();
    const train = Array.from({ length: 70 }, (_, i) => [`document ${i}`]);
    writeSmallDataset(nodeFileSystem, folder, { train, validation: [['ä']] });
    const dataset = openDataset(nodeFileSystem, folder);
    const into = new Uint32Array(dataset.train.numTokens);
    for (let pass = 0; pass < 2; pass++) {
      dataset.train.readTokens(0, into.length, into);
      expect([...into]).toEqual(train.flat().flatMap(tokensOf));
    }
    expect(parseTokenizer(dataset.tokenizer()).fingerprint).toBe(byteTokenizer(257).fingerprint);
    expect(dataset.report()).toEqual(emptyReport);
    expect(Buffer.from(dataset.validationText(0)).toString()).toBe('ä');
    dataset.close();
    expect(verifyDataset(nodeFileSystem, folder, { deep: true })).toEqual([]);
  });

  test('says that there is no dataset where there is no folder', () => {
    expectRefusal(
      refusalOf(() => openDataset(memoryFiles(), '/none')),
      'file-not-found',
    );
  });
});

describe('the writer', () => {
  test('gives equal bytes for equal contents, however the documents were divided among workers', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1 }), fc.nat(), fc.boolean(), (documents, cut, isWide) => {
        const encoding = { vocabularySize: isWide ? 70_000 : 300, beginToken };
        const encode = (some: readonly string[]) => encodeShard(some.map(byteDocument), encoding);
        const at = cut % (documents.length + 1);
        const joined = joinShards([encode(documents.slice(0, at)), encode(documents.slice(at))]);
        expect(joined).toEqual(encode(documents));
      }),
    );
  });

  test('writes byte-identical datasets from equal contents', () => {
    const write = () => {
      const fs = memoryFiles();
      writeSmallDataset(fs, '/d', { train: [['one', 'two'], ['three']], validation: [['four']] });
      return [...fs.files].map(([path, bytes]) => [path, Buffer.from(bytes).toString('hex')]);
    };
    expect(write()).toEqual(write());
  });

  test('flushes each file before it gets its name, each folder after, and writes the manifest last', () => {
    const fs = memoryFiles();
    writeSmallDataset(fs, '/d', { train: [['one'], ['two']], validation: [['three']] });
    const renames = fs.calls.filter((call) => call.startsWith('rename '));
    expect(renames).toHaveLength(fs.files.size);
    for (const path of fs.files.keys()) {
      const sync = fs.calls.indexOf(`sync ${path}.tmp`);
      const rename = fs.calls.indexOf(`rename ${path}.tmp ${path}`);
      expect(sync).toBeGreaterThan(fs.calls.lastIndexOf(`write ${path}.tmp`));
      expect(rename).toBeGreaterThan(sync);
      expect(isFlushed(fs.calls, path), path).toBe(true);
    }
    expect(renames.at(-1)).toBe('rename /d/dataset.json.tmp /d/dataset.json');
  });

  test('leaves no dataset or the whole one, at whichever call the machine stops', () => {
    const contents = { train: [['one', 'two'], ['three']], validation: [['four']] };
    const whole = memoryFiles();
    writeSmallDataset(whole, '/d', contents);
    let numWhole = 0;
    for (let k = 0; k < whole.calls.length; k++) {
      const fs = memoryFiles(new Map(), k);
      expect(() => writeSmallDataset(fs, '/d', contents)).toThrow('stopped at');
      const after = memoryFiles(fs.files);
      if (verifyDataset(after, '/d', { deep: true }).length === 0) numWhole++;
      else expect(fs.files.has('/d/dataset.json')).toBe(false);
      writeSmallDataset(after, '/d', contents);
      expect(new Map([...after.files].sort())).toEqual(new Map([...whole.files].sort()));
    }
    // Only the flush of the folder comes after the manifest has its name.
    expect(numWhole).toBe(1);
  });

  test('takes a token outside of the vocabulary for a fault of ours', () => {
    const encode = (token: number) =>
      encodeShard([{ tokens: [token], numBytes: 1 }], { vocabularySize: 300, beginToken });
    expect(() => encode(300)).toThrow('token 300 is not in 0 … 299');
    expect(() => encode(-1)).toThrow('token -1');
    expect(() => encode(Number.NaN)).toThrow('token NaN');
  });
});
