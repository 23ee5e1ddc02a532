import { assert, type FileSystem } from '../../core/index.ts';
import { type DatasetManifest, type PartName, shardPaths } from './manifest.ts';
import type { OpenFiles } from './open-files.ts';
import { assertLittleEndian, bytesPerDocument, bytesPerToken, documentIndexOf, type TokenType } from './shard.ts';

/** Says that a file does not hold what the manifest promises; throws. */
export type Complaint = (file: string, expected: string, found: string) => never;

/**
 * The training or the validation part of a dataset: its tokens as one long sequence over all shards, document after
 * document, each beginning with the begin token. Tokens are read from the disk where they are asked for; the document index
 * of a shard (8 bytes per document) is loaded when first needed and stays.
 *
 * Positions and document numbers run from 0 over the whole part.
 */
export class DatasetPart {
  readonly name: PartName;
  readonly numTokens: number;
  readonly numDocuments: number;
  /** UTF-8 bytes of all its documents. */
  readonly numBytes: number;

  private readonly fs: FileSystem;
  private readonly folder: string;
  private readonly files: OpenFiles;
  private readonly complain: Complaint;
  private readonly tokenType: TokenType;
  /** `firstToken[s]`: the position at which shard s begins; one more entry for the end. */
  private readonly firstToken: Float64Array;
  private readonly firstDocument: Float64Array;
  private readonly numBytesOfShard: readonly number[];
  private readonly paths: readonly { readonly tokens: string; readonly documents: string }[];
  private readonly indices: (Uint32Array | undefined)[];
  private scratch = new Uint8Array(0);
  private scratchTokens: Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer> = new Uint16Array(0);

  constructor(
    fs: FileSystem,
    folder: string,
    manifest: DatasetManifest,
    name: PartName,
    files: OpenFiles,
    complain: Complaint,
  ) {
    assertLittleEndian();
    this.fs = fs;
    this.folder = folder;
    this.files = files;
    this.complain = complain;
    this.name = name;
    this.tokenType = manifest.tokenType;
    const { numTokens, numDocuments, numBytes, shards } = manifest[name];
    this.numTokens = numTokens;
    this.numDocuments = numDocuments;
    this.numBytes = numBytes;
    this.firstToken = runningSum(shards.map((shard) => shard.numTokens));
    this.firstDocument = runningSum(shards.map((shard) => shard.numDocuments));
    this.numBytesOfShard = shards.map((shard) => shard.numBytes);
    this.paths = shards.map((_, number) => shardPaths(name, number));
    this.indices = shards.map(() => undefined);
  }

  /**
   * Reads tokens, also across shards.
   *
   * @param start position of the first
   * @param length how many
   * @param into where they go, from `offset` on
   */
  readTokens(start: number, length: number, into: Int32Array | Uint32Array, offset = 0): void {
    assert(start >= 0 && length >= 0 && start + length <= this.numTokens, `no tokens ${start} … ${start + length}`);
    assert(offset + length <= into.length, `${length} tokens do not fit`);
    let [position, place, left] = [start, offset, length];
    for (let shard = holderOf(this.firstToken, start); left > 0; shard++) {
      const begin = this.firstToken[shard] as number;
      const count = Math.min(left, (this.firstToken[shard + 1] as number) - position);
      if (count > 0) this.readFromShard(shard, position - begin, count, into, place);
      position += count;
      place += count;
      left -= count;
    }
  }

  /** The number of the document that holds a position. */
  documentOf(position: number): number {
    assert(position >= 0 && position < this.numTokens, `no position ${position}`);
    const shard = holderOf(this.firstToken, position);
    const place = firstEndAfter(this.index(shard), position - (this.firstToken[shard] as number));
    return (this.firstDocument[shard] as number) + place;
  }

  /** The end of the document that holds a position: the position of the next document's begin token. */
  documentEndAfter(position: number): number {
    assert(position >= 0 && position < this.numTokens, `no position ${position}`);
    const shard = holderOf(this.firstToken, position);
    const begin = this.firstToken[shard] as number;
    const index = this.index(shard);
    return begin + (index[2 * firstEndAfter(index, position - begin)] as number);
  }

  /** The position of a document's begin token. */
  documentStart(document: number): number {
    const shard = this.shardOfDocument(document);
    const place = document - (this.firstDocument[shard] as number);
    const before = place === 0 ? 0 : (this.index(shard)[2 * (place - 1)] as number);
    return (this.firstToken[shard] as number) + before;
  }

  /** The position after a document's last token. */
  documentEnd(document: number): number {
    const shard = this.shardOfDocument(document);
    const place = document - (this.firstDocument[shard] as number);
    return (this.firstToken[shard] as number) + (this.index(shard)[2 * place] as number);
  }

  /** The length of a document's text in bytes of UTF-8. */
  documentBytes(document: number): number {
    const shard = this.shardOfDocument(document);
    return this.index(shard)[2 * (document - (this.firstDocument[shard] as number)) + 1] as number;
  }

