/** The font size of text in plots, in pixels of the plot. */
export const plotFontSize = 12;

/**
 * About how wide a text is in the system's font at `plotFontSize`, in pixels; rather too much than too little. A page is
 * written where no font is at hand to measure with.
 */
export function textWidth(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return pixels(width);
}

/** The text, or its beginning and end with `…` between them, so that it is no wider than `maxWidth` pixels. */
export function fitText(text: string, maxWidth: number): string {
  const characters = [...text];
  // Of the first n characters.
  const widths = [0];
  let whole = 0;
  for (const character of characters) {
    whole += characterWidth(character);
    widths.push(whole);
  }
  if (pixels(whole) <= maxWidth) return text;
  for (let kept = characters.length - 1; kept > 1; kept--) {
    const atEnd = Math.floor(kept * 0.4);
    const [beginning, end] = [kept - atEnd, characters.length - atEnd];
    const width = (widths[beginning] ?? 0) + characterWidth('…') + whole - (widths[end] ?? 0);
    if (pixels(width) > maxWidth) continue;
    return `${characters.slice(0, beginning).join('')}…${characters.slice(end).join('')}`;
  }
  return '…';
}

/** In hundredths of the font size: whole numbers, so that sums are exact. */
function characterWidth(character: string): number {
  if (/[iljt.,:;'|!()[\]/ ]/.test(character)) return 36;
  if (/[mwMW@%]/.test(character)) return 92;
  if (/[A-Z]/.test(character)) return 70;
  return (character.codePointAt(0) ?? 0) >= 0x1100 ? 105 : 60;
}

function pixels(width: number): number {
  return (width * plotFontSize) / 100;
}
