import { parseHTML } from 'linkedom';

/** What a pass over the tags of a page finds. */
export interface HtmlText {
  readonly text: string;
  readonly title: string;
  readonly numElements: number;
  /** How deep elements are nested, those without an end tag counted as if they went on. */
  readonly depth: number;
}

const blocks = new Set(
  'address article aside blockquote body center dd details dialog dir div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr html li main menu nav ol optgroup option p pre search section select summary table tbody tfoot thead tr ul'.split(
    ' ',
  ),
);
/** Blocks with a blank line around them. */
const paragraphs = new Set(
  'article blockquote dl figure h1 h2 h3 h4 h5 h6 hr main ol p pre section table ul'.split(' '),
);
/** Elements whose content is no markup: all up to their end tag is passed over. */
const rawElements = new Set('iframe noembed noframes noscript object script style template textarea xmp'.split(' '));
/** Elements that are not what the page is about. */
const sideElements = new Set(
  'aside audio button canvas datalist dialog footer form map menu nav select svg video'.split(' '),
);
const voidElements = new Set(
  'area base basefont bgsound br col embed frame hr img input keygen link meta param source track wbr'.split(' '),
);

const tagName = /[a-zA-Z][^\s/>]*/y;

/**
 * The text of HTML by one pass over its tags, without a tree: linear in time, on no stack, for whatever is between `<` and
 * `>`. Scripts, styles, navigation, forms and the like are left out, block elements become lines, paragraphs and headings
 * stand between blank lines, entities are decoded.
 *
 * @param keepSides whether navigation, forms and the like are kept
 */
export function htmlText(html: string, keepSides = false): HtmlText {
  const pieces: string[] = [];
  /** Line breaks that are due before the next text. */
  let breaks = 0;
  let hasSpace = false;
  let numPre = 0;
  let numElements = 0;
  let depth = 0;
  let deepest = 0;
  let title = '';
  /** The element that is passed over, and how many of its name are open inside it. */
  let side = '';
  let numSides = 0;
  /** How it stood before the tag of that element, to go on from there where the element has no end. */
  let beforeSide = { at: 0, numElements: 0, depth: 0, deepest: 0 };
  /** Names of elements that were found to have no end: from there on they are read like others, so that at most a page is
   * read once for each name. */
  const endless = new Set<string>();

  const addText = (raw: string): void => {
    if (numPre > 0) {
      if (raw !== '') pieces.push('\n'.repeat(breaks), raw);
      if (raw !== '') breaks = 0;
      hasSpace = false;
      return;
    }
    const text = raw.replace(/[ \t\n\f\r]+/g, ' ');
    const startsWithSpace = text.startsWith(' ');
    const bare = text.slice(startsWithSpace ? 1 : 0, text.length > 1 && text.endsWith(' ') ? -1 : undefined);
    if (bare === '') {
      hasSpace ||= startsWithSpace;
      return;
    }
    if (breaks > 0) pieces.push(pieces.length > 0 ? '\n'.repeat(breaks) : '');
    else if ((hasSpace || startsWithSpace) && pieces.length > 0) pieces.push(' ');
    pieces.push(bare);
    breaks = 0;
    hasSpace = text.endsWith(' ') && text.length > 1;
  };
  const addTag = (name: string, isEnd: boolean): void => {
    if (name === 'pre') numPre = Math.max(0, numPre + (isEnd ? -1 : 1));
    if (name === 'br') {
      // A line break inside a paragraph; two of them make a blank line.
      breaks = Math.min(2, breaks + 1);
      hasSpace = false;
    } else if (paragraphs.has(name)) breaks = 2;
    else if (blocks.has(name)) breaks = Math.max(breaks, 1);
    else if (name === 'td' || name === 'th') hasSpace = true;
  };

  let at = 0;
  for (;;) {
    if (at >= html.length) {
      if (side === '') break;
      endless.add(side);
      side = '';
      ({ at, numElements, depth, deepest } = beforeSide);
    }
    const open = html.indexOf('<', at);
    const textEnd = open < 0 ? html.length : open;
    if (side === '' && textEnd > at) addText(html.slice(at, textEnd));
    if (open < 0) {
      at = html.length;
      continue;
    }
    const next = html.charCodeAt(open + 1);
    if (html.startsWith('<!--', open)) {
      const end = html.indexOf('-->', open + 4);
      at = end < 0 ? html.length : end + 3;
      continue;
    }
    // <!doctype>, <?xml>
    if (next === 0x21 || next === 0x3f) {
      const end = html.indexOf('>', open);
      at = end < 0 ? html.length : end + 1;
      continue;
    }
    const isEnd = next === 0x2f;
    tagName.lastIndex = open + (isEnd ? 2 : 1);
    const name = tagName.exec(html)?.[0].toLowerCase();
    if (name === undefined) {
      if (side === '') addText('&lt;');
      at = open + 1;
      continue;
    }
    const before = { at: open, numElements, depth, deepest };
    at = tagEnd(html, tagName.lastIndex);
    if (!isEnd) numElements++;
    // Of HTML's own elements a slash closes none.
    if (name === 'svg' && !isEnd && html.startsWith('/>', at - 2)) continue;
    if (!isEnd && (rawElements.has(name) || name === 'title')) {
      const end = rawEnd(html, name, at);
      if (name === 'title' && title === '') title = html.slice(at, end).replace(/\s+/g, ' ').trim();
      at = end;
      continue;
    }
    if (!voidElements.has(name)) {
      depth = Math.max(0, depth + (isEnd ? -1 : 1));
      deepest = Math.max(deepest, depth);
    }
    if (side !== '') {
      if (name === side) numSides += isEnd ? -1 : 1;
      if (numSides === 0) side = '';
    } else if (!keepSides && !isEnd && sideElements.has(name) && !endless.has(name)) {
      side = name;
      beforeSide = before;
      numSides = 1;
    }
    if (side === '') addTag(name, isEnd);
  }
  return { text: tidied(decodeEntities(pieces.join(''))), title: decodeEntities(title), numElements, depth: deepest };
}

