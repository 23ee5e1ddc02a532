import { randomStream } from '../../core/index.ts';
import { mix32 } from './word-hashes.ts';
import type { WordWindows } from './word-windows.ts';

/** Words in a shingle; bands of a signature; hashes in a band: the numbers of FineWeb (Penedo et al. 2024). */
export const shingleWords = 5;
/** Raised when the same text gets other keys: datasets built before and after have then other fingerprints. */
export const signatureVersion = 1;
export const numBands = 14;
export const hashesPerBand = 8;
const numHashes = numBands * hashesPerBand;

/**
 * The chance that two documents whose shingle sets have Jaccard index `similarity` share a band:
 * 1 − (1 − s⁸)¹⁴. It is 0.21 at 0.6, 0.56 at 0.7, 0.92 at 0.8 and 0.9996 at 0.9.
 */
export const candidateProbability = (similarity: number): number => 1 - (1 - similarity ** hashesPerBand) ** numBands;

/** Permutations x → a·x + b modulo 2³² with a odd. The shingle hashes that they permute are well mixed beforehand. */
const permutations = (() => {
  const stream = randomStream(1, 'data.deduplication.min-hash');
  const [multipliers, summands] = [new Int32Array(numHashes), new Int32Array(numHashes)];
  for (let k = 0; k < numHashes; k++) {
    multipliers[k] = stream.nextUint32() | 1;
    summands[k] = stream.nextUint32();
  }
  return { multipliers, summands };
})();

/** For each permutation, the place of the shingle whose low half it makes the smallest (as a signed number). */
const winners = new Int32Array(numHashes);

function chooseWinners(low: Int32Array, count: number): void {
  const { multipliers, summands } = permutations;
  // Four permutations at a time: each shingle is loaded 28 times instead of 112 and the multiplications overlap.
  for (let k = 0; k < numHashes; k += 4) {
    const a0 = multipliers[k] as number;
    const a1 = multipliers[k + 1] as number;
    const a2 = multipliers[k + 2] as number;
    const a3 = multipliers[k + 3] as number;
    const b0 = summands[k] as number;
    const b1 = summands[k + 1] as number;
    const b2 = summands[k + 2] as number;
    const b3 = summands[k + 3] as number;
    let [m0, m1, m2, m3] = [0x7fffffff, 0x7fffffff, 0x7fffffff, 0x7fffffff];
    let [w0, w1, w2, w3] = [0, 0, 0, 0];
    for (let i = 0; i < count; i++) {
      const x = low[i] as number;
      const h0 = (Math.imul(x, a0) + b0) | 0;
      const h1 = (Math.imul(x, a1) + b1) | 0;
      const h2 = (Math.imul(x, a2) + b2) | 0;
      const h3 = (Math.imul(x, a3) + b3) | 0;
      if (h0 < m0) {
        m0 = h0;
        w0 = i;
      }
      if (h1 < m1) {
        m1 = h1;
        w1 = i;
      }
      if (h2 < m2) {
        m2 = h2;
        w2 = i;
      }
      if (h3 < m3) {
        m3 = h3;
        w3 = i;
      }
    }
    winners[k] = w0;
    winners[k + 1] = w1;
    winners[k + 2] = w2;
    winners[k + 3] = w3;
  }
}

/**
 * Writes the keys of the 14 bands of a document's MinHash signature. A place of the signature holds the whole 64-bit hash of the
 * shingle that won, so two documents share a key by chance only with probability 2⁻⁶⁴, however short they are. Without
 * shingles the keys are zero, which stands for none.
 *
 * @param shingles windows of `shingleWords` words
 * @param keys receives 2 · `numBands` numbers from `offset`
 */
export function writeBandKeys(shingles: WordWindows, keys: Uint32Array, offset: number): void {
  const { low, high, count } = shingles;
  if (count === 0) {
    keys.fill(0, offset, offset + 2 * numBands);
    return;
  }
  chooseWinners(low, count);
  for (let band = 0; band < numBands; band++) {
    let [a, b] = [0x243f6a88, 0x13198a2e];
    for (let k = band * hashesPerBand; k < (band + 1) * hashesPerBand; k++) {
      const winner = winners[k] as number;
      a = mix32(a ^ (low[winner] as number));
      b = mix32((b + a) ^ (high[winner] as number));
    }
    keys[offset + 2 * band] = a;
    keys[offset + 2 * band + 1] = a === 0 && b === 0 ? 1 : b;
  }
}
