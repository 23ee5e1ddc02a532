import { element, type Markup, renderMarkup } from './markup.ts';
import { type LegendEntry, type Plot, toneClass } from './plot.ts';
import { pictureStyleSheet } from './style-sheet.ts';
import { textWidth } from './text-width.ts';

/** Room around a picture, in pixels. */
const margin = 16;
const [titleHeight, legendHeight] = [30, 22];

/**
 * A plot as an SVG file of its own, with title and legend, that follows the light or dark theme of whoever looks at it. Like a page it
 * fetches nothing, and the same plot gives the same bytes.
 *
 * @param width of the whole picture, in pixels
 */
export function picture(plot: Plot, width = 800): string {
  const inner = width - 2 * margin;
  const drawing = plot.draw(inner);
  // Names beside their lines need no legend.
  const rows = plot.hasDirectLabels ? [] : legendRows(plot.legend, inner);
  const top = margin + titleHeight + rows.length * legendHeight;
  const height = Math.ceil(top + drawing.height + margin);
  // Readers take the title from the first element.
  const names = renderMarkup([element('title', {}, plot.title), element('desc', {}, plot.description)]);
  const contents = renderMarkup([
    element('text', { x: margin, y: margin + 14, class: 'title' }, plot.title),
    rows.map((row, i) =>
      element('g', { transform: `translate(${margin} ${margin + titleHeight + i * legendHeight})` }, row),
    ),
    element('g', { transform: `translate(${margin} ${top})` }, drawing.contents),
  ]);
  const opening =
    `<svg xmlns="http://www.w3.org/2000/svg" class="plot" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ` +
    'role="img">';
  return `${opening}${names}<style>${pictureStyleSheet}</style>${contents}</svg>\n`;
}

/** Entries side by side, in as many rows as they need. */
function legendRows(legend: readonly LegendEntry[], width: number): Markup[][] {
  const rows: Markup[][] = [];
  let x = Number.POSITIVE_INFINITY;
  for (const { name, tone, symbol } of legend) {
    const room = 33 + textWidth(name) + 18;
    if (x + room > width && x > 0) {
      rows.push([]);
      x = 0;
    }
    rows
      .at(-1)
      ?.push(
        symbol === 'line'
          ? element('line', { x1: x, x2: x + 26, y1: 5, y2: 5, class: `line ${toneClass(tone)}` })
          : element('circle', { cx: x + 13, cy: 5, r: 4, class: `point ${toneClass(tone)}` }),
        element('text', { x: x + 33, y: 9 }, name),
      );
    x += room;
  }
  return rows;
}
