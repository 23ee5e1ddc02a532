import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bestFitDecreasing, type Pieces, type RowPlan } from '../../../src/data/batches/packing.ts';

interface Row {
  room: number;
  readonly lengths: number[];
}

/** The slow version: for each piece, looks at every row. */
function slowBestFit(lengths: readonly number[], contextLength: number): number[][] {
  const rows: Row[] = [];
  for (const length of lengths.toSorted((a, b) => b - a)) {
    let best: Row | undefined;
    for (const row of rows) if (row.room >= length && row.room < (best?.room ?? contextLength + 1)) best = row;
    if (best === undefined) {
      best = { room: contextLength, lengths: [] };
      rows.push(best);
    }
    best.room -= length;
    best.lengths.push(length);
  }
  return rows.map((row) => row.lengths);
}

const piecesOf = (lengths: readonly number[]): Pieces => ({
  starts: Float64Array.from(lengths, (_, i) => 1000 * i),
  lengths: Uint32Array.from(lengths),
});
const rowsOf = (plan: RowPlan): number[][] =>
  Array.from({ length: plan.numRows }, (_, row) => [
    ...plan.lengths.subarray(plan.firstPiece[row], plan.firstPiece[row + 1]),
  ]);
/** How full the rows are, which does not depend on which of two rows with the same room was taken. */
const fillsOf = (rows: readonly (readonly number[])[]): number[] =>
  rows.map((row) => row.reduce((sum, length) => sum + length, 0)).sort((a, b) => a - b);

describe('bestFitDecreasing', () => {
  test('fills its rows as the slow version does, with every piece in one row', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 150 }), fc.array(fc.nat(), { maxLength: 80 }), (contextLength, numbers) => {
        const lengths = numbers.map((number) => 1 + (number % contextLength));
        const plan = bestFitDecreasing(piecesOf(lengths), contextLength);
        const rows = rowsOf(plan);
        expect(fillsOf(rows)).toEqual(fillsOf(slowBestFit(lengths, contextLength)));
        for (const row of rows) {
          expect(row.reduce((sum, length) => sum + length, 0)).toBeLessThanOrEqual(contextLength);
          expect(row).toEqual(row.toSorted((a, b) => b - a));
        }
        const placed = Array.from(plan.starts, (start, i) => [start / 1000, plan.lengths[i]]);
        placed.sort(([a = 0], [b = 0]) => a - b);
        expect(placed).toEqual(lengths.map((length, i) => [i, length]));
        const sum = lengths.reduce((total, length) => total + length, 0);
        expect(plan.utilisation).toBe(lengths.length === 0 ? 1 : sum / (plan.numRows * contextLength));
      }),
      { numRuns: 500 },
    );
  });
});
