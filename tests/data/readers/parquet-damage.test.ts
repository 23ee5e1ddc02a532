import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parquetMetadata } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultParquetLimits, type ParquetLimits, readParquet } from '../../../src/data/readers/parquet-reader.ts';
import { BatchBuilder } from '../../../src/data/readers/record-batches.ts';
import { runsEverything } from '../../support/full-tests.ts';
import { type Collected, collected } from './collected.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'groundwork-parquet-damage-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function read(bytes: Uint8Array, limits: Partial<ParquetLimits> = {}): Promise<Collected> {
  const path = join(folder, 'a.parquet');
  writeFileSync(path, bytes);
  const handle = await open(path);
  try {
    const builder = new BatchBuilder();
    const batches = readParquet('a.parquet', handle, { metadataFields: ['id'] }, 2 ** 20, builder, {
      ...defaultParquetLimits,
      ...limits,
    });
    return await collected(
      (async function* () {
        yield* batches;
        yield builder.take();
      })(),
    );
  } finally {
    await handle.close();
  }
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const changed = Uint8Array.from(bytes);
  changed[at] = (changed[at] ?? 0) ^ 0xff;
  return changed;
}

function footerOf(bytes: Uint8Array): number {
  return bytes.length - 8 - Buffer.from(bytes).readUInt32LE(bytes.length - 8);
}

const numRows = 60;
const texts = Array.from({ length: numRows }, (_, i) => (i % 9 === 7 ? null : `Row ${i % 11}: "café" ${i % 4}`));
function written(codec: 'UNCOMPRESSED' | 'SNAPPY' | 'GZIP', encoding: 'PLAIN' | 'RLE_DICTIONARY'): Uint8Array {
  return new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: 'text', data: texts, type: 'STRING', nullable: true, encoding },
        { name: 'id', data: texts.map((_, i) => BigInt(i)), type: 'INT64' },
      ],
      codec,
      compressors: { GZIP: (input) => gzipSync(input) },
      rowGroupSize: 20,
      statistics: false,
    }),
  );
}

const manyRows = 900;
/** Three row groups of 300 rows; the first run of levels of the second claims 2³¹ − 1 values. */
function withLongRun(): Uint8Array {
  const buffer = parquetWriteBuffer({
    columnData: [
      { name: 'text', data: Array.from({ length: manyRows }, (_, i) => `Row ${i}`), type: 'STRING', nullable: true },
    ],
    rowGroupSize: 300,
  });
  const start = Number(parquetMetadata(buffer).row_groups[1]?.columns[0]?.meta_data?.data_page_offset);
  const reader = { view: new DataView(buffer, start), offset: 0 };
  expect(parquetHeader(reader)).toMatchObject({ type: 'DATA_PAGE_V2' });
  const bytes = new Uint8Array(buffer);
  // A varint of the length times two: the lowest bit tells a run from packed bits.
  bytes.set([0xfe, 0xff, 0xff, 0xff, 0x0f], start + reader.offset);
  return bytes;
}

const limits = { idleMs: 1_000, idleMsPerMegabyte: 0, memory: { heapMebibytes: 96, totalMebibytes: 512 } };

describe('a Parquet file with a changed byte', () => {
  const cases = (['UNCOMPRESSED', 'SNAPPY', 'GZIP'] as const).flatMap((codec) =>
    (['PLAIN', 'RLE_DICTIONARY'] as const).map((encoding) => ({ codec, encoding })),
  );
  // Each starts a process. What lies in the footer is changed byte by byte in the tests of the decoder.
  const numFlips = runsEverything ? 10 : 2;

  test.each(cases)('ends in records or faults, $codec $encoding', async (one) => {
    const whole = written(one.codec, one.encoding);
    if (runsEverything) expect((await read(whole)).records.length).toBe(numRows);
    const pages = footerOf(whole) - 4;
    for (let flip = 0; flip < numFlips; flip++) {
      const at = 4 + Math.floor(((flip + 0.5) * pages) / numFlips);
      const { records, faults } = await read(flipped(whole, at), limits);
      for (const { source, kind } of faults) {
        expect(source).toBe('a.parquet');
        expect(['invalid-parquet', 'invalid-utf8', 'missing-field', 'oversized']).toContain(kind);
      }
      const lines = records.map(({ line }) => line);
      expect(lines, `byte ${at}`).toEqual([...new Set(lines)].sort((a, b) => a - b));
      if (lines.length === 0) expect(faults, `byte ${at}`).not.toEqual([]);
    }
  });

  test('that makes a run too long for memory loses its row group alone', async () => {
    const { records, faults } = await read(withLongRun(), { memory: limits.memory });
    expect(faults).toMatchObject([{ kind: 'invalid-parquet', source: 'a.parquet', line: 301 }]);
    expect(faults[0]?.message).toContain('rows 301 to 600 cannot be read (it takes more memory than is allowed)');
    const rows = Array.from({ length: manyRows }, (_, i) => i + 1);
    expect(records.map(({ line }) => line)).toEqual(rows.filter((row) => row <= 300 || row > 600));
  });
});

test('a row group that claims more than is allowed is refused before it is decoded', async () => {
  const claims = { unpackedBytes: 100, numValues: 1000 };
  const { records, faults } = await read(written('SNAPPY', 'PLAIN'), { claims });
  expect(records).toEqual([]);
  expect(faults.map(({ line }) => line)).toEqual([1, 21, 41]);
  expect(faults[0]?.message).toContain('expected 0 to 100');
});

/** A guarded process that is not closed lives on, since it waits until what it wrote is read. */
const processes = () => process.getActiveResourcesInfo().filter((name) => name === 'ProcessWrap');

test('no process is left when its reader stops early', async () => {
  const path = join(folder, 'early.parquet');
  const long = Array.from({ length: 3000 }, (_, i) => `${i} `.repeat(500));
  writeFileSync(
    path,
    new Uint8Array(parquetWriteBuffer({ columnData: [{ name: 'text', data: long, type: 'STRING' }] })),
  );
  const handle = await open(path);
  for await (const batch of readParquet('early', handle, {}, 2 ** 20, new BatchBuilder())) {
    expect(batch.records[0]?.line).toBe(1);
    expect(processes()).toEqual(['ProcessWrap']);
    break;
  }
  await handle.close();
  expect(processes()).toEqual([]);
});
