import { codePointRuns } from './code-point-table.ts';

/**
 * What a splitting pattern asks of a code point. The order matters: `<= mark` is everything that is neither letter, number
 * nor white space; `>= upper` is every letter.
 */
export const codePointClass = {
  /** Punctuation, symbols, control characters, and what Unicode 16.0 assigns to nothing. */
  other: 1,
  mark: 2,
  number: 3,
  space: 4,
  newline: 5,
  /** Upper and title case letters: Lu, Lt. */
  upper: 6,
  /** Lower case letters: Ll. */
  lower: 7,
  /** Letters without case: Lm, Lo. */
  caseless: 8,
} as const;

/**
 * The class of every code point, flat, so that looking one up is one load.
 *
 * A table of our own and not the `\p{L}` of the machine's regular expressions: those follow the Unicode version of the
 * browser or of Node, and a tokenizer must cut the same text into the same pieces everywhere.
 */
export const codePointClasses = expandRuns(codePointRuns);

function expandRuns(runs: string): Uint8Array {
  const classes = new Uint8Array(0x110000);
  let first = 0;
  for (const [, letter = '', length = ''] of runs.matchAll(/([A-H])([0-9a-z]*)/g)) {
    const end = first + (length === '' ? 1 : Number.parseInt(length, 36));
    classes.fill(letter.charCodeAt(0) - 0x40, first, end);
    first = end;
  }
  return classes;
}

/** The class of the code point that begins at `index` in valid UTF-8. */
export function classAt(bytes: Uint8Array, index: number): number {
  const lead = bytes[index] as number;
  return lead < 0x80 ? (codePointClasses[lead] as number) : classOfMultibyte(bytes, index, lead);
}

/** The class of the code point that begins at `index` with the byte `lead`, which is not ASCII. */
export function classOfMultibyte(bytes: Uint8Array, index: number, lead: number): number {
  let codePoint = (bytes[index + 1] as number) & 0x3f;
  if (lead < 0xe0) codePoint |= (lead & 0x1f) << 6;
  else {
    codePoint = (codePoint << 6) | ((bytes[index + 2] as number) & 0x3f);
    if (lead < 0xf0) codePoint |= (lead & 0x0f) << 12;
    else codePoint = (codePoint << 6) | ((bytes[index + 3] as number) & 0x3f) | ((lead & 0x07) << 18);
  }
  return codePointClasses[codePoint] as number;
}

/** How many bytes of UTF-8 the code point takes whose first byte is `lead`. */
export function lengthFromLead(lead: number): number {
  return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}
