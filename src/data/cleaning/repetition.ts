import type { WordTable } from './word-table.ts';

/** How much of a list repeats earlier elements. */
export interface Duplicates {
  readonly numElements: number;
  /** Elements equal to an earlier one, and their characters in code points. */
  readonly numDuplicates: number;
  readonly duplicateCharacters: number;
}

/** Counts the elements that repeat an earlier one; `lengthOf` gives the characters of an element. */
export function countDuplicates(elements: readonly string[], lengthOf: (element: string) => number): Duplicates {
  const seen = new Set<string>();
  let numDuplicates = 0;
  let duplicateCharacters = 0;
  for (const element of elements) {
    const size = seen.size;
    if (seen.add(element).size > size) continue;
    numDuplicates++;
    duplicateCharacters += lengthOf(element);
  }
  return { numElements: elements.length, numDuplicates, duplicateCharacters };
}

/** What one length of n-gram covers. */
export interface NgramCoverage {
  /** Characters of the most frequent n-gram, its words joined by one blank, times how often it occurs (with overlaps);
   * of several that are equally frequent, the one that occurs first. 0 with fewer than n words. */
  readonly topCharacters: number;
  /** Characters, without blanks, of the n-grams that repeat one before them, read from left to right: behind a repeat
   * reading goes on after its last word. */
  readonly duplicateCharacters: number;
}

/**
 * Counts n-grams for n = 2, 3, … without hashing any text: an n-gram that occurs twice consists of two (n−1)-grams that
 * do, so that each length looks only at what repeated at the length before it, and an n-gram is named by the place of its
 * first occurrence. In prose a tenth of the places is left at n = 4. The counts are exact.
 *
 * The reference compares n-grams as their words joined, so that `ab c` repeats `a bc` there and not here.
 */
export class NgramCounter {
  /** The n-gram at a place, by the place of its first occurrence; two lengths in turn. */
  #names: readonly [Int32Array, Int32Array] = [new Int32Array(0), new Int32Array(0)];
  /** By name: how often it occurs, and the last length at which reading from left to right came past it. */
  #counts = new Int32Array(0);
  #seen = new Int32Array(0);
  /** Places at which an n-gram begins that occurs more than once, ascending. */
  #places = new Int32Array(0);
  #numPlaces = 0;
  /** By place: the longest n for which it is such a place. */
  #levels = new Int32Array(0);
  /** Code points of the first words. */
  #lengths = new Int32Array(1);
  /** Open addressing: name + 1, or 0. */
  #slots = new Int32Array(0);
  /** By string of the word table: in which text it was met last, and where first. */
  #textOfString = new Int32Array(0);
  #placeOfString = new Int32Array(0);
  #text = 0;
  #numWords = 0;
  #n = 1;

  /** Begins with the words of the text that `table` has split. */
  start(table: WordTable): void {
    const { words, measures, numWords } = table;
    this.#reserve(numWords, table.numStrings);
    this.#numWords = numWords;
    this.#n = 1;
    this.#text++;
    const names = this.#names[1];
    for (let i = 0; i < numWords; i++) {
      const word = words[i] as number;
      this.#lengths[i + 1] = (this.#lengths[i] as number) + ((measures[i] as number) >> 2);
      this.#seen[i] = 0;
      this.#levels[i] = 0;
      this.#places[i] = i;
      if (this.#textOfString[word] !== this.#text) {
        this.#textOfString[word] = this.#text;
        this.#placeOfString[word] = i;
        this.#counts[i] = 0;
      }
      const name = this.#placeOfString[word] as number;
      names[i] = name;
      this.#counts[name] = (this.#counts[name] as number) + 1;
    }
    this.#numPlaces = numWords;
    this.#keepRepeated(names);
  }

