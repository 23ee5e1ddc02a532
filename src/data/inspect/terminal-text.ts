import { assert } from '../../core/index.ts';

/** Text for a terminal: control characters as visible signs, so that no document can move the cursor or change colours. */
export function visible(text: string): string {
  return (
    text
      .replace(/\p{Surrogate}/gu, '\ufffd')
      .replace(/[\n\r\t]+/g, ' ')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      .replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ufeff]/g, (control) => {
        const code = control.charCodeAt(0);
        if (code === 0x7f) return '\u2421';
        return code < 0x20 ? String.fromCharCode(0x2400 + code) : '\u00b7';
      })
  );
}

/** How many cells of a terminal a text takes: two for wide characters, none for marks that join the one before. */
export function cellWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    if (/[\p{Mn}\p{Me}\u200b-\u200d]/u.test(character)) continue;
    width += isWide(character) ? 2 : 1;
  }
  return width;
}

function isWide(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x1100) return false;
  return (
    /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}]/u.test(character) ||
    (code >= 0x3000 && code <= 0x30ff) ||
    (code >= 0xff00 && code <= 0xff60)
  );
}

/** The text, or its beginning and `…`, in at most so many cells. */
export function fitCells(text: string, maxWidth: number): string {
  if (cellWidth(text) <= maxWidth) return text;
  let kept = '';
  let width = 0;
  for (const character of text) {
    width += cellWidth(character);
    if (width > maxWidth - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

const pad = (text: string, width: number): string => ' '.repeat(Math.max(0, width - cellWidth(text)));

export interface TextColumn {
  readonly heading: string;
  readonly align?: 'left' | 'right';
  /** The least cells that this column may shrink to where the table would be too wide; it does not shrink by default. */
  readonly shrinksTo?: number;
}

/** A table in aligned columns, two blanks apart, no wider than `maxWidth` cells; a column that shrinks gives way. */
export function textTable(
  columns: readonly TextColumn[],
  rows: readonly (readonly string[])[],
  { maxWidth, indent = 0 }: { readonly maxWidth: number; readonly indent?: number },
): string[] {
  const cells = [columns.map(({ heading }) => heading), ...rows.map((row) => row.map(visible))];
  const widths = columns.map((_, column) => Math.max(...cells.map((row) => cellWidth(row[column] ?? ''))));
  const excess = () => indent + widths.reduce((sum, width) => sum + width + 2, -2) - maxWidth;
  columns.forEach(({ shrinksTo }, column) => {
    const width = widths[column] as number;
    if (shrinksTo !== undefined && excess() > 0) widths[column] = Math.max(shrinksTo, width - excess());
  });
  assert(
    columns.every(({ shrinksTo }) => shrinksTo === undefined) || excess() <= 0,
    'a table is too wide for its lines',
  );
  return cells.map((row) => {
    const line = row.map((cell, column) => {
      const width = widths[column] as number;
      const text = fitCells(cell, width);
      return columns[column]?.align === 'right' ? pad(text, width) + text : text + pad(text, width);
    });
    return (' '.repeat(indent) + line.join('  ')).trimEnd();
  });
}

/** A bar of `value / greatest` of so many cells, in eighths; never empty for a value above 0. */
export function textBar(value: number, greatest: number, width: number): string {
  if (value <= 0 || greatest <= 0) return '';
  const eighths = Math.max(1, Math.round((value / greatest) * width * 8));
  const rest = eighths % 8;
  return '█'.repeat((eighths - rest) / 8) + (rest === 0 ? '' : String.fromCharCode(0x2590 - rest));
}

/** Running text in lines of at most `maxWidth` cells; a word that is longer is broken. */
export function wrapText(text: string, maxWidth: number, indent = 0): string[] {
  const lines: string[] = [];
  const room = maxWidth - indent;
  let line = '';
  for (const word of visible(text).split(/ +/)) {
    let rest = word;
    if (line !== '' && cellWidth(line) + 1 + cellWidth(rest) > room) {
      lines.push(line);
      line = '';
    }
    while (cellWidth(rest) > room) {
      const head = fitCells(rest, room).slice(0, -1);
      lines.push(head);
      rest = rest.slice(head.length);
    }
    line = line === '' ? rest : `${line} ${rest}`;
  }
  if (line !== '') lines.push(line);
  return lines.map((one) => ' '.repeat(indent) + one);
}

/** Names in lines of at most `maxWidth` cells, two blanks between them; a name is never parted. */
export function flowText(names: readonly string[], maxWidth: number, indent = 0): string[] {
  const lines: string[] = [];
  for (const name of names.map((one) => fitCells(one, maxWidth - indent))) {
    const line = lines.at(-1);
    if (line !== undefined && cellWidth(line) + 2 + cellWidth(name) <= maxWidth - indent) {
      lines[lines.length - 1] = `${line}  ${name}`;
    } else {
      lines.push(name);
    }
  }
  return lines.map((line) => ' '.repeat(indent) + line);
}
