import { mapInOrder, openWorkerPool, workerFile } from '../core/node.ts';
import { type CountTask, createCountHandler } from './count-handler.ts';
import { PieceCounts } from './piece-counts.ts';
import { patterns } from './splitter.ts';
import type { Tokenizer } from './tokenizer.ts';
import { type TokenizerTrainingOptions, tokenizerFromCounts } from './trainer.ts';

export interface ParallelTrainingOptions extends TokenizerTrainingOptions {
  /** How many threads count pieces; with 1 it is the calling one. */
  readonly numWorkers: number;
}

/**
 * Trains a tokenizer as `trainTokenizer` does, with the pieces counted in worker threads. The result is the same for any
 * number of workers and any division into batches. At most `numWorkers + 1` batches are held at a time.
 *
 * @param batches documents, each as valid UTF-8; some megabytes in a batch
 * @throws GroundworkError as `trainTokenizer` does
 */
export async function trainTokenizerInParallel(
  batches: AsyncIterable<readonly Uint8Array[]> | Iterable<readonly Uint8Array[]>,
  options: ParallelTrainingOptions,
): Promise<Tokenizer> {
  const { numWorkers, pattern = patterns.gpt4 } = options;
  const pool = openWorkerPool({
    file: workerFile(import.meta.url, 'count-worker'),
    numWorkers,
    context: { pattern },
    createHandler: createCountHandler,
  });
  const counts = new PieceCounts();
  try {
    const count = (batch: readonly Uint8Array[]) => {
      const task = joined(batch);
      return pool.run(task, [task.bytes.buffer, task.ends.buffer]);
    };
    for await (const found of mapInOrder(batches, numWorkers + 1, count)) counts.addData(found);
  } finally {
    await pool.close();
  }
  return tokenizerFromCounts(counts.toData(), options);
}

function joined(documents: readonly Uint8Array[]): CountTask {
  const ends = new Uint32Array(documents.length);
  let length = 0;
  for (const [i, document] of documents.entries()) {
    length += document.length;
    ends[i] = length;
  }
  const bytes = new Uint8Array(length);
  for (const [i, document] of documents.entries()) bytes.set(document, (ends[i] as number) - document.length);
  return { bytes, ends };
}
