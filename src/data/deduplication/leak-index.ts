import { assert } from '../../core/index.ts';
import { KeyTable, type KeyTableData, sharedArray } from './key-table.ts';
import { shingleWords } from './min-hash.ts';
import { WordHasher } from './word-hashes.ts';
import { WordWindows } from './word-windows.ts';

/** What a worker needs to look for leaks; its arrays are shared, not copied. */
export interface LeakData {
  /** Jaccard index from which two documents are too alike to stand on both sides of the split, in (0, 1]. */
  readonly threshold: number;
  /** Shingle → rank. The rarest shingle of the validation documents has rank 0, so ranks are an order by frequency. */
  readonly ranks: KeyTableData;
  /** The different shingles of validation document v, as ascending ranks: `shingles[starts[v] … starts[v + 1]]`. */
  readonly starts: Uint32Array;
  readonly shingles: Uint32Array;
  /** The documents that have the shingle of rank r in their prefix: `postings[postingStarts[r] … postingStarts[r + 1]]`. */
  readonly postingStarts: Uint32Array;
  readonly postings: Uint32Array;
}

/**
 * The least number of a document's `size` shingles that another document must share for a Jaccard index of `threshold`:
 * |A ∩ B| ≥ t · |A ∪ B| ≥ t · |A|. The slack keeps rounding on the safe side.
 */
const leastOverlap = (size: number, threshold: number): number => Math.max(1, Math.ceil(size * threshold - 1e-6));

/** So many of the rarest shingles of a document that one of them must be shared (prefix filter: Chaudhuri et al. 2006). */
const prefixLength = (size: number, threshold: number): number => size - leastOverlap(size, threshold) + 1;

/**
 * Finds every document whose set of word 5-grams has a Jaccard index of `threshold` or more with that of a validation
 * document: exactly, not by sampling. Two such sets share one of the rarest shingles of each, so only those are indexed and
 * phrases that stand everywhere cost nothing; what is left is compared in full.
 */
export class LeakIndex {
  readonly data: LeakData;
  readonly #ranks: KeyTable;
  readonly #words = new WordHasher();
  readonly #windows = new WordWindows();
  /** For each rank and validation document, the number of the last question in which it was met. */
  readonly #rankMarks: Uint32Array;
  readonly #documentMarks: Uint32Array;
  #question = 0;
  /** Different shingles of the question that no validation document has. */
  #misses = new Set<number>();

  private constructor(data: LeakData, ranks: KeyTable) {
    this.data = data;
    this.#ranks = ranks;
    this.#rankMarks = new Uint32Array(ranks.size);
    this.#documentMarks = new Uint32Array(data.starts.length - 1);
  }

  /** @param texts the validation documents, whose numbers are their places here */
  static build(texts: readonly string[], threshold = 0.7): LeakIndex {
    assert(threshold > 0 && threshold <= 1, `threshold ${threshold} is not in (0, 1]`);
    const ranks = new KeyTable();
    const { starts, shingles, frequencies } = collectShingles(texts, ranks);
    const rankOf = ranksByFrequency(frequencies);
    ranks.renumber(rankOf);
    for (let i = 0; i < shingles.length; i++) shingles[i] = rankOf[shingles[i] as number] as number;
    for (let v = 0; v < texts.length; v++) shingles.subarray(starts[v], starts[v + 1]).sort();
    const inverted = invertPrefixes(starts, shingles, ranks.size, threshold);
    return new LeakIndex({ threshold, ranks: ranks.data, starts, shingles, ...inverted }, ranks);
  }

  /** The index again in a worker, from what the main thread sent. */
  static fromData(data: LeakData): LeakIndex {
    return new LeakIndex(data, KeyTable.fromData(data.ranks));
  }

