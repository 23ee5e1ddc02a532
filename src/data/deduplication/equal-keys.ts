import { mix32 } from './word-hashes.ts';

/**
 * Finds the documents that have equal keys. Document numbers and hashes of their keys are dealt into parts of some
 * thousands, and each part is looked through with an open-addressing table that stays in the processor's cache. Nothing
 * is sorted, so there is no order that could be wrong; documents whose hashes are equal are compared by their full keys.
 *
 * Memory: 8 bytes a document beside the keys, and 8 to 16 for each different key of the largest part.
 */
export class EqualKeys {
  readonly #numDocuments: number;
  /** Documents part by part, ascending in each, and the hashes of their keys. */
  readonly #dealt: Uint32Array;
  readonly #hashes: Int32Array;
  /** Place in `#dealt` + 1; 0 is empty. */
  #table = new Uint32Array(1 << 12);

  constructor(numDocuments: number) {
    this.#numDocuments = numDocuments;
    this.#dealt = new Uint32Array(numDocuments);
    this.#hashes = new Int32Array(numDocuments);
  }

  /**
   * Visits every document whose key an earlier document has too, with the first document of that key. A key of zeros
   * stands for none and equals nothing.
   *
   * @param keys `width` numbers for each document, in the order of the corpus
   * @param skipped documents that are not looked at, where not zero
   */
  forEachRepeat(
    keys: Uint32Array,
    width: number,
    skipped: Uint8Array | undefined,
    visit: (first: number, repeat: number) => void,
  ): void {
    const starts = this.#deal(keys, width, skipped);
    for (let part = 0; part + 1 < starts.length; part++) {
      this.#search(keys, width, starts[part] as number, starts[part + 1] as number, visit);
    }
  }

  /** Deals the documents by the high bits of their hashes; returns where the parts begin, and the end. */
  #deal(keys: Uint32Array, width: number, skipped: Uint8Array | undefined): Uint32Array {
    const bits = Math.min(8, Math.max(1, Math.ceil(Math.log2((this.#numDocuments + 1) / 8192))));
    const shift = 32 - bits;
    const starts = new Uint32Array((1 << bits) + 1);
    for (let i = 0; i < this.#numDocuments; i++) {
      if (!isDealt(keys, width, i, skipped)) continue;
      const part = hashOf(keys, width, i) >>> shift;
      starts[part + 1] = (starts[part + 1] as number) + 1;
    }
    for (let part = 1; part < starts.length; part++) {
      starts[part] = (starts[part] as number) + (starts[part - 1] as number);
    }
    const ends = starts.slice(0, -1);
    const [dealt, hashes] = [this.#dealt, this.#hashes];
    for (let i = 0; i < this.#numDocuments; i++) {
      if (!isDealt(keys, width, i, skipped)) continue;
      const hash = hashOf(keys, width, i);
      const end = ends[hash >>> shift] as number;
      dealt[end] = i;
      hashes[end] = hash;
      ends[hash >>> shift] = end + 1;
    }
    return starts;
  }

  #search(keys: Uint32Array, width: number, from: number, to: number, visit: (first: number, repeat: number) => void) {
    const [dealt, hashes] = [this.#dealt, this.#hashes];
    let numSlots = 1 << 12;
    this.#table.fill(0, 0, numSlots);
    let numKeys = 0;
    for (let place = from; place < to; place++) {
      const document = dealt[place] as number;
      const hash = hashes[place] as number;
      let slot = hash & (numSlots - 1);
      let holder = this.#table[slot] as number;
      while (holder > 0) {
        if (hashes[holder - 1] === hash && hasSameKey(keys, width, dealt[holder - 1] as number, document)) break;
        slot = (slot + 1) & (numSlots - 1);
        holder = this.#table[slot] as number;
      }
      if (holder > 0) {
        visit(dealt[holder - 1] as number, document);
        continue;
      }
      this.#table[slot] = place + 1;
      if (++numKeys * 2 > numSlots) numSlots = this.#growTable(numSlots);
    }
  }

  /** Doubles the table in use; returns its number of slots. */
  #growTable(numSlots: number): number {
    const old = this.#table.slice(0, numSlots);
    const larger = numSlots * 2;
    if (this.#table.length < larger) this.#table = new Uint32Array(larger);
    else this.#table.fill(0, 0, larger);
    for (const holder of old) {
      if (holder === 0) continue;
      let slot = (this.#hashes[holder - 1] as number) & (larger - 1);
      while (this.#table[slot] !== 0) slot = (slot + 1) & (larger - 1);
      this.#table[slot] = holder;
    }
    return larger;
  }
}

function isDealt(keys: Uint32Array, width: number, document: number, skipped: Uint8Array | undefined): boolean {
  if (skipped !== undefined && skipped[document] !== 0) return false;
  for (let k = width * document; k < width * (document + 1); k++) if (keys[k] !== 0) return true;
  return false;
}

/** The part goes by the high bits of the hash, the slot in a table by the low ones. */
const hashOf = (keys: Uint32Array, width: number, document: number): number =>
  mix32((keys[width * document] as number) ^ Math.imul(keys[width * document + 1] as number, 0x9e3779b1));

function hasSameKey(keys: Uint32Array, width: number, one: number, other: number): boolean {
  for (let k = 0; k < width; k++) if (keys[width * one + k] !== keys[width * other + k]) return false;
  return true;
}
