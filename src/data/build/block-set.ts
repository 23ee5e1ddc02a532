import { assert, canonicalJson, present, sha256Hex } from '../../core/index.ts';
import type { BuildReport } from '../build-report.ts';
import { sampleOf } from './accounts.ts';
import { BlockTexts, placeIn, type StoredBlock } from './cleaned-block.ts';

/** The hash of a corpus from those of the records of its blocks. */
export function corpusHashOf(blockHashes: readonly string[]): string {
  return sha256Hex(canonicalJson(blockHashes));
}

/** All cleaned blocks of a corpus: its documents, numbered through in the order in which they were read. */
export class BlockSet {
  readonly blocks: readonly StoredBlock[];
  readonly numDocuments: number;
  /** The number of each block's first document, and behind the last block the number of all. */
  readonly starts: Float64Array;
  #lastTexts: { readonly block: StoredBlock; readonly texts: BlockTexts } | undefined;

  constructor(blocks: readonly StoredBlock[]) {
    this.blocks = blocks;
    this.starts = new Float64Array(blocks.length + 1);
    for (const [i, { header }] of blocks.entries()) this.starts[i + 1] = (this.starts[i] ?? 0) + header.numDocuments;
    this.numDocuments = this.starts[blocks.length] ?? 0;
  }

  /** What was read, whatever came of it: SHA-256 over the hashes of the blocks' records. */
  get corpusSha256(): string {
    return corpusHashOf(this.blocks.map(({ header }) => header.inputSha256));
  }

  /** A column of numbers over all documents. */
  column(name: string, numbersPerDocument: number): Uint32Array<ArrayBuffer> {
    return this.#gathered(numbersPerDocument, ({ sections }) => sections.uint32(name));
  }

  /** The keys of all documents in one band of their signatures. */
  band(band: number): Uint32Array<ArrayBuffer> {
    return this.#gathered(2, ({ header: { numDocuments }, sections }) =>
      sections.uint32Range('bandKeys', 2 * band * numDocuments, 2 * numDocuments),
    );
  }

  /** Bytes of each document's text. */
  sizes(): Uint32Array<ArrayBuffer> {
    return this.#gathered(1, ({ sections }) => {
      const ends = sections.uint32('ends');
      return ends.map((end, i) => end - (i === 0 ? 0 : (ends[i - 1] as number)));
    });
  }

  /** The documents of a block, as their numbers: from and, behind the last one, to. */
  range(block: number): { readonly from: number; readonly to: number } {
    return { from: this.starts[block] ?? 0, to: this.starts[block + 1] ?? 0 };
  }

  /** Where a document was found and how it begins, for the report. */
  sample(document: number): BuildReport['removed'][number]['samples'][number] {
    const number = this.#blockOf(document);
    const block = present(this.blocks[number], `block ${number}`);
    if (this.#lastTexts?.block !== block) this.#lastTexts = { block, texts: new BlockTexts(block) };
    const index = document - (this.starts[number] ?? 0);
    return sampleOf(placeIn(block, index), this.#lastTexts.texts.body(index));
  }

  #blockOf(document: number): number {
    assert(document >= 0 && document < this.numDocuments, `there is no document ${document}`);
    let [low, high] = [0, this.blocks.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.starts[middle] ?? 0) <= document) low = middle;
      else high = middle;
    }
    return low;
  }

  #gathered(perDocument: number, read: (block: StoredBlock) => Uint32Array): Uint32Array<ArrayBuffer> {
    const all = new Uint32Array(perDocument * this.numDocuments);
    for (const [i, block] of this.blocks.entries()) {
      const part = read(block);
      assert(
        part.length === perDocument * block.header.numDocuments,
        `a column of block ${i} has ${part.length} numbers`,
      );
      all.set(part, perDocument * (this.starts[i] ?? 0));
    }
    return all;
  }
}
