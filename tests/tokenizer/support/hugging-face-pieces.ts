import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** What is used of the `tokenizers` package, which comes without an ES module. */
export interface NativeTokenizers {
  readonly Tokenizer: {
    fromString(json: string): {
      encode(text: string, pair: null, options: { addSpecialTokens: boolean }): Promise<{ getIds(): number[] }>;
      decode(ids: number[], skipSpecialTokens: boolean): Promise<string>;
      getPreTokenizer(): { preTokenizeString(text: string): [string, [number, number]][] };
    };
  };
}

export const nativeTokenizers = require('tokenizers') as NativeTokenizers;

/** Hugging Face's `tokenizers`, in Rust with Oniguruma, cutting text by a pattern. */
export function nativeSplitter(pattern: string): (text: string) => string[] {
  const model = { type: 'BPE', fuse_unk: false, byte_fallback: false, vocab: {}, merges: [] };
  const split = { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false };
  const file = { version: '1.0', added_tokens: [], pre_tokenizer: split, model };
  const preTokenizer = nativeTokenizers.Tokenizer.fromString(JSON.stringify(file)).getPreTokenizer();
  return (text) => preTokenizer.preTokenizeString(text).map(([piece]) => piece);
}

/**
 * The class of every code point as the Oniguruma of `tokenizers` sees it: by what its properties match.
 *
 * @param isWanted which blocks of 256 to ask for, by their first code point; the rest is left at 1
 */
export function nativeCodePointClasses(isWanted: (first: number) => boolean = () => true): Uint8Array {
  const classes = new Uint8Array(0x110000).fill(1);
  const properties = [
    [String.raw`\p{M}`, 2],
    [String.raw`\p{N}`, 3],
    [String.raw`\s`, 4],
    [String.raw`[\p{Lu}\p{Lt}]`, 6],
    [String.raw`\p{Ll}`, 7],
    [String.raw`[\p{Lm}\p{Lo}]`, 8],
  ] as const;
  for (const [property, value] of properties) {
    const split = nativeSplitter(`${property}+`);
    // Its time grows with the square of the text's length.
    for (let first = 0; first < 0x110000; first += 256) {
      if (!isWanted(first)) continue;
      const points: number[] = [];
      for (let point = first; point < first + 256; point++) if (point < 0xd800 || point > 0xdfff) points.push(point);
      // What matches stands alone between two bars; what does not is one piece with them.
      const text = points.map((point) => `|${String.fromCodePoint(point)}`).join('');
      for (const piece of split(`${text}|`)) if (!piece.includes('|')) classes[piece.codePointAt(0) ?? 0] = value;
    }
  }
  classes[0x0a] = 5;
  classes[0x0d] = 5;
  return classes;
}
