import { cellWidth } from '../data/index.ts';
import { visibleText } from '../tokenizer/index.ts';

/**
 * A table in plain text: the first column to the left, the others to the right. Columns are as wide as their cells look, and what
 * would move the cursor of a terminal is shown by its name.
 */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows].map((row) =>
    row.map((cell) => visibleText(cell, { marks: false }).replaceAll('\n', '␊')),
  );
  const widths = head.map((_, i) => Math.max(...lines.map((row) => cellWidth(row[i] ?? ''))));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => {
        const room = ' '.repeat(Math.max(0, (widths[i] ?? 0) - cellWidth(cell)));
        return i === 0 ? cell + room : room + cell;
      })
      .join('  ')
      .trimEnd();
  return lines.map(line).join('\n');
}

/** `9.4 MB`: powers of 1,000, as disks are sold and rates are told. */
export function byteText(sizeBytes: number): string {
  if (sizeBytes < 1000) return `${sizeBytes} B`;
  const power = Math.min(4, Math.floor(Math.log10(sizeBytes) / 3));
  const value = sizeBytes / 1000 ** power;
  return `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${['B', 'kB', 'MB', 'GB', 'TB'][power]}`;
}