  /** Goes on to the next length of n-gram, 2 at first, and says what it covers. Linear in the words. */
  next(): NgramCoverage {
    this.#n++;
    const [n, numWords, levels] = [this.#n, this.#numWords, this.#levels];
    let numPlaces = 0;
    for (let k = 0; k < this.#numPlaces; k++) {
      const i = this.#places[k] as number;
      if (i + n <= numWords && levels[i + 1] === n - 1) this.#places[numPlaces++] = i;
    }
    this.#numPlaces = numPlaces;
    this.#name();
    this.#keepRepeated(this.#names[n % 2 === 0 ? 0 : 1]);
    return { topCharacters: this.#topCharacters(), duplicateCharacters: this.#duplicateCharacters() };
  }

  #name(): void {
    const numSlots = 2 ** Math.ceil(Math.log2(2 * this.#numPlaces + 2));
    const mask = numSlots - 1;
    const slots = this.#slots.fill(0, 0, numSlots);
    const isEven = this.#n % 2 === 0;
    const before = this.#names[isEven ? 1 : 0];
    const names = this.#names[isEven ? 0 : 1];
    for (let k = 0; k < this.#numPlaces; k++) {
      const i = this.#places[k] as number;
      const left = before[i] as number;
      const right = before[i + 1] as number;
      let hash = Math.imul(Math.imul(left, 0x9e3779b1) ^ right, 0x85ebca6b);
      hash ^= hash >>> 15;
      let slot = hash & mask;
      let first = (slots[slot] as number) - 1;
      while (first >= 0 && (before[first] !== left || before[first + 1] !== right)) {
        slot = (slot + 1) & mask;
        first = (slots[slot] as number) - 1;
      }
      if (first < 0) {
        first = i;
        slots[slot] = i + 1;
        this.#counts[i] = 0;
      }
      names[i] = first;
      this.#counts[first] = (this.#counts[first] as number) + 1;
    }
  }

  #keepRepeated(names: Int32Array): void {
    let numPlaces = 0;
    for (let k = 0; k < this.#numPlaces; k++) {
      const i = this.#places[k] as number;
      if ((this.#counts[names[i] as number] as number) < 2) continue;
      this.#levels[i] = this.#n;
      this.#places[numPlaces++] = i;
    }
    this.#numPlaces = numPlaces;
  }

  #charactersAt(place: number): number {
    return (this.#lengths[place + this.#n] as number) - (this.#lengths[place] as number);
  }

  #topCharacters(): number {
    if (this.#n > this.#numWords) return 0;
    const names = this.#names[this.#n % 2 === 0 ? 0 : 1];
    let top = 0;
    let most = 1;
    for (let k = 0; k < this.#numPlaces; k++) {
      const place = this.#places[k] as number;
      if (names[place] !== place || (this.#counts[place] as number) <= most) continue;
      top = place;
      most = this.#counts[place] as number;
    }
    return (this.#charactersAt(top) + this.#n - 1) * most;
  }

  #duplicateCharacters(): number {
    const names = this.#names[this.#n % 2 === 0 ? 0 : 1];
    let characters = 0;
    let readTo = 0;
    for (let k = 0; k < this.#numPlaces; k++) {
      const i = this.#places[k] as number;
      if (i < readTo) continue;
      const name = names[i] as number;
      if (this.#seen[name] === this.#n) {
        characters += this.#charactersAt(i);
        readTo = i + this.#n;
      } else {
        this.#seen[name] = this.#n;
      }
    }
    return characters;
  }

  #reserve(numWords: number, numStrings: number): void {
    if (this.#counts.length < numWords) {
      const size = Math.max(4096, numWords + (numWords >> 1));
      this.#names = [new Int32Array(size), new Int32Array(size)];
      this.#counts = new Int32Array(size);
      this.#seen = new Int32Array(size);
      this.#places = new Int32Array(size);
      this.#levels = new Int32Array(size);
      this.#lengths = new Int32Array(size + 1);
      this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * size + 2)));
    }
    if (this.#textOfString.length < numStrings) {
      this.#textOfString = new Int32Array(numStrings * 2);
      this.#placeOfString = new Int32Array(numStrings * 2);
      this.#text = 0;
    }
  }
}
