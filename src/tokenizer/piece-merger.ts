import { type MergeTable, noRank } from './merge-table.ts';

/** Pieces up to this many bytes are merged by scanning; longer ones, where that is quadratic, with a heap. */
export const longestScanned = 64;

/** A sweep over a piece is worth its time where it merges about this share of the tokens: the piece then shrinks by it. */
const sweepShare = 1 / 8;

/** Heap keys are `rank * positionRange + position`, exact in a double while ranks stay below 2^22. */
const positionRange = 2 ** 31;

/** Merges the bytes of a piece: the pair of lowest rank first, the leftmost among equals, until no pair has a rank. */
export interface PieceMerger {
  /** For pieces up to `longestScanned` bytes: writes their ids at `out[at]` on; returns where they end. */
  scan(bytes: Uint8Array, start: number, end: number, out: Uint32Array, at: number): number;
  /** For pieces of any length: n log n. Returns the ids, in memory of their own. */
  merge(bytes: Uint8Array, start: number, end: number): Int32Array;
}

/** @param byteIds the id of each byte's token */
export function pieceMergerOf(table: MergeTable, byteIds: Int32Array): PieceMerger {
  const ids = new Int32Array(longestScanned);
  const ranks = new Int32Array(longestScanned);
  const slots = new Int32Array(longestScanned);

  const look = (index: number, count: number) => {
    const slot = index + 1 < count ? table.find(ids[index] as number, ids[index + 1] as number) : -1;
    slots[index] = slot;
    ranks[index] = slot < 0 ? noRank : table.rankAt(slot);
  };

  return {
    scan(bytes, start, end, out, at) {
      let count = end - start;
      for (let index = 0; index < count; index++) ids[index] = byteIds[bytes[start + index] as number] as number;
      for (let index = 0; index < count; index++) look(index, count);
      for (;;) {
        let lowest = noRank;
        let where = -1;
        for (let index = 0; index < count; index++) {
          const rank = ranks[index] as number;
          if (rank < lowest) {
            lowest = rank;
            where = index;
          }
        }
        if (where < 0) break;
        ids[where] = table.tokenAt(slots[where] as number);
        count--;
        for (let index = where + 1; index < count; index++) {
          ids[index] = ids[index + 1] as number;
          ranks[index] = ranks[index + 1] as number;
          slots[index] = slots[index + 1] as number;
        }
        look(where, count);
        if (where > 0) look(where - 1, count);
      }
      for (let index = 0; index < count; index++) out[at + index] = ids[index] as number;
      return at + count;
    },
    merge(bytes, start, end) {
      const all = halvedRun(table, byteIds, bytes, start, end) ?? idsOf(byteIds, bytes, start, end);
      return mergeWithHeap(table, all.subarray(0, sweep(table, all)));
    },
  };
}

function idsOf(byteIds: Int32Array, bytes: Uint8Array, start: number, end: number): Int32Array {
  const ids = new Int32Array(end - start);
  for (let index = 0; index < ids.length; index++) ids[index] = byteIds[bytes[start + index] as number] as number;
  return ids;
}

/**
 * The tokens of a piece that is one byte again and again, such as blanks, merged as far as whole runs become half as many
 * tokens: without looking at each of them. Undefined for other pieces.
 */
function halvedRun(
  table: MergeTable,
  byteIds: Int32Array,
  bytes: Uint8Array,
  start: number,
  end: number,
): Int32Array | undefined {
  const byte = bytes[start] as number;
  for (let index = start + 1; index < end; index++) if (bytes[index] !== byte) return undefined;
  let id = byteIds[byte] as number;
  let count = end - start;
  // What odd lengths left behind the run, the last first.
  const tail: number[] = [];
  while (count > 1) {
    const slot = table.find(id, id);
    if (slot < 0 || !table.canSweep(slot)) break;
    const rank = table.rankAt(slot);
    const isLower = (left: number, right: number) => {
      const other = table.find(left, right);
      return other >= 0 && table.rankAt(other) < rank;
    };
    const isTailFirst = tail.some((right, index) => isLower(tail[index + 1] ?? id, right));
    if (isTailFirst) break;
    if (count % 2 === 1) tail.push(id);
    count >>= 1;
    id = table.tokenAt(slot);
  }
  const ids = new Int32Array(count + tail.length).fill(id, 0, count);
  ids.set(tail.reverse(), count);
  return ids;
}

