import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { picture } from '../../../src/page/index.ts';
import { recipeNamed } from '../../../src/recipe/index.ts';
import { prospectsOf } from '../../../src/theory/index.ts';
import { countedSizes, forecastPage, forecastPlot, nearestSize } from '../../../src/training/index.ts';
import { findChromium, startChromium } from '../../browser/chromium.ts';
import { look } from '../../page/look.ts';
import { exampleForecast, exampleLaw, exampleSubject } from '../report/example-forecast.ts';
import { examplePlan } from '../report/example-run.ts';

const carried = exampleLaw();
const { bitsPerByte } = exampleForecast;
if (bitsPerByte === null) throw new Error('the example has a law');
const law = { carried, prospects: prospectsOf(exampleSubject, carried, bitsPerByte) };
const sizes = countedSizes(recipeNamed('baseline'), examplePlan.size);
const source = {
  plan: examplePlan,
  forecast: exampleForecast,
  corpus: '<b>presidents</b>',
  recipe: 'baseline',
  law,
  sizes,
  version: '0.1.0',
};
const html = forecastPage(source);

describe('the page of a forecast', () => {
  test('has the numbers, the plot, what compute buys, and what it rests on', () => {
    for (const text of [
      bitsPerByte.value.toFixed(3),
      '4 min 55 s',
      '900 MB',
      'Bits per byte over compute',
      '10 times the compute',
    ]) {
      expect(html).toContain(text);
    }
    expect(html).toMatch(/this run<.*?6x256/s);
    expect(html).toContain('class="band s2"');
    expect(html).not.toContain('<b>presidents');
  });

  test('does without a law', () => {
    const { basis: _, ...rest } = exampleForecast;
    const forecast = {
      ...rest,
      basis: null,
      bitsPerByte: null,
      curve: [],
      assumptions: ['No ladder has been measured yet.'],
    };
    const page = forecastPage({ ...source, forecast, law: null });
    expect(page).toContain('No ladder has been measured yet.');
    expect(page).not.toContain('What compute buys');
  });

  test('its plot is a picture of its own', () => {
    expect(picture(forecastPlot(law))).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg".*<\/svg>\n$/s);
  });

  test('names the size that is nearest, and none where none is near', () => {
    const [smallest] = sizes;
    expect(nearestSize(sizes, 1.1 * (smallest?.numParameters ?? 0))).toBe(smallest);
    expect(nearestSize(sizes, 1000)).toBeUndefined();
  });
});

const chromium = findChromium();
if (!chromium) console.warn('Skipped: a forecast in a browser. No Chromium on the PATH: apt-get install chromium');
describe.skipIf(!chromium)('the page of a forecast in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startChromium(chromium ?? '', ['--disable-gpu']);
  });
  afterAll(async () => browser.close());

  test.each([
    { width: 1280, colorScheme: 'light' as const },
    { width: 375, colorScheme: 'dark' as const },
  ])('fits $width pixels, asks for nothing, and its plot can be read ($colorScheme)', async (options) => {
    const seen = await look(browser, html, options);
    expect(seen).toEqual({ requests: [], complaints: [], pageWidth: options.width, clipped: [], overlapping: [] });
  });
});
