import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GptConfig } from '../../examples/gpt.ts';
import * as browserEngine from '../../src/engine/browser.ts';
import * as nodeEngine from '../../src/engine/index.ts';
import { lossTolerance, modelS, tinyModel, trainSmallModel } from '../support/small-model.ts';
import { findChromium, startChromium } from './chromium.ts';
import type { PageApi, TrainingReport } from './page.ts';
import { bundlePage, servePage } from './page-server.ts';

const chromium = findChromium();
if (!chromium && process.env.CI === 'true') throw new Error('no Chromium on the PATH: apt-get install chromium');
if (!chromium) console.warn('Skipped: training in a browser. No Chromium on the PATH: apt-get install chromium');
const page = await bundlePage();

describe('the browser build', () => {
  test('has the names of the one for Node', () => {
    expect(Object.keys(browserEngine).sort()).toEqual(Object.keys(nodeEngine).sort());
  });

  test('is what a bundler for browsers finds', () => {
    const { exports } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(exports['./engine'].browser).toBe('./dist/engine/browser.js');
    // Conditions are tried in order, and every bundler takes `default`.
    expect(Object.keys(exports['./engine']).indexOf('browser')).toBeLessThan(
      Object.keys(exports['./engine']).indexOf('default'),
    );
  });

  test('holds nothing of Node', () => {
    const inputs = Object.keys(page.metafile.inputs);
    const imports = Object.values(page.metafile.inputs).flatMap((input) => input.imports.map(({ path }) => path));
    const isOfNode = (path: string) =>
      path.startsWith('node:') || path.includes('onnxruntime-node') || builtinModules.includes(path);
    expect([...inputs, ...imports].filter(isOfNode)).toEqual([]);
    expect(inputs).toContain('src/engine/onnx/runtime-web.ts');
  });
});

describe.skipIf(!chromium).each([
  { title: 'a browser without a graphics device', flags: ['--disable-gpu'] },
  {
    title: 'a browser with WebGPU in software',
    flags: ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'],
  },
])('$title', ({ flags }) => {
  const isWithoutGpu = flags.includes('--disable-gpu');
  let browser: Browser;
  const closing: (() => void)[] = [];

  beforeAll(async () => {
    browser = await startChromium(chromium ?? '', flags);
  });
  afterAll(async () => {
    await browser.close();
    for (const close of closing) close();
  });

  const openPage = async (isIsolated: boolean): Promise<Page> => {
    const { url, server } = await servePage(page.files, isIsolated);
    closing.push(() => server.close());
    const opened = await browser.newPage();
    await opened.goto(url);
    await opened.waitForFunction(() => 'groundwork' in globalThis);
    return opened;
  };
  const train = (opened: Page, ...request: [provider: 'wasm' | 'webgpu', model: 'modelS' | 'tinyModel']) =>
    opened.evaluate(async ([provider, model]): Promise<TrainingReport> => {
      const { groundwork } = globalThis as unknown as { groundwork: PageApi };
      return groundwork.train(provider, model, { assetsUrl: '/runtime/' });
    }, request);
  const refusal = (opened: Page, provider: 'cpu' | 'webgpu') =>
    opened.evaluate(async (name) => {
      const { groundwork } = globalThis as unknown as { groundwork: PageApi };
      return groundwork.refusal(name, { assetsUrl: '/runtime/' });
    }, provider);
  const expectLosses = async ({ losses }: TrainingReport, model: GptConfig) => {
    const expected = await trainSmallModel(await nodeEngine.onnxEngine('cpu'), model);
    expect(losses).toHaveLength(expected.length);
    losses.forEach((loss, step) => {
      expect(Math.abs(loss - (expected[step] ?? 0)), `${losses} against ${expected}`).toBeLessThan(lossTolerance);
    });
  };

  test.runIf(isWithoutGpu)('trains model S on wasm with threads where the page is isolated', async () => {
    const report = await train(await openPage(true), 'wasm', 'modelS');
    expect(report.engine).toBe('onnx/wasm');
    expect(report.numThreads).toBeGreaterThan(1);
    await expectLosses(report, modelS);
  });

  test.runIf(isWithoutGpu)('trains on wasm with one thread elsewhere', async () => {
    const report = await train(await openPage(false), 'wasm', 'tinyModel');
    expect(report.numThreads).toBe(1);
    await expectLosses(report, tinyModel);
  });

  test.runIf(isWithoutGpu)('refuses cpu and webgpu with a way out', async () => {
    const opened = await openPage(false);
    const expected = { code: 'provider-unavailable', hint: expect.stringContaining("'wasm'") };
    expect(await refusal(opened, 'cpu')).toEqual(expected);
    expect(await refusal(opened, 'webgpu')).toEqual(expected);
  });

  test.runIf(!isWithoutGpu)('trains a tiny model on webgpu', async () => {
    const report = await train(await openPage(false), 'webgpu', 'tinyModel');
    expect(report.engine).toBe('onnx/webgpu');
    await expectLosses(report, tinyModel);
  });
});
