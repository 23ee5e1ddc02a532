import { assert } from '../../core/index.ts';
import { EqualKeys } from './equal-keys.ts';
import { numBands } from './min-hash.ts';

/** What becomes of a document. */
export const fate = { kept: 0, exactDuplicate: 1, nearDuplicate: 2 } as const;

/** The keys of all documents, in the order of the corpus; each array is asked for once and forgotten after use. */
export interface DuplicateKeys {
  readonly numDocuments: number;
  /** 4 numbers a document. */
  readonly readExactKeys: () => Uint32Array | Promise<Uint32Array>;
  /** 2 numbers a document. */
  readonly readBand: (band: number) => Uint32Array | Promise<Uint32Array>;
}

export interface DuplicateOptions {
  /** Whether equal texts are duplicates; true by default. */
  readonly exact?: boolean;
  /** Whether documents that share a band of their MinHash signatures are duplicates; true by default. */
  readonly near?: boolean;
  /** How many of the largest groups are described; 20 by default. */
  readonly maxGroups?: number;
  /** How many removed documents of a group are named; 5 by default. */
  readonly maxMembers?: number;
}

/** Documents of which one was kept for all. */
export interface DuplicateGroup {
  /** How many there are, with the one that was kept. */
  readonly numDocuments: number;
  readonly kept: number;
  /** Some of those that were removed, the first in the corpus first. */
  readonly removed: readonly number[];
}

export interface Duplicates {
  /** For each document, a value of `fate`. A near duplicate whose very text stood in the corpus before is an exact one. */
  readonly fates: Uint8Array;
  /** For each document, the one that is kept for it: the first of its group; itself where it is kept. */
  readonly keptFor: Uint32Array;
  readonly numExact: number;
  readonly numNear: number;
  /** The largest groups, the largest first, then by the document that was kept. */
  readonly groups: readonly DuplicateGroup[];
}

/**
 * Groups documents that are equal or share a band, and documents that are so connected through others, as FineWeb does
 * (union–find, no verification of candidates), and keeps the first of each group.
 *
 * Bands are read one at a time: memory is 9 bytes a document for the result, 4 for the search, and 16 for the exact keys or 8 for
 * one band, whichever is being looked at.
 */
export async function findDuplicates(keys: DuplicateKeys, options: DuplicateOptions = {}): Promise<Duplicates> {
  const { numDocuments } = keys;
  const { exact = true, near = true, maxGroups = 20, maxMembers = 5 } = options;
  const fates = new Uint8Array(numDocuments);
  const keptFor = new Uint32Array(numDocuments);
  for (let document = 0; document < numDocuments; document++) keptFor[document] = document;
  const search = new EqualKeys(numDocuments);
  if (exact) {
    const exactKeys = await keys.readExactKeys();
    assert(exactKeys.length === 4 * numDocuments, `${exactKeys.length} exact keys for ${numDocuments} documents`);
    search.forEachRepeat(exactKeys, 4, undefined, (first, repeat) => {
      fates[repeat] = fate.exactDuplicate;
      keptFor[repeat] = first;
    });
  }
  if (near) {
    // An exact duplicate has the bands of its first document, through which it is connected already.
    const repeats = fates.slice();
    for (let band = 0; band < numBands; band++) {
      const bandKeys = await keys.readBand(band);
      assert(bandKeys.length === 2 * numDocuments, `band ${band} has ${bandKeys.length} for ${numDocuments} documents`);
      search.forEachRepeat(bandKeys, 2, repeats, (first, repeat) => unite(keptFor, first, repeat));
    }
  }
  const numExact = fates.reduce((sum, value) => sum + value, 0);
  let numNear = 0;
  for (let document = 0; document < numDocuments; document++) {
    const root = rootOf(keptFor, document);
    keptFor[document] = root;
    if (root === document || fates[document] !== fate.kept) continue;
    fates[document] = fate.nearDuplicate;
    numNear++;
  }
  return { fates, keptFor, numExact, numNear, groups: largestGroups(keptFor, maxGroups, maxMembers) };
}

/** The first document of the group, halving the path to it on the way. A parent never has a higher number than its child. */
function rootOf(parents: Uint32Array, document: number): number {
  let one = document;
  for (;;) {
    const parent = parents[one] as number;
    if (parent === one) return one;
    const grandparent = parents[parent] as number;
    parents[one] = grandparent;
    one = grandparent;
  }
}

function unite(parents: Uint32Array, one: number, other: number): void {
  const [a, b] = [rootOf(parents, one), rootOf(parents, other)];
  if (a < b) parents[b] = a;
  else parents[a] = b;
}

function largestGroups(keptFor: Uint32Array, maxGroups: number, maxMembers: number): DuplicateGroup[] {
  const sizes = new Uint32Array(keptFor.length);
  for (let i = 0; i < keptFor.length; i++) {
    const kept = keptFor[i] as number;
    sizes[kept] = (sizes[kept] as number) + 1;
  }
  // Insertion into a short list in order: ties stay in the order of the corpus.
  const largest: { numDocuments: number; kept: number; removed: number[] }[] = [];
  for (let kept = 0; kept < sizes.length; kept++) {
    const numDocuments = sizes[kept] as number;
    if (numDocuments < 2) continue;
    const last = largest.length === maxGroups ? (largest.at(-1)?.numDocuments ?? Number.POSITIVE_INFINITY) : 0;
    if (numDocuments <= last) continue;
    const place = largest.findIndex((group) => group.numDocuments < numDocuments);
    largest.splice(place < 0 ? largest.length : place, 0, { numDocuments, kept, removed: [] });
    if (largest.length > maxGroups) largest.pop();
  }
  const byKept = new Map(largest.map((group) => [group.kept, group]));
  for (let i = 0; i < keptFor.length && byKept.size > 0; i++) {
    if (keptFor[i] === i) continue;
    const group = byKept.get(keptFor[i] as number);
    if (group !== undefined && group.removed.length < maxMembers) group.removed.push(i);
  }
  return largest;
}
