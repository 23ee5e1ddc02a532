import { createHash } from 'node:crypto';
import { canonicalJson, present } from '../../core/index.ts';
import type { RecordFault, RecordFormat, RecordStream, SourceRecord } from '../document.ts';

const formats: readonly RecordFormat[] = ['text', 'markdown', 'html', 'json'];

/** Where each of many records or documents was found, in columns. */
export interface Places {
  readonly sources: readonly string[];
  /** For each, the index of its source. */
  readonly sourceOf: Uint32Array<ArrayBuffer>;
  readonly lines: Uint32Array<ArrayBuffer>;
  readonly byteOffsets: Float64Array<ArrayBuffer>;
}

/**
 * Consecutive records of a corpus in one buffer: the piece of work of one thread. Where a block ends depends on the records
 * alone, so blocks are the same for any number of workers and in any later run.
 */
export interface RecordBlock extends Places {
  readonly number: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** For each record, where its bytes end. */
  readonly ends: Uint32Array<ArrayBuffer>;
  readonly formatOf: Uint8Array<ArrayBuffer>;
  /** SHA-256 of all of the above. */
  readonly sha256: string;
  /** Bytes that the reader had taken in when the block was full, for progress. */
  readonly bytesRead: number;
}

/** Size at which a block is full, in bytes and in records. */
const fullBytes = 4 * 2 ** 20;
const fullRecords = 2 ** 15;

/**
 * Groups a stream of records into blocks of 4 MiB or 32,768 records; a record that is larger makes a block of its own size.
 *
 * @param onFault is told of each record that the reader could not read, and may throw to end the build. Faults belong to no
 *   block: where a reader notices one depends on how its input arrives, and blocks must not
 */
export async function* recordBlocks(
  stream: RecordStream,
  onFault: (fault: RecordFault) => void,
): AsyncGenerator<RecordBlock> {
  let number = 0;
  let records: SourceRecord[] = [];
  let sizeBytes = 0;
  let bytesRead = 0;
  const take = (): RecordBlock => {
    const block = blockOf(number++, records, bytesRead);
    records = [];
    sizeBytes = 0;
    return block;
  };
  for await (const batch of stream) {
    for (const fault of batch.faults) onFault(fault);
    bytesRead = batch.bytesRead;
    for (const record of batch.records) {
      records.push(record);
      sizeBytes += record.bytes.length;
      if (sizeBytes >= fullBytes || records.length >= fullRecords) yield take();
    }
  }
  if (records.length > 0) yield take();
}

function blockOf(number: number, records: readonly SourceRecord[], bytesRead: number): RecordBlock {
  const sources = new Map<string, number>();
  const bytes = new Uint8Array(records.reduce((sum, record) => sum + record.bytes.length, 0));
  const ends = new Uint32Array(records.length);
  const sourceOf = new Uint32Array(records.length);
  const lines = new Uint32Array(records.length);
  const byteOffsets = new Float64Array(records.length);
  const formatOf = new Uint8Array(records.length);
  let end = 0;
  for (const [i, record] of records.entries()) {
    bytes.set(record.bytes, end);
    end += record.bytes.length;
    ends[i] = end;
    if (!sources.has(record.source)) sources.set(record.source, sources.size);
    sourceOf[i] = sources.get(record.source) ?? 0;
    lines[i] = record.line;
    byteOffsets[i] = record.byteOffset;
    formatOf[i] = formats.indexOf(record.format);
  }
  const names = [...sources.keys()];
  const hash = createHash('sha256');
  hash.update(canonicalJson(names));
  for (const column of [ends, sourceOf, lines, byteOffsets, formatOf, bytes]) {
    hash.update(new Uint8Array(column.buffer, column.byteOffset, column.byteLength));
  }
  const sha256 = hash.digest('hex');
  return { number, bytes, ends, sources: names, sourceOf, lines, byteOffsets, formatOf, sha256, bytesRead };
}

/** Record `i` of a block; its bytes are a view. */
export function recordOf(block: RecordBlock, i: number): SourceRecord {
  const start = i === 0 ? 0 : (block.ends[i - 1] ?? 0);
  return {
    source: present(block.sources[block.sourceOf[i] ?? 0], 'source of a record'),
    line: block.lines[i] ?? 0,
    byteOffset: block.byteOffsets[i] ?? 0,
    format: present(formats[block.formatOf[i] ?? 0], 'format of a record'),
    bytes: block.bytes.subarray(start, block.ends[i]),
  };
}
