const replacements: { readonly [character: string]: string } = {
  '‘': "'",
  '’': "'",
  '“': '"',
  '”': '"',
  '—': '--',
  '–': '-',
  '‐': '-',
  '‑': '-',
  '…': '...',
  '•': '.',
  '°': ' degrees',
  '\u00a0': ' ',
  æ: 'ae',
  Æ: 'AE',
  œ: 'oe',
  Œ: 'OE',
  ß: 'ss',
  '£': 'L',
};

/**
 * The text in ASCII alone: typographic quotes and dashes as typewriters have them, letters without their marks (by
 * Unicode's compatibility decomposition); what has no likeness in ASCII is left out, and so are control characters.
 */
export function asciiFolded(text: string): string {
  return (
    text
      // A hyphen that was doubled in another form stands for a dash, as does a short dash between spaces.
      .replace(/-–|–-| – /g, (dash) => (dash === ' – ' ? ' -- ' : '--'))
      .replace(/[^\n -~]/gu, (character) => replacements[character] ?? character)
      .normalize('NFKD')
      .replace(/[^\n -~]/gu, '')
  );
}
