import type { RecordStream } from '../document.ts';

/** One stream after another, as one. */
export async function* joinedRecords(streams: readonly RecordStream[]): RecordStream {
  let before = 0;
  for (const stream of streams) {
    let bytesRead = 0;
    for await (const batch of stream) {
      bytesRead = batch.bytesRead;
      yield { ...batch, bytesRead: before + bytesRead };
    }
    before += bytesRead;
  }
}
