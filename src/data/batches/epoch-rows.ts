import { assert, randomStream } from '../../core/index.ts';
import type { Dataset } from '../store/dataset.ts';
import { type Positions, RowWriter } from './batch.ts';
import { bestFitDecreasing, cutDocuments, type RowPlan } from './packing.ts';
import { type Permutation, permutation } from './permutation.ts';

/**
 * How the text of an epoch is laid into rows.
 *
 * - `stream`: the documents lie end to end in the order in which they are stored and are cut into rows of T. No place is wasted,
 *   no token is left out; most rows begin inside a document and hold neighbours. The cuts lie elsewhere in each epoch, so
 *   that over the epochs a token is seen with different lengths of context.
 * - `documents`: whole documents share a row (best-fit-decreasing), each a segment of its own; longer ones are cut into pieces
 *   of T. What is left of a row is padded. Documents of one row are of lengths that fit, not neighbours in the corpus.
 *
 * In both, the rows are shuffled anew in each epoch. Shuffling the documents before they are laid end to end would cost memory
 * and time in proportion to their number in every epoch; it belongs into the build of a dataset, once.
 */
export type Packing = 'stream' | 'documents';

export interface EpochRowsOptions {
  readonly contextLength: number;
  readonly packing: Packing;
  readonly seed: number;
}

/** The rows of a dataset's training part, shuffled in each epoch, epoch after epoch without end. */
export class EpochRows {
  /** Rows in an epoch. */
  readonly numRows: number;
  /** The share of places of an epoch that hold a token, 0 … 1. */
  readonly utilisation: number;
  /** Which pieces of documents stand in which row; undefined where the text is a stream. */
  readonly plan: RowPlan | undefined;

  private readonly seed: number;
  private readonly name: string;
  private readonly contextLength: number;
  private readonly numTokens: number;
  private readonly writer: RowWriter;
  private order: Permutation = { size: 0, at: (place) => place, placeOf: (value) => value };
  private shift = 0;
  private epoch = -1;

  constructor(dataset: Dataset, { contextLength, packing, seed }: EpochRowsOptions) {
    const { train, manifest } = dataset;
    assert(train.numTokens > 0, 'a dataset without training tokens has no rows');
    this.seed = seed;
    this.name = `batches/${manifest.fingerprint}`;
    this.contextLength = contextLength;
    this.numTokens = train.numTokens;
    this.writer = new RowWriter(train, manifest.beginToken, contextLength);
    this.plan =
      packing === 'documents' ? bestFitDecreasing(cutDocuments(train, contextLength), contextLength) : undefined;
    this.numRows = this.plan?.numRows ?? Math.ceil(train.numTokens / contextLength);
    this.utilisation = this.plan?.utilisation ?? train.numTokens / (this.numRows * contextLength);
  }

  /** The epoch that holds a row of the whole run. */
  epochOf(row: number): number {
    return Math.floor(row / this.numRows);
  }

  /**
   * Writes a row of the whole run; row r stands in epoch ⌊r / numRows⌋.
   *
   * @returns its number in the epoch before shuffling
   */
  write(row: number, into: Positions, at: number): number {
    const epoch = this.epochOf(row);
    this.enter(epoch);
    const number = this.order.at(row - epoch * this.numRows);
    const filled =
      this.plan === undefined ? this.writeCut(number, into, at) : this.writePacked(this.plan, number, into, at);
    this.writer.pad(into, at + filled, at + this.contextLength);
    return number;
  }

  private writeCut(number: number, into: Positions, at: number): number {
    const begin = number * this.contextLength;
    const length = Math.min(this.contextLength, this.numTokens - begin);
    // The text is a ring that the epoch enters at `shift`: the beginning follows upon the end.
    const start = (begin + this.shift) % this.numTokens;
    const beforeEnd = Math.min(length, this.numTokens - start);
    const segment = this.writer.write(start, beforeEnd, into, at, 1);
    if (beforeEnd < length) this.writer.write(0, length - beforeEnd, into, at + beforeEnd, segment + 1);
    return length;
  }

  private writePacked(plan: RowPlan, number: number, into: Positions, at: number): number {
    const first = plan.firstPiece[number] as number;
    const end = plan.firstPiece[number + 1] as number;
    let filled = 0;
    for (let piece = first; piece < end; piece++) {
      const length = plan.lengths[piece] as number;
      this.writer.write(plan.starts[piece] as number, length, into, at + filled, piece - first + 1);
      filled += length;
    }
    return filled;
  }

  /** Order and cuts are functions of the epoch; those of the last one used are kept, since steps come one after another. */
  private enter(epoch: number): void {
    if (epoch === this.epoch) return;
    this.epoch = epoch;
    this.order = permutation(this.numRows, this.seed, `${this.name}/rows/${epoch}`);
    const spread = Math.min(this.contextLength, this.numTokens);
    this.shift = randomStream(this.seed, `${this.name}/shift/${epoch}`).nextInteger(spread);
  }
}
