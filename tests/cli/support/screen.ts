/**
 * The screen of a terminal, as far as the command line uses one: text, line feeds, carriage returns, cursor up, erasing, and
 * colours and synchronised updates, which change nothing that can be read. Anything else is an error, so that nothing else is ever sent.
 */
export class TerminalScreen {
  readonly columns: number;
  readonly rows: number;
  /** What scrolled out at the top. */
  readonly #above: string[] = [];
  #lines: string[][];
  #row = 0;
  #column = 0;
  /** Lines that were broken since they reached the last column. */
  numWraps = 0;

  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
    this.#lines = Array.from({ length: rows }, () => []);
  }

  write(text: string): void {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    for (const [part] of text.matchAll(/\x1b\[[?0-9;]*[A-Za-z]|[^\x1b]|\x1b/gu)) {
      if (part.startsWith('\x1b')) this.#control(part);
      else if (part === '\r') this.#column = 0;
      else if (part === '\n') {
        this.#column = 0;
        this.#down();
      } else this.#put(part);
    }
  }

  /** All that was ever shown and is not erased, without what is empty at the end. */
  get text(): string {
    const lines = [...this.#above, ...this.#lines.map((line) => this.#join(line))];
    return lines.join('\n').trimEnd();
  }

  #join(line: readonly string[]): string {
    return Array.from(line, (cell) => cell ?? ' ')
      .join('')
      .trimEnd();
  }

  #put(character: string): void {
    if (character < ' ') throw new Error(`a control character was written: ${JSON.stringify(character)}`);
    if (this.#column >= this.columns) {
      this.numWraps += 1;
      this.#column = 0;
      this.#down();
    }
    (this.#lines[this.#row] as string[])[this.#column] = character;
    this.#column += 1;
  }

  #down(): void {
    if (this.#row + 1 < this.rows) {
      this.#row += 1;
      return;
    }
    this.#above.push(this.#join(this.#lines.shift() ?? []));
    this.#lines.push([]);
  }

  #control(sequence: string): void {
    const number = sequence.slice(2, -1);
    const kind = sequence.at(-1);
    const line = this.#lines[this.#row] as string[];
    if (kind === 'A') this.#row = Math.max(0, this.#row - Number(number || 1));
    else if (kind === 'K' && number === '') line.length = Math.min(line.length, this.#column);
    else if (kind === 'J' && number === '') {
      line.length = Math.min(line.length, this.#column);
      this.#lines = this.#lines.map((one, row) => (row > this.#row ? [] : one));
    } else if (kind !== 'm' && number !== '?2026') throw new Error(`not known: ${JSON.stringify(sequence)}`);
  }
}
