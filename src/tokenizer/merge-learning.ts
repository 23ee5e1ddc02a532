import { GroundworkError } from '../core/index.ts';
import { byteCharacters, bytesOfSpelling, spellBytes } from './byte-alphabet.ts';
import { MergeQueue } from './merge-queue.ts';
import { NeighbourChanges } from './neighbour-changes.ts';
import { maximumVocabularySize, PairTable } from './pair-table.ts';
import { checkPlaces, type PieceCountsData } from './piece-counts.ts';
import { PositionLists } from './position-lists.ts';
import { joinTokens, type TokenizerData } from './tokenizer-data.ts';

export interface MergeLearningOptions {
  /** How many tokens to end with: special tokens, the 256 bytes, and one for each merge that makes a new one. */
  readonly vocabularySize: number;
  /** Texts that get the first ids. No merge spells one of them. Default: none. */
  readonly specialTokens?: readonly string[];
  /** The least number of times that a pair occurs for it to be merged. Default: 1. */
  readonly minimumFrequency?: number;
  /** The most bytes that a token has, at least 2; Hugging Face's `max_token_length` minus one. Default: no limit. */
  readonly maximumTokenLength?: number;
}

/**
 * A vocabulary as it was learned, in the form of a tokenizer's data. Ids: special tokens, which have no bytes, then the 256
 * bytes, then one for each merge, in order.
 */
export interface LearnedMerges extends Pick<TokenizerData, 'tokenBytes' | 'tokenOffsets' | 'merges'> {
  readonly specialTokens: readonly string[];
  /** Special tokens, bytes and merged tokens: fewer than were asked for where the corpus has no more pairs. */
  readonly vocabularySize: number;
}

/** Stands between pieces, and before the first and after the last. */
const boundary = -1;
/** Where the second token of a merge began. */
const interior = -2;

/**
 * Learns the merges of byte pair encoding (Sennrich, Haddow & Birch 2016, algorithm 1): again and again the most frequent
 * pair of neighbouring tokens becomes a token, until there are `vocabularySize`, or no pair is frequent enough; then the
 * vocabulary is smaller than was asked for.
 *
 * Equal to the `BpeTrainer` of Hugging Face's `tokenizers` (0.22, 0.23) merge for merge, with its `initial_alphabet` of all
 * 256 bytes: among pairs of equal count the one with the smallest ids comes first, and bytes have ids in the order of their
 * characters in GPT-2's alphabet. Other than there, counts are exact beyond 2³¹, and a merge that would spell a special
 * token is passed over, for text must not be able to spell one.
 *
 * No two merges make the same token: what the merges so far make of a stretch of bytes that begins and ends between tokens
 * does not depend on what stands around it, so a token is always made of the same two.
 *
 * Time is about linear in the bytes of the distinct pieces, whatever their lengths: each pair knows where it occurs.
 * Memory is about 30 bytes for each of them.
 *
 * @throws GroundworkError `usage` for options out of range, `out-of-memory` for 1 GiB of distinct pieces and more
 */
export function learnMerges(counts: PieceCountsData, options: MergeLearningOptions): LearnedMerges {
  checkOptions(options);
  return new MergeLearner(counts, options).learn();
}

/** The bytes in the order of their characters in GPT-2's alphabet: that in which they get ids. */
const bytesInOrder = byteCharacters
  .map((character, byte) => ({ character, byte }))
  .sort((x, y) => (x.character < y.character ? -1 : 1))
  .map(({ byte }) => byte);

class MergeLearner {
  private readonly options: Required<MergeLearningOptions>;
  /** The bytes of each token, by id; none for the special ones. */
  private readonly tokens: Uint8Array[] = [];
  private readonly lengths: Int32Array;
  /** Special tokens that are the spelling of bytes in a `tokenizer.json`. */
  private readonly unmakable: ReadonlySet<string>;
  private readonly pairs = new PairTable();
  private readonly queue = new MergeQueue();
  private readonly lists = new PositionLists();
  /**
   * The pieces, each behind a `boundary`: a token of n bytes takes n places, and its id stands in the first and the last of
   * them. So neighbours are found without links: the next token begins n places on, the one before ends a place before.
   */
  private readonly symbols: Int32Array;
  /** By place: the piece that it is in. */
  private readonly pieceOf: Int32Array;
  private readonly pieceCounts: Float64Array;
  private readonly changes: NeighbourChanges;
  private readonly merges: number[] = [];

