import { doubled } from '../typed-array-growth.ts';
import { isSentenceEnd, isSymbol } from './punctuation.ts';
import { isWhiteSpace, isWideWhiteSpace } from './white-space.ts';
import { hasLetter, isPunctuation, wordEnds } from './word-splitter.ts';

/** Facts about a word, as bits. */
export const wordFacts = {
  /** It holds a character that is no symbol, so that it counts as a word for Gopher. */
  notSymbol: 1,
  /** It holds a letter. */
  letter: 2,
} as const;

/** Above this many entries or characters the table is emptied before the next text, which changes no result. */
const maxStrings = 1 << 18;
const maxCharacters = 1 << 23;

const asciiSpaces = Uint8Array.from({ length: 33 }, (_, code) => (isWhiteSpace(code) ? 1 : 0));

/** The fields of the record of a string, side by side so that looking at one string reads one line of the cache. */
const field = {
  hash: 0,
  /** Where its characters stand, and how many UTF-16 units they are. */
  offset: 1,
  length: 2,
  /** Length in code points, shifted left by 2, and `wordFacts`. */
  measure: 3,
  /** Taken as a run: its words, where the first of them stands in `#parts`; −1 not known, −2 it is one word. */
  firstPart: 4,
  numParts: 5,
  /** Taken as a run: 2 × sentences begun + (one is ending), where none was ending before it and where one was. */
  afterNone: 6,
  afterEnd: 7,
} as const;
const stride = 8;

/**
 * Splits texts into runs (between white space) and runs into words, each distinct run once: the table remembers what it
 * was split into, and numbers every distinct string. After `split`, the fields describe that text until the next one.
 *
 * A sentence begins with the first word and with every word that is not punctuation after a word that ends a sentence
 * (`Sentencizer` of spaCy 3.8), so that a run of words maps (is a sentence ending?) to (sentences begun, is one ending?).
 */
export class WordTable {
  /** The words of the text, as numbers of strings: equal words have equal numbers. */
  words = new Int32Array(1024);
  /** By word of the text: its length in code points, shifted left by 2, and `wordFacts`. */
  measures = new Int32Array(1024);
  numWords = 0;
  /** The runs of the text: where they begin and end, their length in code points, and how many words they are. */
  runStarts = new Int32Array(1024);
  runEnds = new Int32Array(1024);
  runLengths = new Int32Array(1024);
  runNumWords = new Int32Array(1024);
  numRuns = 0;
  /** Code points of the text. */
  numCodePoints = 0;
  /** All numbers of strings lie below. */
  numStrings = 0;

  #runsAfterNone = new Int32Array(1024);
  #runsAfterEnd = new Int32Array(1024);
  #records = new Int32Array(1024 * stride);
  #characters = new Uint16Array(1 << 14);
  #charactersUsed = 0;
  #parts = new Int32Array(1024);
  #partsUsed = 0;
  /** Open addressing: number of the string + 1, or 0. */
  #slots = new Int32Array(4096);

