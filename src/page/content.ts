import { element, type Markup } from './markup.ts';
import { type LegendEntry, type Plot, toneClass } from './plot.ts';

/** The widths at which a plot is drawn: a page shows the one that suits the screen. */
const wideDrawing = 800;
const narrowDrawing = 340;

/** A paragraph of running text. */
export function paragraph(...contents: readonly Markup[]): Markup {
  return element('p', {}, ...contents);
}

/** Names and values as they stand in files: paths, hashes, rules. */
export function code(text: string): Markup {
  return element('code', {}, text);
}

/** A heading below that of the section. */
export function subheading(text: string): Markup {
  return element('h3', {}, text);
}

export interface KeyFigure {
  readonly label: string;
  /** With its unit: `1.23 M`. */
  readonly value: string;
  readonly note?: string;
}

/** The few numbers that matter, large. */
export function keyFigures(figures: readonly KeyFigure[]): Markup {
  return element(
    'dl',
    { class: 'figures' },
    figures.map(({ label, value, note }) =>
      element(
        'div',
        {},
        element('dt', {}, label),
        element('dd', { class: 'value' }, value),
        note === undefined ? [] : element('dd', { class: 'note' }, note),
      ),
    ),
  );
}

export interface Column {
  readonly heading: string;
  /** `number` aligns right and never breaks, `code` is for names as they stand in files, `wide` for text that may break. */
  readonly kind?: 'text' | 'number' | 'code' | 'wide';
}

export interface Table {
  readonly caption: string;
  readonly columns: readonly Column[];
  /** The first cell of a row names it. */
  readonly rows: readonly (readonly Markup[])[];
}

/** A table that scrolls in a box of its own where it is wider than the screen. */
export function table({ caption, columns, rows }: Table): Markup {
  const classOf = (index: number): string | undefined => {
    const kinds = { text: undefined, number: 'number', code: 'name code', wide: 'wide' } as const;
    return kinds[columns[index]?.kind ?? 'text'];
  };
  return element(
    'div',
    { class: 'scroll', role: 'region', tabindex: 0, 'aria-label': caption },
    element(
      'table',
      {},
      element('caption', {}, caption),
      element(
        'thead',
        {},
        element(
          'tr',
          {},
          columns.map(({ heading, kind }) =>
            element('th', { scope: 'col', class: kind === 'number' ? 'number' : undefined }, heading),
          ),
        ),
      ),
      element(
        'tbody',
        {},
        rows.map((cells) =>
          element(
            'tr',
            {},
            cells.map((cell, index) =>
              index === 0
                ? element('th', { scope: 'row', class: classOf(index) }, cell)
                : element('td', { class: classOf(index) }, cell),
            ),
          ),
        ),
      ),
    ),
  );
}

/** A piece of text exactly as it is, under a line that says what and from where it is. */
export function sample({ about, text }: { readonly about: Markup; readonly text: string }): Markup {
  return element(
    'div',
    { class: 'sample' },
    element('p', { class: 'about' }, about),
    element('pre', { dir: 'auto', tabindex: 0 }, text),
  );
}

/** Contents that are folded away until they are asked for. */
export function details(summary: string, ...contents: readonly Markup[]): Markup {
  return element('details', {}, element('summary', {}, summary), ...contents);
}

/** Strong emphasis within running text. */
export function strong(text: string): Markup {
  return element('b', {}, text);
}

/** A plot with its title, a caption, a legend where it needs one, and its numbers as a table. */
export function figure(plot: Plot, caption?: string): Markup {
  const { title, legend, hasDirectLabels, numbers } = plot;
  return element(
    'figure',
    {},
    element('figcaption', {}, element('strong', {}, title), caption === undefined ? [] : element('span', {}, caption)),
    legend.length === 0
      ? []
      : element('ul', { class: hasDirectLabels ? 'legend spare' : 'legend' }, legend.map(legendItem)),
    drawing(plot, wideDrawing, 'plot wide-plot'),
    drawing(plot, narrowDrawing, 'plot narrow'),
    numbers === undefined || numbers.rows.length === 0
      ? []
      : details(
          'The numbers',
          table({
            caption: title,
            columns: numbers.columns.map((heading, index) => ({ heading, kind: index === 0 ? 'text' : 'number' })),
            rows: numbers.rows,
          }),
        ),
  );
}

function drawing(plot: Plot, atWidth: number, className: string): Markup {
  const { width, height, contents } = plot.draw(atWidth);
  return element(
    'svg',
    {
      class: className,
      viewBox: `0 0 ${width} ${Math.ceil(height)}`,
      role: 'img',
      'aria-label': `${plot.title}. ${plot.description}`,
    },
    element('title', {}, plot.title),
    element('desc', {}, plot.description),
    contents,
  );
}

function legendItem({ name, tone, symbol }: LegendEntry): Markup {
  const mark =
    symbol === 'line'
      ? element('line', { x1: 0, x2: 26, y1: 5, y2: 5, class: `line ${toneClass(tone)}` })
      : element('circle', { cx: 13, cy: 5, r: 4, class: `point ${toneClass(tone)}` });
  return element('li', {}, element('svg', { viewBox: '0 0 26 10', 'aria-hidden': 'true' }, mark), name);
}
