import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { canonicalJson } from '../core/index.ts';

/** A token that is not made by merging: found in text as it stands, before anything else happens, or put in by a program. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** A control token, such as `<|bos|>`: left out where special tokens are skipped, and plain text in ordinary text. */
  readonly special: boolean;
  /** Recognised only where no letter, digit or underscore stands beside it. */
  readonly singleWord: boolean;
  /** Takes the white space before it along. */
  readonly lstrip: boolean;
  /** Takes the white space after it along. */
  readonly rstrip: boolean;
  /** Looked for in normalised text, not in the text as it was. */
  readonly normalized: boolean;
}

/** The special token `content` with id `id`, as our own tokenizers have them: found only as it stands. */
export function specialToken(id: number, content: string): AddedToken {
  return { id, content, special: true, singleWord: false, lstrip: false, rstrip: false, normalized: false };
}

/** All that a byte-level BPE tokenizer is, as plain data: it can be posted to a worker thread. */
export interface TokenizerData {
  /** By which text is cut into pieces, in the syntax of Oniguruma. */
  readonly pattern: string;
  /** The bytes of token `id` are `tokenBytes[tokenOffsets[id], tokenOffsets[id + 1])`: none for an added token or an unused id. */
  readonly tokenBytes: Uint8Array;
  /** One more than there are ids, counting those of added tokens. */
  readonly tokenOffsets: Uint32Array;
  /** Left id, right id, in order of rank: the first is merged first. A merge makes the token whose bytes are theirs joined. */
  readonly merges: Uint32Array;
  /** In order of id. */
  readonly addedTokens: readonly AddedToken[];
  /** A piece that is a token as a whole is that token, whatever the merges would make of it. */
  readonly ignoreMerges: boolean;
  /** Form C is that of the machine's version of Unicode; versions differ in marks that were added since, in their order. */
  readonly normalization: 'none' | 'NFC';
  /** A blank is put before each stretch of text that does not begin with one. */
  readonly prefixSpace: boolean;
}

/** The ids of a vocabulary's tokens, given as bytes in order of id; the parts of `TokenizerData` that hold them. */
export function joinTokens(
  tokens: readonly (Uint8Array | undefined)[],
): Pick<TokenizerData, 'tokenBytes' | 'tokenOffsets'> {
  const tokenOffsets = new Uint32Array(tokens.length + 1);
  let length = 0;
  for (let id = 0; id < tokens.length; id++) {
    length += tokens[id]?.length ?? 0;
    tokenOffsets[id + 1] = length;
  }
  const tokenBytes = new Uint8Array(length);
  for (let id = 0; id < tokens.length; id++) {
    const token = tokens[id];
    if (token) tokenBytes.set(token, tokenOffsets[id]);
  }
  return { tokenBytes, tokenOffsets };
}

/**
 * What tells one tokenizer from another: the SHA-256 of pattern, rules, vocabulary, merges and added tokens. The same for
 * the same tokenizer in whatever file it is stored.
 */
export function fingerprintOf(data: TokenizerData): string {
  const rules = canonicalJson({
    form: 'groundwork-tokenizer-1',
    pattern: data.pattern,
    ignoreMerges: data.ignoreMerges,
    normalization: data.normalization,
    prefixSpace: data.prefixSpace,
    addedTokens: data.addedTokens.map((token) => ({ ...token })),
    numIds: data.tokenOffsets.length - 1,
    numMerges: data.merges.length / 2,
  });
  return bytesToHex(
    sha256
      .create()
      .update(utf8ToBytes(`${rules}\n`))
      .update(littleEndian(data.tokenOffsets))
      .update(data.tokenBytes)
      .update(littleEndian(data.merges))
      .digest(),
  );
}

function littleEndian(values: Uint32Array): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < values.length; index++) view.setUint32(index * 4, values[index] as number, true);
  return bytes;
}
