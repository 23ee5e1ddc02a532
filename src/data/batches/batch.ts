import { assert } from '../../core/index.ts';
import type { DatasetPart } from '../store/dataset-part.ts';

/**
 * What one step trains on: B rows of T positions, row after row. Everything is a pure function of the options and the step.
 */
export interface Batch {
  readonly batchSize: number;
  readonly contextLength: number;
  /** [B·T] what the model reads. */
  readonly tokens: Int32Array;
  /** [B·T] what it is to say: the next token of the text; after the last token of a document, the begin token. */
  readonly targets: Int32Array;
  /** [B·T] 1 where the target counts, 0 where the row is padded (with the begin token). */
  readonly weights: Float32Array;
  /** [B·T] the number of the document within its row, from 1; 0 where padded. Attention within equal numbers is a document mask. */
  readonly segments: Int32Array;
  /** [B·T] the place within its segment, from 0; 0 where padded. */
  readonly positions: Int32Array;
  /** [B] which of the datasets each row is from. */
  readonly datasets: Int32Array;
  /** [B] how often that dataset had been served in full before this row. */
  readonly epochs: Int32Array;
  /** [B] the number of the row in its dataset: the place that it has before shuffling. */
  readonly rows: Float64Array;
}

/** Room for a batch, to be filled again and again. */
export function emptyBatch(batchSize: number, contextLength: number): Batch {
  const length = batchSize * contextLength;
  return {
    batchSize,
    contextLength,
    tokens: new Int32Array(length),
    targets: new Int32Array(length),
    weights: new Float32Array(length),
    segments: new Int32Array(length),
    positions: new Int32Array(length),
    datasets: new Int32Array(batchSize),
    epochs: new Int32Array(batchSize),
    rows: new Float64Array(batchSize),
  };
}

/** The arrays of a batch that hold a value for each position. */
export type Positions = Pick<Batch, 'tokens' | 'targets' | 'weights' | 'segments' | 'positions'>;

/** Writes pieces of a dataset's text into the rows of a batch. */
export class RowWriter {
  private readonly part: DatasetPart;
  private readonly beginToken: number;
  private readonly scratch: Int32Array;

  /** @param contextLength the longest piece */
  constructor(part: DatasetPart, beginToken: number, contextLength: number) {
    this.part = part;
    this.beginToken = beginToken;
    this.scratch = new Int32Array(contextLength + 1);
  }

  /**
   * Writes a run of tokens, each with the token after it as its target. A document that begins within the run begins a
   * segment.
   *
   * @param start position in the part of the first token
   * @param length how many
   * @param into where to
   * @param at place of the first in `into`
   * @param segment the number of the first segment
   * @returns the number of the last segment
   */
  write(start: number, length: number, into: Positions, at: number, segment: number): number {
    const { part, scratch, beginToken } = this;
    const { tokens, targets, weights, segments, positions } = into;
    const isLast = start + length === part.numTokens;
    part.readTokens(start, isLast ? length : length + 1, scratch);
    // What follows the last document is what follows every document: the beginning of another.
    if (isLast) scratch[length] = beginToken;
    let number = segment;
    let begin = 0;
    let end = part.documentEndAfter(start) - start;
    for (let i = 0; i < length; i++) {
      if (i === end) {
        number += 1;
        begin = i;
        end = part.documentEndAfter(start + i) - start;
      }
      tokens[at + i] = scratch[i] as number;
      targets[at + i] = scratch[i + 1] as number;
      weights[at + i] = 1;
      segments[at + i] = number;
      positions[at + i] = i - begin;
    }
    return number;
  }

  /** Fills the rest of a row: nothing there counts. */
  pad(into: Positions, from: number, to: number): void {
    assert(to <= into.tokens.length, `no place ${to}`);
    into.tokens.fill(this.beginToken, from, to);
    into.targets.fill(this.beginToken, from, to);
    into.weights.fill(0, from, to);
    into.segments.fill(0, from, to);
    into.positions.fill(0, from, to);
  }
}
