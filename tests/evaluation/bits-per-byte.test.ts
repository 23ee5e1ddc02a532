import { describe, expect, test } from 'vitest';
import { present } from '../../src/core/index.ts';
import type { Dataset } from '../../src/data/index.ts';
import { onnxEngine, referenceEngine } from '../../src/engine/index.ts';
import { type BitsPerByte, type EvaluatorOptions, openEvaluator } from '../../src/evaluation/index.ts';
import { gptModel, type Model } from '../../src/model/index.ts';
import { traceLogits } from '../../src/recipe/index.ts';
import { byteTokenizer } from '../data/store/small-dataset.ts';
import { randomParameters } from './random-parameters.ts';
import { smallTokenizer, textDataset, validationTexts } from './text-dataset.ts';

const engine = await onnxEngine('cpu', { numThreads: 1 });
const bytes = byteTokenizer(257);
const dataset = textDataset(bytes);
const contextLength = 48;
const modelOf = (vocabularySize: number): Model =>
  gptModel({ vocabularySize, contextLength, numLayers: 2, width: 32, headWidth: 16 });
const model = modelOf(257);
const parameters = randomParameters(model);

async function measure(
  options: Partial<EvaluatorOptions> = {},
  of = model,
  values = randomParameters(of),
): Promise<BitsPerByte> {
  const evaluator = await openEvaluator(engine, of, { dataset, batchSize: 8, contextLength, ...options });
  try {
    await evaluator.load(values);
    return await evaluator.bitsPerByte();
  } finally {
    await evaluator.close();
  }
}

/** Document by document, piece by piece, in float64: −log₂ of each token's probability, over the bytes. */
async function slowBitsPerByte(data: Dataset, numDocuments: number): Promise<number> {
  let nats = 0;
  let numBytes = 0;
  for (let document = 0; document < numDocuments; document++) {
    const tokens = data.validation.documentTokens(document);
    numBytes += data.validation.documentBytes(document);
    for (let start = 0; start < tokens.length - 1; start += contextLength) {
      const piece = Int32Array.from(tokens.subarray(start, Math.min(start + contextLength, tokens.length - 1)));
      const session = await referenceEngine().load(traceLogits(model, { batchSize: 1, contextLength: piece.length }));
      for (const [name, values] of parameters) await session.set(name, values);
      const logits = present((await session.run({ tokens: piece })).logits, 'logits');
      piece.forEach((_, i) => {
        const row = Array.from(logits.subarray(i * 257, (i + 1) * 257));
        const largest = Math.max(...row);
        const sum = row.reduce((total, logit) => total + Math.exp(logit - largest), 0);
        nats -= (row[tokens[start + i + 1] as number] as number) - largest - Math.log(sum);
      });
    }
  }
  return nats / Math.LN2 / numBytes;
}

