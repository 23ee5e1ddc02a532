/** How text is shown to people. */
export interface VisibleOptions {
  /** Whether blanks and line feeds are shown by marks (`␣`, `↵`) or as they are. */
  readonly marks: boolean;
}

/**
 * Bytes as a terminal may be given them: whatever would move its cursor, change its colours or turn its writing direction
 * becomes a visible sign, and so do bytes that are a part of a character only. `⟨E2 80⟩` are bytes, `⟨U+200D⟩` is a
 * character that cannot be seen, `␛` a control character, `→` a tab.
 */
export function visibleBytes(bytes: Uint8Array, options: VisibleOptions): string {
  let text = '';
  let at = 0;
  while (at < bytes.length) {
    let end = at;
    for (let length = wholeCharacter(bytes, end); length > 0; length = wholeCharacter(bytes, end)) end += length;
    text += visibleText(decoder.decode(bytes.subarray(at, end)), options);
    at = end;
    while (end < bytes.length && wholeCharacter(bytes, end) === 0) end++;
    if (end > at) text += `⟨${hexadecimal(bytes.subarray(at, end))}⟩`;
    at = end;
  }
  return text;
}

/** Text as a terminal may be given it; see `visibleBytes`. */
export function visibleText(text: string, { marks }: VisibleOptions): string {
  const shown = text.replace(unseen, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (character === '\n') return marks ? '↵' : character;
    if (character === '\t') return '→';
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return code === 0x7f ? '␡' : `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`;
  });
  // A mark that joins the character before it would join what stands before the token.
  const standing = /^\p{M}/u.test(shown) ? `◌${shown}` : shown;
  return marks ? standing.replaceAll(' ', '␣') : standing;
}

/** A value as JSON that a terminal may be given: what `visibleText` would not show as it is, is escaped. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value).replace(unseen, (character) =>
    Array.from({ length: character.length }, (_, i) => {
      return `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`;
    }).join(''),
  );
}

/** Whether bytes are whole characters of UTF-8. */
export function isUtf8(bytes: Uint8Array): boolean {
  let at = 0;
  while (at < bytes.length) {
    const length = wholeCharacter(bytes, at);
    if (length === 0) return false;
    at += length;
  }
  return true;
}

/** Bytes as `E2 80`. */
export function hexadecimal(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).toUpperCase().padStart(2, '0')).join(' ');
}

// Controls, formats (among them what turns the writing direction), halves of pairs, private and unassigned characters, line
// separators, and blanks of another width than the blank's.
const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** The length of the character that begins at `at`; 0 where none does or it is not finished (table 3-7 of Unicode). */
function wholeCharacter(bytes: Uint8Array, at: number): number {
  const lead = bytes[at];
  if (lead === undefined) return 0;
  if (lead < 0x80) return 1;
  const length =
    lead >= 0xc2 && lead <= 0xdf ? 2 : lead >= 0xe0 && lead <= 0xef ? 3 : lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
  const second = bytes[at + 1] ?? 0;
  const least = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const most = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (length === 0 || second < least || second > most) return 0;
  for (let next = at + 2; next < at + length; next++) if (((bytes[next] ?? 0) & 0xc0) !== 0x80) return 0;
  return length;
}
