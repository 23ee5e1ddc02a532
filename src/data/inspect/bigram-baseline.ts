import { spreadDocuments } from '../batches/validation-rows.ts';
import type { Dataset } from '../store/dataset.ts';
import { BigramModel } from './bigram-model.ts';
import { sampleDocuments, visitDocuments } from './document-sample.ts';
import { scoreDocuments } from './document-scores.ts';

export interface BigramBaselineOptions {
  /** Measure on so many validation documents only, the same ones as `validationRows` takes. Default: all. */
  readonly numDocuments?: number | undefined;
  /**
   * The model is made from about so many tokens of training text, in stretches spread evenly over it; from all where they are no
   * more. On a larger corpus a model of all of its text would score better, so there the baseline is that of a sample. Default
   * ten million: some seconds.
   */
  readonly maxTrainingTokens?: number;
}

/**
 * Bits per byte of a bigram model of the training text on the validation text: the score that any model has to beat. It predicts what
 * a model is measured on: every token of a document but its begin token.
 *
 * @returns null where there is no validation text
 */
export function bigramBaseline(
  { train, validation, manifest }: Dataset,
  { numDocuments, maxTrainingTokens = 10_000_000 }: BigramBaselineOptions = {},
): number | null {
  const model = new BigramModel(manifest.vocabularySize);
  visitDocuments(train, sampleDocuments(train, maxTrainingTokens), (tokens, start, end) =>
    model.add(tokens, start, end),
  );
  model.estimateDiscount();
  const documents = spreadDocuments(validation, numDocuments);
  const sample = {
    ranges: Array.from(documents, (first) => ({ first, end: first + 1 })),
    numDocuments: documents.length,
    numTokens: documents.reduce((sum, one) => sum + validation.documentEnd(one) - validation.documentStart(one), 0),
    isWhole: documents.length === validation.numDocuments,
  };
  return scoreDocuments(validation, sample, model, { minBytes: 0, numNamed: 0, isLeftOut: false }).bitsPerByte;
}
