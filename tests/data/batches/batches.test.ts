import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sha256Hex } from '../../../src/core/index.ts';
import { type Batch, emptyBatch } from '../../../src/data/batches/batch.ts';
import { type BatchesOptions, batches } from '../../../src/data/batches/batches.ts';
import { expectRefusal, refusalOf } from '../../support/expect-refusal.ts';
import { beginToken, endsOf, numberedDataset } from './numbered-dataset.ts';

const shards = fc
  .array(fc.array(fc.nat({ max: 20 }), { maxLength: 12 }), { minLength: 1, maxLength: 4 })
  .filter((all) => all.flat().length > 0);
const packings = fc.constantFrom('stream', 'documents') as fc.Arbitrary<'stream' | 'documents'>;

interface Place {
  readonly token: number;
  readonly target: number;
  readonly weight: number;
  readonly segment: number;
  readonly position: number;
}

/** Row i of a batch, place by place. */
function rowOf(batch: Batch, i: number): Place[] {
  return Array.from({ length: batch.contextLength }, (_, t) => {
    const at = i * batch.contextLength + t;
    return {
      token: batch.tokens[at] as number,
      target: batch.targets[at] as number,
      weight: batch.weights[at] as number,
      segment: batch.segments[at] as number,
      position: batch.positions[at] as number,
    };
  });
}

/** Rows `from` … `to − 1` of a run. */
function rowsOf(options: BatchesOptions, from: number, to: number): Place[][] {
  const { batch, batchSize } = batches(options);
  const rows: Place[][] = [];
  for (let row = from; row < to; row++) rows.push(rowOf(batch(Math.floor(row / batchSize)), row % batchSize));
  return rows;
}

