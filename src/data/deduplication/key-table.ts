/** The arrays of a `KeyTable`, over shared memory: sent to a worker, they are not copied. */
export interface KeyTableData {
  readonly keys: Uint32Array;
  readonly values: Uint32Array;
  readonly size: number;
}

/** An array of 32-bit numbers in memory that worker threads can share. */
export const sharedArray = (length: number): Uint32Array => new Uint32Array(new SharedArrayBuffer(4 * length));

/**
 * A map from 64-bit hashes, well mixed and not zero, to 32-bit numbers: open addressing with linear probing over shared typed
 * arrays, at most half full. Written by one thread before others read it.
 */
export class KeyTable {
  /** Two numbers a slot; zeros where it is empty. */
  #keys = sharedArray(2 * 1024);
  #values = sharedArray(1024);
  #size = 0;

  static fromData({ keys, values, size }: KeyTableData): KeyTable {
    const table = new KeyTable();
    table.#keys = keys;
    table.#values = values;
    table.#size = size;
    return table;
  }

  get data(): KeyTableData {
    return { keys: this.#keys, values: this.#values, size: this.#size };
  }

  get size(): number {
    return this.#size;
  }

  /** The number that stands for a hash, or −1. */
  find(low: number, high: number): number {
    const slot = slotOf(this.#keys, low >>> 0, high >>> 0);
    return isEmpty(this.#keys, slot) ? -1 : (this.#values[slot] as number);
  }

  /** Adds a hash with its number unless it is there; returns the number that it has now. */
  insert(low: number, high: number, value: number): number {
    const slot = slotOf(this.#keys, low >>> 0, high >>> 0);
    if (!isEmpty(this.#keys, slot)) return this.#values[slot] as number;
    put(this.#keys, this.#values, slot, low, high, value);
    if (++this.#size * 2 > this.#values.length) this.#grow();
    return value;
  }

  /** Replaces every number by another one. */
  renumber(numbers: Uint32Array): void {
    for (let slot = 0; slot < this.#values.length; slot++) {
      if (!isEmpty(this.#keys, slot)) this.#values[slot] = numbers[this.#values[slot] as number] as number;
    }
  }

  #grow(): void {
    const [oldKeys, oldValues] = [this.#keys, this.#values];
    const keys = sharedArray(oldKeys.length * 2);
    const values = sharedArray(oldValues.length * 2);
    for (let slot = 0; slot < oldValues.length; slot++) {
      const [low, high] = [oldKeys[2 * slot] as number, oldKeys[2 * slot + 1] as number];
      if (low !== 0 || high !== 0) put(keys, values, slotOf(keys, low, high), low, high, oldValues[slot] as number);
    }
    this.#keys = keys;
    this.#values = values;
  }
}

const isEmpty = (keys: Uint32Array, slot: number): boolean => keys[2 * slot] === 0 && keys[2 * slot + 1] === 0;

/** The slot of a hash, or else the empty one where it belongs. */
function slotOf(keys: Uint32Array, low: number, high: number): number {
  const mask = (keys.length >>> 1) - 1;
  for (let slot = low & mask; ; slot = (slot + 1) & mask) {
    const found = keys[2 * slot] as number;
    if (found === low && keys[2 * slot + 1] === high) return slot;
    if (found === 0 && keys[2 * slot + 1] === 0) return slot;
  }
}

function put(keys: Uint32Array, values: Uint32Array, slot: number, low: number, high: number, value: number): void {
  keys[2 * slot] = low;
  keys[2 * slot + 1] = high;
  values[slot] = value;
}
