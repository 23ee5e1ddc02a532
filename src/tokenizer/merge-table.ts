import type { VocabularyIndex } from './byte-strings.ts';
import type { TokenizerData } from './tokenizer-data.ts';

const stride = 4;
const vacant = -1;

/** The rank of a pair that is not merged: above all ranks. */
export const noRank = 0x7fffffff;

/** Which pairs of tokens are merged, in what order, and into which token. */
export interface MergeTable {
  /** Where the pair stands in the table, for `rankAt` and `tokenAt`; -1 where it is not merged. */
  find(left: number, right: number): number;
  rankAt(slot: number): number;
  tokenAt(slot: number): number;
  /**
   * Whether the merge at `slot`, where it has the lowest rank of all pairs present, may be done everywhere at once: no pair
   * that holds its token ranks below it.
   */
  canSweep(slot: number): boolean;
  /** The rank of the first merge whose result is no token, or undefined. */
  readonly unmade: number | undefined;
}

/** Hashes a tokenizer's merges. Where a pair is named twice, the later rank holds, as in Hugging Face's `tokenizers`. */
export function mergeTableOf(data: TokenizerData, index: VocabularyIndex): MergeTable {
  const { merges, tokenBytes, tokenOffsets } = data;
  const numMerges = merges.length / 2;
  const mask = 2 ** Math.ceil(Math.log2(Math.max(numMerges, 1) * 2)) - 1;
  const slotMask = (mask + 1) * stride - 1;
  // Left, right, rank and token side by side: one cache line for a look-up.
  const table = new Int32Array((mask + 1) * stride).fill(vacant);
  const lowestRankWith = new Int32Array(tokenOffsets.length).fill(noRank);
  const joined = new Uint8Array(longestToken(tokenOffsets) * 2);
  let unmade: number | undefined;

  for (let rank = 0; rank < numMerges; rank++) {
    const left = merges[rank * 2] as number;
    const right = merges[rank * 2 + 1] as number;
    lowestRankWith[left] = Math.min(lowestRankWith[left] as number, rank);
    lowestRankWith[right] = Math.min(lowestRankWith[right] as number, rank);
    const leftStart = tokenOffsets[left] as number;
    const leftLength = (tokenOffsets[left + 1] as number) - leftStart;
    const rightStart = tokenOffsets[right] as number;
    const rightLength = (tokenOffsets[right + 1] as number) - rightStart;
    for (let at = 0; at < leftLength; at++) joined[at] = tokenBytes[leftStart + at] as number;
    for (let at = 0; at < rightLength; at++) joined[leftLength + at] = tokenBytes[rightStart + at] as number;
    const token = index.find(joined, 0, leftLength + rightLength);
    if (token < 0) unmade ??= rank;
    let slot = (hashPair(left, right) & mask) * stride;
    while (table[slot] !== vacant && !(table[slot] === left && table[slot + 1] === right)) {
      slot = (slot + stride) & slotMask;
    }
    table[slot] = left;
    table[slot + 1] = right;
    table[slot + 2] = rank;
    table[slot + 3] = token;
  }

  return {
    unmade,
    find(left, right) {
      let slot = (hashPair(left, right) & mask) * stride;
      for (;;) {
        const entry = table[slot] as number;
        if (entry === left && table[slot + 1] === right) return slot;
        if (entry === vacant) return -1;
        slot = (slot + stride) & slotMask;
      }
    },
    rankAt: (slot) => table[slot + 2] as number,
    tokenAt: (slot) => table[slot + 3] as number,
    canSweep: (slot) => (lowestRankWith[table[slot + 3] as number] as number) > (table[slot + 2] as number),
  };
}

function hashPair(left: number, right: number): number {
  const hash = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
  return hash ^ (hash >>> 15);
}

function longestToken(tokenOffsets: Uint32Array): number {
  let longest = 0;
  for (let id = 0; id + 1 < tokenOffsets.length; id++) {
    longest = Math.max(longest, (tokenOffsets[id + 1] as number) - (tokenOffsets[id] as number));
  }
  return longest;
}
