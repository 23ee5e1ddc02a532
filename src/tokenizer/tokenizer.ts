import { GroundworkError } from '../core/index.ts';
import { sectionSplitterOf } from './added-tokens.ts';
import { bytesOfSpelling, spellBytes } from './byte-alphabet.ts';
import { byteEncoderOf } from './byte-encoder.ts';
import { type VocabularyIndex, vocabularyIndexOf } from './byte-strings.ts';
import { mergeTableOf } from './merge-table.ts';
import { splitterOf } from './splitter.ts';
import { type AddedToken, fingerprintOf, type TokenizerData } from './tokenizer-data.ts';

export interface EncodeOptions {
  /**
   * What `<|bos|>` in a text means: `text` (the default) the seven characters, as text from outside must be read;
   * `recognise` the token. Added tokens that are not special, as a few published tokenizers have, are found in either case.
   */
  readonly special?: 'text' | 'recognise';
}

export interface DecodeOptions {
  /** Whether special tokens are written out or left out; `keep` if not given. */
  readonly special?: 'keep' | 'skip';
}

/** Turns tokens that come one at a time into text. */
export interface DecodeStream {
  /** The text that is certain once `id` is added: whole characters, so it is empty in the middle of one. */
  push(id: number): string;
  /** The rest: U+FFFD where the last character was not finished. The stream can be used anew. */
  flush(): string;
}

/** A byte-level byte-pair tokenizer: any text can be encoded, and decoding gives it back. */
export interface Tokenizer {
  /** One more than the highest id: how many logits a model must give. There may be unused ids below it. */
  readonly vocabularySize: number;
  readonly pattern: string;
  /** SHA-256 of all that decides which ids a text gets, as hexadecimal; of the tokenizer, not of the file it came from. */
  readonly fingerprint: string;
  /** The id of each special token. */
  readonly specialTokens: ReadonlyMap<string, number>;
  /** The special token that stands at the beginning of a document: `<|bos|>`, or what other makers call it; undefined if none. */
  readonly beginToken: number | undefined;
  /** Plain data from which `tokenizerFromData` makes the same tokenizer in another thread. */
  readonly data: TokenizerData;

  /**
   * The tokens of the text `bytes[start, end)`; special tokens in it are ordinary text.
   *
   * @param bytes valid UTF-8 between `start` and `end`
   */
  encodeBytes(bytes: Uint8Array, start?: number, end?: number): Uint32Array;
  /** The tokens of a text. A surrogate without its partner, which UTF-8 cannot hold, is read as U+FFFD. */
  encode(text: string, options?: EncodeOptions): Uint32Array;
  /** The text of tokens, with U+FFFD for bytes that are not UTF-8. Throws GroundworkError `invalid-tokenizer` as `tokenBytes`. */
  decode(ids: Iterable<number>, options?: DecodeOptions): string;
  decodeBytes(ids: Iterable<number>, options?: DecodeOptions): Uint8Array;
  decodeStream(options?: DecodeOptions): DecodeStream;
  /** The bytes of a token. Throws GroundworkError `invalid-tokenizer` for a number that is the id of no token. */
  tokenBytes(id: number): Uint8Array;
  /** A token as text, with U+FFFD for bytes that are part of a character only. Throws as `tokenBytes`. */
  tokenText(id: number): string;
  /** The id of the token with these bytes (or of the added token with this text), or undefined. */
  tokenId(token: string | Uint8Array): number | undefined;
}

/** Names for the token that begins a document, ours first. */
const beginTokenNames = ['<|bos|>', '<|begin_of_text|>', '<|startoftext|>', '<s>', '<|endoftext|>'];

/**
 * Makes a tokenizer of its data.
 *
 * @throws GroundworkError `invalid-tokenizer` where two tokens are the same, a byte has no token, or a merge makes no token
 */
