import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BatchesOptions, batches } from '../../../src/data/batches/batches.ts';
import { blockRows, countsPerBlock, Mixture, type MixtureRow } from '../../../src/data/batches/mixture.ts';
import { expectRefusal, refusalOf } from '../../support/expect-refusal.ts';
import { numberedDataset } from './numbered-dataset.ts';

const weights = fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: 2, maxLength: 6 });
const namesOf = (values: readonly unknown[]): string[] => values.map((_, i) => `dataset-${i}`);

function locate(mixture: Mixture, row: number): MixtureRow {
  const found = { dataset: -1, row: -1 };
  mixture.locate(row, found);
  return found;
}

describe('Mixture', () => {
  test('has exact proportions in every block, serves the rows of each dataset one after another, and is never far off', () => {
    fc.assert(
      fc.property(weights, fc.maxSafeInteger(), (shares, seed) => {
        const names = namesOf(shares);
        const mixture = new Mixture(names, [{ fromRow: 0, weights: shares }], seed);
        const counts = countsPerBlock(names, shares);
        const sum = shares.reduce((total, share) => total + share, 0);
        counts.forEach((count, i) => {
          expect(Math.abs(count - ((shares[i] as number) / sum) * blockRows)).toBeLessThan(1);
        });
        expect(counts.reduce((total, count) => total + count, 0)).toBe(blockRows);

        const served: number[][] = shares.map(() => []);
        let furthest = 0;
        for (let row = 0; row < 3 * blockRows; row++) {
          if (row % blockRows === 0) {
            expect(served.map((rows) => rows.length)).toEqual(counts.map((count) => (row / blockRows) * count));
          }
          const found = locate(mixture, row);
          served[found.dataset]?.push(found.row);
          counts.forEach((count, i) => {
            const off = Math.abs((served[i] as number[]).length - ((row + 1) * count) / blockRows);
            furthest = Math.max(furthest, off - (count * (blockRows - count)) / blockRows);
          });
        }
        expect(furthest).toBeLessThanOrEqual(1e-9);
        for (const rows of served) expect(rows.sort((a, b) => a - b)).toEqual(rows.map((_, i) => i));
      }),
      { numRuns: 40 },
    );
  });

  test('mixes within a block: the datasets of neighbouring rows are unrelated', () => {
    const mixture = new Mixture(['a', 'b'], [{ fromRow: 0, weights: [1, 1] }], 5);
    const order = Array.from({ length: 20 * blockRows }, (_, row) => locate(mixture, row).dataset);
    const changes = order.filter((dataset, i) => i > 0 && dataset !== order[i - 1]).length;
    expect(Math.abs(changes / order.length - 1 / 2)).toBeLessThan(5 * Math.sqrt(1 / 4 / order.length));
    expect(order.slice(0, blockRows)).not.toEqual(order.slice(blockRows, 2 * blockRows));
    const other = new Mixture(['a', 'b'], [{ fromRow: 0, weights: [1, 1] }], 6);
    expect(order.slice(0, 100)).not.toEqual(Array.from({ length: 100 }, (_, row) => locate(other, row).dataset));
  });

  test('changes its proportions at the first block border of a phase, and goes on where each dataset was', () => {
    fc.assert(
      fc.property(weights, fc.array(fc.nat({ max: 3000 }), { maxLength: 4 }), (shares, borders) => {
        const names = namesOf(shares);
        const phases = [0, ...borders.toSorted((a, b) => a - b)].map((fromRow, phase) => ({
          fromRow,
          weights: shares.map((share, i) => (i === phase % shares.length ? share + 1 : share)),
        }));
        const mixture = new Mixture(names, phases, 1);
        const next = shares.map(() => 0);
        for (let block = 0; block < 5; block++) {
          const phase = phases.findLast(({ fromRow }) => fromRow <= block * blockRows);
          const counts = countsPerBlock(names, phase?.weights ?? []);
          const rows: number[][] = shares.map(() => []);
          for (let i = 0; i < blockRows; i++) {
            const found = locate(mixture, block * blockRows + i);
            rows[found.dataset]?.push(found.row);
          }
          counts.forEach((count, i) => {
            const first = next[i] as number;
            expect(rows[i]?.toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, n) => first + n));
            next[i] = first + count;
          });
          expect(mixture.rowsUsed((block + 1) * blockRows)).toEqual(next);
        }
      }),
      { numRuns: 40 },
    );
  });

  test('counts the rows of each dataset in any number of rows', () => {
    const mixture = new Mixture(['a', 'b', 'c'], [{ fromRow: 0, weights: [5, 2, 1] }], 8);
    const used = [0, 0, 0];
    for (let row = 0; row < 2500; row++) {
      expect(mixture.rowsUsed(row)).toEqual(used);
      const { dataset } = locate(mixture, row);
      used[dataset] = (used[dataset] as number) + 1;
    }
  });

  test('takes a weight of zero for a dataset that is not wanted', () => {
    const mixture = new Mixture(['a', 'b'], [{ fromRow: 0, weights: [0, 3] }], 1);
    expect(mixture.rowsUsed(5000)).toEqual([0, 5000]);
  });

  for (const [shares, message] of [
    [[1], /found 1 weights, expected one for each of 2/],
    [[1, -1], /weight of dataset b is -1/],
    [[1, Number.NaN], /weight of dataset b is NaN/],
    [[1, Number.POSITIVE_INFINITY], /weight of dataset b is Infinity/],
    [[0, 0], /add up to 0/],
    [[1, 0.0001], /dataset b has a share of 0\.00010, expected at least 1 in 1024/],
  ] as const) {
    test(`refuses the weights ${shares.join(' and ')}`, () => {
      const refusal = refusalOf(() => new Mixture(['a', 'b'], [{ fromRow: 0, weights: shares }], 1));
      expectRefusal(refusal, 'usage');
      expect(refusal.message).toMatch(message);
    });
  }
});

