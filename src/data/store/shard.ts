import { createHash } from 'node:crypto';
import { assert } from '../../core/index.ts';

/** How a token is stored: two bytes where the vocabulary has at most 65,536 entries, else four; little-endian. */
export type TokenType = 'uint16' | 'uint32';

export const bytesPerToken = { uint16: 2, uint32: 4 } as const satisfies Record<TokenType, number>;
/** Per document: the end of its tokens in the shard and its length in UTF-8 bytes of text, two little-endian uint32. */
export const bytesPerDocument = 8;

/** The smallest type that holds every token of a vocabulary. */
export function tokenTypeFor(vocabularySize: number): TokenType {
  return vocabularySize <= 2 ** 16 ? 'uint16' : 'uint32';
}

/** A document as a tokenizer gives it. */
export interface TokenizedDocument {
  /** The tokens of its text, without the begin token. */
  readonly tokens: ArrayLike<number>;
  /** The length of its text in bytes of UTF-8. */
  readonly numBytes: number;
}

/** How many there are of what; tokens include the begin token of each document, which stands for no bytes. */
export interface ShardCounts {
  readonly numTokens: number;
  readonly numDocuments: number;
  readonly numBytes: number;
}

/** A shard, or a part of one, as the bytes of its two files. */
export interface EncodedShard extends ShardCounts {
  readonly tokenType: TokenType;
  /** Contents of `NNNNN.tokens`. */
  readonly tokens: Uint8Array;
  readonly tokensSha256: string;
  /** Contents of `NNNNN.documents`. */
  readonly documents: Uint8Array;
  readonly documentsSha256: string;
}

export interface ShardEncoding {
  readonly vocabularySize: number;
  /** The token that is put before each document. */
  readonly beginToken: number;
}

/**
 * Turns tokenized documents into the bytes of a shard: each document is its begin token and then its tokens. A pure function,
 * made for worker threads: the two byte arrays own their buffers and can be transferred.
 */
export function encodeShard(documents: readonly TokenizedDocument[], encoding: ShardEncoding): EncodedShard {
  assertLittleEndian();
  const { vocabularySize, beginToken } = encoding;
  assert(beginToken < vocabularySize, `begin token ${beginToken} is not below the vocabulary size ${vocabularySize}`);
  const tokenType = tokenTypeFor(vocabularySize);
  let numTokens = documents.length;
  for (const { tokens } of documents) numTokens += tokens.length;
  assert(numTokens < 2 ** 32, `${numTokens} tokens do not fit into one shard`);

  const ids = tokenType === 'uint16' ? new Uint16Array(numTokens) : new Uint32Array(numTokens);
  const index = new Uint32Array(2 * documents.length);
  let end = 0;
  let numBytes = 0;
  documents.forEach((document, number) => {
    const { tokens } = document;
    assert(document.numBytes < 2 ** 32, `a document of ${document.numBytes} bytes is too long`);
    ids[end++] = beginToken;
    for (let i = 0; i < tokens.length; i++) {
      const token = tokens[i] as number;
      if (!(token >= 0 && token < vocabularySize)) assert(false, `token ${token} is not in 0 … ${vocabularySize - 1}`);
      ids[end++] = token;
    }
    index[2 * number] = end;
    index[2 * number + 1] = document.numBytes;
    numBytes += document.numBytes;
  });
  return encoded(tokenType, bytesOf(ids), bytesOf(index), { numTokens, numDocuments: documents.length, numBytes });
}

/** One shard of several, in their order, so that the size of a shard does not depend on how the work was divided. */
export function joinShards(shards: readonly EncodedShard[]): EncodedShard {
  const [first] = shards;
  assert(first !== undefined, 'there is no shard to join');
  if (shards.length === 1) return first;
  const total = { numTokens: 0, numDocuments: 0, numBytes: 0 };
  const index = new Uint32Array(2 * shards.reduce((sum, shard) => sum + shard.numDocuments, 0));
  const tokens = new Uint8Array(shards.reduce((sum, shard) => sum + shard.tokens.length, 0));
  for (const shard of shards) {
    assert(shard.tokenType === first.tokenType, 'shards of two token types cannot be joined');
    tokens.set(shard.tokens, total.numTokens * bytesPerToken[shard.tokenType]);
    const part = documentIndexOf(shard.documents);
    for (let i = 0; i < part.length; i += 2) {
      index[2 * total.numDocuments + i] = (part[i] as number) + total.numTokens;
      index[2 * total.numDocuments + i + 1] = part[i + 1] as number;
    }
    total.numTokens += shard.numTokens;
    total.numDocuments += shard.numDocuments;
    total.numBytes += shard.numBytes;
  }
  assert(total.numTokens < 2 ** 32, `${total.numTokens} tokens do not fit into one shard`);
  return encoded(first.tokenType, tokens, bytesOf(index), total);
}

/** The bytes of a `.documents` file as numbers: ends at even places, byte lengths at odd ones. */
export function documentIndexOf(bytes: Uint8Array): Uint32Array {
  assert(bytes.length % bytesPerDocument === 0, `a document index of ${bytes.length} bytes`);
  // A view wants a multiple of four as its offset; bytes from a pool of Node's have none.
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  return new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4);
}

/** Shards are read and written as views on memory, which is in the order of the files on every machine that Node serves. */
export function assertLittleEndian(): void {
  assert(new Uint8Array(new Uint16Array([1]).buffer)[0] === 1, 'this machine is big-endian');
}

function encoded(tokenType: TokenType, tokens: Uint8Array, documents: Uint8Array, counts: ShardCounts): EncodedShard {
  const tokensSha256 = createHash('sha256').update(tokens).digest('hex');
  const documentsSha256 = createHash('sha256').update(documents).digest('hex');
  return { ...counts, tokenType, tokens, tokensSha256, documents, documentsSha256 };
}

function bytesOf(array: Uint16Array | Uint32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
