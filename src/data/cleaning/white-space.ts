/**
 * White space and line ends as the reference pipeline counts them (`str.isspace`, `str.splitlines` and `str.strip` of
 * Python), which is wider than `\s` by the separators U+001C … U+001F and U+0085, and narrower by U+FEFF.
 */
export function isWhiteSpace(code: number): boolean {
  if (code < 128) return code === 32 || (code >= 9 && code <= 13) || (code >= 28 && code <= 31);
  return isWideWhiteSpace(code);
}

/** The white space beyond ASCII; `code` ≥ 128. */
export function isWideWhiteSpace(code: number): boolean {
  if (code === 0x85 || code === 0xa0) return true;
  if (code < 0x1680) return false;
  if (code < 0x2000) return code === 0x1680;
  if (code <= 0x200a) return true;
  return code === 0x2028 || code === 0x2029 || code === 0x202f || code === 0x205f || code === 0x3000;
}

/** The characters besides LF that end a line. */
const rareLineEnds = String.fromCharCode(11, 12, 13, 0x1c, 0x1d, 0x1e, 0x85, 0x2028, 0x2029);
const hasRareLineEnd = new RegExp(`[${rareLineEnds}]`);
/** CR LF is one end of a line. */
const lineEnd = new RegExp(`\\r\\n|[\\n${rareLineEnds}]`);

/** The lines of a text without their ends; an end of line at the end of the text begins no further line. */
export function splitLines(text: string): string[] {
  if (text === '') return [];
  const lines = text.split(hasRareLineEnd.test(text) ? lineEnd : '\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** The text without white space at either end. */
export function strip(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isWhiteSpace(text.charCodeAt(start))) start++;
  while (end > start && isWhiteSpace(text.charCodeAt(end - 1))) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

/** Number of code points: the unit of every length in the rules, so that an emoji counts as one character. */
export function codePointLength(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0xd800 || code > 0xdbff) continue;
    const next = text.charCodeAt(i + 1);
    if (next >= 0xdc00 && next <= 0xdfff) length--;
  }
  return length;
}

/** Number of times that a piece occurs, not counting overlaps. */
export function countOccurrences(text: string, piece: string): number {
  let count = 0;
  for (let at = text.indexOf(piece); at >= 0; at = text.indexOf(piece, at + piece.length)) count++;
  return count;
}
