/**
 * The words of a text as 64-bit hashes, without ever building the normalised text.
 *
 * Normal form (after CCNet and FineWeb's deduplication): every code point is lower-cased and decomposed (NFD); marks without
 * a width of their own (accents, and some vowel signs of Indic scripts) and format characters (soft hyphen, joiners) vanish;
 * decimal digits become `0`; whatever is then neither letter nor number nor vowel sign parts words. Scripts written without
 * spaces (Han, kana, Thai, Lao, Khmer, Burmese) give a word for each letter and vowel sign.
 */

/** In the tables of folded characters: parts words. */
const separator = 0;
/** In the tables of folded characters: vanishes. */
const nothing = -1;
/** In the table of the basic plane: not looked at yet. */
const unknown = -2;
/** Values from here on are code points of scripts without spaces, by so much too large. */
const ownWord = 0x200000;
/** Values from here on are places in `expansions`, by so much too large. */
const expansion = 0x400000;

const asciiFolds = Int32Array.from({ length: 128 }, (_, unit) => foldPlain(unit));
/** Folds of the basic plane, filled as characters are met: a cache of a pure function. */
const planeFolds = new Int32Array(0x10000).fill(unknown);
const otherFolds = new Map<number, number>();
/** Folds of code points that decompose into several letters, such as Hangul syllables. */
const expansions: Int32Array[] = [];

/** What one code point of lower-cased, decomposed text stands for. */
function foldPlain(codePoint: number): number {
  const character = String.fromCodePoint(codePoint).toLowerCase();
  if (/^[\p{Mn}\p{Me}\p{Cf}]/u.test(character)) return nothing;
  if (/^\p{Nd}/u.test(character)) return 0x30;
  if (!/^[\p{L}\p{N}\p{Mc}]/u.test(character)) return separator;
  const folded = character.codePointAt(0) as number;
  const spaceless =
    /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
  return spaceless.test(character) ? folded + ownWord : folded;
}

function foldAny(codePoint: number): number {
  const decomposed = String.fromCodePoint(codePoint).toLowerCase().normalize('NFD');
  const folds = Array.from(decomposed, (part) => foldPlain(part.codePointAt(0) as number)).filter((f) => f !== nothing);
  if (folds.length === 0) return nothing;
  if (folds.length === 1) return folds[0] as number;
  expansions.push(Int32Array.from(folds));
  return expansion + expansions.length - 1;
}

/** The fold of a code point beyond ASCII, from the cache where it has been met before. */
function fold(codePoint: number): number {
  if (codePoint < 0x10000) {
    const known = planeFolds[codePoint] as number;
    if (known !== unknown) return known;
    const found = foldAny(codePoint);
    planeFolds[codePoint] = found;
    return found;
  }
  const known = otherFolds.get(codePoint);
  if (known !== undefined) return known;
  const found = foldAny(codePoint);
  otherFolds.set(codePoint, found);
  return found;
}

/** The finaliser of MurmurHash3 (Appleby): a bijection of 32-bit numbers in which every input bit moves every output bit. */
export function mix32(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

const seedLow = 0x2545f491;
const seedHigh = 0x6a09e667;

/**
 * Reads texts one after another and keeps the last one's bytes and word hashes, in arrays that are used again: take what is
 * needed before the next `read`.
 */
export class WordHasher {
  /** UTF-8 of the text; the first `numBytes` count. Unpaired surrogates are U+FFFD. */
  bytes = new Uint8Array(1 << 16);
  numBytes = 0;
  /** Halves of the word hashes; the first `numWords` count. */
  low = new Int32Array(1 << 14);
  high = new Int32Array(1 << 14);
  numWords = 0;
  readonly #encoder = new TextEncoder();
  #low = seedLow;
  #high = seedHigh;

  read(text: string): void {
    // A UTF-16 unit takes at most three bytes.
    if (this.bytes.length < text.length * 3) this.bytes = new Uint8Array(text.length * 3);
    const numBytes = this.#encoder.encodeInto(text, this.bytes).written;
    this.numBytes = numBytes;
    // No code point gives more words than it has bytes.
    if (this.low.length < numBytes) {
      this.low = new Int32Array(numBytes);
      this.high = new Int32Array(numBytes);
    }
    this.numWords = 0;
    const { bytes, low, high } = this;
    let word = 0;
    let [h, g] = [seedLow, seedHigh];
    let position = 0;
    while (position < numBytes) {
      const byte = bytes[position] as number;
      if (byte < 128) {
        position++;
        const folded = asciiFolds[byte] as number;
        if (folded > 0) {
          // Each step is a bijection of the 64 bits of state, so no word loses what was read before.
          h = Math.imul(h ^ folded, 0x9e3779b1);
          h ^= h >>> 15;
          g = Math.imul(g ^ h, 0x85ebca77);
          g ^= g >>> 13;
        } else if (folded === separator && g !== seedHigh) {
          low[word] = mix32(h);
          high[word++] = mix32(g);
          h = seedLow;
          g = seedHigh;
        }
        continue;
      }
      this.#low = h;
      this.#high = g;
      this.numWords = word;
      position += this.#readCodePoint(position, byte);
      h = this.#low;
      g = this.#high;
      word = this.numWords;
    }
    this.#low = h;
    this.#high = g;
    this.numWords = word;
    this.#endWord();
  }

  /** Takes in one code point beyond ASCII; returns its number of bytes. The bytes are valid UTF-8, from an encoder. */
  #readCodePoint(position: number, lead: number): number {
    const { bytes } = this;
    const second = (bytes[position + 1] as number) & 63;
    if (lead < 0xe0) {
      this.#take(fold(((lead & 31) << 6) | second));
      return 2;
    }
    const third = (bytes[position + 2] as number) & 63;
    if (lead < 0xf0) {
      this.#take(fold(((lead & 15) << 12) | (second << 6) | third));
      return 3;
    }
    this.#take(fold(((lead & 7) << 18) | (second << 12) | (third << 6) | ((bytes[position + 3] as number) & 63)));
    return 4;
  }

  #take(folded: number): void {
    if (folded >= expansion) {
      for (const part of expansions[folded - expansion] as Int32Array) this.#take(part);
    } else if (folded >= ownWord) {
      this.#endWord();
      this.#addToWord(folded - ownWord);
      this.#endWord();
    } else if (folded > 0) this.#addToWord(folded);
    else if (folded === separator) this.#endWord();
  }

  #addToWord(folded: number): void {
    let h = Math.imul(this.#low ^ folded, 0x9e3779b1);
    h ^= h >>> 15;
    const g = Math.imul(this.#high ^ h, 0x85ebca77);
    this.#low = h;
    this.#high = g ^ (g >>> 13);
  }

  #endWord(): void {
    if (this.#high === seedHigh) return;
    this.low[this.numWords] = mix32(this.#low);
    this.high[this.numWords++] = mix32(this.#high);
    this.#low = seedLow;
    this.#high = seedHigh;
  }
}