describe('batches of a mixture', () => {
  const sources = [
    { dataset: numberedDataset({ train: [[500, 30]], name: 'a' }), weight: 3 },
    { dataset: numberedDataset({ train: [[70]], name: 'b' }), weight: 1 },
  ];
  const options: BatchesOptions = { sources, contextLength: 8, batchSize: 16, seed: 4 };

  test('serve each dataset epoch after epoch, every row once in each', () => {
    const run = batches(options);
    const seen = sources.map(() => new Map<number, number[]>());
    for (let step = 0; step < 128; step++) {
      const { datasets, epochs, rows } = run.batch(step);
      datasets.forEach((dataset, i) => {
        const inEpoch = seen[dataset]?.get(epochs[i] as number) ?? [];
        inEpoch.push(rows[i] as number);
        seen[dataset]?.set(epochs[i] as number, inEpoch);
      });
    }
    expect(run.epochs(128)).toEqual([1536 / 67, 512 / 9]);
    seen.forEach((epochs, dataset) => {
      const numRows = run.sources[dataset]?.numRows ?? 0;
      const whole = [...epochs].filter(([epoch]) => epoch < Math.floor(run.epochs(128)[dataset] as number));
      expect(whole.length).toBeGreaterThan(20);
      for (const [, rows] of whole)
        expect(rows.sort((a, b) => a - b)).toEqual(Array.from({ length: numRows }, (_, i) => i));
    });
  });

  test('take later weights from the block border after their step on', () => {
    const run = batches({ ...options, laterWeights: [{ fromStep: 60, weights: [0, 1] }] });
    const shareOfB = (step: number) => run.batch(step).datasets.reduce((sum, dataset) => sum + dataset, 0) / 16;
    // Blocks of 1,024 rows are 64 steps here.
    expect(Array.from({ length: 64 }, (_, step) => shareOfB(step)).reduce((sum, share) => sum + share, 0)).toBe(16);
    for (let step = 64; step < 100; step++) expect(shareOfB(step)).toBe(1);
  });

  test('refuse later weights that do not follow each other', () => {
    for (const steps of [[0], [5, 5], [6, 2], [1.5]]) {
      const laterWeights = steps.map((fromStep) => ({ fromStep, weights: [1, 1] }));
      expectRefusal(
        refusalOf(() => batches({ ...options, laterWeights })),
        'usage',
      );
    }
  });
});
