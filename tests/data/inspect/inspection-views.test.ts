import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inspectDataset } from '../../../src/data/inspect/inspection.ts';
import { inspectionAsPage } from '../../../src/data/inspect/inspection-page.ts';
import { inspectionAsText } from '../../../src/data/inspect/inspection-text.ts';
import { cellWidth } from '../../../src/data/inspect/terminal-text.ts';
import { findChromium, startChromium } from '../../browser/chromium.ts';
import { look } from '../../page/look.ts';
import { memoryFiles } from '../store/memory-files.ts';
import { emptyReport } from '../store/small-dataset.ts';
import { exampleReport, hostile, plainTexts, writeExampleDataset } from './example-dataset.ts';

const chromium = findChromium();
if (!chromium && process.env.CI === 'true') throw new Error('no Chromium on the PATH: apt-get install chromium');
if (!chromium) console.warn('Skipped: the page of a dataset in a browser. No Chromium: apt-get install chromium');

function inspect(example: Parameters<typeof writeExampleDataset>[2]) {
  const fs = memoryFiles();
  writeExampleDataset(fs, 'example', example);
  return inspectDataset(fs, 'example');
}

const full = inspect({
  train: [[...plainTexts(80, 1), `${plainTexts(1, 2)[0]} ${hostile}`]],
  validation: plainTexts(6, 3),
  name: `example ${hostile}`,
});
const empty = inspect({ train: [], report: emptyReport });

describe('an inspection as text', () => {
  test.each([
    { title: 'of everything', inspection: full },
    { title: 'of nothing', inspection: empty },
  ])('$title fits 100 columns and holds no control characters', ({ inspection }) => {
    const text = inspectionAsText(inspection);
    const lines = text.split('\n');
    expect(Math.max(...lines.map(cellWidth))).toBeLessThanOrEqual(100);
    expect(lines.filter((line) => /[\p{Cc}\u202e]| $/u.test(line))).toEqual([]);
    expect(text).toMatch(/[^\n]\n$/);
    expect(text).not.toMatch(/NaN|Infinity|undefined|\[object/);
  });

  test('balances its books: read = kept + removed', () => {
    const text = inspectionAsText(full);
    const count = (name: string) => Number(new RegExp(`^${name} +([\\d,]+)`, 'm').exec(text)?.[1]?.replace(',', ''));
    expect(count('read')).toBe(count('kept') + count('removed'));
    for (const { rule, numDocuments } of exampleReport.removed.slice(0, 3)) {
      expect(text).toMatch(new RegExp(`${rule} +${numDocuments} `));
    }
  });

  test('says what it leaves out', () => {
    expect(inspectionAsText(full)).toContain('and 18 more');
  });
});

describe('an inspection as a page', () => {
  const html = inspectionAsPage(full);

  test('is the same bytes each time, and shows hostile text as text', () => {
    expect(inspectionAsPage(full) === html).toBe(true);
    expect(html.match(/<script/g)).toHaveLength(1);
    expect(html.includes('&lt;script&gt;document.title=&quot;broken&quot;&lt;/script&gt;')).toBe(true);
  });

  test('names every rule with its numbers', () => {
    const rules = exampleReport.removed.filter(({ rule }) => !rule.includes('<'));
    const missing = rules.filter(
      ({ rule, numDocuments }) =>
        !html.includes(`<th scope="row" class="name code">${rule}</th><td class="number">${numDocuments}</td>`),
    );
    expect(rules).toHaveLength(4);
    expect(missing).toEqual([]);
  });

  test('of nothing has no section without contents', () => {
    const page = inspectionAsPage(empty);
    expect(page).not.toMatch(/NaN|Infinity|undefined|\[object/);
    expect([...page.matchAll(/<h2[^>]*>([^<]*)/g)].map(([, heading]) => heading)).toEqual([
      'Sizes',
      'Removed',
      'Duplicates',
      'Tokens',
      'Likelihood',
      'How it was made',
    ]);
  });

  describe.skipIf(!chromium)('in a browser', () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await startChromium(chromium ?? '', ['--disable-gpu']);
    });
    afterAll(async () => browser.close());

    test.each([375, 1280])('fits %i pixels, asks for nothing, and its plots can be read', async (width) => {
      for (const page of [html, inspectionAsPage(empty)]) {
        const seen = await look(browser, page, { width }, async (opened) => {
          // Everything unfolded, as when it is printed.
          await opened.evaluate(() => {
            for (const folded of document.querySelectorAll('details')) folded.open = true;
          });
          expect(await opened.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
          expect(await opened.title()).not.toBe('broken');
        });
        expect(seen).toEqual({ requests: [], complaints: [], pageWidth: width, clipped: [], overlapping: [] });
      }
    });
  });
});
