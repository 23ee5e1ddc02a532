import { mapInOrder, openWorkerPool, type WorkerPool, workerFile } from '../../core/node.ts';
import { type RecordBlock, recordBlocks, recordOf } from '../build/record-block.ts';
import type { RecordFault, RecordStream, SkippedSource } from '../document.ts';
import type { ParseOptions } from '../readers/parse-record.ts';
import { createParseHandler, type ParsedBlock } from './parse-handler.ts';

/** The texts of some megabytes of records. */
export interface ParsedTexts {
  readonly texts: readonly Uint8Array[];
  /** Bytes that the reader had taken in by then, for progress. */
  readonly bytesRead: number;
}

export interface ParsedTextsOptions extends ParseOptions {
  readonly numWorkers: number;
  /** Is told of each record that cannot be read, and may throw. */
  readonly onFault: (fault: RecordFault) => void;
  readonly onSkipped: (source: SkippedSource) => void;
}

/**
 * The texts of records, in order. Text and JSON are parsed on the calling thread at some hundreds of megabytes a second, many
 * times as fast as anything that is done with them; HTML, at a few, in worker threads.
 */
export async function* parsedTexts(records: RecordStream, options: ParsedTextsOptions): AsyncGenerator<ParsedTexts> {
  const { numWorkers, onFault, onSkipped, ...parseOptions } = options;
  const parse = createParseHandler(parseOptions);
  let pool: WorkerPool<RecordBlock, ParsedBlock> | undefined;
  const parseBlock = async (block: RecordBlock) => {
    const { bytesRead } = block;
    if (!holdsPages(block)) return { bytesRead, ...parse(block).value };
    pool ??= openWorkerPool({
      file: workerFile(import.meta.url, 'parse-worker'),
      numWorkers,
      context: parseOptions,
      createHandler: createParseHandler,
    });
    return { bytesRead, ...(await pool.run(block, [block.bytes.buffer])) };
  };
  try {
    const blocks = recordBlocks(toldOfSkipped(records, onSkipped), onFault);
    for await (const { bytes, ends, faults, bytesRead } of mapInOrder(blocks, numWorkers + 1, parseBlock)) {
      for (const fault of faults) onFault(fault);
      const texts = Array.from(ends, (end, i) => bytes.subarray(i === 0 ? 0 : ends[i - 1], end));
      yield { texts, bytesRead };
    }
  } finally {
    await pool?.close();
  }
}

function holdsPages(block: RecordBlock): boolean {
  for (let i = 0; i < block.ends.length; i++) if (recordOf(block, i).format === 'html') return true;
  return false;
}

async function* toldOfSkipped(records: RecordStream, onSkipped: (source: SkippedSource) => void): RecordStream {
  for await (const batch of records) {
    for (const source of batch.skipped ?? []) onSkipped(source);
    yield batch;
  }
}
