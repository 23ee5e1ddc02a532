import type { FileSystem } from '../../core/index.ts';
import { nodeFileSystem, type WorkerResult } from '../../core/node.ts';
import { PieceCounts, type PieceCountsData, splitterOf } from '../../tokenizer/index.ts';
import { type LeakData, LeakIndex } from '../deduplication/leak-index.ts';
import { BlockTexts, openCleanedBlock } from './cleaned-block.ts';

export interface SurveyContext {
  readonly leaks: LeakData;
  /** The pattern by which pieces are counted, where a tokenizer is to be trained. */
  readonly pattern: string | undefined;
}

export interface SurveyTask {
  readonly path: string;
  /** Per document of the block, whether it may be trained on. */
  readonly isTraining: Uint8Array<ArrayBuffer>;
}

export interface Survey {
  /** Documents of the block that are too much like a validation document. */
  readonly leaks: readonly number[];
  /** The pieces of all other training documents. */
  readonly pieces: PieceCountsData | undefined;
}

/** Reads the training documents of a block: finds those that leak into validation, and counts the pieces of the others. */
export function createSurveyHandler({ leaks: leakData, pattern }: SurveyContext, fs: FileSystem = nodeFileSystem) {
  const index = LeakIndex.fromData(leakData);
  const splitter = pattern === undefined ? undefined : splitterOf(pattern);
  return ({ path, isTraining }: SurveyTask): WorkerResult<Survey> => {
    const texts = new BlockTexts(openCleanedBlock(fs, path, { verify: false }));
    const pieces = new PieceCounts();
    const leaks: number[] = [];
    for (let i = 0; i < texts.numDocuments; i++) {
      if (isTraining[i] !== 1) continue;
      if (index.findLeak(texts.body(i)) !== undefined) leaks.push(i);
      else if (splitter) pieces.addDocument(splitter, texts.bytes(i));
    }
    if (!splitter) return { value: { leaks, pieces: undefined } };
    const data = pieces.toData();
    return { value: { leaks, pieces: data }, transfer: [data.bytes.buffer, data.ends.buffer, data.counts.buffer] };
  };
}
