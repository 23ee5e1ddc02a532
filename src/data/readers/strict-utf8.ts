const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Decodes UTF-8 (RFC 3629) and refuses what is not: no byte is replaced or dropped.
 *
 * @returns the text, or the index of the first byte of the first sequence that is not UTF-8
 */
export function decodeUtf8(bytes: Uint8Array): { readonly text: string } | { readonly invalidAt: number } {
  try {
    return { text: decoder.decode(bytes) };
  } catch {
    // The decoder does not say where; finding the byte costs a second pass, over broken records only.
    return { invalidAt: firstInvalidUtf8(bytes) };
  }
}

/** The index of the first byte that begins no well-formed UTF-8 sequence (Unicode 15, table 3-7); −1 where all are good. */
export function firstInvalidUtf8(bytes: Uint8Array): number {
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    if (length === 0) return at;
    at += length;
  }
  return -1;
}

function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] as number;
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (at + length > bytes.length) return 0;
  // The second byte has narrower bounds where a longer form, a surrogate or a value above U+10FFFF would begin.
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  const second = bytes[at + 1] as number;
  if (second < low || second > high) return 0;
  for (let k = 2; k < length; k++) if (((bytes[at + k] as number) & 0xc0) !== 0x80) return 0;
  return length;
}
