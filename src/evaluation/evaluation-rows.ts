import { GroundworkError } from '../core/index.ts';
import { type Dataset, type ValidationRows, validationRows } from '../data/index.ts';

export interface EvaluationRowsOptions {
  /** Its validation documents are what a model is measured on. */
  readonly dataset: Dataset;
  /** Rows read at once: speed and memory depend on it, the result does not. */
  readonly batchSize: number;
  /** T: how far the model reads; a longer document is read in pieces. */
  readonly contextLength: number;
  /** Measure on so many documents only, spread evenly over all. Default: all. */
  readonly numDocuments?: number;
  /**
   * Put several documents into a row and hide them from each other: fewer rows. It tells the same as the default (a row of its own
   * for each piece of a document) for models that know positions only by their distance. Default false.
   */
  readonly documentMask?: boolean;
}

/**
 * The rows that an evaluation in bits per byte reads, the same ones whatever measures the model.
 *
 * @throws `invalid-dataset` where there are no validation documents
 */
export function evaluationRows(options: EvaluationRowsOptions): ValidationRows {
  const { dataset, batchSize, contextLength, numDocuments, documentMask = false } = options;
  requireValidation(dataset);
  return validationRows(dataset, {
    contextLength,
    batchSize,
    packing: documentMask ? 'documents' : 'alone',
    ...(numDocuments === undefined ? {} : { numDocuments }),
  });
}

function requireValidation({ validation, manifest, folder }: Dataset): void {
  if (validation.numDocuments > 0 && validation.numBytes > 0) return;
  throw new GroundworkError(
    'invalid-dataset',
    `dataset ${manifest.name} (${folder}) has no validation documents, expected at least one to measure a model on`,
    { hint: 'Build it again with a validation part, or from more documents.' },
  );
}