describe('batches', () => {
  test('serve every training token of an epoch exactly once, with its follower as target and its document as segment', () => {
    fc.assert(
      fc.property(
        shards,
        packings,
        fc.integer({ min: 1, max: 17 }),
        fc.integer({ min: 1, max: 5 }),
        fc.maxSafeInteger(),
        fc.nat({ max: 3 }),
        (train, packing, contextLength, batchSize, seed, epoch) => {
          const dataset = numberedDataset({ train });
          const options = { sources: [{ dataset, weight: 1 }], contextLength, batchSize, seed, packing };
          const numRows = batches(options).sources[0]?.numRows ?? 0;
          const rows = rowsOf(options, epoch * numRows, (epoch + 1) * numRows);
          const ends = endsOf(train);
          const { numTokens } = dataset.train;
          // The token after position p; the text of an epoch is a ring.
          const after = (p: number) => (ends.includes(p + 1) ? beginToken : p + 2);
          const documentOf = (p: number) => ends.findIndex((end) => p < end);

          const served: number[] = [];
          let numBegins = 0;
          for (const row of rows) {
            const filled = row.filter(({ weight }) => weight === 1);
            // Padding stands at the end and counts for nothing.
            expect(row.slice(filled.length)).toEqual(
              Array.from({ length: row.length - filled.length }, () => ({
                token: beginToken,
                target: beginToken,
                weight: 0,
                segment: 0,
                position: 0,
              })),
            );
            const documents: number[] = [];
            filled.forEach(({ token, target, segment, position }, t) => {
              const next = filled[t + 1];
              if (token === beginToken) {
                numBegins++;
                expect(position).toBe(0);
              } else {
                served.push(token - 1);
                expect(target).toBe(after(token - 1));
                if (documents[segment] === undefined) documents[segment] = documentOf(token - 1);
                expect(documents[segment]).toBe(documentOf(token - 1));
              }
              expect(segment).toBeGreaterThanOrEqual(1);
              if (next === undefined) return;
              // A segment ends where a document begins, and, with whole documents in a row, at the end of a piece.
              if (next.segment === segment) {
                expect(next.position).toBe(position + 1);
                expect(next.token).toBe(target);
                expect(next.token).not.toBe(beginToken);
              } else {
                expect(next.segment).toBe(segment + 1);
                expect(next.position).toBe(0);
                if (packing === 'stream') expect(next.token).toBe(beginToken);
              }
            });
            expect(filled[0]?.segment).toBe(1);
            expect(filled[0]?.position).toBe(0);
          }
          expect(numBegins).toBe(dataset.train.numDocuments);
          const texts = Array.from({ length: numTokens }, (_, p) => p).filter((p) => p !== 0 && !ends.includes(p));
          expect(served.sort((a, b) => a - b)).toEqual(texts);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('with whole documents in a row: no document is cut that fits, and pieces are of full length but the last', () => {
    const train = [
      [3, 9, 30, 0, 7],
      [15, 16, 2],
    ];
    const dataset = numberedDataset({ train });
    const options = {
      sources: [{ dataset, weight: 1 }],
      contextLength: 16,
      batchSize: 1,
      seed: 1,
      packing: 'documents' as const,
    };
    const { sources } = batches(options);
    const rows = rowsOf(options, 0, sources[0]?.numRows ?? 0);
    const lengths = rows.flatMap((row) => {
      const numSegments = Math.max(...row.map(({ segment }) => segment));
      return Array.from({ length: numSegments }, (_, s) => row.filter(({ segment }) => segment === s + 1).length);
    });
    // 30 tokens and a begin token: 16 and 15; 16 and one: 16 and 1; 15 and one fill a row.
    expect(lengths.sort((a, b) => a - b)).toEqual([1, 1, 3, 4, 8, 10, 15, 16, 16, 16]);
    expect(rows).toHaveLength(6);
    expect(sources[0]?.utilisation).toBe(90 / 96);
  });

  test('run on from one epoch into the next, each in another order, so that all batches are full', () => {
    const dataset = numberedDataset({ train: [[40, 40, 40]] });
    const options = { sources: [{ dataset, weight: 1 }], contextLength: 4, batchSize: 7, seed: 3 };
    const run = batches(options);
    const numRows = run.sources[0]?.numRows ?? 0;
    expect(numRows).toBe(31);
    const orders: number[][] = [[], [], []];
    for (let row = 0; row < 3 * numRows; row++) {
      const batch = run.batch(Math.floor(row / 7));
      const epoch = batch.epochs[row % 7] as number;
      expect(epoch).toBe(Math.floor(row / numRows));
      orders[epoch]?.push(batch.rows[row % 7] as number);
    }
    for (const order of orders)
      expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: numRows }, (_, i) => i));
    expect(new Set(orders.map(String)).size).toBe(3);
    expect(run.epochs(31)).toEqual([7]);
  });

  test('are cut at other places in another epoch', () => {
    const dataset = numberedDataset({ train: [[200]] });
    const options = { sources: [{ dataset, weight: 1 }], contextLength: 16, batchSize: 1, seed: 3 };
    const numRows = batches(options).sources[0]?.numRows ?? 0;
    const cuts = Array.from({ length: 8 }, (_, epoch) => {
      const rows = rowsOf(options, epoch * numRows, (epoch + 1) * numRows);
      return Math.min(...rows.map((row) => row[0]?.token ?? 0).filter((token) => token > 0)) % 16;
    });
    expect(new Set(cuts).size).toBeGreaterThan(3);
  });

  test('are a pure function of the step: in any order, from another call, and in memory that was used before', () => {
    const one = numberedDataset({ train: [[5, 9, 14], [3]], name: 'one' });
    const two = numberedDataset({ train: [[50, 2]], name: 'two' });
    for (const packing of ['stream', 'documents'] as const) {
      const options = {
        sources: [
          { dataset: one, weight: 0.7 },
          { dataset: two, weight: 0.3 },
        ],
        contextLength: 6,
        batchSize: 3,
        seed: 9,
        packing,
      };
      const forward = batches(options);
      const expected = Array.from({ length: 400 }, (_, step) => forward.batch(step));
      const backward = batches(options);
      const room = emptyBatch(3, 6);
      for (let step = 399; step >= 0; step--) {
        expect(backward.batch(step, room)).toBe(room);
        expect(room).toEqual(expected[step]);
      }
      expect(batches(options).batch(123)).toEqual(expected[123]);
    }
  });

  test('give what they have always given', () => {
    const dataset = numberedDataset({
      train: [
        [5, 9, 14],
        [3, 30],
      ],
      name: 'golden',
    });
    const hashes = (['stream', 'documents'] as const).map((packing) => {
      const run = batches({ sources: [{ dataset, weight: 1 }], contextLength: 8, batchSize: 4, seed: 42, packing });
      return sha256Hex(JSON.stringify(Array.from({ length: 10 }, (_, step) => [...run.batch(step).tokens]))).slice(
        0,
        16,
      );
    });
    expect(hashes).toEqual(['2abb05a3336ab80c', '7d4d399463afb811']);
  });

  test('are other batches for another seed, and their fingerprint says so of everything they depend on', () => {
    const dataset = numberedDataset({
      train: [
        [5, 9, 14],
        [3, 30],
      ],
    });
    const other = numberedDataset({
      train: [
        [5, 9, 14],
        [3, 31],
      ],
    });
    const base: BatchesOptions = { sources: [{ dataset, weight: 1 }], contextLength: 8, batchSize: 4, seed: 1 };
    const two = [
      { dataset, weight: 1 },
      { dataset: other, weight: 1 },
    ];
    const variants: BatchesOptions[] = [
      base,
      { ...base, seed: 2 },
      { ...base, contextLength: 9 },
      { ...base, batchSize: 5 },
      { ...base, packing: 'documents' },
      { ...base, sources: [{ dataset: other, weight: 1 }] },
      { ...base, sources: two },
      { ...base, sources: two.map((source, i) => ({ ...source, weight: i + 1 })) },
      { ...base, sources: two, laterWeights: [{ fromStep: 5, weights: [1, 0] }] },
      { ...base, sources: two, laterWeights: [{ fromStep: 6, weights: [1, 0] }] },
    ];
    expect(new Set(variants.map((options) => batches(options).fingerprint)).size).toBe(variants.length);
    expect(batches({ ...base, numSteps: 7, packing: 'stream' }).fingerprint).toBe(batches(base).fingerprint);
    const tokens = (options: BatchesOptions) => [...batches(options).batch(0).tokens].join();
    expect(tokens({ ...base, seed: 2 })).not.toBe(tokens(base));
  });

  test('refuse datasets of two tokenizers, naming both', () => {
    const one = numberedDataset({ train: [[5]], name: 'one' });
    const two = numberedDataset({ train: [[5]], name: 'two', tokenizer: 'letters' });
    const sources = [one, two].map((dataset) => ({ dataset, weight: 1 }));
    const refusal = refusalOf(() => batches({ sources, contextLength: 8, batchSize: 4, seed: 1 }));
    expectRefusal(refusal, 'dataset-mismatch');
    expect(refusal.message).toMatch(/two .*expected.* one /);
  });

  test('refuse a dataset without training tokens', () => {
    const dataset = numberedDataset({ train: [], validation: [[4]] });
    const refusal = refusalOf(() =>
      batches({ sources: [{ dataset, weight: 1 }], contextLength: 8, batchSize: 4, seed: 1 }),
    );
    expectRefusal(refusal, 'invalid-dataset');
    expect(refusal.message).toContain('numbered');
  });

  test('refuse a run that reads a dataset more often than it may, and take one that does not', () => {
    const small = numberedDataset({ train: [[79]], name: 'small' });
    const large = numberedDataset({ train: [[7999]], name: 'large' });
    const options = (numSteps: number): BatchesOptions => ({
      sources: [
        { dataset: small, weight: 1, maxEpochs: 2 },
        { dataset: large, weight: 3 },
      ],
      contextLength: 8,
      batchSize: 4,
      seed: 1,
      numSteps,
    });
    // 10 rows an epoch and a quarter of four rows a step: about 20 steps.
    let most = 0;
    const rows = (numSteps: number): number => {
      const run = batches({ ...options(0), numSteps });
      let count = 0;
      for (let step = 0; step < numSteps; step++) {
        for (const dataset of run.batch(step).datasets) if (dataset === 0) count++;
      }
      return count;
    };
    for (let numSteps = 0; numSteps < 40; numSteps++) {
      try {
        batches(options(numSteps));
        most = numSteps;
      } catch {
        break;
      }
    }
    expect(rows(most)).toBeLessThanOrEqual(20);
    const refusal = refusalOf(() => batches(options(most + 1)));
    expectRefusal(refusal, 'usage');
    expect(refusal.message).toMatch(/small .*expected at most 2/);
    expect(most).toBeGreaterThan(8);
  });
});
