import { assert, GroundworkError } from '../core/index.ts';
import { endsAtATime, roomAfter, type Splitter } from './splitter.ts';
import { doubled, withRoom } from './typed-array-growth.ts';

/** What a {@link PieceCounts} holds, as typed arrays that can be transferred to another thread. */
export interface PieceCountsData {
  /** The bytes of all pieces, one after the other. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where each piece ends in `bytes`; it begins where the one before it ends. */
  readonly ends: Uint32Array<ArrayBuffer>;
  /** How often each piece occurs: integers, exact up to 2⁵³. */
  readonly counts: Float64Array<ArrayBuffer>;
}

/**
 * Most places that all distinct pieces together may take when merges are learned from them: one for each byte, one before
 * each piece and one at the end. Beyond, the arrays of the learner would not fit into memory.
 */
export const maximumPlaces = 2 ** 30;
const emptySlot = 0;

/**
 * How often each distinct piece (pre-token) occurs in a set of documents: all that byte pair encoding needs to know of a
 * corpus.
 *
 * Documents are units: no piece spans two of them, as in Hugging Face's `train_from_iterator`. Its `train(files)` takes
 * every line for a document, ending included, and learns other merges from the same files.
 *
 * Pieces lie in one pool of bytes behind a hash table with open addressing, so that counting makes no strings and no
 * garbage. Growth: the pool and the arrays double when they are full and nothing is ever dropped, so the counts are exact
 * and do not depend on the order of the documents. Memory is the bytes of the distinct pieces, plus 24 to 48 bytes for
 * each of them; a distinct piece of natural text comes about once in 80 bytes at first and ever more seldom later. At 1 GiB
 * of distinct pieces, more than merges can be learned from, it stops with an error.
 */
export class PieceCounts {
  /** Number of distinct pieces. */
  numPieces = 0;
  private bytes = new Uint8Array(1 << 16);
  private ends = new Uint32Array(1 << 12);
  private hashes = new Int32Array(1 << 12);
  private counts = new Float64Array(1 << 12);
  /** By hash: the number of a piece plus one, or {@link emptySlot}. At most half full. */
  private slots = new Int32Array(1 << 13);
  private readonly pieceEnds = new Uint32Array(endsAtATime);
  private readonly maximumPlaces: number;

  /** @param limit the most places that the pieces may take; only tests want another than `maximumPlaces` */
  constructor(limit = maximumPlaces) {
    this.maximumPlaces = limit;
  }

  /**
   * Counts the pieces of one document, given as UTF-8.
   *
   * @throws GroundworkError `out-of-memory` for 1 GiB of distinct pieces and more
   */
  addDocument(splitter: Splitter, document: Uint8Array): void {
    let { pieceEnds } = this;
    let start = 0;
    while (start < document.length) {
      const numPieces = splitter.split(document, start, document.length, pieceEnds);
      for (let i = 0; i < numPieces; i++) {
        const end = pieceEnds[i] as number;
        this.add(document, start, end, 1);
        start = end;
      }
      pieceEnds = roomAfter(splitter, pieceEnds);
    }
  }

  /** Counts the piece `source[start … end − 1]` `count` more times. Throws as `addDocument`. */
  add(source: Uint8Array, start: number, end: number, count: number): void {
    const length = end - start;
    let hash = length;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ (source[i] as number), 0x01000193) ^ (hash >>> 15);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash ^= hash >>> 13;

    const { slots, hashes, ends, bytes } = this;
    const mask = slots.length - 1;
    let slot = hash & mask;
    for (;;) {
      const found = (slots[slot] as number) - 1;
      if (found < 0) break;
      if (hashes[found] === hash) {
        const foundStart = found === 0 ? 0 : (ends[found - 1] as number);
        if ((ends[found] as number) - foundStart === length) {
          let i = 0;
          while (i < length && bytes[foundStart + i] === source[start + i]) i++;
          if (i === length) {
            this.counts[found] = (this.counts[found] as number) + count;
            return;
          }
        }
      }
      slot = (slot + 1) & mask;
    }
    this.insert(source, start, end, hash, count, slot);
  }

  /** Adds the counts of another set of documents. Throws as `addDocument`. */
  addData({ bytes, ends, counts }: PieceCountsData): void {
    let start = 0;
    for (let i = 0; i < counts.length; i++) {
      const end = ends[i] as number;
      this.add(bytes, start, end, counts[i] as number);
      start = end;
    }
  }

  /** A copy of what is counted so far, in the order in which the pieces were first met. */
  toData(): PieceCountsData {
    return {
      bytes: this.bytes.slice(0, this.numBytes),
      ends: this.ends.slice(0, this.numPieces),
      counts: this.counts.slice(0, this.numPieces),
    };
  }

  static fromData(data: PieceCountsData): PieceCounts {
    const counts = new PieceCounts();
    counts.addData(data);
    return counts;
  }

  /** The bytes of all distinct pieces together. */
  get numBytes(): number {
    return this.numPieces === 0 ? 0 : (this.ends[this.numPieces - 1] as number);
  }

  private insert(source: Uint8Array, start: number, end: number, hash: number, count: number, slot: number): void {
    assert(end > start, 'a piece has no bytes');
    const piece = this.numPieces;
    const from = this.numBytes;
    const to = from + (end - start);
    checkPlaces(to, piece + 1, this.maximumPlaces);
    this.bytes = withRoom(this.bytes, to, this.maximumPlaces);
    if (piece === this.ends.length) {
      this.ends = doubled(this.ends);
      this.hashes = doubled(this.hashes);
      this.counts = doubled(this.counts);
    }
    if (end - start > 64) this.bytes.set(source.subarray(start, end), from);
    else for (let i = start; i < end; i++) this.bytes[from + i - start] = source[i] as number;
    this.ends[piece] = to;
    this.hashes[piece] = hash;
    this.counts[piece] = count;
    this.slots[slot] = piece + 1;
    this.numPieces++;
    if (2 * this.numPieces > this.slots.length) this.rehash();
  }

  private rehash(): void {
    const slots = new Int32Array(2 * this.slots.length);
    const mask = slots.length - 1;
    for (let piece = 0; piece < this.numPieces; piece++) {
      let slot = (this.hashes[piece] as number) & mask;
      while (slots[slot] !== emptySlot) slot = (slot + 1) & mask;
      slots[slot] = piece + 1;
    }
    this.slots = slots;
  }
}

/** Refuses more than merges can be learned from. */
export function checkPlaces(numBytes: number, numPieces: number, limit = maximumPlaces): void {
  if (numBytes + numPieces + 1 <= limit) return;
  throw new GroundworkError('out-of-memory', 'the distinct words of the corpus together are larger than 1 GiB', {
    hint: 'Train the tokenizer on a sample of the corpus.',
  });
}
