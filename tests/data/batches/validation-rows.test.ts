import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { validationRows } from '../../../src/data/batches/validation-rows.ts';
import { beginToken, endsOf, numberedDataset } from './numbered-dataset.ts';

const shards = fc.array(fc.array(fc.nat({ max: 25 }), { maxLength: 10 }), { maxLength: 3 });

describe('validationRows', () => {
  test('predict every token but the begin tokens exactly once, each from the token before it in its document', () => {
    fc.assert(
      fc.property(
        shards,
        fc.constantFrom('alone' as const, 'documents' as const),
        fc.integer({ min: 1, max: 14 }),
        fc.integer({ min: 1, max: 4 }),
        (validation, packing, contextLength, batchSize) => {
          const dataset = numberedDataset({ train: [[1]], validation });
          const rows = validationRows(dataset, { contextLength, batchSize, packing });
          const ends = endsOf(validation);
          const starts = new Set([0, ...ends]);
          const predicted: number[] = [];
          const faults: string[] = [];
          for (let number = 0; number < rows.numBatches; number++) {
            const { tokens, targets, weights, segments, documents } = rows.batch(number);
            for (let i = 0; i < tokens.length; i++) {
              if (weights[i] === 0) {
                if (documents[i] !== -1 || segments[i] !== 0) faults.push(`padding at ${i} is part of a document`);
                continue;
              }
              const position = (targets[i] as number) - 1;
              predicted.push(position);
              const before = starts.has(position - 1) ? beginToken : position;
              if (tokens[i] !== before) faults.push(`${position} is predicted from ${tokens[i]}`);
              if (documents[i] !== ends.findIndex((end) => position < end)) faults.push(`document of ${position}`);
              const rowStart = i - (i % contextLength);
              if (packing === 'alone' && documents[i] !== documents[rowStart]) faults.push('two documents in a row');
            }
          }
          expect(faults).toEqual([]);
          const { numTokens } = dataset.validation;
          expect(predicted.sort((a, b) => a - b)).toEqual(
            Array.from({ length: numTokens }, (_, p) => p).filter((p) => !starts.has(p)),
          );
          expect(rows.numTokens).toBe(predicted.length);
          expect(rows.numBytes).toBe(2 * predicted.length);
          expect(rows.numBytes).toBe(dataset.validation.numBytes);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('measure on as many documents as asked, spread over all, with the bytes of those', () => {
    const dataset = numberedDataset({
      train: [[1]],
      validation: [
        [1, 2, 3, 4, 5],
        [6, 7, 8, 9, 10],
      ],
    });
    const rows = validationRows(dataset, { contextLength: 16, batchSize: 4, numDocuments: 4 });
    const { documents } = rows.batch(0);
    expect([...new Set(documents)].filter((document) => document >= 0)).toEqual([0, 2, 5, 7]);
    expect(rows.numDocuments).toBe(4);
    expect(rows.numBytes).toBe(2 * (1 + 3 + 6 + 8));
    expect(validationRows(dataset, { contextLength: 16, batchSize: 4, numDocuments: 99 }).numDocuments).toBe(10);
  });

  test('give bits per byte that are exact: a model that spends one bit on each byte has 1', () => {
    const dataset = numberedDataset({ train: [[1]], validation: [[30, 0, 7], [12]] });
    for (const packing of ['alone', 'documents'] as const) {
      const rows = validationRows(dataset, { contextLength: 8, batchSize: 3, packing });
      let nats = 0;
      for (let number = 0; number < rows.numBatches; number++) {
        // Each token of these datasets stands for two bytes.
        for (const weight of rows.batch(number).weights) nats += weight * 2 * Math.LN2;
      }
      expect(nats / (Math.LN2 * rows.numBytes)).toBeCloseTo(1, 12);
    }
  });

  test('need fewer rows where documents share them', () => {
    const dataset = numberedDataset({ train: [[1]], validation: [Array.from({ length: 64 }, () => 4)] });
    const options = { contextLength: 16, batchSize: 4 };
    expect(validationRows(dataset, options).numBatches).toBe(16);
    expect(validationRows(dataset, { ...options, packing: 'documents' }).numBatches).toBe(4);
  });

  test('have no batch where there is no validation text', () => {
    const rows = validationRows(numberedDataset({ train: [[4]] }), { contextLength: 8, batchSize: 2 });
    expect(rows).toMatchObject({ numBatches: 0, numDocuments: 0, numTokens: 0, numBytes: 0 });
  });
});