export function tokenizerFromData(data: TokenizerData): Tokenizer {
  const numIds = data.tokenOffsets.length - 1;
  const index = vocabularyIndexOf(data.tokenBytes, data.tokenOffsets);
  checkIds(data, index);
  const table = mergeTableOf(data, index);
  if (table.unmade !== undefined) {
    throw invalid(
      `merge ${table.unmade + 1} joins tokens ${data.merges[table.unmade * 2]} and ${data.merges[table.unmade * 2 + 1]} into what is not in the vocabulary`,
    );
  }
  const byteIds = byteIdsOf(index);
  const encoder = byteEncoderOf(splitterOf(data.pattern), index, table, byteIds, data.ignoreMerges);
  const added = new Map(data.addedTokens.map((token) => [token.id, token]));
  const addedBytes = new Map(data.addedTokens.map((token) => [token.id, utf8(token.content)]));
  const specialTokens = new Map(
    data.addedTokens.filter(({ special }) => special).map(({ content, id }) => [content, id]),
  );
  const normalize = (text: string) => (data.normalization === 'NFC' ? text.normalize('NFC') : text);
  const sections = {
    text: twoPasses(data.addedTokens.filter(({ special }) => !special)),
    recognise: twoPasses(data.addedTokens),
  };
  const findsAddedInText = data.addedTokens.some(({ special }) => !special);
  let fingerprint: string | undefined;

  /** Cuts at the added tokens that are looked for in the text as it is, then, normalised, at the others. */
  function twoPasses(tokens: readonly AddedToken[]) {
    const raw = sectionSplitterOf(tokens.filter(({ normalized }) => !normalized));
    const later = tokens.filter(({ normalized }) => normalized);
    const afterwards = sectionSplitterOf(later.map((token) => ({ ...token, content: normalize(token.content) })));
    return (text: string) =>
      raw(text).flatMap((section) => (section.id === undefined ? afterwards(normalize(section.text)) : [section]));
  }

  const appendText = (text: string) => {
    const prefixed = data.prefixSpace && !text.startsWith(' ') ? ` ${text}` : text;
    const bytes = utf8(prefixed);
    encoder.append(bytes, 0, bytes.length);
  };

  const bytesOf = (id: number): Uint8Array => {
    const content = addedBytes.get(id);
    if (content) return content;
    const start = data.tokenOffsets[id];
    const end = data.tokenOffsets[id + 1];
    if (start === undefined || end === undefined || start === end) {
      throw new GroundworkError('invalid-tokenizer', `${id} is the id of no token; ids go from 0 to ${numIds - 1}`, {
        hint: 'Decode with the tokenizer that the tokens were made with.',
      });
    }
    return data.tokenBytes.subarray(start, end);
  };

  const isSkipped = (id: number, options: DecodeOptions | undefined) =>
    options?.special === 'skip' && added.get(id)?.special === true;

  const tokenizer: Tokenizer = {
    vocabularySize: numIds,
    pattern: data.pattern,
    data,
    specialTokens,
    beginToken: beginTokenNames.map((name) => specialTokens.get(name)).find((id) => id !== undefined),
    get fingerprint() {
      fingerprint ??= fingerprintOf(data);
      return fingerprint;
    },

    encodeBytes(bytes, start = 0, end = bytes.length) {
      const isPlain =
        !findsAddedInText && !data.prefixSpace && (data.normalization === 'none' || isNormalForm(bytes, start, end));
      if (!isPlain) return tokenizer.encode(newDecoder().decode(bytes.subarray(start, end)));
      encoder.begin();
      encoder.append(bytes, start, end);
      return encoder.take();
    },
    encode(text, options = {}) {
      encoder.begin();
      for (const section of sections[options.special ?? 'text'](text)) {
        if (section.id === undefined) appendText(section.text);
        else encoder.appendToken(section.id);
      }
      return encoder.take();
    },
    decode: (ids, options) => newDecoder().decode(tokenizer.decodeBytes(ids, options)),
    decodeBytes(ids, options) {
      const parts: Uint8Array[] = [];
      let length = 0;
      for (const id of ids) {
        const part = bytesOf(id);
        if (isSkipped(id, options)) continue;
        parts.push(part);
        length += part.length;
      }
      const bytes = new Uint8Array(length);
      let at = 0;
      for (const part of parts) {
        bytes.set(part, at);
        at += part.length;
      }
      return bytes;
    },
    decodeStream(options) {
      const decoder = newDecoder();
      return {
        push(id) {
          const bytes = bytesOf(id);
          return isSkipped(id, options) ? '' : decoder.decode(bytes, { stream: true });
        },
        flush: () => decoder.decode(),
      };
    },
    tokenBytes: (id) => bytesOf(id).slice(),
    tokenText: (id) => newDecoder().decode(bytesOf(id)),
    tokenId(token) {
      const bytes = typeof token === 'string' ? utf8(token) : token;
      const id = index.find(bytes, 0, bytes.length);
      if (id >= 0) return id;
      const text = typeof token === 'string' ? token : newDecoder().decode(token);
      return data.addedTokens.find(({ content }) => content === text)?.id;
    },
  };
  return tokenizer;
}

