import { describe, expect, test } from 'vitest';
import { type Dataset, openDataset, validationRows } from '../../../src/data/index.ts';
import { bigramBaseline, bigramOfTraining } from '../../../src/data/inspect/bigram-baseline.ts';
import { memoryFiles } from '../store/memory-files.ts';
import { beginToken, writeSmallDataset } from '../store/small-dataset.ts';

const train = ['the cat sat', 'the dog sat on the mat', 'a dog ran', 'ünïcode', ''];
const validation = ['the dog', 'a cat', '', 'the mat ran', 'ü', 'on a mat', 'sat'];

function small(texts: readonly string[] = validation): Dataset {
  const fs = memoryFiles();
  writeSmallDataset(fs, '/d', { train: [train], validation: texts.length === 0 ? [] : [texts] });
  return openDataset(fs, '/d');
}

/** The formula of Kneser and Ney over lists of pairs, one byte a token, nothing counted twice over. */
function slowBitsPerByte(texts: readonly string[]): number {
  const tokens = (text: string) => [beginToken, ...new TextEncoder().encode(text)];
  const pairsOf = (text: string) =>
    tokens(text)
      .slice(1)
      .map((second, i) => [tokens(text)[i] ?? 0, second] as const);
  const pairs = train.flatMap(pairsOf);
  const distinct = [...new Set(pairs.map(String))].map((pair) => pair.split(',').map(Number));
  const countOf = (a: number, b: number) => pairs.filter(([x, y]) => x === a && y === b).length;
  const timesSeen = distinct.map(([a = 0, b = 0]) => countOf(a, b));
  const [once, twice] = [1, 2].map((times) => timesSeen.filter((count) => count === times).length) as [number, number];
  const discount = Math.min(0.9, Math.max(0.1, once / (once + 2 * twice)));
  const { vocabularySize } = small().manifest;
  const probability = (a: number, b: number) => {
    const share = (distinct.filter(([, y]) => y === b).length + 0.5) / (distinct.length + 0.5 * vocabularySize);
    const total = pairs.filter(([x]) => x === a).length;
    if (total === 0) return share;
    const followers = distinct.filter(([x]) => x === a).length;
    return (Math.max(0, countOf(a, b) - discount) + discount * followers * share) / total;
  };
  const bits = texts.flatMap(pairsOf).reduce((sum, [a, b]) => sum - Math.log2(probability(a, b)), 0);
  return bits / texts.reduce((sum, text) => sum + new TextEncoder().encode(text).length, 0);
}

describe('the score of a bigram model', () => {
  test('is that of the formula, over all tokens but the begin tokens and all bytes', () => {
    expect(bigramBaseline(small())).toBeCloseTo(slowBitsPerByte(validation), 10);
  });

  test.each([1, 2, 3, 5, 7, 100])('on %i documents is that of the very documents that a model is measured on', (n) => {
    const dataset = small();
    const rows = validationRows(dataset, { contextLength: 8, batchSize: 1, numDocuments: n });
    const read = new Set<number>();
    for (let number = 0; number < rows.numBatches; number++) {
      for (const document of rows.batch(number).documents) if (document >= 0) read.add(document);
    }
    const texts = [...read].map((document) => validation[document] ?? '');
    expect(bigramBaseline(dataset, { numDocuments: n })).toBeCloseTo(slowBitsPerByte(texts), 10);
  });

  test('is that of a sample where the training text is longer than what a model is made from', () => {
    const dataset = small();
    const model = bigramOfTraining(dataset, 20);
    expect(bigramBaseline(dataset, { model })).not.toBeCloseTo(bigramBaseline(dataset) ?? 0, 3);
  });

  test('is null where there is nothing to measure on', () => {
    expect(bigramBaseline(small([]))).toBeNull();
  });
});
