import type { WorkerResult } from '../core/node.ts';
import { PieceCounts, type PieceCountsData } from './piece-counts.ts';
import { splitterOf } from './splitter.ts';

export interface CountContext {
  /** By which text is cut into pieces. */
  readonly pattern: string;
}

/** Documents to be counted, one after the other in one buffer. */
export interface CountTask {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where each document ends. */
  readonly ends: Uint32Array<ArrayBuffer>;
}

/** Counts the pieces of documents, in a worker thread or on the calling one. */
export function createCountHandler({ pattern }: CountContext) {
  const splitter = splitterOf(pattern);
  return ({ bytes, ends }: CountTask): WorkerResult<PieceCountsData> => {
    const counts = new PieceCounts();
    let start = 0;
    for (const end of ends) {
      counts.addDocument(splitter, bytes.subarray(start, end));
      start = end;
    }
    const data = counts.toData();
    return { value: data, transfer: [data.bytes.buffer, data.ends.buffer, data.counts.buffer] };
  };
}
