import type { RecordFault, RecordStream, SkippedSource, SourceRecord } from '../../../src/data/document.ts';
import type { RecordSink, RecordSplitter } from '../../../src/data/readers/record-batches.ts';

export interface Collected {
  readonly records: SourceRecord[];
  readonly faults: RecordFault[];
  readonly skipped: SkippedSource[];
  bytesRead: number;
}

/** All that a stream delivers. */
export async function collected(stream: RecordStream): Promise<Collected> {
  const all: Collected = { records: [], faults: [], skipped: [], bytesRead: 0 };
  for await (const batch of stream) {
    all.records.push(...batch.records);
    all.faults.push(...batch.faults);
    all.skipped.push(...(batch.skipped ?? []));
    all.bytesRead = batch.bytesRead;
  }
  return all;
}

export const textOf = (record: { readonly bytes: Uint8Array }): string => Buffer.from(record.bytes).toString();
/** A record as `line:byte text`, a fault as `line:byte !kind`. */
export type Line = string;

/** What a splitter makes of bytes that arrive in the given pieces, in the order in which it came. */
export function split(pieces: readonly Uint8Array[], make: (sink: RecordSink) => RecordSplitter): Line[] {
  const found: Line[] = [];
  const splitter = make({
    record: (bytes, line, byteOffset) => found.push(`${line}:${byteOffset} ${Buffer.from(bytes).toString('latin1')}`),
    fault: (kind, _message, line, byteOffset) => found.push(`${line}:${byteOffset} !${kind}`),
  });
  for (const piece of pieces) splitter.push(piece);
  splitter.finish();
  return found;
}

/** Bytes cut at the given places, in any order and number. */
export function cutAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const inside = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...inside].map((start, index) => bytes.slice(start, inside[index] ?? bytes.length));
}
