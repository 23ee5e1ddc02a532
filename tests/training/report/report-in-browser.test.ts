import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runReport } from '../../../src/training/report/run-report.ts';
import { findChromium, startChromium } from '../../browser/chromium.ts';
import { look } from '../../page/look.ts';
import { exampleForecast, exampleVerdict } from './example-forecast.ts';
import { exampleEvents, exampleManifest, exampleModel } from './example-run.ts';

const chromium = findChromium();
if (!chromium && process.env.CI === 'true') throw new Error('no Chromium on the PATH: apt-get install chromium');
if (!chromium) console.warn('Skipped: reports in a browser. No Chromium on the PATH: apt-get install chromium');

const folder = 'runs/presidents-2026-11-23';
const html = runReport({
  folder,
  manifest: exampleManifest,
  events: exampleEvents(),
  model: exampleModel,
  baseline: 2.41,
  forecast: { forecast: exampleForecast, verdict: exampleVerdict, problems: [] },
});

describe.skipIf(!chromium)('the report of a run in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startChromium(chromium ?? '', ['--disable-gpu']);
  });
  afterAll(async () => browser.close());

  test.each([
    { width: 1280, colorScheme: 'light' as const },
    { width: 1280, colorScheme: 'dark' as const },
    { width: 375, colorScheme: 'light' as const },
    { width: 375, colorScheme: 'dark' as const },
  ])('fits $width pixels, asks for nothing, and its plots can be read ($colorScheme)', async (options) => {
    const seen = await look(browser, html, options, async (page) => {
      expect(await page.title()).toBe('presidents-2026-11-23');
    });
    expect(seen).toEqual({ requests: [], complaints: [], pageWidth: options.width, clipped: [], overlapping: [] });
  });
});
