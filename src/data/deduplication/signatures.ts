import { createHash } from 'node:crypto';
import { doubled } from '../typed-array-growth.ts';
import { numBands, shingleWords, writeBandKeys } from './min-hash.ts';
import { WordHasher } from './word-hashes.ts';
import { WordWindows } from './word-windows.ts';

/** What a block of documents is compared by: three transferable arrays. */
export interface SignatureBlock {
  readonly numDocuments: number;
  /** 4 numbers a document: the first 128 bits of the SHA-256 of its text in UTF-8, as it stands, not normalised. */
  readonly exactKeys: Uint32Array<ArrayBuffer>;
  /**
   * 2 numbers a document and band, band by band: those of band k are the part from 2 · k · numDocuments on. Zeros where a
   * document has no words.
   */
  readonly bandKeys: Uint32Array<ArrayBuffer>;
  /** Word 5-grams of each document, repeated ones included: 0 without words, 1 with fewer than five. */
  readonly shingleCounts: Uint32Array<ArrayBuffer>;
}

/** The part of a block that belongs to one band, without copying: what is appended to the band's keys of the corpus. */
export const bandOf = ({ bandKeys, numDocuments }: SignatureBlock, band: number): Uint32Array<ArrayBuffer> =>
  bandKeys.subarray(2 * band * numDocuments, 2 * (band + 1) * numDocuments);

/** Collects the signatures of documents, one after another, and gives them away in blocks. */
export class SignatureWriter {
  readonly #words = new WordHasher();
  readonly #shingles = new WordWindows();
  readonly #near: boolean;
  #numDocuments = 0;
  #exactKeys = new Uint32Array(4 * 64);
  #bandKeys: Uint32Array<ArrayBuffer>;
  #shingleCounts = new Uint32Array(64);

  /** @param near false leaves out the band keys, which are nine tenths of the work */
  constructor({ near = true }: { readonly near?: boolean } = {}) {
    this.#near = near;
    this.#bandKeys = new Uint32Array(near ? 2 * numBands * 64 : 0);
  }

  add(text: string): void {
    const document = this.#numDocuments++;
    if (document === this.#shingleCounts.length) this.#grow();
    this.#words.read(text);
    const digest = createHash('sha256').update(this.#words.bytes.subarray(0, this.#words.numBytes)).digest();
    for (let k = 0; k < 4; k++) this.#exactKeys[4 * document + k] = digest.readUInt32LE(4 * k);
    this.#shingles.read(this.#words, shingleWords);
    this.#shingleCounts[document] = this.#shingles.count;
    if (this.#near) writeBandKeys(this.#shingles, this.#bandKeys, 2 * numBands * document);
  }

  /** The signatures of the documents added since the last call. */
  take(): SignatureBlock {
    const numDocuments = this.#numDocuments;
    const bandKeys = new Uint32Array(this.#near ? 2 * numBands * numDocuments : 0);
    for (let from = 0; from < bandKeys.length; from++) {
      const [document, place] = [Math.floor(from / (2 * numBands)), from % (2 * numBands)];
      bandKeys[2 * ((place >> 1) * numDocuments + document) + (place & 1)] = this.#bandKeys[from] as number;
    }
    this.#numDocuments = 0;
    return {
      numDocuments,
      exactKeys: this.#exactKeys.slice(0, 4 * numDocuments),
      bandKeys,
      shingleCounts: this.#shingleCounts.slice(0, numDocuments),
    };
  }

  #grow(): void {
    this.#exactKeys = doubled(this.#exactKeys);
    this.#bandKeys = doubled(this.#bandKeys);
    this.#shingleCounts = doubled(this.#shingleCounts);
  }
}

/** The signature of one document: a block of one. */
export function documentSignature(text: string): SignatureBlock {
  const writer = new SignatureWriter();
  writer.add(text);
  return writer.take();
}
