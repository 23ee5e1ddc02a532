import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson, type FileSystem, type JsonValue, randomStream } from '../../../src/core/index.ts';
import { BigramModel } from '../../../src/data/inspect/bigram-model.ts';
import { sampleDocuments, visitDocuments } from '../../../src/data/inspect/document-sample.ts';
import { inspectDataset } from '../../../src/data/inspect/inspection.ts';
import { openDataset } from '../../../src/data/store/dataset.ts';
import { memoryFiles } from '../store/memory-files.ts';
import { emptyReport } from '../store/small-dataset.ts';
import {
  type ExampleDataset,
  exampleReport,
  exampleTokenizer,
  plainTexts,
  writeExampleDataset,
} from './example-dataset.ts';

const folder = 'datasets/example';

function datasetOf(example: ExampleDataset): FileSystem {
  const fs = memoryFiles();
  writeExampleDataset(fs, folder, example);
  return fs;
}

const noise = (seed: number): string => {
  const random = randomStream(seed, 'noise');
  return Array.from({ length: 100 }, () => String.fromCharCode(33 + random.nextInteger(90))).join('');
};
/** Stands twice in the dataset, so that each teaches the other. */
const template = 'xz'.repeat(120);
const plain = plainTexts(60, 1);
const odd = `${plainTexts(1, 2)[0]} ${noise(3)} ${plainTexts(1, 4)[0]}`;
const train = [
  [...plain.slice(0, 20), template, odd, 'too short'],
  [...plain.slice(20), template],
];
const validation = plainTexts(5, 9);

describe('an inspection', () => {
  const fs = datasetOf({ train, validation });
  const inspection = inspectDataset(fs, folder);

  test('has the sizes of the manifest and of the disk', () => {
    const { manifest } = openDataset(fs, folder);
    expect(inspection.parts.train).toEqual({
      numDocuments: 64,
      numBytes: manifest.train.numBytes,
      numTokens: manifest.train.numTokens,
      numShards: 2,
    });
    expect(inspection.total.numBytes).toBe(manifest.train.numBytes + manifest.validation.numBytes);
    const onDisk = [...(fs as ReturnType<typeof memoryFiles>).files.values()].reduce(
      (sum, bytes) => sum + bytes.length,
      0,
    );
    expect(inspection.diskBytes).toBe(onDisk);
    expect(inspection.report).toEqual(exampleReport);
  });

  test('has the lengths of all documents', () => {
    const lengths = [...train.flat(), ...validation].map((text) => text.length).sort((a, b) => a - b);
    const { bytes, tokens } = inspection.lengths;
    expect(bytes.count).toBe(69);
    expect(bytes.percentiles.at(0)?.value).toBe(lengths[0]);
    expect(bytes.percentiles.at(-1)?.value).toBe(lengths.at(-1));
    // One more than bytes, for the begin token.
    expect(tokens.percentiles.at(0)?.value).toBe('too short'.length + 1);
  });

  test('counts tokens, begin tokens aside', () => {
    const expected = new Map<number, number>();
    for (const text of train.flat()) {
      for (const token of exampleTokenizer.encode(text)) expected.set(token, (expected.get(token) ?? 0) + 1);
    }
    const { tokens } = inspection;
    expect(tokens.numTokens).toBe(inspection.parts.train.numTokens - 64);
    for (const { token, count } of tokens.mostFrequent) expect(count).toBe(expected.get(token));
    expect(tokens.mostFrequent[0]?.count).toBe(Math.max(...expected.values()));
    expect(tokens.numUnused).toBe(262 - expected.size);
    expect(tokens.longestUnused[0]).toEqual({ token: 261, text: 'zebr', count: 0 });
    expect(tokens.numRare).toBe([...expected.values()].filter((count) => count < 10).length);
    const share = [...expected.values()].map((count) => count / tokens.numTokens);
    expect(tokens.entropy).toBeCloseTo(-share.reduce((sum, p) => sum + p * Math.log2(p), 0), 9);
    expect(tokens.ranks[0]).toEqual({ rank: 1, count: tokens.mostFrequent[0]?.count });
    expect(tokens.ranks.at(-1)?.rank).toBe(expected.size);
  });

  test('finds documents that repeat others the likeliest and noise the least likely', () => {
    const { mostLikely, leastLikely } = inspection.bigram;
    expect(mostLikely.slice(0, 2).map(({ excerpt }) => excerpt)).toEqual([template, template]);
    expect(mostLikely.slice(0, 2).map(({ document }) => document)).toEqual([20, 63]);
    expect(leastLikely[0]?.document).toBe(21);
    // The excerpt is taken from where the noise is, in the middle.
    expect(leastLikely[0]?.excerpt).toMatch(/^…/);
    expect(leastLikely[0]?.excerpt).toContain(noise(3).slice(40, 60));
    for (const list of [mostLikely, leastLikely]) expect(list).toHaveLength(8);
    expect([...mostLikely, ...leastLikely].some(({ excerpt }) => excerpt === 'too short')).toBe(false);
    expect(inspection.bigram.distribution.count).toBe(63);
  });

  test('gives bits per byte: validation by the model of all, training by the model of all others', () => {
    const documents = (texts: readonly string[]) =>
      texts.map((text) => Uint32Array.from([exampleTokenizer.beginToken ?? 0, ...exampleTokenizer.encode(text)]));
    const numBytes = (texts: readonly string[]) => texts.reduce((sum, text) => sum + text.length, 0);
    const modelOf = (texts: readonly string[]) => {
      const model = new BigramModel(exampleTokenizer.vocabularySize);
      for (const tokens of documents(texts)) model.add(tokens, 0, tokens.length);
      return model;
    };
    const all = train.flat();
    const model = modelOf(all);
    expect(inspection.bigram.discount).toBe(model.estimateDiscount());
    const bits = documents(validation).reduce((sum, tokens) => sum + model.bits(tokens, 0, tokens.length), 0);
    expect(inspection.bigram.validationBitsPerByte).toBeCloseTo(bits / numBytes(validation), 10);
    // The model that never held the odd document needs as many bits for it, but for its own discount.
    const [tokens = new Uint32Array(0)] = documents([odd]);
    const others = modelOf(all.filter((text) => text !== odd));
    others.estimateDiscount();
    const score = inspection.bigram.leastLikely[0]?.bitsPerByte ?? 0;
    expect(score / (others.bits(tokens, 0, tokens.length) / odd.length)).toBeCloseTo(1, 1);
    expect(score).toBeGreaterThan((model.bits(tokens, 0, tokens.length) / odd.length) * 1.1);
  });

  test('is plain data, the same each time', () => {
    expect(canonicalJson(JSON.parse(JSON.stringify(inspection)) as JsonValue)).toBe(
      canonicalJson(inspection as unknown as JsonValue),
    );
    expect(inspectDataset(fs, folder)).toEqual(inspection);
  });

  test('reads an even sample where there is too much, and says so', () => {
    const { bigram, lengths, tokens } = inspectDataset(fs, folder, { maxTokens: 4000 });
    expect(bigram.isWhole).toBe(false);
    expect(bigram.numTokens).toBeLessThanOrEqual(4000);
    expect(bigram.numTokens).toBeGreaterThan(2000);
    expect(tokens.numTokens).toBe(bigram.numTokens - bigram.numDocuments);
    expect(lengths).toEqual(inspection.lengths);
  });

  test('closes every file that it opens, also when it fails', () => {
    const watch = (inner: FileSystem, open = { count: 0 }): [FileSystem, { count: number }] => [
      {
        ...inner,
        open: (path, mode) => {
          const file = inner.open(path, mode);
          open.count++;
          return { ...file, close: () => void open.count-- };
        },
      },
      open,
    ];
    const [watched, open] = watch(fs);
    inspectDataset(watched, folder);
    expect(open.count).toBe(0);
    const broken = datasetOf({ train, validation }) as ReturnType<typeof memoryFiles>;
    broken.files.get(`${folder}/train/00000.tokens`)?.fill(255, 20, 22);
    const [watchedBroken, openBroken] = watch(broken);
    expect(() => inspectDataset(watchedBroken, folder)).toThrow(
      `${folder}: training document 0 holds token 65535, expected less than 263`,
    );
    expect(openBroken.count).toBe(0);
  });
});