  constructor(counts: PieceCountsData, options: MergeLearningOptions) {
    this.options = { specialTokens: [], minimumFrequency: 1, maximumTokenLength: Number.POSITIVE_INFINITY, ...options };
    const { specialTokens, vocabularySize } = this.options;
    this.unmakable = new Set(specialTokens.filter((text) => bytesOfSpelling(text) !== undefined));
    this.lengths = new Int32Array(vocabularySize);
    for (const _ of specialTokens) this.addToken(new Uint8Array());
    const idOfByte = new Int32Array(256);
    for (const byte of bytesInOrder) idOfByte[byte] = this.addToken(Uint8Array.of(byte));
    this.pieceCounts = counts.counts;
    checkPlaces(counts.bytes.length, counts.counts.length);
    const numPlaces = counts.bytes.length + counts.counts.length + 1;
    this.symbols = new Int32Array(numPlaces);
    this.pieceOf = new Int32Array(numPlaces);
    this.changes = new NeighbourChanges(vocabularySize);
    this.layOut(counts, idOfByte);
    this.listInitialPairs();
  }

  learn(): LearnedMerges {
    const { queue, pairs, tokens, options } = this;
    while (tokens.length < options.vocabularySize && queue.size > 0) {
      const pair = queue.front;
      const count = pairs.counts[pair] as number;
      // Counts in the queue grow stale as merges take occurrences away; they are set right when they come to the front.
      if (count !== queue.frontCount) {
        queue.refileFront(count);
        continue;
      }
      if (count < Math.max(1, options.minimumFrequency)) break;
      queue.pop();
      this.merge(pair);
      this.lists.remove(pair);
    }
    return {
      specialTokens: options.specialTokens,
      vocabularySize: tokens.length,
      ...joinTokens(tokens),
      merges: Uint32Array.from(this.merges),
    };
  }

  private addToken(bytes: Uint8Array): number {
    this.lengths[this.tokens.length] = bytes.length;
    return this.tokens.push(bytes) - 1;
  }

  private layOut({ bytes, ends, counts }: PieceCountsData, idOfByte: Int32Array): void {
    const { symbols, pieceOf } = this;
    let place = 0;
    let at = 0;
    for (let piece = 0; piece < counts.length; piece++) {
      const end = ends[piece] as number;
      symbols[place++] = boundary;
      for (; at < end; at++) {
        symbols[place] = idOfByte[bytes[at] as number] as number;
        pieceOf[place++] = piece;
      }
    }
    symbols[place] = boundary;
  }

  private listInitialPairs(): void {
    const { symbols, pieceOf, pieceCounts, pairs } = this;
    const base = this.options.specialTokens.length;
    const totals = new Float64Array(1 << 16);
    const numPositions = new Int32Array(1 << 16);
    for (let place = 1; place < symbols.length - 1; place++) {
      const first = symbols[place] as number;
      const second = symbols[place + 1] as number;
      if (first < 0 || second < 0) continue;
      const code = ((first - base) << 8) | (second - base);
      totals[code] = (totals[code] as number) + (pieceCounts[pieceOf[place] as number] as number);
      numPositions[code] = (numPositions[code] as number) + 1;
    }
    this.lists.reserve(symbols.length);
    const cursors = new Int32Array(1 << 16);
    for (let code = 0; code < 1 << 16; code++) {
      if (numPositions[code] === 0) continue;
      const pair = pairs.add((code >> 8) + base, (code & 255) + base, totals[code] as number);
      cursors[code] = this.lists.add(numPositions[code] as number);
      this.queue.push(totals[code] as number, pairs.keys[pair] as number, pair);
    }
    const { positions } = this.lists;
    for (let place = 1; place < symbols.length - 1; place++) {
      const first = symbols[place] as number;
      const second = symbols[place + 1] as number;
      if (first < 0 || second < 0) continue;
      const code = ((first - base) << 8) | (second - base);
      const cursor = cursors[code] as number;
      positions[cursor] = place;
      cursors[code] = cursor + 1;
    }
  }

  /** Makes a pair one token wherever it occurs. */
  private merge(pair: number): void {
    const { tokens, pairs, changes } = this;
    const first = pairs.first(pair);
    const second = pairs.second(pair);
    const bytes = joined(tokens[first] as Uint8Array, tokens[second] as Uint8Array);
    if (this.unmakable.size > 0 && this.unmakable.has(spellBytes(bytes))) return;
    const merged = this.addToken(bytes);
    this.merges.push(first, second);
    this.replace(this.lists.view(pair), first, second, merged);
    this.applyChanges(first, second, merged);
    changes.clear();
  }