/** The index behind the `>` of a tag; a `>` in quotes is part of an attribute. */
function tagEnd(html: string, from: number): number {
  let quote = 0;
  for (let at = from; at < html.length; at++) {
    const code = html.charCodeAt(at);
    if (quote !== 0) {
      if (code === quote) quote = 0;
    } else if (code === 0x3e) return at + 1;
    // A quote opens a value only behind `=`; elsewhere it is a slip of the author's.
    else if ((code === 0x22 || code === 0x27) && html.charCodeAt(at - 1) === 0x3d) quote = code;
  }
  return html.length;
}

/** Where the end tag of a raw element begins; the end of the page where there is none. */
function rawEnd(html: string, name: string, from: number): number {
  const end = new RegExp(`</${name}(?=[\\s/>])`, 'gi');
  end.lastIndex = from;
  return end.exec(html)?.index ?? html.length;
}

const reference = /&(?:#x([0-9a-f]{1,6})|#([0-9]{1,7})|([a-z][a-z0-9]{1,31}));|&(amp|lt|gt|quot|nbsp)(?![a-z0-9;=])/gi;

/** Names that were looked up before; a cache that changes no result. */
const namedReferences = new Map<string, string>();

/** Decodes character references: `&eacute;`, `&#8217;`, and without a semicolon only those that are common. */
function decodeEntities(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(reference, (whole, hexadecimal?: string, decimal?: string, name?: string, bare?: string) => {
    const isNumber = hexadecimal !== undefined || decimal !== undefined;
    const key = bare === undefined ? (isNumber ? whole.toLowerCase() : `&${name};`) : `&${bare};`;
    let character = namedReferences.get(key);
    if (character === undefined) {
      // The parser has the tables, for names as for the numbers of Windows-1252 that pages use.
      character = parseHTML(`<p>${key}</p>`).document.querySelector('p')?.textContent ?? whole;
      if (namedReferences.size < 4096) namedReferences.set(key, character);
    }
    return character;
  });
}

/** No space at the end of a line, no more than one blank line, nothing before the first and behind the last word. */
function tidied(text: string): string {
  const lines: string[] = [];
  for (const line of text.split('\n')) {
    const trimmed = line.trimEnd();
    if (trimmed !== '' || (lines.length > 0 && lines.at(-1) !== '')) lines.push(trimmed);
  }
  if (lines.at(-1) === '') lines.pop();
  return lines.join('\n');
}
