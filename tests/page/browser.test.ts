import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { darkTheme, lightTheme } from '../../src/page/palette.ts';
import { findChromium, startChromium } from '../browser/chromium.ts';
import { examplePage } from './example-page.ts';
import { look } from './look.ts';

const chromium = findChromium();
if (!chromium && process.env.CI === 'true') throw new Error('no Chromium on the PATH: apt-get install chromium');
if (!chromium) console.warn('Skipped: pages in a browser. No Chromium on the PATH: apt-get install chromium');

describe.skipIf(!chromium)('a page in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startChromium(chromium ?? '', ['--disable-gpu']);
  });
  afterAll(async () => browser.close());

  test.each([
    { width: 1280, colorScheme: 'light' as const },
    { width: 375, colorScheme: 'dark' as const },
    { width: 700, colorScheme: 'light' as const },
    { width: 320, colorScheme: 'light' as const },
  ])('fits $width pixels, asks for nothing, and its plots can be read ($colorScheme)', async (options) => {
    const seen = await look(browser, examplePage, options, async (page) => {
      const colour = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      const theme = options.colorScheme === 'dark' ? darkTheme : lightTheme;
      const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(theme.background.slice(at, at + 2), 16));
      expect(colour).toBe(`rgb(${red}, ${green}, ${blue})`);
      expect(await page.title()).toBe('A page with everything on it');
    });
    expect(seen).toEqual({ requests: [], complaints: [], pageWidth: options.width, clipped: [], overlapping: [] });
  });

  test('shows one drawing of each plot, without JavaScript too', async () => {
    for (const [width, shown] of [
      [1280, 'wide-plot'],
      [375, 'narrow'],
    ] as const) {
      await look(browser, examplePage, { width }, async (page) => {
        const classes = await page.evaluate(() =>
          [...document.querySelectorAll('svg.plot')]
            .filter((plot) => plot.getBoundingClientRect().width > 0)
            .map((plot) => plot.getAttribute('class')),
        );
        expect(classes).toEqual(Array(5).fill(`plot ${shown}`));
      });
    }
    const seen = await look(browser, examplePage, { width: 375, javaScriptEnabled: false }, async (page) => {
      expect(await page.locator('pre').textContent()).toContain('</pre><b>not bold</b>');
    });
    expect(seen.complaints).toEqual([]);
  });

  test('unfolds what is folded for printing, and folds it again', async () => {
    await look(browser, examplePage, { width: 1280 }, async (page) => {
      const numOpen = () => page.evaluate(() => document.querySelectorAll('details[open]').length);
      expect(await numOpen()).toBe(0);
      await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
      expect(await numOpen()).toBeGreaterThan(3);
      await page.evaluate(() => dispatchEvent(new Event('afterprint')));
      expect(await numOpen()).toBe(0);
    });
  });
});
