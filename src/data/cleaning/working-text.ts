import { NgramCounter } from './repetition.ts';
import { splitLines } from './white-space.ts';
import { WordTable } from './word-table.ts';

/** A change that a step made without removing the document, and how often. */
export interface Edit {
  /** Such as `c4/javascript-line`. */
  readonly rule: string;
  readonly count: number;
}

/**
 * The text on its way through the steps, with what several of them need of it computed once. One of them serves one
 * pipeline for all its documents.
 */
export class WorkingText {
  readonly #table = new WordTable();
  /** For pieces of text, so that the words of the whole stay. */
  readonly #pieces = new WordTable();
  readonly #ngrams = new NgramCounter();
  readonly #edits = new Map<string, number>();
  #text = '';
  #lines: readonly string[] | undefined;
  #areWordsCurrent = false;
  #numWords: number | undefined;
  /** ISO 639-1, `und` where undetermined; absent where no step identified it. */
  language: string | undefined;

  /** Begins with another document. */
  begin(text: string): void {
    this.#edits.clear();
    this.language = undefined;
    this.replace(text);
  }

  get text(): string {
    return this.#text;
  }

  /** Goes on with a changed text. `numWords` is given where it is known, so that it need not be split again. */
  replace(text: string, numWords?: number): void {
    this.#numWords = numWords;
    if (text === this.#text && numWords === undefined) return;
    this.#text = text;
    this.#lines = undefined;
    this.#areWordsCurrent = false;
  }

  /** The lines, as `splitLines` gives them. */
  get lines(): readonly string[] {
    this.#lines ??= splitLines(this.#text);
    return this.#lines;
  }

  /** The words and runs of the text. */
  get words(): WordTable {
    if (!this.#areWordsCurrent) this.#table.split(this.#text);
    this.#areWordsCurrent = true;
    return this.#table;
  }

  get numWords(): number {
    return this.#numWords ?? this.words.numWords;
  }

  /** The counter of n-grams, begun with the words of the text. */
  startNgrams(): NgramCounter {
    this.#ngrams.start(this.words);
    return this.#ngrams;
  }

  /** The words and sentences of another piece of text. */
  countIn(piece: string): { numWords: number; numSentences: number } {
    const table = this.#pieces;
    table.split(piece);
    return { numWords: table.numWords, numSentences: table.numSentences(piece, 0, table.numRuns) };
  }

  /** Notes changes, by rule; a count of 0 is none. */
  edit(rule: string, count: number): void {
    if (count > 0) this.#edits.set(rule, (this.#edits.get(rule) ?? 0) + count);
  }

  get edits(): Edit[] {
    return [...this.#edits].map(([rule, count]) => ({ rule, count }));
  }
}
