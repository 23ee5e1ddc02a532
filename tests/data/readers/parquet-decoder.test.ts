import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeParquet, type ParquetMessage } from '../../../src/data/readers/parquet-decoder.ts';
import { defaultParquetLimits } from '../../../src/data/readers/parquet-reader.ts';
import { runsEverything } from '../../support/full-tests.ts';

// Damage inside pages can make the decoder run for ever, so it is tested with the process around it. What is damaged here
// ends by itself.
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'groundwork-parquet-decoder-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const numRows = 1000;
const texts = Array.from({ length: numRows }, (_, i) => `Row ${i}: "café" \n ${i % 13}`);
const whole = Buffer.from(
  parquetWriteBuffer({
    columnData: [
      { name: 'text', data: texts, type: 'STRING', nullable: true },
      { name: 'id', data: texts.map((_, i) => BigInt(i)), type: 'INT64' },
      { name: 'unread', data: texts.map((_, i) => i / 3), type: 'DOUBLE' },
    ],
    rowGroupSize: 300,
  }),
);
const footer = whole.length - 8 - whole.readUInt32LE(whole.length - 8);

/** What is said of a file, as it would cross to another process. */
async function decoded(bytes: Uint8Array): Promise<ParquetMessage[]> {
  const path = join(folder, 'a.parquet');
  writeFileSync(path, bytes);
  const descriptor = openSync(path, 'r');
  try {
    const messages: ParquetMessage[] = [];
    const { claims } = defaultParquetLimits;
    const request = { fields: { metadataFields: ['id'] }, maximumBytes: 2 ** 20, claims, firstGroup: 0 };
    await decodeParquet(descriptor, request, (message) =>
      messages.push(JSON.parse(JSON.stringify(message)) as ParquetMessage),
    );
    return messages;
  } finally {
    closeSync(descriptor);
  }
}
const faultsOf = (messages: ParquetMessage[]) => messages.flatMap((m) => (m.kind === 'rows' ? m.faults : []));

test('a file that is cut at any place is one fault', async () => {
  for (let at = 0; at < whole.length; at += 101) {
    const messages = await decoded(whole.subarray(0, at));
    expect(messages, `cut at ${at}`).toMatchObject([
      { kind: 'rows', records: [], faults: [{ kind: 'invalid-parquet', row: 1 }] },
    ]);
  }
});

test('a file with a changed byte in its footer gives rows that have numbers, or faults', async () => {
  expect(faultsOf(await decoded(whole))).toEqual([]);
  let numFaulty = 0;
  const stride = runsEverything ? 1 : 5;
  for (let at = footer; at < whole.length; at += stride) {
    const changed = Buffer.from(whole);
    changed[at] = (changed[at] ?? 0) ^ 0xff;
    const messages = await decoded(changed);
    const faults = faultsOf(messages);
    if (faults.length > 0) numFaulty++;
    for (const { kind, row } of faults) {
      expect(['invalid-parquet', 'missing-field', 'invalid-utf8'], `byte ${at}`).toContain(kind);
      expect(row, `byte ${at}`).toBeGreaterThan(0);
    }
    for (const message of messages) {
      if (message.kind === 'group') expect(Number.isSafeInteger(message.rowsBefore), `byte ${at}`).toBe(true);
    }
  }
  expect(numFaulty).toBeGreaterThan((whole.length - footer) / stride / 4);
});
