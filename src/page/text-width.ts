/** The font size of text in plots, in pixels of the plot. */
export const plotFontSize = 12;

/**
 * About how wide a text is in the system's font at `plotFontSize`, in pixels; rather too much than too little. A page is
 * written where no font is at hand to measure with.
 */
export function textWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    if (/[iljt.,:;'|!()[\]/ ]/.test(character)) width += 0.36;
    else if (/[mwMW@%]/.test(character)) width += 0.92;
    else if (/[A-Z]/.test(character)) width += 0.7;
    else if ((character.codePointAt(0) ?? 0) >= 0x1100) width += 1.05;
    else width += 0.6;
  }
  return width * plotFontSize;
}

/** The text, or its beginning and end with `…` between them, so that it is no wider than `maxWidth` pixels. */
export function fitText(text: string, maxWidth: number): string {
  if (textWidth(text) <= maxWidth) return text;
  const characters = [...text];
  for (let kept = characters.length - 1; kept > 1; kept--) {
    const numAtEnd = Math.floor(kept * 0.4);
    const short = `${characters.slice(0, kept - numAtEnd).join('')}…${characters.slice(characters.length - numAtEnd).join('')}`;
    if (textWidth(short) <= maxWidth) return short;
  }
  return '…';
}
