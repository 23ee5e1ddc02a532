import { expect, test } from 'vitest';
import { linePlot, page, picture } from '../../src/page/index.ts';

const plot = linePlot({
  title: 'Loss & compute',
  description: 'It falls.',
  x: { label: 'FLOPs', scale: 'log', format: 'compact' },
  y: { label: 'loss' },
  series: [
    {
      name: 'a law with a name that is far too long to stand beside its line in the drawing',
      points: [
        [1, 3],
        [10, 2],
      ],
      band: [
        [1, 2.9, 3.1],
        [10, 1.9, 2.1],
      ],
    },
    {
      name: 'measured',
      points: [
        [1, 3],
        [10, 2.1],
      ],
    },
  ],
});

test('a picture is a whole SVG file with title, legend and the look of pages in both themes', () => {
  const text = picture(plot);
  expect(text).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" [^>]*viewBox="0 0 800 \d+"/);
  expect(text).toContain('<title>Loss &amp; compute</title>');
  expect(text.match(/measured/g)?.length).toBe(1);
  expect(text).toContain('prefers-color-scheme:dark');
  // Every class that is drawn has a rule, and nothing is fetched.
  for (const [, name = ''] of text.matchAll(/class="[^"]*?([a-z0-9]+)"/g))
    expect(text).toMatch(new RegExp(`\\.${name}\\b`));
  expect(text).not.toMatch(/url\(|href|<script/);
  expect(picture(plot)).toBe(text);
});

test('elements of a picture are balanced, as XML wants them', () => {
  const open: string[] = [];
  for (const [, isEnd, name = '', isEmpty] of picture(plot).matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
    if (isEnd) expect(open.pop()).toBe(name);
    else if (!isEmpty) open.push(name);
  }
  expect(open).toEqual([]);
});

test('the rules that pictures share with pages are those of the page', () => {
  const html = page({ title: 'x', sections: [] });
  expect(html).toContain('.grid{stroke:var(--rule);stroke-width:1}.base{');
  expect(html).toContain('svg.plot .middle{text-anchor:middle}svg.narrow{display:none}');
});
