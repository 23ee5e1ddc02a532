import { sha256Hex } from '../core/index.ts';
import { element, type Markup, renderMarkup } from './markup.ts';
import { styleSheet } from './style-sheet.ts';

export interface Section {
  readonly heading: string;
  readonly contents: readonly Markup[];
}

export interface PageOptions {
  readonly title: string;
  /** One or two sentences under the title. */
  readonly lead?: string;
  /** With unlike headings. */
  readonly sections: readonly Section[];
  /** Stands at the end, small: what made the page and from what. */
  readonly footer?: string;
}

// What is folded away is opened for printing, since paper has no clicks. A page without JavaScript misses nothing else.
const script =
  "addEventListener('beforeprint',()=>{for(const d of document.querySelectorAll('details:not([open])'))" +
  "{d.open=true;addEventListener('afterprint',()=>{d.open=false},{once:true})}})";

/**
 * A page of HTML that stands alone: style and plots inside, nothing fetched (its content security policy forbids it), the
 * same bytes for the same contents.
 */
export function page({ title, lead, sections, footer }: PageOptions): string {
  const policy =
    `default-src 'none'; style-src 'sha256-${hashOf(styleSheet)}'; script-src 'sha256-${hashOf(script)}'; ` +
    "img-src data:; base-uri 'none'; form-action 'none'";
  const ids = sections.map(({ heading }, index) => idOf(heading, index));
  const navigation = element(
    'nav',
    { 'aria-label': 'Sections' },
    element(
      'ul',
      {},
      sections.map(({ heading }, index) => element('li', {}, element('a', { href: `#${ids[index]}` }, heading))),
    ),
  );
  const main = element(
    'main',
    {},
    sections.map(({ heading, contents }, index) =>
      element('section', { 'aria-labelledby': ids[index] }, element('h2', { id: ids[index] }, heading), ...contents),
    ),
  );
  const body = element(
    'div',
    { class: 'frame' },
    element('header', {}, element('h1', {}, title), lead === undefined ? [] : element('p', { class: 'lead' }, lead)),
    sections.length > 1 ? element('div', { class: 'columns' }, navigation, main) : main,
    footer === undefined ? [] : element('footer', {}, footer),
  );
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="referrer" content="no-referrer">',
    // Without it a browser asks the server for /favicon.ico.
    '<link rel="icon" href="data:,">',
    renderMarkup(element('title', {}, title)),
    `<style>${styleSheet}</style>`,
    '</head>',
    '<body>',
    renderMarkup(body),
    `<script>${script}</script>`,
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

/** A name for the place in an address: letters and digits of the heading, with its number where that says nothing. */
function idOf(heading: string, index: number): string {
  const words = heading.toLowerCase().match(/[a-z0-9]+/g);
  return words ? words.join('-') : `section-${index + 1}`;
}

/** The SHA-256 in Base64, as a content security policy names a text. */
function hashOf(text: string): string {
  const bytes = sha256Hex(text).match(/../g) ?? [];
  return btoa(String.fromCharCode(...bytes.map((byte) => Number.parseInt(byte, 16))));
}
