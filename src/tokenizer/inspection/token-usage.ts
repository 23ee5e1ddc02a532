import type { Tokenizer } from '../tokenizer.ts';
import { type DescribedToken, describeToken } from './described-token.ts';

/** Which tokens of a vocabulary a text needs. */
export interface TokenUsage {
  /** All tokens of the text, added ones (such as the begin token) left out. */
  readonly numTokens: number;
  readonly numUsed: number;
  /** Tokens that do not occur; added ones and ids without a token are not among them. */
  readonly numUnused: number;
  readonly mostFrequent: readonly (DescribedToken & { readonly count: number })[];
  /** The longest of those that do not occur. */
  readonly longestUnused: readonly DescribedToken[];
}

/**
 * Counts which tokens occur.
 *
 * @param counts how often each id occurs
 * @param numListed length of the two lists
 */
export function tokenUsage(tokenizer: Tokenizer, counts: Float64Array, numListed: number): TokenUsage {
  const { tokenOffsets, addedTokens } = tokenizer.data;
  const added = new Set(addedTokens.map(({ id }) => id));
  const numBytes = (id: number): number => (tokenOffsets[id + 1] ?? 0) - (tokenOffsets[id] ?? 0);
  const countOf = (id: number): number => counts[id] ?? 0;
  const used: number[] = [];
  const unused: number[] = [];
  let numTokens = 0;
  for (let id = 0; id < tokenizer.vocabularySize; id++) {
    if (added.has(id) || numBytes(id) === 0) continue;
    numTokens += countOf(id);
    (countOf(id) > 0 ? used : unused).push(id);
  }
  used.sort((a, b) => countOf(b) - countOf(a) || a - b);
  unused.sort((a, b) => numBytes(b) - numBytes(a) || a - b);
  return {
    numTokens,
    numUsed: used.length,
    numUnused: unused.length,
    mostFrequent: used.slice(0, numListed).map((id) => ({ ...describeToken(tokenizer, id), count: countOf(id) })),
    longestUnused: unused.slice(0, numListed).map((id) => describeToken(tokenizer, id)),
  };
}

/** Adds the tokens of documents to the counts of each id. */
export function countTokens(tokenizer: Tokenizer, documents: Iterable<Uint8Array>, counts: Float64Array): void {
  for (const document of documents) {
    for (const id of tokenizer.encodeBytes(document)) counts[id] = (counts[id] as number) + 1;
  }
}
