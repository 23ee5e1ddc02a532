import { fitStyled, styledWidth } from './styled-text.ts';

/** The terminal that an area is drawn in. */
export interface Screen {
  readonly write: (text: string) => void;
  /** Asked for at each drawing, since windows change their size. */
  readonly columns: () => number;
  readonly rows: () => number;
}

// Terminals that know them show what stands between the two at once; the others ignore them.
const beginUpdate = '\x1b[?2026h';
const endUpdate = '\x1b[?2026l';
const eraseToLineEnd = '\x1b[K';
const eraseBelow = '\x1b[J';

/**
 * Lines at the end of a terminal that are replaced in place. Each drawing is one write that puts new text over the old, so
 * nothing flickers, and no line reaches the last column, so nothing wraps.
 */
export class LiveArea {
  readonly #screen: Screen;
  #lines: readonly string[] = [];

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  get isShown(): boolean {
    return this.#lines.length > 0;
  }

  /** Shows these lines in the place of those before; an empty text removes them. */
  draw(text: string): void {
    if (text === '') {
      this.erase();
      return;
    }
    const start = this.#toStart();
    this.#screen.write(`${beginUpdate}${start}${this.#fit(text)}${endUpdate}`);
  }

  /** Writes text above the lines; it stays. */
  print(text: string): void {
    if (!this.isShown) {
      this.#screen.write(`${text}\n`);
      return;
    }
    const start = this.#toStart();
    const lines = this.#lines.join('\n');
    this.#screen.write(`${beginUpdate}${start}${eraseBelow}${text}\n${this.#fit(lines)}${endUpdate}`);
  }

  erase(): void {
    if (!this.isShown) return;
    this.#screen.write(`${this.#toStart()}${eraseBelow}`);
    this.#lines = [];
  }

  /** Leaves the lines where they are and goes on below them. */
  leave(): void {
    if (!this.isShown) return;
    this.#screen.write('\n');
    this.#lines = [];
  }

  /** Moves to the first cell of the area. A window that became narrower has broken its lines. */
  #toStart(): string {
    const columns = this.#screen.columns();
    const rows = this.#lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(styledWidth(line) / columns)), 0);
    return rows > 1 ? `\r\x1b[${rows - 1}A` : '\r';
  }

  #fit(text: string): string {
    const lines = text.split('\n').slice(0, Math.max(1, this.#screen.rows() - 1));
    this.#lines = lines.map((line) => fitStyled(line, Math.max(1, this.#screen.columns() - 1)));
    return this.#lines.map((line) => `${line}${eraseToLineEnd}`).join('\r\n') + eraseBelow;
  }
}
