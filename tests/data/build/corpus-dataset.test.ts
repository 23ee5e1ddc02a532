import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nodeFileSystem } from '../../../src/core/node.ts';
import { datasetOfCorpus, vocabularySizeFor } from '../../../src/data/build/corpus-dataset.ts';
import { openDataset } from '../../../src/data/index.ts';
import { smallTexts } from './small-corpus.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'corpus-dataset-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const datasetOf = (...names: readonly string[]) =>
  datasetOfCorpus({
    inputs: names.map((name) => join(folder, name)),
    parent: join(folder, 'datasets'),
    numWorkers: 2,
    groundworkVersion: '0.0.0',
  });
const writeCorpus = (name: string, files: { readonly [path: string]: string | Uint8Array }) => {
  mkdirSync(join(folder, name));
  for (const [path, contents] of Object.entries(files)) writeFileSync(join(folder, name, path), contents);
};

test.each([
  [40, 320],
  [100_000, 768],
  [1_000_000, 3072],
  [10_000_000, 8192],
  [1e12, 16_384],
])('a vocabulary for %i bytes has %i tokens', (numBytes, size) => {
  expect(vocabularySizeFor(numBytes)).toBe(size);
});

describe('the dataset of a corpus', () => {
  test('is found again, and another text makes another one', async () => {
    const files = Object.fromEntries(smallTexts(20).map(({ text }, number) => [`${number}.txt`, text]));
    writeCorpus('texts', files);
    const first = await datasetOf('texts');
    expect(first.isNew).toBe(true);
    expect(first.folder).toMatch(/texts-[0-9a-f]{8}$/);
    expect(await datasetOf('texts')).toMatchObject({ folder: first.folder, isNew: false });
    writeFileSync(join(folder, 'texts', '0.txt'), `${files['0.txt']} More.`);
    const second = await datasetOf('texts');
    expect(second).toMatchObject({ isNew: true });
    expect(second.folder).not.toBe(first.folder);
  });

  test('holds source code, and what its bytes show to be text, but no pictures', async () => {
    const line = (number: number) => `export const value${number} = compute(${number}, 'name ${number}');\n`;
    const source = Array.from({ length: 80 }, (_, number) => line(number)).join('');
    const picture = new Uint8Array(5000).map((_, at) => at % 251);
    const latin1 = Buffer.from('caf\u00e9 '.repeat(500), 'latin1');
    writeCorpus('mixed', {
      'a.ts': source,
      'b.rs': source.replaceAll('const', 'let'),
      'c.png': picture,
      'd.dat': latin1,
    });
    const built = await datasetOf('mixed');
    expect(built.numBytes).toBe(2 * source.length - 2 * 80);
    const dataset = openDataset(nodeFileSystem, built.folder);
    expect(dataset.report().read.numDocuments).toBeGreaterThan(10);
    expect(dataset.validation.numDocuments).toBeGreaterThan(0);
    dataset.close();
  });

  test('cuts a few long texts, so that some of it can be held out', async () => {
    writeCorpus('book', {
      'book.txt': `${smallTexts(40)
        .map(({ text }) => text)
        .join('\n\n')}\n`,
    });
    const { folder: built, settings } = await datasetOf('book');
    expect(settings.maximumDocumentBytes).toBeLessThan(2 ** 20);
    const dataset = openDataset(nodeFileSystem, built);
    expect(dataset.train.numDocuments).toBeGreaterThan(10);
    expect(dataset.validation.numDocuments).toBeGreaterThan(0);
    dataset.close();
  });

  test('is refused for too little text, with what was passed over', async () => {
    writeCorpus('nothing', { 'a.bin': new Uint8Array(3000), 'b.txt': 'short' });
    await expect(datasetOf('nothing')).rejects.toMatchObject({
      code: 'empty-corpus',
      message: expect.stringContaining('found 5 bytes of text'),
    });
    await expect(datasetOf('nothing')).rejects.toThrow('1 unknown-format');
  });
});
