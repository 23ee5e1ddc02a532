import { doubled } from './typed-array-growth.ts';

/**
 * Where each pair of tokens occurs: lists of places in one pool, by the number of the pair. A list is written once and read
 * once; what was removed is squeezed out when the pool is full.
 */
export class PositionLists {
  /** The pool. Another array after `reserve`. */
  positions = new Int32Array(1 << 16);
  private poolEnd = 0;
  private numRemoved = 0;
  private numLists = 0;
  private starts = new Int32Array(1 << 15);
  private lengths = new Int32Array(1 << 15);

  /** Makes room for lists with `numPositions` places in all; starts and views from before are void. */
  reserve(numPositions: number): void {
    if (this.poolEnd + numPositions <= this.positions.length) return;
    const numNeeded = this.poolEnd - this.numRemoved + numPositions;
    const isHalfEmpty = 2 * numNeeded <= this.positions.length;
    const target = isHalfEmpty ? this.positions : new Int32Array(2 * numNeeded);
    // Lists lie in the order of their numbers, so that none is overwritten before it was moved.
    let end = 0;
    for (let list = 0; list < this.numLists; list++) {
      const length = this.lengths[list] as number;
      const start = this.starts[list] as number;
      this.starts[list] = end;
      if (isHalfEmpty) target.copyWithin(end, start, start + length);
      else target.set(this.positions.subarray(start, start + length), end);
      end += length;
    }
    this.positions = target;
    this.poolEnd = end;
    this.numRemoved = 0;
  }

  /** Adds the list of the next pair, with `length` places, for which there is room, and returns where it begins. */
  add(length: number): number {
    const list = this.numLists++;
    if (list === this.starts.length) {
      this.starts = doubled(this.starts);
      this.lengths = doubled(this.lengths);
    }
    const start = this.poolEnd;
    this.starts[list] = start;
    this.lengths[list] = length;
    this.poolEnd += length;
    return start;
  }

  /** The places of a list, as a view that lasts until `reserve`. */
  view(list: number): Int32Array {
    const start = this.starts[list] as number;
    return this.positions.subarray(start, start + (this.lengths[list] as number));
  }

  remove(list: number): void {
    this.numRemoved += this.lengths[list] as number;
    this.lengths[list] = 0;
  }
}
