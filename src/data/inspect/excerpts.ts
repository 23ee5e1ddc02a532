import type { Tokenizer } from '../../tokenizer/index.ts';
import type { DatasetPart } from '../store/dataset-part.ts';
import type { BigramModel } from './bigram-model.ts';

const maxCharacters = 300;
/** About as many tokens as an excerpt holds. */
const windowTokens = 64;

/** The beginning of a document's text, at most 300 characters. */
export function beginningOf(part: DatasetPart, document: number, tokenizer: Tokenizer): string {
  const tokens = part.documentTokens(document);
  return excerptFrom(tokens, 1, tokenizer);
}

/**
 * The stretch of a document that a model foretells worst, at most 300 characters: what makes the document unlikely.
 *
 * @param model holds the document among others; it is judged by these
 */
export function strangestStretchOf(
  part: DatasetPart,
  document: number,
  tokenizer: Tokenizer,
  model: BigramModel,
): string {
  const tokens = part.documentTokens(document);
  const { length } = tokens;
  model.remove(tokens, 0, length);
  const bits = Float64Array.from(tokens, (token, i) =>
    i === 0 ? 0 : -Math.log2(model.probability(tokens[i - 1] as number, token)),
  );
  model.add(tokens, 0, length);
  let best = 1;
  let bestBits = Number.NEGATIVE_INFINITY;
  let windowBits = 0;
  for (let end = 1; end < length; end++) {
    windowBits += bits[end] as number;
    if (end > windowTokens) windowBits -= bits[end - windowTokens] as number;
    if (windowBits > bestBits) {
      bestBits = windowBits;
      best = Math.max(1, end - windowTokens + 1);
    }
  }
  return excerptFrom(tokens, best, tokenizer);
}

/** The text from a token of a document on, with `…` where more stands before or after it. */
function excerptFrom(tokens: Uint32Array, start: number, tokenizer: Tokenizer): string {
  // A token is at least one byte, and a character at most four: so many tokens are enough.
  const end = Math.min(tokens.length, start + maxCharacters * 4);
  const text = tokenizer.decode(tokens.subarray(start, end));
  // A token may end or begin within a character.
  const characters = [...(start > 1 ? text.replace(/^\ufffd+/, '').trimStart() : text)];
  const isCut = characters.length > maxCharacters || end < tokens.length;
  return `${start > 1 ? '…' : ''}${characters.slice(0, maxCharacters).join('')}${isCut ? '…' : ''}`;
}
