import { Readability } from '@mozilla/readability';
import { parseHTML } from 'linkedom';
import { type HtmlText, htmlText } from './html-text.ts';
import { decodeUtf8 } from './strict-utf8.ts';

export interface HtmlOptions {
  /**
   * `article` (default): the main text of the page by Mozilla's Readability, and the whole body where there is none that is
   * long enough. `body`: all text of the body but scripts, navigation and forms; much faster.
   */
  readonly extract?: 'article' | 'body';
}

/**
 * A page within these limits is given to Readability. It walks the tree many times over, at a cost that grows faster than
 * the page: beyond them the text of the body is taken.
 */
const articleLimits = { characters: 2 ** 21, elements: 6000, depth: 1000 };
/** An article shorter than this share of the body, or than this many characters, is taken for a mistake of the extraction. */
const smallestArticle = { share: 0.1, characters: 200 };

/** The text and the title of a page. Never throws, and takes time linear in the page beyond the limits of `article`. */
export function parsePage(html: string, { extract = 'article' }: HtmlOptions = {}): { text: string; title: string } {
  const page = htmlText(html);
  // Some pages are a single form, or nothing but navigation.
  const body = page.text === '' ? htmlText(html, true) : page;
  const article = extract === 'article' && isWithinLimits(html, page) ? articleText(html) : undefined;
  const isGood =
    article !== undefined &&
    article.length >= smallestArticle.characters &&
    article.length >= smallestArticle.share * body.text.length;
  return { text: isGood ? article : body.text, title: body.title };
}

function isWithinLimits(html: string, { numElements, depth }: HtmlText): boolean {
  return (
    html.length <= articleLimits.characters && numElements <= articleLimits.elements && depth <= articleLimits.depth
  );
}

function articleText(html: string): string | undefined {
  try {
    const { document } = parseHTML(html);
    const content = new Readability(document).parse()?.content;
    return typeof content === 'string' ? htmlText(content, true).text : undefined;
  } catch {
    // Readability and its tree were made for whole pages; on fragments and broken ones they may fail. The body is at hand.
    return undefined;
  }
}

/** Decodes a page: strict UTF-8, or the encoding that a `<meta>` in its first 1,024 bytes names. */
export function decodePage(bytes: Uint8Array): { readonly text: string } | { readonly invalidAt: number } {
  const decoded = decodeUtf8(bytes);
  if ('text' in decoded) return decoded;
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, 1024));
  const label = /<meta\s[^>]*charset\s*=\s*["']?\s*([\w-]+)/i.exec(head)?.[1];
  try {
    const decoder = label === undefined ? undefined : new TextDecoder(label, { fatal: true });
    // Bytes in which a `<meta>` can be read are not UTF-16: by HTML, whoever names that means UTF-8.
    if (decoder && !decoder.encoding.startsWith('utf-')) return { text: decoder.decode(bytes) };
  } catch {
    // An encoding that does not exist, or that these bytes are not in: the fault is that they are no UTF-8.
  }
  return decoded;
}
