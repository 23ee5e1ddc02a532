import { type FileSystem, GroundworkError } from '../../core/index.ts';
import { mapInOrder, openWorkerPool, workerFile, writeDurably } from '../../core/node.ts';
import type { RecordBatch, RecordStream } from '../document.ts';
import { applyFaultPolicy } from '../readers/fault-policy.ts';
import { Accounts, numSamples, sampleOf } from './accounts.ts';
import { type CleanContext, createCleanHandler } from './clean-handler.ts';
import { aboutBlock, openCleanedBlock, type StoredBlock } from './cleaned-block.ts';
import type { BuildProgress } from './progress.ts';
import { type RecordBlock, recordBlocks } from './record-block.ts';
import type { WorkFolder } from './work-folder.ts';

export interface StageOptions {
  readonly fs: FileSystem;
  readonly work: WorkFolder;
  readonly numWorkers: number;
  readonly onProgress: (progress: BuildProgress) => void;
  /** Throws `interrupted` where the build was asked to stop. */
  readonly checkStop: () => void;
}

export interface CleanedCorpus {
  readonly blocks: readonly StoredBlock[];
  /** The books of reading and cleaning. */
  readonly accounts: Accounts;
  readonly skippedFiles: readonly {
    readonly reason: string;
    readonly numFiles: number;
    readonly samples: readonly string[];
  }[];
}

/**
 * Cleans a corpus block by block in worker threads and writes each cleaned block durably. A block that an earlier build wrote
 * is used again if it is sound and was made from the same records.
 */
export async function cleanCorpus(
  records: RecordStream,
  context: CleanContext,
  totalBytes: number | undefined,
  { fs, work, numWorkers, onProgress, checkStop }: StageOptions,
): Promise<CleanedCorpus> {
  const skipped = new Map<string, { numFiles: number; samples: string[] }>();
  const pool = openWorkerPool({
    file: workerFile(import.meta.url, 'clean-worker'),
    numWorkers,
    context,
    createHandler: createCleanHandler,
  });
  const clean = async (records: RecordBlock) => {
    const { number, sha256, bytesRead } = records;
    const earlier = soundBlock(fs, work, number, sha256);
    if (earlier) return { number, bytesRead, earlier, file: undefined };
    const buffers = [records.bytes.buffer];
    return { number, bytesRead, earlier: undefined, file: await pool.run(records, buffers) };
  };
  const accounts = new Accounts();
  const blocks: StoredBlock[] = [];
  let resumed = 0;
  try {
    const stream = recordBlocks(countingSkipped(records, skipped), (fault) => {
      applyFaultPolicy(fault, context.settings.onFault);
      accounts.read(1, 0);
      accounts.removed(`unreadable/${fault.kind}`, 0, () => sampleOf(fault, fault.message));
    });
    for await (const { number, bytesRead, earlier, file } of mapInOrder(stream, numWorkers + 2, clean)) {
      checkStop();
      const path = work.blockPath(number);
      if (file) writeDurably(fs, path, [file]);
      else resumed = bytesRead;
      const block = earlier ?? openCleanedBlock(fs, path, { verify: false });
      accounts.add(aboutBlock(block).accounts);
      blocks.push(block);
      onProgress({ stage: 'clean', done: bytesRead, total: totalBytes, unit: 'bytes', resumed });
    }
  } finally {
    await pool.close();
  }
  const skippedFiles = [...skipped].map(([reason, files]) => ({ reason, ...files }));
  return { blocks, accounts, skippedFiles };
}

/** A block of an earlier build, if it is whole and was made of these records with the same settings. */
function soundBlock(fs: FileSystem, work: WorkFolder, number: number, inputSha256: string): StoredBlock | undefined {
  const path = work.blockPath(number);
  if (!fs.exists(path)) return undefined;
  try {
    const block = openCleanedBlock(fs, path, { verify: true });
    return block.header.inputSha256 === inputSha256 && block.header.madeBy === work.madeBy ? block : undefined;
  } catch (fault) {
    // A block that is broken is cleaned again; that is what it was kept for.
    if (!(fault instanceof GroundworkError) || fault.code !== 'invalid-dataset') throw fault;
    return undefined;
  }
}

async function* countingSkipped(
  records: RecordStream,
  skipped: Map<string, { numFiles: number; samples: string[] }>,
): AsyncGenerator<RecordBatch> {
  for await (const batch of records) {
    for (const { source, reason } of batch.skipped ?? []) {
      const files = skipped.get(reason) ?? { numFiles: 0, samples: [] };
      skipped.set(reason, files);
      files.numFiles++;
      if (files.samples.length < numSamples) files.samples.push(source);
    }
    yield batch;
  }
}
