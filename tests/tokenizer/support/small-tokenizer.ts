import { joinTokens, patterns, specialToken, type TokenizerData } from '../../../src/tokenizer/index.ts';

export interface SmallTokenizer {
  /** Each is joined from two tokens: `['t', 'h']` makes `th`. */
  readonly merges: readonly (readonly [string, string])[];
  readonly specials?: readonly string[];
  /** The order in which ids are given to what merging makes; that of the merges if not given. */
  readonly tokens?: readonly string[];
}

/** A tokenizer with the 256 bytes first, then what merging makes, then special tokens. */
export function smallTokenizerData(
  { merges, specials = [], tokens = merges.map(([left, right]) => left + right) }: SmallTokenizer,
  rules: Partial<TokenizerData> = {},
): TokenizerData {
  const made = [...new Set(tokens)].filter((token) => token.length > 1);
  const encode = (text: string) => new TextEncoder().encode(text);
  const numBase = 256 + made.length;
  const idOf = (token: string) => (token.length === 1 ? token.charCodeAt(0) : 256 + made.indexOf(token));
  return {
    ...joinTokens([
      ...Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)),
      ...made.map(encode),
      ...specials.map(() => undefined),
    ]),
    merges: Uint32Array.from(merges.flatMap(([left, right]) => [idOf(left), idOf(right)])),
    pattern: patterns.gpt4,
    addedTokens: specials.map((name, index) => specialToken(numBase + index, name)),
    ignoreMerges: false,
    normalization: 'none',
    prefixSpace: false,
    ...rules,
  };
}