  /** A document's tokens, the begin token first. */
  documentTokens(document: number): Uint32Array {
    const start = this.documentStart(document);
    const tokens = new Uint32Array(this.documentEnd(document) - start);
    this.readTokens(start, tokens.length, tokens);
    return tokens;
  }

  private readFromShard(
    shard: number,
    start: number,
    count: number,
    into: Int32Array | Uint32Array,
    offset: number,
  ): void {
    const width = bytesPerToken[this.tokenType];
    const tokens = this.room(count);
    const path = this.pathsOf(shard).tokens;
    const found = this.files.readAt(`${this.folder}/${path}`, this.scratch, start * width);
    if (found < this.scratch.length) {
      this.complain(path, `${this.scratch.length} bytes at ${start * width}`, `${found}: the file was cut meanwhile`);
    }
    for (let i = 0; i < count; i++) into[offset + i] = tokens[i] as number;
  }

  /** Room for tokens as they are stored, and `scratch` for their bytes: the same memory each time. */
  private room(count: number): Uint16Array | Uint32Array {
    const numBytes = count * bytesPerToken[this.tokenType];
    if (this.scratchTokens.length < count) {
      this.scratchTokens = this.tokenType === 'uint16' ? new Uint16Array(count) : new Uint32Array(count);
      this.scratch = new Uint8Array(0);
    }
    if (this.scratch.length !== numBytes) this.scratch = new Uint8Array(this.scratchTokens.buffer, 0, numBytes);
    return this.scratchTokens;
  }

  private index(shard: number): Uint32Array {
    const known = this.indices[shard];
    if (known !== undefined) return known;
    const path = this.pathsOf(shard).documents;
    const location = `${this.folder}/${path}`;
    const numDocuments = (this.firstDocument[shard + 1] as number) - (this.firstDocument[shard] as number);
    const numTokens = (this.firstToken[shard + 1] as number) - (this.firstToken[shard] as number);
    const { sizeBytes } = this.fs.stat(location);
    const expected = numDocuments * bytesPerDocument;
    if (sizeBytes !== expected) this.complain(path, `${expected} bytes`, `${sizeBytes} bytes`);
    const index = documentIndexOf(this.fs.readFile(location));
    const fault = faultOfIndex(index, { numDocuments, numTokens, numBytes: this.numBytesOfShard[shard] as number });
    if (fault !== undefined) this.complain(path, fault.expected, fault.found);
    this.indices[shard] = index;
    return index;
  }

  private pathsOf(shard: number): { readonly tokens: string; readonly documents: string } {
    const paths = this.paths[shard];
    assert(paths !== undefined, `no shard ${shard}`);
    return paths;
  }

  private shardOfDocument(document: number): number {
    assert(document >= 0 && document < this.numDocuments, `no document ${document}`);
    return holderOf(this.firstDocument, document);
  }
}

/** What is wrong with a document index, if anything: ends rise and reach the last token, byte lengths have the right sum. */
export function faultOfIndex(
  index: Uint32Array,
  counts: { readonly numDocuments: number; readonly numTokens: number; readonly numBytes: number },
): { readonly expected: string; readonly found: string } | undefined {
  const { numDocuments, numTokens, numBytes } = counts;
  if (index.length !== 2 * numDocuments) {
    return { expected: `${numDocuments} documents`, found: `${index.length / 2} documents` };
  }
  let [end, bytes] = [0, 0];
  for (let i = 0; i < index.length; i += 2) {
    const next = index[i] as number;
    if (next <= end) return { expected: `document ${i / 2} to end after token ${end}`, found: `its end at ${next}` };
    end = next;
    bytes += index[i + 1] as number;
  }
  if (end !== numTokens) return { expected: `the last document to end at ${numTokens}`, found: `its end at ${end}` };
  if (bytes !== numBytes) return { expected: `documents of ${numBytes} bytes in all`, found: `${bytes} bytes` };
  return undefined;
}

/** Sums of the values before each: one entry more than values. */
function runningSum(values: readonly number[]): Float64Array {
  const sums = new Float64Array(values.length + 1);
  values.forEach((value, i) => {
    sums[i + 1] = (sums[i] as number) + value;
  });
  return sums;
}

/** The last i with `starts[i] ≤ value`, among all but the last entry. */
function holderOf(starts: Float64Array, value: number): number {
  let [low, high] = [0, starts.length - 2];
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((starts[middle] as number) <= value) low = middle;
    else high = middle - 1;
  }
  return Math.max(low, 0);
}

/** The first document of a shard whose end is greater than a place in it. */
function firstEndAfter(index: Uint32Array, place: number): number {
  let [low, high] = [0, index.length / 2 - 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((index[2 * middle] as number) > place) high = middle;
    else low = middle + 1;
  }
  return low;
}
