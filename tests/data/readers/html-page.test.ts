import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodePage, parsePage } from '../../../src/data/readers/html-page.ts';
import { htmlText } from '../../../src/data/readers/html-text.ts';

const paragraph = (n: number) =>
  `<p>Paragraph ${n} of the article, which goes on for a while, with commas, so that it counts as prose, and ends here.</p>`;
const article = `<!doctype html><html><head><title>A &amp; B</title><style>p{}</style></head><body>
<nav><a href="/">Home</a> <a href="/x">Elsewhere</a></nav><script>var a = "<p>no</p>";</script>
<div id="content"><h1>Head</h1>${Array.from({ length: 12 }, (_, i) => paragraph(i)).join('\n')}</div>
<footer>Imprint</footer></body></html>`;

describe('the text of a page', () => {
  test('is its article', () => {
    const { text, title } = parsePage(article);
    expect(title).toBe('A & B');
    expect(text).toContain('Paragraph 0 of the article');
    expect(text).toContain('ends here.\n\nParagraph 11');
    expect(text).not.toMatch(/Home|Elsewhere|Imprint|var a|p\{\}/);
  });

  test('is that of the body where there is no article', () => {
    expect(parsePage('<p>Short.</p>').text).toBe('Short.');
    expect(parsePage('no markup at all').text).toBe('no markup at all');
    expect(parsePage('').text).toBe('');
    expect(parsePage('<nav>all there is').text).toBe('all there is');
  });

  test('has lines for blocks, blank lines between paragraphs, and white space as it is shown', () => {
    const html = '<h2>Head</h2><p>one\n  <b>two</b>, three<br>four</p><ul><li>a<li>b</ul><div>x</div><div>y</div>';
    expect(htmlText(html).text).toBe('Head\n\none two, three\nfour\n\na\nb\n\nx\ny');
    expect(htmlText('<pre>  a\n    b</pre>').text).toBe('  a\n    b');
    expect(htmlText('<table><tr><td>a<td>b<tr><td>c</table>').text).toBe('a b\nc');
    expect(htmlText('a<b>b</b>c <i> d</i>').text).toBe('abc d');
  });

  test('goes on behind elements beside the text that never end', () => {
    expect(htmlText('<p>Hello</p><svg class="x"/><p>World</p>').text).toBe('Hello\n\nWorld');
    expect(htmlText('<svg><svg/><text>no</text></svg>yes').text).toBe('yes');
    expect(htmlText('<p>Hello</p><form><p>World</p>').text).toBe('Hello\n\nWorld');
    const both = '<p>a</p><nav>no</nav><form><p>b</p><nav>c<select><option>d</select>e';
    expect(htmlText(both)).toEqual({
      ...htmlText('<p>a</p><form><p>b</p>ce'),
      text: 'a\n\nb\n\nc\ne',
      numElements: 7,
      depth: 4,
    });
  });

  test('has its entities decoded once', () => {
    expect(htmlText('<p>caf&eacute; &lt;b&gt; &amp;amp; &#8217; &#x1F600; &nbsp;| a < b</p>').text).toBe(
      'café <b> &amp; ’ 😀 \u00a0| a < b',
    );
  });

  test('survives every way in which markup can be broken', () => {
    for (const html of [
      '<',
      '</',
      '<!--',
      '<p',
      '<a href="',
      '<script>',
      '<p>a<script>b',
      '<!x',
      '<?',
      '</p>a',
      '<p/>a<>b',
    ]) {
      expect(typeof parsePage(html).text).toBe('string');
    }
    const pieces = fc.constantFrom(
      '<p>',
      '</p>',
      '<div',
      '>',
      '<',
      '"',
      "='",
      '<!--',
      '-->',
      '<script>',
      '</script',
      '&',
      'a ',
      '<pre>',
      '<nav>',
      '</nav>',
      '<li>',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => {
        expect(typeof parsePage(parts.join('')).text).toBe('string');
      }),
      { numRuns: 100 },
    );
  });

  test('nested twenty thousand deep is read, and costs no more for each byte than a flat page', () => {
    const timeOf = (html: string): number => {
      const start = performance.now();
      expect(parsePage(html).text).toContain('core');
      return (performance.now() - start) / html.length;
    };
    const flat = '<div>core</div>'.repeat(20_000);
    timeOf(flat);
    const flatTime = timeOf(flat);
    const pages = [
      `${'<div>'.repeat(2e4)}core${'</div>'.repeat(2e4)}`,
      `core${'<b>'.repeat(4e4)}`,
      `core${'<li><p>'.repeat(2e4)}`,
      `core${'<!--'.repeat(4e4)}`,
      `core${'<script>x</script '.repeat(1e4)}`,
      `core${'<a href="'.repeat(2e4)}`,
      `core${'&amp'.repeat(4e4)}`,
      `core${'<form><nav><menu><aside>'.repeat(5e3)}`,
      `core${' '.repeat(1e6)}`,
    ];
    for (const page of pages) expect(timeOf(page), page.slice(0, 30)).toBeLessThan(30 * flatTime);
  });

  test('in another encoding is decoded by the one that it names', () => {
    const page = Buffer.concat([Buffer.from('<meta charset="iso-8859-1"><p>caf'), Buffer.from([0xe9])]);
    expect(decodePage(page)).toEqual({ text: '<meta charset="iso-8859-1"><p>café' });
    for (const label of ['utf-16', 'UTF-16LE', 'utf-16be', 'ucs-2', 'utf8']) {
      const head = `<meta charset=${label}><p>caf`;
      expect(decodePage(Buffer.from(`${head}é`))).toEqual({ text: `${head}é` });
      expect(decodePage(Buffer.from(`${head}\xe9`, 'latin1'))).toEqual({ invalidAt: head.length });
    }
    expect(decodePage(Buffer.from([0x3c, 0x70, 0x3e, 0xe9]))).toEqual({ invalidAt: 3 });
  });
});
