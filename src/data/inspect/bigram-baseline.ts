import type { Dataset } from '../store/dataset.ts';
import { BigramModel } from './bigram-model.ts';
import { sampleDocuments, visitDocuments } from './document-sample.ts';
import { scoreDocuments } from './document-scores.ts';

/** Tokens that the model is made from at the most; more hardly change its score. */
const maxTokens = 10_000_000;

/**
 * Bits per byte of a bigram model of the training text on the validation text: the score that any model has to beat.
 *
 * @returns null where there is no validation text
 */
export function bigramBaseline({ train, validation, manifest }: Dataset): number | null {
  const model = new BigramModel(manifest.vocabularySize);
  visitDocuments(train, sampleDocuments(train, maxTokens), (tokens, start, end) => model.add(tokens, start, end));
  model.estimateDiscount();
  const sample = sampleDocuments(validation, maxTokens / 4);
  return scoreDocuments(validation, sample, model, { minBytes: 0, numNamed: 0, isLeftOut: false }).bitsPerByte;
}
