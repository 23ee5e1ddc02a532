import { patterns, wholeTextPattern } from './patterns.ts';
import { regexSplitterOf } from './regex-splitter.ts';
import { gpt2PieceEnd, gpt4PieceEnd, o200kPieceEnd, type PieceEnd, wholeTextEnd } from './state-machines.ts';

export { patterns } from './patterns.ts';

/** Cuts text into the pieces within which merging happens. */
export interface Splitter {
  /** The regular expression, in the syntax of Oniguruma, as it stands in `tokenizer.json`. */
  readonly pattern: string;
  /** Whether each call reads the whole rest of the text: then ask for many ends where one call was not enough. */
  readonly readsRest?: boolean;
  /**
   * Fills `ends` with the ends of consecutive pieces of the text `bytes[start, end)`, the first beginning at `start`.
   *
   * A piece depends on nothing before it: where `ends` is full, going on with a `start` at its last end gives the same
   * pieces as one call does. It may depend on everything after it, so `end` must be the end of the text each time.
   *
   * @param bytes valid UTF-8 between `start` and `end`, which lie between characters
   * @returns how many entries were filled: as many as `ends` holds, or fewer where the text ended
   */
  split(bytes: Uint8Array, start: number, end: number, ends: Uint32Array): number;
}

/** How many ends to ask for at first. */
export const endsAtATime = 4096;

/**
 * The room for ends to go on with, where a call filled `ends`: four times as much for a splitter that reads the rest of the
 * text each time, so that there are few calls and the time stays about linear in the text.
 */
export function roomAfter(splitter: Splitter, ends: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  return splitter.readsRest ? new Uint32Array(ends.length * 4) : ends;
}

/** Patterns with a state machine over bytes, which is some ten times as fast as the regular expression. */
const pieceEnds = new Map<string, () => PieceEnd>([
  [patterns.gpt4, () => gpt4PieceEnd(3, false)],
  [patterns.nanochat, () => gpt4PieceEnd(2, false)],
  [patterns.llama3, () => gpt4PieceEnd(3, false)],
  [patterns.qwen3, () => gpt4PieceEnd(1, false)],
  [patterns.cl100k, () => gpt4PieceEnd(3, true)],
  [patterns.gpt2, () => gpt2PieceEnd],
  [patterns.o200k, () => o200kPieceEnd],
  [wholeTextPattern, () => wholeTextEnd],
]);

/**
 * The splitter of a pattern: a state machine where the pattern is one of `patterns`, else the regular expression translated
 * to that of ECMAScript.
 *
 * @throws GroundworkError `invalid-tokenizer` where the pattern cannot be translated, or looks behind where it stands
 */
export function splitterOf(pattern: string): Splitter {
  const pieceEnd = pieceEnds.get(pattern)?.();
  return pieceEnd ? machineSplitter(pattern, pieceEnd) : regexSplitterOf(pattern);
}

function machineSplitter(pattern: string, pieceEnd: PieceEnd): Splitter {
  return {
    pattern,
    split(bytes, start, end, ends) {
      let at = start;
      let numPieces = 0;
      while (at < end && numPieces < ends.length) {
        at = pieceEnd(bytes, at, end);
        ends[numPieces++] = at;
      }
      return numPieces;
    },
  };
}
