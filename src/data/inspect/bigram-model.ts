import { assert } from '../../core/index.ts';
import { PairCounts } from './pair-counts.ts';

/**
 * A bigram model with interpolated Kneser–Ney smoothing (Ney, Essen and Kneser 1994; Chen and Goodman 1999, section 2.7):
 *
 *   p(w | v) = max(c(v w) − D, 0) / c(v ·) + D · n(v ·) / c(v ·) · q(w)
 *   q(w) = (n(· w) + a) / (n(· ·) + a V)
 *
 * with c the counts of pairs, n(v ·) how many tokens follow v, n(· w) how many tokens w follows, and n(· ·) how many pairs
 * there are. D is estimated from the numbers of pairs seen once and twice; a = ½ gives tokens that were never seen
 * their share, so that every p is above 0 and Σ_w p(w | v) = 1.
 *
 * Documents can be taken out and put back, which makes the model of all documents but one.
 */
export class BigramModel {
  readonly vocabularySize: number;
  readonly #pairs = new PairCounts();
  /** c(v ·) */
  readonly #contextCounts: Float64Array;
  /** n(v ·) */
  readonly #numFollowers: Float64Array;
  /** n(· w) */
  readonly #numPredecessors: Float64Array;
  /** n(· ·) */
  #numPairs = 0;
  #discount: number | undefined;

  constructor(vocabularySize: number) {
    this.vocabularySize = vocabularySize;
    this.#contextCounts = new Float64Array(vocabularySize);
    this.#numFollowers = new Float64Array(vocabularySize);
    this.#numPredecessors = new Float64Array(vocabularySize);
  }

  /** Counts the pairs of a document: the tokens `[start, end)`, the begin token first. */
  add(tokens: Uint32Array, start: number, end: number): void {
    for (let i = start + 1; i < end; i++) {
      const first = tokens[i - 1] as number;
      const second = tokens[i] as number;
      this.#contextCounts[first] = (this.#contextCounts[first] as number) + 1;
      if (this.#pairs.add(first, second, 1) === 0) this.#countPair(first, second, 1);
    }
  }

  /** Takes a document out that was added before. */
  remove(tokens: Uint32Array, start: number, end: number): void {
    for (let i = start + 1; i < end; i++) {
      const first = tokens[i - 1] as number;
      const second = tokens[i] as number;
      this.#contextCounts[first] = (this.#contextCounts[first] as number) - 1;
      const before = this.#pairs.add(first, second, -1);
      if (before === 0) assert(false, 'a document is taken out of a bigram model that does not hold it');
      if (before === 1) this.#countPair(first, second, -1);
    }
  }

  /** Estimates D from the counts as they stand: n₁ / (n₁ + 2 n₂), kept within 0.1 … 0.9. It holds from then on. */
  estimateDiscount(): number {
    const once = this.#pairs.numPairsWithCount(1);
    const twice = this.#pairs.numPairsWithCount(2);
    const estimate = once === 0 ? 0 : once / (once + 2 * twice);
    this.#discount = Math.min(0.9, Math.max(0.1, estimate));
    return this.#discount;
  }

  /** p(second | first). */
  probability(first: number, second: number): number {
    const discount = this.#discount;
    if (discount === undefined) assert(false, 'a bigram model is asked before its discount was estimated');
    const share = ((this.#numPredecessors[second] as number) + 0.5) / (this.#numPairs + 0.5 * this.vocabularySize);
    const total = this.#contextCounts[first] as number;
    if (total === 0) return share;
    const seen = Math.max(0, this.#pairs.count(first, second) - discount);
    return (seen + discount * (this.#numFollowers[first] as number) * share) / total;
  }

  /** −Σ log₂ p over a document: its information in bits, the begin token given. */
  bits(tokens: Uint32Array, start: number, end: number): number {
    let bits = 0;
    for (let i = start + 1; i < end; i++) {
      bits -= Math.log2(this.probability(tokens[i - 1] as number, tokens[i] as number));
    }
    return bits;
  }

  #countPair(first: number, second: number, change: 1 | -1): void {
    this.#numFollowers[first] = (this.#numFollowers[first] as number) + change;
    this.#numPredecessors[second] = (this.#numPredecessors[second] as number) + change;
    this.#numPairs += change;
  }
}
