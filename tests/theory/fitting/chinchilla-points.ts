import type { LawPoint } from '../../../src/theory/scaling-law.ts';
import { numberIn, type TableRow } from '../../support/theory-tables.ts';

/** The points of the table of Hoffmann et al. with the lowest losses: 240 of 245, as Besiroglu et al. 2024 fit them. */
export function chinchillaPoints(rows: readonly TableRow[], count = 240): LawPoint[] {
  return rows
    .map(pointOf)
    .sort((a, b) => a.loss - b.loss)
    .slice(0, count);
}

/** The same 240 points in the order of the file. */
export function chinchillaPointsInOrder(rows: readonly TableRow[]): LawPoint[] {
  const highest = chinchillaPoints(rows).at(-1)?.loss ?? Number.NaN;
  return rows.map(pointOf).filter(({ loss }) => loss <= highest);
}

function pointOf(row: TableRow): LawPoint {
  const numParameters = numberIn(row, 'Model Size');
  return {
    numParameters,
    numTokens: numberIn(row, 'Training FLOP') / (6 * numParameters),
    loss: numberIn(row, 'loss'),
  };
}
