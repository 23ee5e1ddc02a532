import { GroundworkError } from '../core/index.ts';
import { vocabularyIndexOf } from './byte-strings.ts';
import { type Tokenizer, tokenizerFromData } from './tokenizer.ts';
import { joinTokens, specialToken, type TokenizerData } from './tokenizer-data.ts';

export interface TiktokenOptions {
  /** By which text is cut into pieces: one of `patterns`, or another in the syntax of Oniguruma. */
  readonly pattern: string;
  /** Names of special tokens and their ids. */
  readonly specialTokens?: ReadonlyMap<string, number>;
}

/**
 * A tokenizer from a `.tiktoken` file: a line for each token, its bytes in base64 and its rank, which is its id.
 *
 * tiktoken merges whatever two tokens make a token of the lowest rank. Here that becomes a list of merges, every way to make
 * a token from two, in order of rank, as the converter of Hugging Face's `transformers` has it; and a piece that is a token
 * is that token.
 *
 * @throws GroundworkError `invalid-tokenizer` where a line cannot be read or the vocabulary is not one
 */
export function tokenizerFromTiktokenRanks(text: string, options: TiktokenOptions): Tokenizer {
  const tokens: (Uint8Array | undefined)[] = [];
  const lines = text.split('\n');
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const fields = /^([A-Za-z0-9+/]+={0,2}) (\d{1,7})\r?$/.exec(line);
    const bytes = fields?.[1] === undefined ? undefined : bytesOfBase64(fields[1]);
    if (!bytes)
      throw invalid(`line ${index + 1} is ${JSON.stringify(line.slice(0, 80))}, not base64, a blank and a rank`);
    const rank = Number(fields?.[2]);
    if (tokens[rank]) throw invalid(`line ${index + 1} gives the rank ${rank} a second time`);
    tokens[rank] = bytes;
  }
  const addedTokens = [...(options.specialTokens ?? [])]
    .map(([content, id]) => specialToken(id, content))
    .sort((a, b) => a.id - b.id);
  for (const { id, content } of addedTokens) {
    if (!Number.isInteger(id) || id < 0 || id > 9_999_999) throw invalid(`${JSON.stringify(content)} has the id ${id}`);
    if (tokens[id]) throw invalid(`${JSON.stringify(content)} has the id ${id}, which is the rank of another token`);
  }
  tokens.length = Math.max(tokens.length, (addedTokens.at(-1)?.id ?? -1) + 1);
  const joined = joinTokens(Array.from(tokens));
  return tokenizerFromData({
    ...joined,
    pattern: options.pattern,
    merges: mergesOfRanks(joined),
    addedTokens,
    ignoreMerges: true,
    normalization: 'none',
    prefixSpace: false,
  });
}

/** Every pair of tokens that joined are a token: by the rank of that, then by the rank of the left. */
function mergesOfRanks({ tokenBytes, tokenOffsets }: Pick<TokenizerData, 'tokenBytes' | 'tokenOffsets'>): Uint32Array {
  const index = vocabularyIndexOf(tokenBytes, tokenOffsets);
  const merges: number[] = [];
  for (let id = 0; id + 1 < tokenOffsets.length; id++) {
    const start = tokenOffsets[id] as number;
    const end = tokenOffsets[id + 1] as number;
    const pairs: [number, number][] = [];
    for (let middle = start + 1; middle < end; middle++) {
      const left = index.find(tokenBytes, start, middle);
      const right = left < 0 ? -1 : index.find(tokenBytes, middle, end);
      if (right >= 0) pairs.push([left, right]);
    }
    for (const [left, right] of pairs.sort((a, b) => a[0] - b[0])) merges.push(left, right);
  }
  return Uint32Array.from(merges);
}

function bytesOfBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    // atob throws for a wrong length; the caller names the line.
    return undefined;
  }
}

function invalid(message: string): GroundworkError {
  return new GroundworkError('invalid-tokenizer', message, {
    hint: 'Give a .tiktoken file as OpenAI publishes them, with special tokens whose ids are not ranks.',
  });
}
