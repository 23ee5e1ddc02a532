import { describe, expect, test } from 'vitest';
import { recordBlocks, recordOf } from '../../../src/data/build/record-block.ts';
import type { RecordBatch, RecordFault, SourceRecord } from '../../../src/data/document.ts';

const MiB = 2 ** 20;
const record = (i: number, sizeBytes: number): SourceRecord => ({
  source: `file-${i % 3}`,
  line: i,
  byteOffset: 2 ** 33 + i,
  format: i % 2 ? 'json' : 'html',
  bytes: new Uint8Array(sizeBytes).fill(i),
});
const fault: RecordFault = { source: 'x', line: 1, byteOffset: 2, kind: 'invalid-utf8', message: 'a stray byte' };

async function blocksOf(
  records: readonly SourceRecord[],
  perBatch: number,
  faults: readonly RecordFault[] = [],
  onFault: (fault: RecordFault) => void = () => undefined,
) {
  async function* batches(): AsyncGenerator<RecordBatch> {
    for (let i = 0; i < records.length; i += perBatch) {
      yield { records: records.slice(i, i + perBatch), faults: i === 0 ? faults : [], bytesRead: i };
    }
  }
  const blocks = [];
  for await (const block of recordBlocks(batches(), onFault)) blocks.push(block);
  return blocks;
}

describe('blocks of records', () => {
  const records = Array.from({ length: 30 }, (_, i) => record(i, i === 20 ? 5 * MiB : 700_000));

  test('hold every record once, in order, as it was', async () => {
    const blocks = await blocksOf(records, 7);
    expect(blocks.map(({ number }) => number)).toEqual([...blocks.keys()]);
    const found = blocks.flatMap((block) => Array.from(block.ends, (_, i) => recordOf(block, i)));
    expect(found.map(({ bytes, ...rest }) => ({ ...rest, size: bytes.length, first: bytes[0] }))).toEqual(
      records.map(({ bytes, ...rest }) => ({ ...rest, size: bytes.length, first: bytes[0] })),
    );
  });

  test('end where the records say, however the reader delivers them', async () => {
    const hashes = async (perBatch: number) => (await blocksOf(records, perBatch)).map(({ sha256 }) => sha256);
    const expected = await hashes(1);
    expect(expected.length).toBeGreaterThan(3);
    expect(await hashes(4)).toEqual(expected);
    expect(await hashes(30)).toEqual(expected);
  });

  test('end after so many records, were they empty', async () => {
    const blocks = await blocksOf(
      Array.from({ length: 40_000 }, (_, i) => record(i, 0)),
      1000,
    );
    expect(blocks.map(({ ends }) => ends.length)).toEqual([32_768, 40_000 - 32_768]);
  });

  test('have another hash when a byte or a place differs', async () => {
    const hash = async (one: SourceRecord) => (await blocksOf([one], 1))[0]?.sha256;
    const base = record(1, 10);
    const hashes = await Promise.all([
      hash(base),
      hash({ ...base, bytes: new Uint8Array(10).fill(9) }),
      hash({ ...base, line: 7 }),
      hash({ ...base, byteOffset: 7 }),
      hash({ ...base, source: 'other' }),
      hash({ ...base, format: 'html' }),
    ]);
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  test('do not depend on the faults between the records, which are told as they come', async () => {
    const told: RecordFault[] = [];
    const expected = (await blocksOf(records, 7)).map(({ sha256 }) => sha256);
    const found = await blocksOf(records, 7, [fault, fault], (one) => told.push(one));
    expect(found.map(({ sha256 }) => sha256)).toEqual(expected);
    expect(told).toEqual([fault, fault]);
  });
});