  /** Splits a text. Linear in its length. */
  split(text: string): void {
    if (this.numStrings > maxStrings || this.#charactersUsed > maxCharacters) this.#empty();
    this.numRuns = 0;
    this.numWords = 0;
    const length = text.length;
    let numPairs = 0;
    let hash = 0;
    let start = 0;
    for (let i = 0; i <= length; i++) {
      const code = i < length ? text.charCodeAt(i) : 32;
      if (code < 33 ? asciiSpaces[code] === 1 : code > 127 && isWideWhiteSpace(code)) {
        if (i > start) this.#addRun(text, start, i, hash);
        start = i + 1;
        hash = 0;
      } else {
        hash = Math.imul(hash ^ code, 0x01000193);
        if (code >= 0xd800 && code <= 0xdbff) {
          const next = text.charCodeAt(i + 1);
          if (next >= 0xdc00 && next <= 0xdfff) numPairs++;
        }
      }
    }
    this.numCodePoints = length - numPairs;
  }

  /** The number of a word, for comparison with `words`; −1 if no text held it since the table was emptied. */
  find(word: string): number {
    let hash = 0;
    for (let i = 0; i < word.length; i++) hash = Math.imul(hash ^ word.charCodeAt(i), 0x01000193);
    return (this.#slots[this.#slotOf(word, 0, word.length, hash)] as number) - 1;
  }

  /** Number of sentences in the runs from `first` up to but without `end` of the text just split; at least 1. */
  numSentences(text: string, first: number, end: number): number {
    let count = 1;
    let isEnding = false;
    for (let i = first; i < end; i++) {
      const outcome = (isEnding ? this.#runsAfterEnd[i] : this.#runsAfterNone[i]) as number;
      count += outcome >> 1;
      isEnding = (outcome & 1) === 1;
      // White space other than one blank is a word of its own to the reference: it can begin a sentence.
      if (isEnding && i + 1 < end) {
        const from = this.runEnds[i] as number;
        if ((this.runStarts[i + 1] as number) - from !== 1 || text.charCodeAt(from) !== 32) {
          count++;
          isEnding = false;
        }
      }
    }
    return count;
  }

  /** The text of a string. */
  textOf(string: number): string {
    const at = string * stride;
    const offset = this.#records[at + field.offset] as number;
    const end = offset + (this.#records[at + field.length] as number);
    let text = '';
    for (let from = offset; from < end; from += 8192) {
      text += String.fromCharCode(...this.#characters.subarray(from, Math.min(end, from + 8192)));
    }
    return text;
  }

  #addRun(text: string, start: number, end: number, hash: number): void {
    const string = this.#intern(text, start, end, hash);
    const at = string * stride;
    if (this.#records[at + field.firstPart] === -1) this.#divide(string, text.slice(start, end));
    const records = this.#records;
    const index = this.numRuns++;
    if (index === this.runStarts.length) this.#growRuns();
    const first = records[at + field.firstPart] as number;
    const count = records[at + field.numParts] as number;
    const measure = records[at + field.measure] as number;
    this.runStarts[index] = start;
    this.runEnds[index] = end;
    this.runLengths[index] = measure >> 2;
    this.runNumWords[index] = count;
    this.#runsAfterNone[index] = records[at + field.afterNone] as number;
    this.#runsAfterEnd[index] = records[at + field.afterEnd] as number;
    while (this.numWords + count > this.words.length) {
      this.words = doubled(this.words);
      this.measures = doubled(this.measures);
    }
    if (first === -2) {
      this.words[this.numWords] = string;
      this.measures[this.numWords++] = measure;
      return;
    }
    for (let i = first; i < first + count; i++) {
      const part = this.#parts[i] as number;
      this.words[this.numWords] = part;
      this.measures[this.numWords++] = records[part * stride + field.measure] as number;
    }
  }

  /** The slot in which a piece of text is numbered, or the free one for it. */
  #slotOf(text: string, start: number, end: number, hash: number): number {
    const slots = this.#slots;
    const records = this.#records;
    const characters = this.#characters;
    const mask = slots.length - 1;
    const length = end - start;
    let slot = firstSlot(hash) & mask;
    for (; ; slot = (slot + 1) & mask) {
      const string = (slots[slot] as number) - 1;
      if (string < 0) return slot;
      const at = string * stride;
      if (records[at + field.hash] !== hash || records[at + field.length] !== length) continue;
      const offset = records[at + field.offset] as number;
      let i = 0;
      while (i < length && characters[offset + i] === text.charCodeAt(start + i)) i++;
      if (i === length) return slot;
    }
  }

  /** The number of a piece of text. */
  #intern(text: string, start: number, end: number, hash: number): number {
    const slot = this.#slotOf(text, start, end, hash);
    const found = (this.#slots[slot] as number) - 1;
    if (found >= 0) return found;
    const string = this.numStrings++;
    const at = string * stride;
    if (at === this.#records.length) this.#records = doubled(this.#records);
    const offset = this.#charactersUsed;
    this.#charactersUsed += end - start;
    while (this.#charactersUsed > this.#characters.length) this.#characters = doubled(this.#characters);
    for (let i = start; i < end; i++) this.#characters[offset + i - start] = text.charCodeAt(i);
    this.#records[at + field.hash] = hash;
    this.#records[at + field.offset] = offset;
    this.#records[at + field.length] = end - start;
    this.#records[at + field.measure] = measureOf(text.slice(start, end));
    this.#records[at + field.firstPart] = -1;
    this.#slots[slot] = string + 1;
    if (this.numStrings * 2 > this.#slots.length) this.#growSlots();
    return string;
  }

  /** Finds the words of a string taken as a run, and what it does to sentences. */
  #divide(string: number, run: string): void {
    const ends = wordEnds(run);
    const isWhole = ends.length === 1;
    const first = this.#partsUsed;
    let afterNone = 0;
    let afterEnd = 1;
    let start = 0;
    for (const end of ends) {
      const word = isWhole ? run : run.slice(start, end);
      afterNone = afterWord(afterNone, word);
      afterEnd = afterWord(afterEnd, word);
      if (!isWhole) {
        let hash = 0;
        for (let i = start; i < end; i++) hash = Math.imul(hash ^ run.charCodeAt(i), 0x01000193);
        const part = this.#intern(run, start, end, hash);
        if (this.#partsUsed === this.#parts.length) this.#parts = doubled(this.#parts);
        this.#parts[this.#partsUsed++] = part;
      }
      start = end;
    }
    const at = string * stride;
    this.#records[at + field.firstPart] = isWhole ? -2 : first;
    this.#records[at + field.numParts] = ends.length;
    this.#records[at + field.afterNone] = afterNone;
    this.#records[at + field.afterEnd] = afterEnd;
  }

  #growRuns(): void {
    this.runStarts = doubled(this.runStarts);
    this.runEnds = doubled(this.runEnds);
    this.runLengths = doubled(this.runLengths);
    this.runNumWords = doubled(this.runNumWords);
    this.#runsAfterNone = doubled(this.#runsAfterNone);
    this.#runsAfterEnd = doubled(this.#runsAfterEnd);
  }

  #growSlots(): void {
    this.#slots = new Int32Array(this.#slots.length * 2);
    const mask = this.#slots.length - 1;
    for (let string = 0; string < this.numStrings; string++) {
      let slot = firstSlot(this.#records[string * stride + field.hash] as number) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = string + 1;
    }
  }

  #empty(): void {
    this.numStrings = 0;
    this.#charactersUsed = 0;
    this.#partsUsed = 0;
    this.#slots = new Int32Array(4096);
    this.#characters = new Uint16Array(1 << 14);
    this.#parts = new Int32Array(1024);
  }
}

/** Mixes the bits of a hash, of which the table uses the lowest. */
function firstSlot(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return mixed ^ (mixed >>> 13);
}

/** Length in code points, shifted left by 2, and `wordFacts`. */
function measureOf(word: string): number {
  let length = 0;
  let facts = hasLetter(word) ? wordFacts.letter : 0;
  for (let i = 0; i < word.length; length++) {
    const code = word.codePointAt(i) as number;
    if (!isSymbol(code)) facts |= wordFacts.notSymbol;
    i += code > 0xffff ? 2 : 1;
  }
  return (length << 2) | facts;
}

/** What becomes of (sentences begun, is one ending?) behind one more word. */
function afterWord(outcome: number, word: string): number {
  if (isSentenceEnd(word.codePointAt(0) as number) && word.length === (isPair(word) ? 2 : 1)) return outcome | 1;
  if ((outcome & 1) === 0 || isPunctuation(word)) return outcome;
  return outcome + 1;
}

const isPair = (word: string): boolean => (word.codePointAt(0) as number) > 0xffff;
