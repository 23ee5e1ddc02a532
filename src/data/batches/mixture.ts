import { assert, GroundworkError } from '../../core/index.ts';
import { type Permutation, permutation } from './permutation.ts';

/** A stretch of a run with fixed shares. */
export interface MixturePhase {
  /** The row of the run at which it begins; it takes effect at the next border of a block. */
  readonly fromRow: number;
  /** One per dataset: shares of the rows, up to a common factor. */
  readonly weights: readonly number[];
}

/** Where a row of a run comes from. */
export interface MixtureRow {
  /** Which dataset. */
  dataset: number;
  /** How many rows of that dataset the run has served before. */
  row: number;
}

/**
 * Rows in a block. Shares are rounded to multiples of 1 / 1,024, and the order of datasets is as random as it can be while every
 * block of 1,024 rows holds exactly its shares.
 */
export const blockRows = 1024;

interface Stretch {
  readonly firstBlock: number;
  /** Rows of each dataset in one block. */
  readonly counts: readonly number[];
  /** `ends[d]`: rows in one block of the datasets 0 … d. */
  readonly ends: readonly number[];
  /** Rows of each dataset before this stretch. */
  readonly before: readonly number[];
}

/**
 * Which dataset each row of a run is from: in every block exactly as many rows of each as its weight says, in an order that is
 * shuffled by seed and block (as in Levanter's `MixtureDataset`). A row is found in constant time, with no state. After any
 * number of rows, a dataset with c rows per block is at most c·(1,024 − c) / 1,024 ≤ 256 rows off its share.
 */
export class Mixture {
  private readonly seed: number;
  private readonly stretches: readonly Stretch[];
  private order: Permutation = { size: 0, at: (place) => place, placeOf: (value) => value };
  private orderedBlock = -1;

  /**
   * @param names of the datasets, for messages
   * @param phases by rising `fromRow`, the first from row 0
   * @throws `usage` for weights that are not shares, or that leave a dataset with a positive weight without a row
   */
  constructor(names: readonly string[], phases: readonly MixturePhase[], seed: number) {
    this.seed = seed;
    const stretches: Stretch[] = [];
    for (const { fromRow, weights } of phases) {
      const firstBlock = Math.ceil(fromRow / blockRows);
      const counts = countsPerBlock(names, weights);
      const last = stretches.at(-1);
      const numBlocks = last === undefined ? 0 : firstBlock - last.firstBlock;
      assert(
        last === undefined ? firstBlock === 0 : numBlocks >= 0,
        'the phases of a mixture do not follow each other',
      );
      let sum = 0;
      const ends = counts.map((count) => {
        sum += count;
        return sum;
      });
      const before = counts.map((_, dataset) =>
        last === undefined ? 0 : (last.before[dataset] ?? 0) + numBlocks * (last.counts[dataset] ?? 0),
      );
      // A phase that ends before its first block border is never seen.
      if (numBlocks === 0) stretches.pop();
      stretches.push({ firstBlock, counts, ends, before });
    }
    this.stretches = stretches;
  }

  /** Finds the dataset and the place in it of a row of the run. */
  locate(row: number, into: MixtureRow): void {
    const block = Math.floor(row / blockRows);
    const stretch = this.stretchOf(block);
    if (block !== this.orderedBlock) {
      this.orderedBlock = block;
      this.order = permutation(blockRows, this.seed, `batches/mixture/${block}`);
    }
    const place = this.order.at(row - block * blockRows);
    let dataset = 0;
    while (place >= (stretch.ends[dataset] as number)) dataset++;
    const count = stretch.counts[dataset] as number;
    const inBlock = place - ((stretch.ends[dataset] as number) - count);
    into.dataset = dataset;
    into.row = (stretch.before[dataset] as number) + (block - stretch.firstBlock) * count + inBlock;
  }

  /** The number of rows of each dataset among the first `numRows` of the run. */
  rowsUsed(numRows: number): number[] {
    const block = Math.floor(numRows / blockRows);
    const stretch = this.stretchOf(block);
    const used = stretch.counts.map(
      (count, dataset) => (stretch.before[dataset] as number) + (block - stretch.firstBlock) * count,
    );
    const located: MixtureRow = { dataset: 0, row: 0 };
    for (let row = block * blockRows; row < numRows; row++) {
      this.locate(row, located);
      used[located.dataset] = (used[located.dataset] as number) + 1;
    }
    return used;
  }

  private stretchOf(block: number): Stretch {
    let found = this.stretches[0];
    for (const stretch of this.stretches) if (stretch.firstBlock <= block) found = stretch;
    assert(found !== undefined, 'a mixture has no phase');
    return found;
  }
}

/** Rows per block by largest remainder (Hamilton's method): the sum is exact, no count is a whole row off. */
export function countsPerBlock(names: readonly string[], weights: readonly number[]): number[] {
  const refuse = (message: string): never => {
    throw new GroundworkError('usage', message, {
      hint: 'Give each dataset a share of the rows, such as 0.7 and 0.3.',
    });
  };
  if (weights.length !== names.length) {
    refuse(`found ${weights.length} weights, expected one for each of ${names.length} datasets`);
  }
  weights.forEach((weight, i) => {
    if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY)) {
      refuse(`the weight of dataset ${names[i]} is ${weight}, expected a number that is not negative`);
    }
  });
  const sum = weights.reduce((total, weight) => total + weight, 0);
  if (!(sum > 0 && sum < Number.POSITIVE_INFINITY)) refuse(`the weights add up to ${sum}, expected more than 0`);
  const quotas = weights.map((weight) => (weight / sum) * blockRows);
  const counts = quotas.map(Math.floor);
  const left = blockRows - counts.reduce((total, count) => total + count, 0);
  const byRemainder = quotas
    .map((quota, dataset) => ({ dataset, remainder: quota - Math.floor(quota) }))
    .sort((a, b) => b.remainder - a.remainder || a.dataset - b.dataset);
  for (const { dataset } of byRemainder.slice(0, left)) counts[dataset] = (counts[dataset] as number) + 1;
  counts.forEach((count, i) => {
    if (count > 0 || weights[i] === 0) return;
    refuse(
      `dataset ${names[i]} has a share of ${((weights[i] as number) / sum).toPrecision(2)}, expected at least 1 in ${blockRows} rows`,
    );
  });
  return counts;
}
