import { spreadDocuments } from '../batches/validation-rows.ts';
import type { Dataset } from '../store/dataset.ts';
import { BigramModel } from './bigram-model.ts';
import { sampleDocuments, visitDocuments } from './document-sample.ts';

export interface BigramBaselineOptions {
  /** Measure on so many validation documents only, the same ones as `validationRows` takes. Default: all. */
  readonly numDocuments?: number | undefined;
  /** What is measured. Default: `bigramOfTraining`. */
  readonly model?: BigramModel;
}

/**
 * The bigram model of the training text of a dataset.
 *
 * @param maxTokens it is made from about so many tokens, in stretches spread evenly over the text; from all where they are no more. On a
 *   larger corpus a model of all of its text would score better, so there it is that of a sample. Default ten million: some seconds
 */
export function bigramOfTraining({ train, manifest }: Dataset, maxTokens = 10_000_000): BigramModel {
  const model = new BigramModel(manifest.vocabularySize);
  visitDocuments(train, sampleDocuments(train, maxTokens), (tokens, start, end) => model.add(tokens, start, end));
  model.estimateDiscount();
  return model;
}

/**
 * Bits per byte of a bigram model of the training text on the validation text: the score that any model has to beat. It predicts what
 * a model is measured on: every token of a document but its begin token. The validation text is read whole, however long it is.
 *
 * @returns null where there is no validation text
 */
export function bigramBaseline(dataset: Dataset, options: BigramBaselineOptions = {}): number | null {
  const { validation } = dataset;
  const { numDocuments, model = bigramOfTraining(dataset) } = options;
  const documents = spreadDocuments(validation, numDocuments);
  const sample = {
    ranges: Array.from(documents, (first) => ({ first, end: first + 1 })),
    numDocuments: documents.length,
    numTokens: documents.reduce((sum, one) => sum + validation.documentEnd(one) - validation.documentStart(one), 0),
    isWhole: documents.length === validation.numDocuments,
  };
  let [bits, numBytes] = [0, 0];
  visitDocuments(validation, sample, (tokens, start, end, document) => {
    bits += model.bits(tokens, start, end);
    numBytes += validation.documentBytes(document);
  });
  return numBytes === 0 ? null : bits / numBytes;
}
