import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CorpusOptions, readCorpus } from '../../../src/data/readers/corpus-reader.ts';
import { parseRecord } from '../../../src/data/readers/parse-record.ts';
import { collected } from './collected.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'groundwork-parquet-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const numRows = 1000;
const texts = Array.from({ length: numRows }, (_, i) => (i === 7 ? null : `Row ${i}: "café" \n ${i % 13}`));
const whole = Buffer.from(
  parquetWriteBuffer({
    columnData: [
      { name: 'text', data: texts, type: 'STRING', nullable: true },
      { name: 'id', data: texts.map((_, i) => 2n ** 60n + BigInt(i)), type: 'INT64' },
      { name: 'when', data: texts.map(() => new Date(0)), type: 'TIMESTAMP' },
      { name: 'unread', data: texts.map((_, i) => i / 3), type: 'DOUBLE' },
    ],
    rowGroupSize: 300,
  }),
);
function read(bytes: Uint8Array, options: CorpusOptions = {}, name = 'a.parquet') {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return collected(readCorpus([path], options));
}

describe('Parquet', () => {
  test('gives a record for each row, with 64-bit integers in full and dates in ISO 8601', async () => {
    const metadataFields = ['id', 'when', 'absent'];
    for (const name of ['a.parquet', 'no-extension']) {
      const { records, faults } = await read(whole, { metadataFields }, name);
      expect(faults).toEqual([]);
      expect(records.length).toBe(numRows);
      const parsed = records.map((record) => parseRecord(record, { metadataFields }));
      expect(parsed[5]).toEqual({
        source: name,
        line: 6,
        byteOffset: 0,
        text: texts[5],
        metadata: { id: String(2n ** 60n + 5n), when: '1970-01-01T00:00:00.000Z' },
      });
      expect(parsed[7]).toMatchObject({ kind: 'missing-field', line: 8 });
      expect(parsed.at(-1)).toMatchObject({ text: texts.at(-1), line: numRows });
    }
  });

  test('without the column is one fault that names the columns there are', async () => {
    const { records, faults } = await read(whole, { textField: 'body.en' });
    expect(records).toEqual([]);
    expect(faults).toMatchObject([
      { kind: 'missing-field', message: expect.stringContaining('text, id, when, unread') as string },
    ]);
  });

  test('that is cut gives a fault that names it', async () => {
    for (const at of [0, 11, whole.length - 1]) {
      const { records, faults } = await read(whole.subarray(0, at));
      expect(records).toEqual([]);
      expect(faults, `cut at ${at}`).toMatchObject([{ source: 'a.parquet', kind: 'invalid-parquet', line: 1 }]);
    }
  });

  test('with a broken row group gives the rows of the others', async () => {
    const changed = Buffer.from(whole);
    changed.fill(0xff, 4, 40);
    const { records, faults } = await read(changed);
    expect(faults).toMatchObject([{ kind: 'invalid-parquet', line: 1 }]);
    expect(records.map(({ line }) => line)).toEqual(Array.from({ length: 700 }, (_, i) => i + 301));
  });

  test('with a row above the limit, or with text that is no UTF-8, loses that row', async () => {
    const bytes = Buffer.from(
      parquetWriteBuffer({
        columnData: [
          {
            name: 'text',
            data: [Buffer.from('good'), Buffer.alloc(500, 0x61), Buffer.from([0xff]), Buffer.from('end')],
            type: 'BYTE_ARRAY',
          },
        ],
      }),
    );
    const { records, faults } = await read(bytes, { maximumDocumentBytes: 100 });
    expect(records.map(({ line }) => line)).toEqual([1, 4]);
    expect(faults.map(({ line, kind }) => `${line} ${kind}`)).toEqual(['2 oversized', '3 invalid-utf8']);
  });

  test('needs a file of its own', async () => {
    await expect(read(gzipSync(whole), {}, 'a.parquet.gz')).rejects.toMatchObject({ code: 'invalid-document' });
    const standardInput = (async function* () {
      yield whole;
    })();
    await expect(collected(readCorpus(['-'], { standardInput }))).rejects.toMatchObject({ code: 'invalid-document' });
  });
});
