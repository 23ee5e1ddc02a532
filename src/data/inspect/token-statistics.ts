import type { Tokenizer } from '../../tokenizer/index.ts';

/** One token and how often it occurs. */
export interface TokenCount {
  readonly token: number;
  /** As text, with U+FFFD for bytes that are a part of a character only. */
  readonly text: string;
  readonly count: number;
}

/** How the tokens of the training documents are distributed; the begin token is left out. */
export interface TokenStatistics {
  /** How many were counted. */
  readonly numTokens: number;
  readonly mostFrequent: readonly TokenCount[];
  /** Tokens of the vocabulary that do not occur; special tokens are not among them. */
  readonly numUnused: number;
  /** Tokens that occur, but less than ten times. */
  readonly numRare: number;
  /** The longest of those that do not occur: what the vocabulary spends for nothing. */
  readonly longestUnused: readonly TokenCount[];
  /** Σ −p log₂ p over the tokens, in bits: what a model that knows frequencies only needs for a token. */
  readonly entropy: number;
  /** Count by rank, at ranks evenly spread on a logarithm. */
  readonly ranks: readonly { readonly rank: number; readonly count: number }[];
}

const numShown = 40;
const numRanksPerDecade = 16;

/** @param counts how often each token of the vocabulary occurs */
export function tokenStatistics(counts: Float64Array, tokenizer: Tokenizer, beginToken: number): TokenStatistics {
  const special = new Set([beginToken, ...tokenizer.specialTokens.values()]);
  const { tokenOffsets } = tokenizer.data;
  const numBytes = (token: number): number => (tokenOffsets[token + 1] ?? 0) - (tokenOffsets[token] ?? 0);
  const used: number[] = [];
  const unused: number[] = [];
  let numTokens = 0;
  counts.forEach((count, token) => {
    if (special.has(token)) return;
    numTokens += count;
    if (count > 0) used.push(token);
    else if (numBytes(token) > 0) unused.push(token);
  });
  const countOf = (token: number): number => counts[token] as number;
  used.sort((a, b) => countOf(b) - countOf(a) || a - b);
  unused.sort((a, b) => numBytes(b) - numBytes(a) || a - b);
  const describe = (token: number): TokenCount => ({
    token,
    text: tokenizer.tokenText(token),
    count: countOf(token),
  });
  return {
    numTokens,
    mostFrequent: used.slice(0, numShown).map(describe),
    numUnused: unused.length,
    numRare: used.filter((token) => countOf(token) < 10).length,
    longestUnused: unused.slice(0, numShown).map(describe),
    entropy: used.reduce((bits, token) => {
      const share = countOf(token) / numTokens;
      return bits - share * Math.log2(share);
    }, 0),
    ranks: spreadRanks(used.length).map((rank) => ({ rank, count: countOf(used[rank - 1] as number) })),
  };
}

/** The ranks 1 … `last` thinned to evenly spread ones on a logarithm. */
function spreadRanks(last: number): readonly number[] {
  const ranks = new Set<number>();
  for (let step = 0; ; step++) {
    const rank = Math.round(10 ** (step / numRanksPerDecade));
    if (rank >= last) break;
    ranks.add(rank);
  }
  if (last > 0) ranks.add(last);
  return [...ranks];
}
