import type { Tokenizer } from '../tokenizer.ts';

/** A text to be encoded, as UTF-8, under the name that a table gives it. */
export interface NamedText {
  readonly name: string;
  /** Documents; no token spans two of them. */
  readonly documents: readonly Uint8Array[];
}

/** How many tokens several tokenizers make of one text. */
export interface TextCompression {
  readonly name: string;
  readonly numBytes: number;
  /** In the order of the tokenizers. */
  readonly numTokens: readonly number[];
}

/** Encodes each text with each tokenizer. */
export function compressionOf(texts: readonly NamedText[], tokenizers: readonly Tokenizer[]): TextCompression[] {
  return texts.map(({ name, documents }) => ({
    name,
    numBytes: documents.reduce((sum, document) => sum + document.length, 0),
    numTokens: tokenizers.map((tokenizer) =>
      documents.reduce((sum, document) => sum + tokenizer.encodeBytes(document).length, 0),
    ),
  }));
}
