import { assert } from '../core/index.ts';

/**
 * What a page is made of: text, elements, and lists of both. A string is always text and is escaped when it is written,
 * so that no name, excerpt or message can become markup.
 */
export type Markup = string | MarkupElement | readonly Markup[];

export interface MarkupElement {
  readonly name: string;
  readonly attributes: Attributes;
  readonly children: readonly Markup[];
}

/** An attribute that is `undefined` or `false` is left out; `true` writes the name alone. */
export type Attributes = { readonly [name: string]: string | number | boolean | undefined };

/**
 * Makes an element of HTML or SVG.
 *
 * Elements that run or fetch something, event handlers, `style` and links to anything but a place in the page or the web
 * are refused: a page is a picture of data.
 *
 * @throws an assertion for those, and for a number that is not finite
 */
export function element(name: string, attributes: Attributes = {}, ...children: readonly Markup[]): MarkupElement {
  assert(/^[a-z][a-zA-Z0-9]*$/.test(name) && !refusedElements.has(name.toLowerCase()), `a page may not hold <${name}>`);
  for (const [key, value] of Object.entries(attributes)) {
    assert(/^[a-zA-Z][a-zA-Z0-9-]*$/.test(key) && !/^(on|style$|src|action|formaction)/i.test(key), `attribute ${key}`);
    assert(!/href$/i.test(key) || /^(#|https?:\/\/)/.test(String(value)), `${key} leads to ${value}`);
    assert(typeof value !== 'number' || Number.isFinite(value), `${key} of <${name}> is ${value}`);
  }
  assert(children.length === 0 || !voidElements.has(name), `<${name}> has no contents`);
  return { name, attributes, children };
}

/** Writes markup as HTML. */
export function renderMarkup(markup: Markup): string {
  const parts: string[] = [];
  write(markup, parts);
  return parts.join('');
}

const refusedElements = new Set(
  'script style iframe object embed link meta base form input button img image video audio foreignobject use'.split(
    ' ',
  ),
);
const voidElements = new Set(['br', 'hr', 'col', 'wbr']);

function write(markup: Markup, parts: string[]): void {
  if (typeof markup === 'string') {
    parts.push(escapeText(markup));
    return;
  }
  if (isList(markup)) {
    for (const child of markup) write(child, parts);
    return;
  }
  const { name, attributes, children } = markup;
  parts.push('<', name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    parts.push(' ', key);
    if (value !== true) parts.push('="', escapeText(typeof value === 'number' ? coordinate(value) : value), '"');
  }
  parts.push('>');
  if (voidElements.has(name)) return;
  // The parser drops one line feed after <pre>: this one, and not one of the text.
  if (name === 'pre') parts.push('\n');
  for (const child of children) write(child, parts);
  parts.push('</', name, '>');
}

// Array.isArray does not narrow a readonly array out of a union.
function isList(markup: Markup): markup is readonly Markup[] {
  return Array.isArray(markup);
}

/** A number as an attribute: two decimals are finer than a pixel of any screen. */
function coordinate(value: number): string {
  const text = value.toFixed(2).replace(/\.?0+$/, '');
  return text === '-0' ? '0' : text;
}

const entities: { readonly [character: string]: string } = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Escapes for text and quoted attributes alike; control characters become visible signs (U+2400 …). */
function escapeText(text: string): string {
  return (
    text
      .replace(/\p{Surrogate}/gu, '\ufffd')
      .replace(/\r\n/g, '\n')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      .replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, (control) => {
        const code = control.charCodeAt(0);
        return String.fromCharCode(code === 0x7f ? 0x2421 : 0x2400 + code);
      })
      .replace(/[&<>"']/g, (character) => entities[character] ?? character)
  );
}
