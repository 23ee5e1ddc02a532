import type { FileHandle } from 'node:fs/promises';
import { workerFile } from '../../core/node.ts';
import type { RecordBatch } from '../document.ts';
import { GuardedProcess, type ProcessMemory } from './guarded-process.ts';
import type { ParquetClaims } from './parquet-claims.ts';
import type { ParquetFields, ParquetMessage, ParquetRequest } from './parquet-decoder.ts';
import type { BatchBuilder, RecordSink } from './record-batches.ts';

/** How much time and memory the decoding of a file may take. */
export interface ParquetLimits {
  /** How long nothing may come of it: so many ms, and so many ms more for each 10⁶ bytes of the row group in the file. */
  readonly idleMs: number;
  readonly idleMsPerMegabyte: number;
  readonly claims: ParquetClaims;
  readonly memory: ProcessMemory;
}

/**
 * Generous for a file that is sound: decoding takes some 10 ms for each MB, and writers make row groups of 1 GiB at most
 * before compression (128 MiB by default in parquet-mr, 2²⁰ rows in Arrow).
 */
export const defaultParquetLimits: ParquetLimits = {
  idleMs: 10_000,
  idleMsPerMegabyte: 1_000,
  claims: { unpackedBytes: 2 ** 30, numValues: 2 ** 26 },
  memory: { heapMebibytes: 2048, totalMebibytes: 4096 },
};

/**
 * Reads a Parquet file a row group at a time, only the columns that are needed, each row as one JSON record: 64-bit integers
 * as text (a number would lose digits), dates in ISO 8601, binary in base64. `line` is the row, from 1.
 *
 * A row group that cannot be read, or that cannot be read within `limits`, is an `invalid-parquet` fault at its first row,
 * or at the first that was not delivered; the groups after it are read. A process of its own decodes the file, since bytes
 * that were changed inside a page can make the decoder run for ever or take all memory.
 */
export async function* readParquet(
  source: string,
  handle: FileHandle,
  fields: ParquetFields,
  maximumBytes: number,
  builder: BatchBuilder,
  limits: ParquetLimits = defaultParquetLimits,
): AsyncGenerator<RecordBatch> {
  const sink = builder.sink(source, 'json');
  let firstGroup: number | undefined = 0;
  while (firstGroup !== undefined) {
    const { textField, metadataFields } = fields;
    const request: ParquetRequest = {
      fields: { ...(textField !== undefined && { textField }), ...(metadataFields && { metadataFields }) },
      maximumBytes,
      claims: limits.claims,
      firstGroup,
    };
    const decoder = new GuardedProcess<ParquetMessage>(
      workerFile(import.meta.url, 'parquet-process'),
      request,
      handle.fd,
      limits.memory,
    );
    try {
      await decoder.start();
      firstGroup = yield* readGroups(decoder, sink, builder, limits);
    } finally {
      await decoder.close();
    }
  }
}

/** Delivers what the decoder finds; returns the group after the one at which it ended before its time. */
async function* readGroups(
  decoder: GuardedProcess<ParquetMessage>,
  sink: RecordSink,
  builder: BatchBuilder,
  limits: ParquetLimits,
): AsyncGenerator<RecordBatch, number | undefined> {
  let numGroups = 0;
  let group = -1;
  let nextRow = 1;
  let lastRow = 0;
  let packedBytes = 0;
  for (;;) {
    const frame = await decoder.next(limits.idleMs + (limits.idleMsPerMegabyte * packedBytes) / 1e6);
    if ('ended' in frame) {
      builder.bytesRead += packedBytes;
      if (group < 0) {
        sink.fault('invalid-parquet', `the file is not good Parquet (${frame.ended})`, 1, 0);
        return undefined;
      }
      // Nothing is lost where it ended between the last row and the end.
      if (nextRow <= lastRow) {
        const message = `rows ${nextRow} to ${lastRow} cannot be read (${frame.ended})`;
        sink.fault('invalid-parquet', message, nextRow, 0);
      }
      return group + 1 < numGroups ? group + 1 : undefined;
    }
    const { head, body } = frame;
    switch (head.kind) {
      case 'started':
        break;
      case 'opened':
        numGroups = head.numGroups;
        break;
      case 'group':
        builder.bytesRead += packedBytes;
        ({ group, packedBytes } = head);
        nextRow = head.rowsBefore + 1;
        lastRow = head.rowsBefore + head.numRows;
        break;
      case 'rows': {
        let end = 0;
        for (const [row, length] of head.records) {
          sink.record(body.subarray(end, end + length), row, 0);
          end += length;
          nextRow = row + 1;
        }
        for (const { kind, message, row } of head.faults) {
          sink.fault(kind, message, row, 0);
          nextRow = Math.max(nextRow, row + 1);
        }
        if (builder.isFull) yield builder.take();
        break;
      }
      case 'end':
        builder.bytesRead += packedBytes;
        return undefined;
    }
  }
}
