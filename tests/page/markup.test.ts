import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Attributes, code, element, page, renderMarkup, sample } from '../../src/page/index.ts';

const attack = `<script>alert(1)</script><img src=x onerror="alert('2')">&amp;`;

describe('text', () => {
  test('never becomes markup', () => {
    expect(renderMarkup(attack)).toBe(
      '&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=&quot;alert(&#39;2&#39;)&quot;&gt;&amp;amp;',
    );
    expect(renderMarkup(element('p', { title: '"><script>' }, 'x'))).toBe('<p title="&quot;&gt;&lt;script&gt;">x</p>');
  });

  test('reads back as it was, whatever it is', () => {
    const entities: Record<string, string> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'" };
    const read = (html: string) => html.replace(/&(amp|lt|gt|quot|#39);/g, (entity) => entities[entity] ?? entity);
    fc.assert(
      fc.property(
        fc.string({ unit: fc.oneof(fc.constantFrom('<', '>', '&', '"', "'", '\n'), fc.string()) }),
        (text) => {
          const html = renderMarkup(text);
          expect(html).not.toMatch(/[<>"']/);
          // Control characters are shown as signs.
          // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is left out
          if (!/[\u0000-\u0008\u000b-\u001f\u007f]|\r/.test(text)) expect(read(html)).toBe(text.toString());
        },
      ),
    );
  });

  test('shows control characters and halves of surrogate pairs as signs', () => {
    expect(renderMarkup('a\u0000b\u001b[31m\u007f\ud800\r\n\t')).toBe('a␀b␛[31m␡\ufffd\n\t');
  });

  test('keeps the first line feed of a sample', () => {
    expect(renderMarkup(sample({ about: 'x', text: '\ny' }))).toContain('>\n\ny</pre>');
  });
});

describe('an element', () => {
  const refuse = (name: string, attributes: Attributes = {}) =>
    expect(() => element(name, attributes), `${name} ${JSON.stringify(attributes)}`).toThrow('Groundwork is at fault');

  test('can neither run nor fetch anything', () => {
    for (const name of [
      'script',
      'style',
      'iframe',
      'object',
      'link',
      'meta',
      'img',
      'image',
      'foreignObject',
      'use',
    ]) {
      refuse(name);
    }
    refuse('p', { onclick: 'alert(1)' });
    refuse('p', { style: 'background:url(https://example.com)' });
    refuse('a', { href: 'javascript:alert(1)' });
    refuse('a', { 'xlink-href': 'data:text/html,x' });
    refuse('p x');
    refuse('p', { 'a b': 'x' });
  });

  test('has numbers for coordinates', () => {
    refuse('circle', { r: Number.NaN });
    expect(renderMarkup(element('circle', { r: 1 / 3, cx: -0.0001, cy: 100 }))).toBe(
      '<circle r="0.33" cx="0" cy="100"></circle>',
    );
  });
});

describe('a page', () => {
  const sections = [
    { heading: `Files <b>`, contents: [code(attack)] },
    { heading: 'Größe', contents: ['x'] },
    { heading: '日本', contents: ['y'] },
  ];
  const html = page({ title: `</title>${attack}`, sections, footer: attack });

  test('holds text as text wherever it stands', () => {
    expect(html.match(/<script/g)).toHaveLength(1);
    expect(html).not.toContain('<img');
    expect(html).not.toContain('Files <b>');
  });

  test('forbids every request and every script but its own', () => {
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toMatch(/script-src 'sha256-[\w+/]{43}='/);
    expect(policy).not.toContain('unsafe');
    expect(html).not.toMatch(/(src|href)="?(https?:|\/\/)|url\(|@import/);
  });

  test('links each section to its place', () => {
    const ids = [...html.matchAll(/<h2 id="([^"]*)"/g)].map(([, id]) => id);
    expect(ids).toEqual(['files-b', 'gr-e', 'section-3']);
    for (const id of ids) expect(html).toContain(`href="#${id}"`);
  });

  test('is the same text for the same contents', () => {
    expect(page({ title: `</title>${attack}`, sections, footer: attack })).toBe(html);
  });
});
