import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readRData } from '../../../src/data/demos/r-data.ts';
import { rDataFiles } from './r-file.ts';

test('vectors of text come back as they were written, in both versions of the format', () => {
  const line = fc.option(fc.string({ unit: 'grapheme' }));
  const datasets = fc.dictionary(fc.stringMatching(/^[a-z]{1,12}$/), fc.array(line), { noNullPrototype: true });
  fc.assert(
    fc.property(datasets, fc.constantFrom(2 as const, 3 as const), (written, version) => {
      const { rdx, rdb } = rDataFiles(written, version);
      expect(Object.fromEntries(readRData(rdx, rdb))).toEqual(written);
    }),
  );
});

test('what is no such file is refused as a document that cannot be read', () => {
  const { rdx, rdb } = rDataFiles({ emma: ['EMMA'] });
  expect(() => readRData(gzipSync('RDA2'), rdb)).toThrow(expect.objectContaining({ code: 'invalid-document' }));
  for (const broken of [rdx.subarray(0, 40), Buffer.from('not compressed')]) {
    expect(() => readRData(broken, rdb)).toThrow(expect.objectContaining({ code: 'invalid-document' }));
  }
  expect(() => readRData(rdx, rdb.subarray(0, 10))).toThrow(expect.objectContaining({ code: 'invalid-document' }));
});
