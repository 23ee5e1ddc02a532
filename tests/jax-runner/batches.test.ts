import { mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonValue } from '../../src/core/index.ts';
import { nodeFileSystem } from '../../src/core/node.ts';
import { type BatchesOptions, batches, type Dataset, openDataset } from '../../src/data/index.ts';
import { bundleFolder } from '../../src/export/bundle-folder.ts';
import { placeDataset } from '../../src/export/bundled-dataset.ts';
import { writeSmallDataset } from '../data/store/small-dataset.ts';
import { describeWithJax } from '../support/jax-python.ts';
import { smallTexts } from '../training/support/small-training.ts';
import { askPython } from './support/ask-python.ts';

let root: string;
let speeches: Dataset;
let letters: Dataset;
let wide: Dataset;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'batches-'));
  const write = (name: string, train: readonly (readonly string[])[], vocabularySize = 257): Dataset => {
    writeSmallDataset(nodeFileSystem, join(root, name), { name, train, vocabularySize });
    return openDataset(nodeFileSystem, join(root, name));
  };
  const texts = smallTexts(40, 1);
  // Three shards; documents that are empty, as long as a row, and longer than several.
  speeches = write('speeches', [texts.slice(0, 18), ['', 'a'.repeat(31), 'b'.repeat(150)], texts.slice(18)]);
  letters = write('letters', [smallTexts(12, 2)]);
  wide = write('wide', [smallTexts(9, 3)], 70_000);
});

afterAll(() => {
  for (const dataset of [speeches, letters, wide]) dataset.close();
  rmSync(root, { recursive: true, force: true });
});

/** A bundle of nothing but the datasets of these batches, as far as the feed reads it. */
function feedOf(name: string, options: BatchesOptions, documentMask: boolean): [folder: string, manifest: JsonValue] {
  const folder = join(root, name);
  const { sources, batchSize, contextLength, packing = 'stream', seed } = options;
  const facts = batches(options).sources;
  const bundle = bundleFolder(nodeFileSystem, folder);
  const datasets = sources.map(({ dataset, weight }, index) => {
    const placement = { index, facts: facts[index] as (typeof facts)[number], location: dataset.folder };
    return placeDataset(bundle, { dataset, weight }, placement).record;
  });
  return [
    folder,
    { seed, batch: { batchSize, contextLength, packing, documentMask }, datasets } as unknown as JsonValue,
  ];
}

interface Answer {
  readonly [name: string]: readonly number[];
}

/** Batches as Python builds them, and as TypeScript does. */
function compare(name: string, options: BatchesOptions, steps: readonly number[], documentMask = true): void {
  const all = batches(options);
  const [folder, manifest] = feedOf(name, options, documentMask);
  const answers = askPython('batches', folder, manifest, steps, [1, options.batchSize]) as Answer[][];
  answers.forEach((found, number) => {
    steps.forEach((step, i) => {
      const { tokens, targets, weights, segments, datasets, epochs, rows } = all.batch(step);
      const places = Array.from(rows, (row, place) => [datasets[place], epochs[place], row]);
      expect(found[i], `step ${step}, answer ${number}`).toEqual({
        tokens: [...tokens],
        targets: [...targets],
        weights: [...weights],
        ...(documentMask ? { segments: [...segments] } : {}),
        places,
        numTokens: weights.reduce((sum, weight) => sum + weight, 0),
      });
    });
  });
}

/** The first steps, and those around the ends of the first epochs. */
function interestingSteps(options: BatchesOptions): number[] {
  const [perStep = 1] = batches(options).epochs(1);
  const around = [1, 2, 3].flatMap((epoch) => [-1, 0, 1].map((offset) => Math.floor(epoch / perStep) + offset));
  return [...new Set([0, 1, ...around, 1000])].filter((step) => step >= 0);
}

describeWithJax('the batches of the runner', () => {
  test('a stream gives the same rows over several epochs, with and without segments', () => {
    const options = { sources: [{ dataset: speeches, weight: 1 }], batchSize: 4, contextLength: 32, seed: 5 };
    compare('stream', options, interestingSteps(options));
    compare('stream-plain', { ...options, seed: -(2 ** 40) - 3 }, interestingSteps(options), false);
  });

  test('packed documents give the same rows over several epochs', () => {
    const sources = [{ dataset: speeches, weight: 1 }];
    const options = { sources, batchSize: 4, contextLength: 32, seed: 5, packing: 'documents' } as const;
    compare('documents', options, interestingSteps(options));
    const other = { ...options, contextLength: 100, batchSize: 3 };
    compare('documents-100', other, interestingSteps(other), false);
  });

  test('a mixture gives the same rows across its blocks', () => {
    const sources = [
      { dataset: speeches, weight: 3 },
      { dataset: letters, weight: 1.7 },
    ];
    const options = { sources, batchSize: 6, contextLength: 24, seed: 2 ** 45 + 7 };
    // A block ends within the batch of step 170.
    compare('mixture', options, [0, 1, 169, 170, 171, 341, 999]);
    compare('mixture-documents', { ...options, packing: 'documents' }, [0, 1, 169, 170, 171, 999]);
  });

  test('a vocabulary of more than 65,536 tokens is read, and a row that is longer than the whole text', () => {
    const sources = [{ dataset: wide, weight: 2 }];
    compare('wide', { sources, batchSize: 2, contextLength: 48, seed: 9 }, [0, 1, 2, 30]);
    compare('long', { sources, batchSize: 2, contextLength: 4000, seed: 9 }, [0, 1, 2, 3]);
  });

  test('a shard that was cut is refused by name', () => {
    const options = { sources: [{ dataset: letters, weight: 1 }], batchSize: 2, contextLength: 24, seed: 1 };
    const [folder, manifest] = feedOf('cut', options, false);
    const shard = join(root, 'letters', 'train', '00000.tokens');
    truncateSync(shard, 100);
    const answer = askPython('fault', 'batches', [folder, manifest, [0], [1]]);
    expect(answer).toMatchObject({ code: 'invalid-dataset', exitCode: 6 });
    expect((answer as { message: string }).message).toContain('found 100 bytes, expected');
  });
});