  /** The first validation document that is too much like a text, if any. */
  findLeak(text: string): number | undefined {
    this.#words.read(text);
    this.#windows.read(this.#words, shingleWords);
    if (++this.#question === 2 ** 32) {
      this.#rankMarks.fill(0);
      this.#documentMarks.fill(0);
      this.#question = 1;
    }
    const matched = this.#matchedRanks();
    if (matched.length === 0) return undefined;
    const { threshold } = this.data;
    const numMisses = this.#countMisses(Math.floor(matched.length / threshold - matched.length + 1e-6));
    const size = matched.length + numMisses;
    const prefix = prefixLength(size, threshold) - numMisses;
    if (prefix <= 0) return undefined;
    const candidates = this.#candidates(Uint32Array.from(matched).sort().subarray(0, prefix), size);
    return candidates.find((document) => {
      const shared = this.#overlap(document);
      return shared / (size + this.#sizeOf(document) - shared) >= threshold;
    });
  }

  /** The different shingles of the question that any validation document has, and marks them. */
  #matchedRanks(): number[] {
    const { low, high, count } = this.#windows;
    const matched: number[] = [];
    for (let i = 0; i < count; i++) {
      const rank = this.#ranks.find(low[i] as number, high[i] as number);
      if (rank < 0 || this.#rankMarks[rank] === this.#question) continue;
      this.#rankMarks[rank] = this.#question;
      matched.push(rank);
    }
    return matched;
  }

  /** How many different shingles no validation document has; stops beyond `limit`, where no answer can follow. */
  #countMisses(limit: number): number {
    const { low, high, count } = this.#windows;
    this.#misses.clear();
    for (let i = 0; i < count && this.#misses.size <= limit; i++) {
      const [a, b] = [low[i] as number, high[i] as number];
      // 52 bits of the hash: as a key of a Set, a number that JavaScript holds exactly.
      if (this.#ranks.find(a, b) < 0) this.#misses.add((a >>> 0) * 2 ** 20 + (b >>> 12));
    }
    return this.#misses.size;
  }

  /** The documents that have one of these shingles in their prefix and whose size is not too far off, ascending. */
  #candidates(prefix: Uint32Array, size: number): number[] {
    const { postings, postingStarts, threshold } = this.data;
    const found: number[] = [];
    for (const rank of prefix) {
      const end = postingStarts[rank + 1] as number;
      for (let i = postingStarts[rank] as number; i < end; i++) {
        const document = postings[i] as number;
        if (this.#documentMarks[document] === this.#question) continue;
        this.#documentMarks[document] = this.#question;
        const other = this.#sizeOf(document);
        if (other >= leastOverlap(size, threshold) && size >= leastOverlap(other, threshold)) found.push(document);
      }
    }
    return found.sort((a, b) => a - b);
  }

  #sizeOf(document: number): number {
    return (this.data.starts[document + 1] as number) - (this.data.starts[document] as number);
  }

  /** How many shingles a validation document shares with the question. */
  #overlap(document: number): number {
    const { starts, shingles } = this.data;
    const end = starts[document + 1] as number;
    let shared = 0;
    for (let i = starts[document] as number; i < end; i++) {
      if (this.#rankMarks[shingles[i] as number] === this.#question) shared++;
    }
    return shared;
  }
}

/** Numbers the shingles in the order in which they are met, and lists the different ones of each document. */
function collectShingles(texts: readonly string[], numbers: KeyTable) {
  const [words, windows] = [new WordHasher(), new WordWindows()];
  const starts = sharedArray(texts.length + 1);
  const frequencies: number[] = [];
  const lastDocuments: number[] = [];
  const listed: Uint32Array[] = [];
  texts.forEach((text, document) => {
    words.read(text);
    windows.read(words, shingleWords);
    const own: number[] = [];
    for (let i = 0; i < windows.count; i++) {
      const number = numbers.insert(windows.low[i] as number, windows.high[i] as number, numbers.size);
      if (lastDocuments[number] === document) continue;
      lastDocuments[number] = document;
      frequencies[number] = (frequencies[number] ?? 0) + 1;
      own.push(number);
    }
    listed.push(Uint32Array.from(own));
    starts[document + 1] = (starts[document] as number) + own.length;
  });
  const shingles = sharedArray(starts[texts.length] as number);
  listed.forEach((own, document) => {
    shingles.set(own, starts[document]);
  });
  return { starts, shingles, frequencies };
}

/** For each shingle its rank by frequency, the rarest first, equal ones in the order of their numbers (counting sort). */
function ranksByFrequency(frequencies: readonly number[]): Uint32Array {
  const most = frequencies.reduce((largest, frequency) => Math.max(largest, frequency), 0);
  const next = new Uint32Array(most + 2);
  for (const frequency of frequencies) next[frequency + 1] = (next[frequency + 1] as number) + 1;
  for (let f = 1; f < next.length; f++) next[f] = (next[f] as number) + (next[f - 1] as number);
  return Uint32Array.from(frequencies, (frequency) => {
    const rank = next[frequency] as number;
    next[frequency] = rank + 1;
    return rank;
  });
}

/** The inverted index over the prefixes of the documents. */
function invertPrefixes(starts: Uint32Array, shingles: Uint32Array, numShingles: number, threshold: number) {
  const postingStarts = sharedArray(numShingles + 1);
  const forEachPosting = (visit: (rank: number, document: number) => void): void => {
    for (let document = 0; document + 1 < starts.length; document++) {
      const [from, to] = [starts[document] as number, starts[document + 1] as number];
      const end = from === to ? from : from + prefixLength(to - from, threshold);
      for (let i = from; i < end; i++) visit(shingles[i] as number, document);
    }
  };
  forEachPosting((rank) => {
    postingStarts[rank + 1] = (postingStarts[rank + 1] as number) + 1;
  });
  for (let r = 1; r <= numShingles; r++) {
    postingStarts[r] = (postingStarts[r] as number) + (postingStarts[r - 1] as number);
  }
  const postings = sharedArray(postingStarts[numShingles] as number);
  const next = postingStarts.slice(0, numShingles);
  forEachPosting((rank, document) => {
    const place = next[rank] as number;
    postings[place] = document;
    next[rank] = place + 1;
  });
  return { postingStarts, postings };
}
