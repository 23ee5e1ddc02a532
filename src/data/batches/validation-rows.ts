import { assert } from '../../core/index.ts';
import type { Dataset } from '../store/dataset.ts';
import type { DatasetPart } from '../store/dataset-part.ts';
import { type Positions, RowWriter } from './batch.ts';
import { bestFitDecreasing, cutDocuments, rowsOfOnePiece } from './packing.ts';

/** Rows to measure a model on: as in training, and which document each position is of. */
export interface ValidationBatch extends Positions {
  /** [B·T] the number of the validation document; −1 where padded. */
  readonly documents: Int32Array;
}

export interface ValidationRowsOptions {
  readonly contextLength: number;
  readonly batchSize: number;
  /**
   * `alone` (default): each document, or piece of one, has rows of its own, so that no other document is in sight whatever the
   * model. `documents`: pieces share rows, each a segment of its own: fewer rows, exact for models with a document mask.
   */
  readonly packing?: 'alone' | 'documents';
  /** Measure on so many documents only, spread evenly over all; default all. */
  readonly numDocuments?: number;
}

/** The validation part of a dataset as batches: the same ones, in the same order, at every call. */
export interface ValidationRows {
  readonly numBatches: number;
  readonly numDocuments: number;
  /** Tokens that are predicted: all of the documents' but their begin tokens, each exactly once. */
  readonly numTokens: number;
  /**
   * UTF-8 bytes of the documents. Bits per byte = Σ weight · loss / (ln 2 · numBytes), with losses in nats: it can be compared
   * between models whatever their tokenizers.
   */
  readonly numBytes: number;
  /** Rows beyond the last are padding, so that all batches have one shape. */
  batch(number: number, into?: ValidationBatch): ValidationBatch;
}

/**
 * The validation documents as rows. Every token but the begin tokens is a target with weight 1 exactly once; the end of a document
 * is no target, since it stands for no bytes. A document longer than T is read in pieces: the first begins with the begin token, each
 * other with the token that was last said, and has no more context than that.
 */
export function validationRows(dataset: Dataset, options: ValidationRowsOptions): ValidationRows {
  const { contextLength, batchSize, packing = 'alone' } = options;
  assert(Number.isInteger(batchSize) && batchSize > 0, `a batch of ${batchSize} rows`);
  assert(Number.isInteger(contextLength) && contextLength > 0, `a context of ${contextLength} positions`);
  const { validation: part, manifest } = dataset;
  const documents = spreadDocuments(part, options.numDocuments);
  const numDocuments = documents.length;
  const pieces = cutDocuments(part, contextLength, { documents, omitEnd: true });
  const plan = packing === 'alone' ? rowsOfOnePiece(pieces, contextLength) : bestFitDecreasing(pieces, contextLength);
  const writer = new RowWriter(part, manifest.beginToken, contextLength);
  const numBatches = Math.ceil(plan.numRows / batchSize);

  const writeRow = (row: number, into: ValidationBatch, at: number): void => {
    let filled = 0;
    if (row < plan.numRows) {
      const first = plan.firstPiece[row] as number;
      const end = plan.firstPiece[row + 1] as number;
      for (let piece = first; piece < end; piece++) {
        const start = plan.starts[piece] as number;
        const length = plan.lengths[piece] as number;
        writer.write(start, length, into, at + filled, piece - first + 1);
        into.documents.fill(part.documentOf(start), at + filled, at + filled + length);
        filled += length;
      }
    }
    writer.pad(into, at + filled, at + contextLength);
    into.documents.fill(-1, at + filled, at + contextLength);
  };

  return {
    numBatches,
    numDocuments,
    numTokens: pieces.lengths.reduce((sum, length) => sum + length, 0),
    numBytes: documents.reduce((sum, document) => sum + part.documentBytes(document), 0),
    batch: (number, into = emptyValidationBatch(batchSize * contextLength)) => {
      assert(Number.isInteger(number) && number >= 0 && number < numBatches, `no batch ${number} of ${numBatches}`);
      assert(into.tokens.length === batchSize * contextLength, `room for ${into.tokens.length} tokens`);
      for (let i = 0; i < batchSize; i++) writeRow(number * batchSize + i, into, i * contextLength);
      return into;
    },
  };
}

/** The numbers of so many documents of a part, spread evenly over it; of all without a number, or where there are no more. */
export function spreadDocuments(part: DatasetPart, wanted = part.numDocuments): Float64Array {
  const length = Math.min(wanted, part.numDocuments);
  return Float64Array.from({ length }, (_, i) => Math.floor((i * part.numDocuments) / length));
}

function emptyValidationBatch(length: number): ValidationBatch {
  return {
    tokens: new Int32Array(length),
    targets: new Int32Array(length),
    weights: new Float32Array(length),
    segments: new Int32Array(length),
    positions: new Int32Array(length),
    documents: new Int32Array(length),
  };
}
