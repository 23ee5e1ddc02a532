import { classAt, classOfMultibyte, codePointClass, codePointClasses, lengthFromLead } from './code-point-classes.ts';

/** Where the piece ends that begins at `start` in valid UTF-8 which ends at `end`. It looks at nothing before `start`. */
export type PieceEnd = (bytes: Uint8Array, start: number, end: number) => number;

const { mark, number, space, newline, upper, lower, caseless } = codePointClass;
const apostrophe = 0x27;
const blank = 0x20;
const solidus = 0x2f;

/**
 * The pieces of `patterns.gpt4` and its relatives:
 * contraction | mark? letters | 1 to `maxDigits` digits | blank? punctuation newlines | white space.
 *
 * @param trailingWhole white space that ends the text is one piece, newlines and all (the `\s++$` of cl100k)
 */
export function gpt4PieceEnd(maxDigits: number, trailingWhole: boolean): PieceEnd {
  return (bytes, start, end) => {
    const lead = bytes[start] as number;
    const first = classAt(bytes, start);
    if (first >= upper) return lettersEnd(bytes, start, end);
    if (first === number) return digitsEnd(bytes, start, end, maxDigits);
    if (lead === apostrophe) {
      const contraction = contractionEnd(bytes, start, end);
      if (contraction > start) return contraction;
    }
    const second = start + lengthFromLead(lead);
    if (first !== newline && second < end) {
      const next = classAt(bytes, second);
      if (next >= upper) return lettersEnd(bytes, second, end);
      if (lead === blank && next <= mark) return newlinesEnd(bytes, punctuationEnd(bytes, second, end), end, false);
    }
    if (first <= mark) return newlinesEnd(bytes, punctuationEnd(bytes, start, end), end, false);
    return whiteSpaceEnd(bytes, start, end, true, trailingWhole);
  };
}

/** The pieces of `patterns.gpt2`: contraction in lower case | blank? letters | blank? digits | blank? punctuation | white space. */
export function gpt2PieceEnd(bytes: Uint8Array, start: number, end: number): number {
  const lead = bytes[start] as number;
  if (lead === apostrophe) {
    const contraction = lowerContractionEnd(bytes, start, end);
    if (contraction > start) return contraction;
  }
  const body = lead === blank && start + 1 < end ? start + 1 : start;
  const first = classAt(bytes, body);
  if (first >= upper) return lettersEnd(bytes, body, end);
  if (first === number) return digitsEnd(bytes, body, end, Number.POSITIVE_INFINITY);
  if (first <= mark) return punctuationEnd(bytes, body, end);
  return whiteSpaceEnd(bytes, start, end, false, false);
}

/** The pieces of `patterns.o200k`: as gpt4's, but a word ends where upper follows lower case, and takes its contraction along. */
export function o200kPieceEnd(bytes: Uint8Array, start: number, end: number): number {
  const lead = bytes[start] as number;
  const first = classAt(bytes, start);
  if (first >= upper) {
    const word = casedWordEnd(bytes, start, end);
    return optionalContractionEnd(bytes, word > start ? word : uppersEnd(bytes, start, end), end);
  }
  if (first === number) return digitsEnd(bytes, start, end, 3);
  const second = start + lengthFromLead(lead);
  if (first !== newline && second < end) {
    const next = classAt(bytes, second);
    if (next >= upper || next === mark) {
      // The first alternative with its optional first mark taken, then without it, where that mark may itself be the word.
      let word = casedWordEnd(bytes, second, end);
      if (word === second && first === mark) word = casedWordEnd(bytes, start, end);
      else if (word === second) word = uppersEnd(bytes, second, end);
      return optionalContractionEnd(bytes, word, end);
    }
    if (lead === blank && next <= mark) return newlinesEnd(bytes, punctuationEnd(bytes, second, end), end, true);
  }
  if (first === mark) return optionalContractionEnd(bytes, second, end);
  if (first <= mark) return newlinesEnd(bytes, punctuationEnd(bytes, start, end), end, true);
  return whiteSpaceEnd(bytes, start, end, true, false);
}

/** `wholeTextPattern`: one piece. */
export function wholeTextEnd(_bytes: Uint8Array, _start: number, end: number): number {
  return end;
}

function lettersEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end) {
    const lead = bytes[at] as number;
    if (lead < 0x80) {
      if ((codePointClasses[lead] as number) < upper) return at;
      at++;
    } else {
      if (classOfMultibyte(bytes, at, lead) < upper) return at;
      at += lengthFromLead(lead);
    }
  }
  return at;
}

function digitsEnd(bytes: Uint8Array, start: number, end: number, maxDigits: number): number {
  let at = start;
  for (let digits = 0; digits < maxDigits && at < end && classAt(bytes, at) === number; digits++) {
    at += lengthFromLead(bytes[at] as number);
  }
  return at;
}

function punctuationEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && classAt(bytes, at) <= mark) at += lengthFromLead(bytes[at] as number);
  return at;
}

function newlinesEnd(bytes: Uint8Array, start: number, end: number, withSolidus: boolean): number {
  let at = start;
  while (at < end) {
    const byte = bytes[at] as number;
    if (byte !== 0x0a && byte !== 0x0d && !(withSolidus && byte === solidus)) break;
    at++;
  }
  return at;
}

/**
 * White space: up to and with its last newline (where the pattern treats newlines apart); else all of it where the text
 * ends; else all but the last, which goes with what follows; else that one.
 */
function whiteSpaceEnd(
  bytes: Uint8Array,
  start: number,
  end: number,
  newlines: boolean,
  trailingWhole: boolean,
): number {
  let at = start;
  let last = start;
  let afterNewline = start;
  while (at < end) {
    const kind = classAt(bytes, at);
    if (kind !== space && kind !== newline) break;
    last = at;
    at += lengthFromLead(bytes[at] as number);
    if (kind === newline) afterNewline = at;
  }
  if (trailingWhole && at === end) return at;
  if (newlines && afterNewline > start) return afterNewline;
  return at === end || last === start ? at : last;
}

/** `'(?i:[sdmt]|ll|ve|re)`; gives `start` where there is none. U+017F, the long s, folds to s. */
function contractionEnd(bytes: Uint8Array, start: number, end: number): number {
  if (start + 1 >= end) return start;
  const byte = bytes[start + 1] as number;
  if (isShortContraction(byte | 0x20)) return start + 2;
  if (start + 2 >= end) return start;
  const next = bytes[start + 2] as number;
  if (byte === 0xc5 && next === 0xbf) return start + 3;
  return isLongContraction(byte | 0x20, next | 0x20) ? start + 3 : start;
}

function lowerContractionEnd(bytes: Uint8Array, start: number, end: number): number {
  if (start + 1 >= end) return start;
  if (isShortContraction(bytes[start + 1] as number)) return start + 2;
  if (start + 2 >= end) return start;
  return isLongContraction(bytes[start + 1] as number, bytes[start + 2] as number) ? start + 3 : start;
}

function optionalContractionEnd(bytes: Uint8Array, start: number, end: number): number {
  return start < end && bytes[start] === apostrophe ? contractionEnd(bytes, start, end) : start;
}

function isShortContraction(byte: number): boolean {
  return byte === 0x73 || byte === 0x64 || byte === 0x6d || byte === 0x74; // s d m t
}

function isLongContraction(first: number, second: number): boolean {
  if (first === 0x6c) return second === 0x6c; // ll
  return (first === 0x76 || first === 0x72) && second === 0x65; // ve, re
}

/**
 * `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+` as backtracking resolves it: the upper run, then the lower run
 * where there is one; else the second class takes back the last character of the upper run that is in both. Gives `start`
 * where there is no match.
 */
function casedWordEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  let afterShared = start;
  while (at < end) {
    const kind = classAt(bytes, at);
    if (kind !== upper && kind !== caseless && kind !== mark) break;
    at += lengthFromLead(bytes[at] as number);
    if (kind !== upper) afterShared = at;
  }
  const uppers = at;
  while (at < end) {
    const kind = classAt(bytes, at);
    if (kind !== lower && kind !== caseless && kind !== mark) break;
    at += lengthFromLead(bytes[at] as number);
  }
  return at > uppers ? at : afterShared;
}

function uppersEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && classAt(bytes, at) === upper) at += lengthFromLead(bytes[at] as number);
  return at;
}
