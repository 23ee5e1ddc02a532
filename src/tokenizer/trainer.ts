import { learnMerges, type MergeLearningOptions } from './merge-learning.ts';
import { PieceCounts, type PieceCountsData } from './piece-counts.ts';
import { patterns, splitterOf } from './splitter.ts';
import { type Tokenizer, tokenizerFromData } from './tokenizer.ts';
import { specialToken } from './tokenizer-data.ts';

export interface TokenizerTrainingOptions extends MergeLearningOptions {
  /** By which text is cut into pieces, in the syntax of Oniguruma. Default: `patterns.gpt4`. */
  readonly pattern?: string;
}

/**
 * Trains a tokenizer on documents, each given as valid UTF-8. The same documents in another order give the same tokenizer.
 * Where they have too few distinct pairs, its vocabulary is smaller than was asked for: `vocabularySize` of the result tells.
 *
 * @throws GroundworkError `usage` for options out of range, `invalid-tokenizer` for a pattern that cannot be read,
 *   `out-of-memory` for 1 GiB of distinct pieces and more
 */
export function trainTokenizer(documents: Iterable<Uint8Array>, options: TokenizerTrainingOptions): Tokenizer {
  const splitter = splitterOf(options.pattern ?? patterns.gpt4);
  const counts = new PieceCounts();
  for (const document of documents) counts.addDocument(splitter, document);
  return tokenizerFromCounts(counts.toData(), options);
}

/**
 * Trains a tokenizer on pieces that are counted already, with the splitter of the same pattern. Throws as `trainTokenizer`.
 */
export function tokenizerFromCounts(counts: PieceCountsData, options: TokenizerTrainingOptions): Tokenizer {
  const { specialTokens, tokenBytes, tokenOffsets, merges } = learnMerges(counts, options);
  return tokenizerFromData({
    pattern: options.pattern ?? patterns.gpt4,
    tokenBytes,
    tokenOffsets,
    merges,
    addedTokens: specialTokens.map((content, id) => specialToken(id, content)),
    ignoreMerges: false,
    normalization: 'none',
    prefixSpace: false,
  });
}