function checkIds(data: TokenizerData, index: VocabularyIndex): void {
  if (index.duplicate) throw invalid(`tokens ${index.duplicate[0]} and ${index.duplicate[1]} are the same bytes`);
  const numIds = data.tokenOffsets.length - 1;
  const strange = data.merges.find((id) => id >= numIds || data.tokenOffsets[id] === data.tokenOffsets[id + 1]);
  if (strange !== undefined) throw invalid(`a merge names ${strange}, which is the id of no token`);
  const contents = new Set<string>();
  const ids = new Set<number>();
  for (const { id, content } of data.addedTokens) {
    if (id >= numIds) throw invalid(`the added token ${JSON.stringify(content)} has the id ${id} of ${numIds}`);
    if (content === '') throw invalid(`the added token ${id} is empty`);
    if (ids.has(id)) throw invalid(`two added tokens have the id ${id}`);
    if (contents.has(content)) throw invalid(`the added token ${JSON.stringify(content)} is there twice`);
    // A tokenizer.json has one vocabulary, of spelled tokens and added ones: `é` is there the spelling of a byte.
    const spelled = bytesOfSpelling(content);
    const namesake = spelled ? index.find(spelled, 0, spelled.length) : -1;
    if (namesake >= 0 && namesake !== id) {
      throw invalid(`the added token ${JSON.stringify(content)}, ${id}, is written in files as token ${namesake} is`);
    }
    const own = data.tokenBytes.subarray(data.tokenOffsets[id], data.tokenOffsets[id + 1]);
    if (own.length > 0 && namesake !== id) {
      throw invalid(
        `${id} is the id of ${JSON.stringify(spellBytes(own))} and of the added token ${JSON.stringify(content)}`,
      );
    }
    ids.add(id);
    contents.add(content);
  }
}

function byteIdsOf(index: VocabularyIndex): Int32Array {
  const byteIds = new Int32Array(256);
  const byte = new Uint8Array(1);
  for (let value = 0; value < 256; value++) {
    byte[0] = value;
    byteIds[value] = index.find(byte, 0, 1);
  }
  const missing = byteIds.indexOf(-1);
  if (missing >= 0) {
    const count = byteIds.filter((id) => id < 0).length;
    throw invalid(`${count} of the 256 bytes have no token, the first ${missing}; text could not be given back whole`);
  }
  return byteIds;
}

/** Text below U+0300 is in normal form C; its lead bytes are below 0xCC. */
function isNormalForm(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if ((bytes[at] as number) >= 0xcc) return false;
  return true;
}

function invalid(message: string): GroundworkError {
  return new GroundworkError('invalid-tokenizer', message, {
    hint: 'The vocabulary of a byte-level tokenizer holds all 256 bytes and what every merge makes, each once.',
  });
}

const textEncoder = new TextEncoder();
const utf8 = (text: string) => textEncoder.encode(text);
// Without ignoreBOM, a U+FEFF at the beginning would be lost.
const newDecoder = () => new TextDecoder('utf-8', { ignoreBOM: true });