  private replace(positions: Int32Array, first: number, second: number, merged: number): void {
    const { symbols, pieceOf, pieceCounts, changes, lengths } = this;
    const firstLength = lengths[first] as number;
    const secondLength = lengths[second] as number;
    const mergedLength = firstLength + secondLength;
    const longestNeighbour = this.options.maximumTokenLength - mergedLength;
    for (let i = 0; i < positions.length; i++) {
      const place = positions[i] as number;
      const middle = place + firstLength;
      // The list may be out of date: another merge may have taken one of the two.
      if (symbols[place] !== first || symbols[middle] !== second) continue;
      const end = middle + secondLength;
      symbols[middle] = interior;
      symbols[place] = merged;
      symbols[end - 1] = merged;
      const count = pieceCounts[pieceOf[place] as number] as number;
      const before = symbols[place - 1] as number;
      if (before >= 0) {
        const length = lengths[before] as number;
        changes.onLeft(before, place - length, count, length <= longestNeighbour);
      }
      const after = symbols[end] as number;
      if (after >= 0) changes.onRight(after, place, count, (lengths[after] as number) <= longestNeighbour);
    }
  }

  private applyChanges(first: number, second: number, merged: number): void {
    const { pairs, queue, lists, changes } = this;
    const { touched, numTouched, gained, lost, numGained, vocabularySize } = changes;
    lists.reserve(changes.numPlaces);
    // First what is new, so that what is lost finds its pair.
    for (let i = 0; i < numTouched; i++) {
      const slot = touched[i] as number;
      if (numGained[slot] === 0) continue;
      const count = gained[slot] as number;
      const isLeft = slot < vocabularySize;
      const pair = isLeft ? pairs.add(slot, merged, count) : pairs.add(merged, slot - vocabularySize, count);
      changes.cursors[slot] = lists.add(numGained[slot] as number);
      queue.push(count, pairs.keys[pair] as number, pair);
    }
    changes.writePositions(lists.positions);
    for (let i = 0; i < numTouched; i++) {
      const slot = touched[i] as number;
      if (lost[slot] === 0) continue;
      const isLeft = slot < vocabularySize;
      const pair = isLeft ? pairs.find(slot, first) : pairs.find(second, slot - vocabularySize);
      // A pair that would make too long a token was never counted.
      if (pair >= 0) pairs.counts[pair] = (pairs.counts[pair] as number) - (lost[slot] as number);
    }
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}

function checkOptions({
  vocabularySize,
  specialTokens = [],
  minimumFrequency,
  maximumTokenLength,
}: MergeLearningOptions): void {
  const least = 256 + specialTokens.length;
  if (!Number.isInteger(vocabularySize) || vocabularySize < least || vocabularySize > maximumVocabularySize) {
    throw new GroundworkError(
      'usage',
      `a vocabulary of ${vocabularySize} tokens was asked for, expected a whole number from ${least} to ${maximumVocabularySize}`,
      {
        hint: `256 tokens are bytes and ${specialTokens.length} are special; a few thousand is a good size to start with.`,
      },
    );
  }
  if (minimumFrequency !== undefined && !(minimumFrequency >= 0)) {
    throw new GroundworkError('usage', `the least frequency of a merge is ${minimumFrequency}, expected 0 or more`, {
      hint: 'Leave it out to merge whatever occurs.',
    });
  }
  if (maximumTokenLength !== undefined && !(maximumTokenLength >= 2)) {
    throw new GroundworkError('usage', `the longest token has ${maximumTokenLength} bytes, expected 2 or more`, {
      hint: 'Leave it out for no limit.',
    });
  }
  const seen = new Set<string>();
  for (const text of specialTokens) {
    if (text !== '' && !seen.has(text) && !byteCharacters.includes(text)) {
      seen.add(text);
      continue;
    }
    const fault = text === '' ? 'is empty' : seen.has(text) ? 'is there twice' : 'is also an ordinary byte';
    throw new GroundworkError('usage', `the special token ${JSON.stringify(text)} ${fault}`, {
      hint: 'Give each special token a text of its own, such as <|bos|>.',
    });
  }
}
