/**
 * The characters by which GPT-2 writes bytes in vocabulary files: the printable ones of Latin-1 stand for themselves, the
 * other 68 for U+0100 on, in order. Index: the byte.
 */
export const byteCharacters: readonly string[] = alphabet();

const byteOfCharacter = new Map(byteCharacters.map((character, byte) => [character, byte]));

function alphabet(): string[] {
  const characters: string[] = [];
  let numOthers = 0;
  for (let byte = 0; byte < 256; byte++) {
    const isPrintable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    characters.push(String.fromCharCode(isPrintable ? byte : 0x100 + numOthers++));
  }
  return characters;
}

/** Bytes as a vocabulary file writes them: ` the` as `Ġthe`. */
export function spellBytes(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byteCharacters[byte];
  return text;
}

/** The bytes that a vocabulary file means, or undefined where a character is not of the alphabet. */
export function bytesOfSpelling(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) {
    const byte = byteOfCharacter.get(text.charAt(index));
    if (byte === undefined) return undefined;
    bytes[index] = byte;
  }
  return bytes;
}
