import type { Tokenizer } from '../tokenizer.ts';
import { visibleBytes, visibleText } from './visible-text.ts';

export interface PieceDisplayOptions {
  /** Whether tokens are told apart by the colour behind them; otherwise by `│` between them. */
  readonly color: boolean;
  /** Whether blanks and line feeds are marked; without colour they always are. */
  readonly marks: boolean;
}

/** Black on pastels of the palette of 256 colours: to be read on a light and on a dark terminal. */
const backgrounds = [153, 157, 223, 183, 217];
const reset = '\x1b[0m';
/** White on dark red. */
const addedStyle = '\x1b[1;38;5;231;48;5;88m';

/**
 * Tokens as text for a terminal, each told apart from its neighbours. Nothing of the text reaches the terminal as a control
 * character: escape sequences in it are shown, not obeyed. A line ends where a token with a line feed ends.
 */
export function displayedPieces(tokenizer: Tokenizer, ids: Iterable<number>, options: PieceDisplayOptions): string {
  const { color } = options;
  const marks = options.marks || !color;
  const added = new Set(tokenizer.data.addedTokens.map(({ id }) => id));
  let display = '';
  let number = 0;
  let startsLine = true;
  for (const id of ids) {
    const bytes = tokenizer.tokenBytes(id);
    const isAdded = added.has(id);
    const shown = isAdded ? visibleText(decoder.decode(bytes), { marks: true }) : visibleBytes(bytes, { marks });
    if (color) {
      const style = isAdded ? addedStyle : `\x1b[38;5;16;48;5;${backgrounds[number % backgrounds.length]}m`;
      // A background must not run on to the end of the line.
      display += shown.replace(/[^\n]+/g, (line) => `${style}${line}${reset}`);
    } else {
      display += `${startsLine ? '' : '│'}${shown}`;
    }
    startsLine = bytes.at(-1) === 0x0a;
    if (startsLine && marks) display += '\n';
    number++;
  }
  return startsLine ? display.replace(/\n$/, '') : display;
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