/**
 * Merges the lowest pair everywhere in one pass, again and again while that removes a good share of the tokens: a long run
 * of blanks is merged in time linear in its length. Returns how many tokens are left at the beginning of `ids`.
 */
function sweep(table: MergeTable, ids: Int32Array): number {
  let count = ids.length;
  for (;;) {
    let lowest = noRank;
    let lowestSlot = -1;
    let occurrences = 0;
    let left = -1;
    let right = -1;
    let rank = noRank;
    for (let index = 0; index + 1 < count; index++) {
      // Where sweeping pays, the same pair often comes twice in a row.
      if (ids[index] !== left || ids[index + 1] !== right) {
        left = ids[index] as number;
        right = ids[index + 1] as number;
        const slot = table.find(left, right);
        rank = slot < 0 ? noRank : table.rankAt(slot);
        if (rank < lowest) {
          lowest = rank;
          lowestSlot = slot;
          occurrences = 0;
        }
      }
      if (rank === lowest) occurrences++;
    }
    if (lowestSlot < 0 || occurrences < count * sweepShare || !table.canSweep(lowestSlot)) return count;
    count = mergeEverywhere(ids, count, lowestSlot, table);
  }
}

function mergeEverywhere(ids: Int32Array, count: number, slot: number, table: MergeTable): number {
  const token = table.tokenAt(slot);
  let left = -1;
  let right = -1;
  let isPair = false;
  let kept = 0;
  for (let index = 0; index < count; index++) {
    if (index + 1 < count && (ids[index] !== left || ids[index + 1] !== right)) {
      left = ids[index] as number;
      right = ids[index + 1] as number;
      isPair = table.find(left, right) === slot;
    }
    if (isPair && index + 1 < count) {
      ids[kept++] = token;
      index++;
    } else ids[kept++] = ids[index] as number;
  }
  return kept;
}

/** Merges with a doubly linked list of tokens and a heap of pairs; entries that a merge made stale are dropped when met. */
function mergeWithHeap(table: MergeTable, ids: Int32Array): Int32Array {
  const count = ids.length;
  const next = new Int32Array(count);
  const previous = new Int32Array(count);
  // Each merge takes one entry and adds at most two, and there are fewer merges than tokens.
  const heap = new Float64Array(count * 2);
  let size = 0;
  // Where the pair that begins at a position stands in the table; -1 where it is not merged or the position is no more.
  const slots = new Int32Array(count);
  const keyAt = (index: number) => {
    const after = next[index] as number;
    const slot = after < count ? table.find(ids[index] as number, ids[after] as number) : -1;
    slots[index] = slot;
    return slot < 0 ? -1 : table.rankAt(slot) * positionRange + index;
  };
  const push = (index: number) => {
    const key = keyAt(index);
    if (key >= 0) siftUp(heap, size++, key);
  };

  for (let index = 0; index < count; index++) {
    next[index] = index + 1;
    previous[index] = index - 1;
  }
  for (let index = 0; index < count; index++) {
    const key = keyAt(index);
    if (key >= 0) heap[size++] = key;
  }
  for (let index = (size >> 1) - 1; index >= 0; index--) siftDown(heap, size, index, heap[index] as number);

  while (size > 0) {
    const key = heap[0] as number;
    size--;
    if (size > 0) siftDown(heap, size, 0, heap[size] as number);
    const index = key % positionRange;
    const slot = slots[index] as number;
    if (slot < 0 || table.rankAt(slot) * positionRange + index !== key) continue;
    const after = next[index] as number;
    ids[index] = table.tokenAt(slot);
    ids[after] = -1;
    slots[after] = -1;
    const beyond = next[after] as number;
    next[index] = beyond;
    if (beyond < count) previous[beyond] = index;
    push(index);
    const before = previous[index] as number;
    if (before >= 0) push(before);
  }
  return ids.filter((id) => id >= 0);
}

function siftUp(heap: Float64Array, from: number, key: number): void {
  let index = from;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if ((heap[parent] as number) <= key) break;
    heap[index] = heap[parent] as number;
    index = parent;
  }
  heap[index] = key;
}

function siftDown(heap: Float64Array, size: number, from: number, key: number): void {
  let index = from;
  for (;;) {
    let child = index * 2 + 1;
    if (child >= size) break;
    if (child + 1 < size && (heap[child + 1] as number) < (heap[child] as number)) child++;
    if ((heap[child] as number) >= key) break;
    heap[index] = heap[child] as number;
    index = child;
  }
  heap[index] = key;
}
