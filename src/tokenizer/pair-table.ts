import { doubled } from './typed-array-growth.ts';

/** More tokens than any vocabulary has; a pair of ids then fits a float64 exactly. */
export const maximumVocabularySize = 2 ** 24;

/** A number for each pair of token ids, from 0 in the order of adding, and its count: a hash table with open addressing. */
export class PairTable {
  size = 0;
  /** By the number of a pair: `first · 2²⁴ + second`, which orders pairs as (first, second) does. */
  keys = new Float64Array(1 << 15);
  /** By the number of a pair: how often it occurs. Exact up to 2⁵³. */
  counts = new Float64Array(1 << 15);
  /** At most half full; the number of a pair plus one, or 0. */
  private slots = new Int32Array(1 << 16);

  /** The number of a pair, or −1. */
  find(first: number, second: number): number {
    const { slots, keys } = this;
    const key = first * maximumVocabularySize + second;
    const mask = slots.length - 1;
    let slot = hashOf(first, second) & mask;
    for (;;) {
      const pair = (slots[slot] as number) - 1;
      if (pair < 0 || keys[pair] === key) return pair;
      slot = (slot + 1) & mask;
    }
  }

  /** Adds a pair that is not there yet and returns its number. */
  add(first: number, second: number, count: number): number {
    if (this.size === this.keys.length) this.grow();
    const pair = this.size++;
    this.keys[pair] = first * maximumVocabularySize + second;
    this.counts[pair] = count;
    this.place(first, second, pair);
    return pair;
  }

  first(pair: number): number {
    return Math.floor((this.keys[pair] as number) / maximumVocabularySize);
  }

  second(pair: number): number {
    return (this.keys[pair] as number) % maximumVocabularySize;
  }

  private place(first: number, second: number, pair: number): void {
    const { slots } = this;
    const mask = slots.length - 1;
    let slot = hashOf(first, second) & mask;
    while (slots[slot] !== 0) slot = (slot + 1) & mask;
    slots[slot] = pair + 1;
  }

  private grow(): void {
    this.keys = doubled(this.keys);
    this.counts = doubled(this.counts);
    this.slots = new Int32Array(2 * this.slots.length);
    for (let pair = 0; pair < this.size; pair++) this.place(this.first(pair), this.second(pair), pair);
  }
}

function hashOf(first: number, second: number): number {
  const hash = Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca77);
  return hash ^ (hash >>> 15);
}
