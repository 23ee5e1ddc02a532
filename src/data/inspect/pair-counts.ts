/** A slot is three words: the first token plus 1 (0 where it is free), the second token, the count. */
const slotWords = 3;
const maxLoad = 0.6;

/**
 * How often each ordered pair of tokens occurs: a hash table with open addressing, at most 0.6 full. The words of a slot lie
 * side by side, so that a look-up touches one line of the processor's cache and not three. A pair whose count falls to 0
 * keeps its slot, since it is about to come back.
 */
export class PairCounts {
  #numTaken = 0;
  #numSlots: number;
  #words: Uint32Array;

  constructor(numExpected = 1024) {
    this.#numSlots = 2 ** Math.ceil(Math.log2(Math.max(16, numExpected / maxLoad)));
    this.#words = new Uint32Array(this.#numSlots * slotWords);
  }

  count(first: number, second: number): number {
    return this.#words[this.#wordOf(first, second) + 2] as number;
  }

  /** Adds to the count of a pair, which may not fall below 0; returns what it was before. */
  add(first: number, second: number, change: number): number {
    let word = this.#wordOf(first, second);
    if (this.#words[word] === 0) {
      if (this.#numTaken + 1 > maxLoad * this.#numSlots) {
        this.#grow();
        word = this.#wordOf(first, second);
      }
      this.#words[word] = first + 1;
      this.#words[word + 1] = second;
      this.#numTaken++;
    }
    const before = this.#words[word + 2] as number;
    this.#words[word + 2] = before + change;
    return before;
  }

  /** How many pairs occur exactly so often, from 1 on. */
  numPairsWithCount(count: number): number {
    const words = this.#words;
    let found = 0;
    for (let word = 2; word < words.length; word += slotWords) if (words[word] === count) found++;
    return found;
  }

  /** The first word of the slot of a pair, or of the free one where it would go. */
  #wordOf(first: number, second: number): number {
    const words = this.#words;
    const mask = this.#numSlots - 1;
    // Multiplied and folded, so that neighbouring numbers scatter.
    let hash = Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 16), 0xc2b2ae35);
    let slot = (hash ^ (hash >>> 15)) & mask;
    const wanted = first + 1;
    for (;;) {
      const word = slot * slotWords;
      const found = words[word];
      if (found === 0 || (found === wanted && words[word + 1] === second)) return word;
      slot = (slot + 1) & mask;
    }
  }

  #grow(): void {
    const old = this.#words;
    this.#numSlots *= 2;
    this.#words = new Uint32Array(this.#numSlots * slotWords);
    for (let word = 0; word < old.length; word += slotWords) {
      const first = old[word] as number;
      if (first === 0) continue;
      const place = this.#wordOf(first - 1, old[word + 1] as number);
      this.#words[place] = first;
      this.#words[place + 1] = old[word + 1] as number;
      this.#words[place + 2] = old[word + 2] as number;
    }
  }
}
