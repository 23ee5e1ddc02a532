import { z } from 'zod';
import { canonicalJson, GroundworkError, type JsonValue, sha256Hex } from '../../core/index.ts';
import { mapInOrder, openWorkerPool, workerFile } from '../../core/node.ts';
import {
  PieceCounts,
  parseTokenizer,
  patterns,
  serializeTokenizer,
  type Tokenizer,
  tokenizerFromCounts,
} from '../../tokenizer/index.ts';
import { LeakIndex } from '../deduplication/leak-index.ts';
import type { BlockSet } from './block-set.ts';
import type { BuildSettings } from './build-settings.ts';
import type { StageOptions } from './clean-stage.ts';
import { BlockTexts } from './cleaned-block.ts';
import { side } from './split.ts';
import { createSurveyHandler } from './survey-handler.ts';

/** The special token with which every document begins. */
export const beginTokenName = '<|bos|>';

export interface SurveyedCorpus {
  /** Per document its side, without the training documents that leak. */
  readonly sides: Uint8Array;
  /** The training documents that were too much like a validation document. */
  readonly leaks: readonly number[];
  readonly tokenizer: Tokenizer;
}

const surveyNote = z.object({ source: z.string(), leaks: z.array(z.int()), tokenizer: z.string() });

/**
 * Reads the training documents for the first time: takes out those that leak into validation, and trains the tokenizer on the
 * others, unless there is one.
 */
export async function surveyCorpus(
  corpus: BlockSet,
  sides: Uint8Array,
  settings: BuildSettings,
  given: Tokenizer | undefined,
  options: StageOptions,
): Promise<SurveyedCorpus> {
  const { work } = options;
  const source = sha256Hex(canonicalJson([corpus.corpusSha256, work.madeBy]));
  const note = surveyNote.safeParse(work.readNote('survey'));
  if (note.success && note.data.source === source) {
    const { leaks, tokenizer } = note.data;
    return { sides: without(sides, leaks), leaks, tokenizer: given ?? parseTokenizer(tokenizer) };
  }
  const { leaks, pieces } = await readTraining(corpus, sides, settings, given === undefined, options);
  options.checkStop();
  const { onProgress } = options;
  onProgress({ stage: 'tokenizer', done: 0, total: undefined, unit: 'blocks', resumed: 0 });
  const { vocabularySize } = settings;
  const tokenizer =
    given ??
    tokenizerFromCounts(pieces.toData(), { vocabularySize, specialTokens: [beginTokenName], pattern: patterns.gpt4 });
  const text = given ? '' : serializeTokenizer(tokenizer);
  work.writeNote('survey', { source, leaks, tokenizer: text } satisfies JsonValue);
  return { sides: without(sides, leaks), leaks, tokenizer };
}

async function readTraining(
  corpus: BlockSet,
  sides: Uint8Array,
  { leakSimilarity }: BuildSettings,
  countsPieces: boolean,
  { fs, work, numWorkers, onProgress, checkStop }: StageOptions,
): Promise<{ leaks: number[]; pieces: PieceCounts }> {
  const index = LeakIndex.build(validationBodies(corpus, sides), leakSimilarity);
  const pool = openWorkerPool({
    file: workerFile(import.meta.url, 'survey-worker'),
    numWorkers,
    context: { leaks: index.data, pattern: countsPieces ? patterns.gpt4 : undefined },
    createHandler: (context: Parameters<typeof createSurveyHandler>[0]) => createSurveyHandler(context, fs),
  });
  const leaks: number[] = [];
  const pieces = new PieceCounts();
  try {
    const survey = async (block: number) => {
      const { from, to } = corpus.range(block);
      const isTraining = Uint8Array.from(sides.subarray(from, to), (one) => (one === side.train ? 1 : 0));
      return { block, found: await pool.run({ path: work.blockPath(block), isTraining }) };
    };
    const total = corpus.blocks.length;
    for await (const { block, found } of mapInOrder(Array(total).keys(), numWorkers + 1, survey)) {
      checkStop();
      for (const document of found.leaks) leaks.push(corpus.range(block).from + document);
      if (found.pieces) pieces.addData(found.pieces);
      onProgress({ stage: 'survey', done: block + 1, total, unit: 'blocks', resumed: 0 });
    }
  } finally {
    await pool.close();
  }
  return { leaks, pieces };
}

function validationBodies(corpus: BlockSet, sides: Uint8Array): string[] {
  const bodies: string[] = [];
  for (const [i, block] of corpus.blocks.entries()) {
    const { from, to } = corpus.range(i);
    if (!sides.subarray(from, to).includes(side.validation)) continue;
    const texts = new BlockTexts(block);
    for (let document = from; document < to; document++) {
      if (sides[document] === side.validation) bodies.push(texts.body(document - from));
    }
  }
  return bodies;
}

function without(sides: Uint8Array, leaks: readonly number[]): Uint8Array {
  const left = sides.slice();
  for (const document of leaks) left[document] = side.none;
  if (left.includes(side.train)) return left;
  throw new GroundworkError('empty-corpus', `all ${leaks.length} training documents are like a validation document`, {
    hint: 'The corpus says the same again and again: more text, or a higher --leak-similarity.',
  });
}
