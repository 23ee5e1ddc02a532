import { mix32, type WordHasher } from './word-hashes.ts';

/**
 * Bases of the rolling polynomials. Both are 3 modulo 8, so that the powers of a base differ from one another by small
 * powers of two only and windows with the same words in another order keep apart.
 */
const baseLow = 0x2c9277b3;
const baseHigh = 0x5f356493;

/**
 * The hashes of all windows of `length` successive words: Σ wordᵢ · baseˡ⁻¹⁻ⁱ modulo 2³² in each half, rolled on by one word at
 * a time, then mixed into 64 bits in which each half depends on both. The arrays are used again by the next `read`.
 */
export class WordWindows {
  /** Halves of the hashes; the first `count` count. */
  low = new Int32Array(1 << 14);
  high = new Int32Array(1 << 14);
  count = 0;

  /**
   * @param words what was read of a text
   * @param length words in a window; a text with fewer words, but any, is one window of what it has
   */
  read(words: WordHasher, length: number): void {
    const { numWords } = words;
    const span = Math.min(length, numWords);
    this.count = span === 0 ? 0 : numWords - span + 1;
    if (this.low.length < this.count) {
      this.low = new Int32Array(this.count * 2);
      this.high = new Int32Array(this.count * 2);
    }
    if (span > 0) roll(words, span, this.low, this.high);
  }
}

function roll(words: WordHasher, span: number, outLow: Int32Array, outHigh: Int32Array): void {
  const { low, high, numWords } = words;
  let [powerLow, powerHigh] = [1, 1];
  let [a, b] = [0, 0];
  for (let i = 0; i < span; i++) {
    a = (Math.imul(a, baseLow) + (low[i] as number)) | 0;
    b = (Math.imul(b, baseHigh) + (high[i] as number)) | 0;
    powerLow = Math.imul(powerLow, baseLow);
    powerHigh = Math.imul(powerHigh, baseHigh);
  }
  const salt = Math.imul(span, 0x27d4eb2f);
  for (let i = 0; ; i++) {
    // Neither half is zero in both: a hash of zeros means "none" in the tables.
    const mixed = mix32(b ^ salt);
    const first = mix32(a ^ mixed);
    outLow[i] = first;
    outHigh[i] = first === 0 && mixed === 0 ? 1 : mixed;
    const next = i + span;
    if (next >= numWords) return;
    a = (Math.imul(a, baseLow) + (low[next] as number) - Math.imul(powerLow, low[i] as number)) | 0;
    b = (Math.imul(b, baseHigh) + (high[next] as number) - Math.imul(powerHigh, high[i] as number)) | 0;
  }
}