describe('bits per byte', () => {
  test('equal those of a slow reference in float64', async () => {
    const few = textDataset(bytes, validationTexts.slice(0, 5));
    const { bitsPerByte, numBytes, numTokens } = await measure({ dataset: few });
    expect(Math.abs(bitsPerByte - (await slowBitsPerByte(few, 5)))).toBeLessThan(1e-6);
    expect(numBytes).toBe(few.validation.numBytes);
    expect(numTokens).toBe(numBytes);
  });

  test('do not depend on the batch size', async () => {
    const results = [];
    for (const batchSize of [1, 7, 64]) results.push((await measure({ batchSize })).bitsPerByte);
    for (const result of results) expect(Math.abs(result - (results[0] as number))).toBeLessThan(1e-6);
  });

  test('are the same where documents share rows behind a mask', async () => {
    const alone = await measure();
    const packed = await measure({ documentMask: true, batchSize: 2 });
    expect(Math.abs(packed.bitsPerByte - alone.bitsPerByte)).toBeLessThan(1e-6);
    packed.documents.forEach(({ nats }, i) => {
      expect(Math.abs(nats / (alone.documents[i]?.nats as number) - 1)).toBeLessThan(1e-5);
    });
  });

  test('count the same bytes whatever the tokenizer', async () => {
    const merged = smallTokenizer(300);
    const other = await measure({ dataset: textDataset(merged) }, modelOf(300));
    const own = await measure();
    expect(other.numBytes).toBe(own.numBytes);
    expect(other.numTokens).toBeLessThan(own.numTokens);
    expect(other.documents.map(({ numBytes }) => numBytes)).toEqual(own.documents.map(({ numBytes }) => numBytes));
  });

  test('of a uniform model are what counting says: log₂ V for each token', async () => {
    const zeros = new Map([...parameters].map(([name, values]) => [name, new Float32Array(values.length)]));
    const { bitsPerByte } = await measure({}, model, zeros);
    expect(bitsPerByte).toBeCloseTo(Math.log2(257), 6);
  });

  test('come with the loss of each document, which adds up', async () => {
    const { documents, nats, numBytes, numTokens, bitsPerByte } = await measure();
    const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
    expect(sum(documents.map((document) => document.nats))).toBe(nats);
    expect(sum(documents.map((document) => document.numBytes))).toBe(numBytes);
    expect(sum(documents.map((document) => document.numTokens))).toBe(numTokens);
    expect(bitsPerByte).toBe(nats / (Math.LN2 * numBytes));
    // The empty document predicts nothing.
    expect(documents.map(({ document }) => document)).toEqual([0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
  });

  test('measure new parameters after they are loaded, and the same again', async () => {
    const evaluator = await openEvaluator(engine, model, { dataset, batchSize: 8, contextLength });
    await evaluator.load(parameters);
    const first = await evaluator.bitsPerByte();
    await evaluator.load(randomParameters(model, 2));
    expect((await evaluator.bitsPerByte()).bitsPerByte).not.toBe(first.bitsPerByte);
    await evaluator.load(parameters);
    expect(await evaluator.bitsPerByte()).toEqual(first);
    await evaluator.close();
  });

  test('of a broken model are no number, and say how many losses were none', async () => {
    const broken = new Map(parameters);
    const embedding = present(broken.get('embedding'), 'embedding').slice();
    const letter = 'w'.charCodeAt(0);
    embedding.fill(Number.NaN, letter * 32, (letter + 1) * 32);
    broken.set('embedding', embedding);
    const { bitsPerByte, numNonFinite, documents } = await measure({}, model, broken);
    expect(bitsPerByte).toBeNaN();
    expect(numNonFinite).toBeGreaterThan(0);
    // Documents without the letter are measured as ever.
    expect(documents.find(({ document }) => document === 4)?.nats).toBeGreaterThan(0);
  });

  test('can be stopped, and tell how far they are', async () => {
    const evaluator = await openEvaluator(engine, model, { dataset, batchSize: 2, contextLength });
    await evaluator.load(parameters);
    const stop = new AbortController();
    const seen: number[] = [];
    const measuring = evaluator.bitsPerByte({
      signal: stop.signal,
      onBatch: (numDone) => {
        seen.push(numDone);
        if (numDone === 2) stop.abort();
      },
    });
    await expect(measuring).rejects.toMatchObject({ code: 'interrupted' });
    expect(seen).toEqual([1, 2]);
    await evaluator.close();
  });

  test('are refused where there is no validation text, or another vocabulary', async () => {
    await expect(measure({ dataset: textDataset(bytes, []) })).rejects.toMatchObject({
      code: 'invalid-dataset',
      message: expect.stringContaining('no validation documents'),
    });
    await expect(measure({ dataset: textDataset(bytes, ['']) })).rejects.toMatchObject({ code: 'invalid-dataset' });
    await expect(measure({}, modelOf(200))).rejects.toMatchObject({ code: 'dataset-mismatch' });
  });
});
