/** A hash of `bytes[start, end)` with its bits well mixed: FNV-1a and a finaliser. */
export function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let index = start; index < end; index++) hash = Math.imul(hash ^ (bytes[index] as number), 0x01000193);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}

/** Whether `left[leftStart, leftStart + length)` and `right[rightStart, rightStart + length)` are the same bytes. */
export function equalBytes(
  left: Uint8Array,
  leftStart: number,
  right: Uint8Array,
  rightStart: number,
  length: number,
): boolean {
  for (let index = 0; index < length; index++) {
    if (left[leftStart + index] !== right[rightStart + index]) return false;
  }
  return true;
}

/** Finds the id of a token by its bytes. */
export interface VocabularyIndex {
  /** The id of the token that is `bytes[start, end)`; -1 where there is none. */
  find(bytes: Uint8Array, start: number, end: number): number;
  /** Two ids that have the same bytes, or undefined. */
  readonly duplicate: readonly [number, number] | undefined;
}

/** Indexes the tokens `tokenBytes[tokenOffsets[id], tokenOffsets[id + 1])`; an empty one is no token. */
export function vocabularyIndexOf(tokenBytes: Uint8Array, tokenOffsets: Uint32Array): VocabularyIndex {
  const numIds = tokenOffsets.length - 1;
  const mask = 2 ** Math.ceil(Math.log2(Math.max(numIds, 1) * 2)) - 1;
  // The id plus one: 0 is an empty slot.
  const slots = new Uint32Array(mask + 1);

  const slotOf = (bytes: Uint8Array, start: number, end: number) => {
    let slot = hashBytes(bytes, start, end) & mask;
    for (;;) {
      const entry = slots[slot] as number;
      if (entry === 0) return slot;
      const offset = tokenOffsets[entry - 1] as number;
      const length = (tokenOffsets[entry] as number) - offset;
      if (length === end - start && equalBytes(tokenBytes, offset, bytes, start, length)) return slot;
      slot = (slot + 1) & mask;
    }
  };

  let duplicate: readonly [number, number] | undefined;
  for (let id = 0; id < numIds; id++) {
    const start = tokenOffsets[id] as number;
    const end = tokenOffsets[id + 1] as number;
    if (start === end) continue;
    const slot = slotOf(tokenBytes, start, end);
    const entry = slots[slot] as number;
    if (entry === 0) slots[slot] = id + 1;
    else duplicate ??= [entry - 1, id];
  }
  return { duplicate, find: (bytes, start, end) => (slots[slotOf(bytes, start, end)] as number) - 1 };
}
