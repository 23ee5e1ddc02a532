import { cellWidth } from '../data/index.ts';

/** How a piece of text stands out in a terminal. */
export type Style = 'strong' | 'quiet' | 'curve' | 'good' | 'warning';

const codes: { readonly [style in Style]: string } = {
  strong: '1',
  quiet: '2',
  curve: '36',
  good: '32',
  warning: '33',
};

/** Writes text in a style, or as it is where colours are not wanted. */
export type Paint = (style: Style, text: string) => string;

export function paintFor(hasColor: boolean): Paint {
  return (style, text) => (hasColor && text !== '' ? `\x1b[${codes[style]}m${text}\x1b[0m` : text);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const sequence = /\x1b\[[0-9;]*m/g;

/** How many cells a line takes that may change its style (SGR sequences and nothing else). */
export function styledWidth(line: string): number {
  return cellWidth(line.replace(sequence, ''));
}

/** The beginning of a styled line in at most `maxWidth` cells; its style ends with it. */
export function fitStyled(line: string, maxWidth: number): string {
  if (styledWidth(line) <= maxWidth) return line;
  let kept = '';
  let width = 0;
  let isStyled = false;
  let position = 0;
  for (const match of [...line.matchAll(sequence), undefined]) {
    for (const character of line.slice(position, match?.index)) {
      width += cellWidth(character);
      if (width > maxWidth) return isStyled ? `${kept}\x1b[0m` : kept;
      kept += character;
    }
    if (match === undefined) break;
    kept += match[0];
    isStyled = match[0] !== '\x1b[0m';
    position = match.index + match[0].length;
  }
  return kept;
}