test('a dataset without documents can be inspected', () => {
  const empty = inspectDataset(datasetOf({ train: [], report: emptyReport }), folder);
  expect(empty.total.numDocuments).toBe(0);
  expect(empty.bigram).toMatchObject({ trainBitsPerByte: null, validationBitsPerByte: null, mostLikely: [] });
  expect(empty.tokens.entropy).toBe(0);
});

describe('a sample of documents', () => {
  const lengths = fc.array(fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 100, max: 2000 })), {
    maxLength: 80,
  });

  test('is whole documents in order, each once, no more tokens than allowed', () => {
    fc.assert(
      fc.property(lengths, fc.integer({ min: 200, max: 20_000 }), fc.nat(80), (sizes, maxTokens, cut) => {
        const texts = sizes.map((size, at) => String.fromCharCode(97 + (at % 26)).repeat(size));
        const shards = [texts.slice(0, cut), texts.slice(cut)].filter((shard) => shard.length > 0);
        const dataset = openDataset(datasetOf({ train: shards, report: emptyReport }), folder);
        const sample = sampleDocuments(dataset.train, maxTokens);
        const seen: number[] = [];
        let numTokens = 0;
        visitDocuments(dataset.train, sample, (tokens, start, end, document) => {
          expect([...tokens.subarray(start, end)]).toEqual([...dataset.train.documentTokens(document)]);
          seen.push(document);
          numTokens += end - start;
        });
        expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
        expect(sample).toMatchObject({ numDocuments: seen.length, numTokens });
        expect(numTokens).toBeLessThanOrEqual(maxTokens);
        expect(sample.isWhole).toBe(dataset.train.numTokens <= maxTokens);
        if (sample.isWhole) expect(seen).toHaveLength(texts.length);
      }),
      { numRuns: 60 },
    );
  });
});
