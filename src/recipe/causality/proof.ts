import { GroundworkError } from '../../core/index.ts';
import { nodeAt, type Program, sameShape } from '../../tensor/index.ts';
import { compress } from './field.ts';
import { type ForwardNames, type ForwardProgram, forwardProgram, interpret } from './interpretation.ts';
import type { Knowledge, Range } from './knowledge.ts';
import { type Leak, leakIn } from './leak.ts';
import { graphDifference } from './same-graph.ts';

/**
 * Refuses a model that peeks, before anything runs. The proof is made at batches of two and of three rows and carries over to every
 * other size, since the graph must be the same at `batchSize` and since nothing in it may know how many rows there are.
 *
 * @param trace the forward pass at a batch size and the real context length: `tokens` [B, T] to `logits` [B, T, V]
 * @param batchSize B of the Programs that will run
 * @returns the pass at `batchSize`, as it was proved
 * @throws GroundworkError `future-leak`, naming the op and the scope that leak
 */
export function requireCausal(
  trace: (batchSize: number) => Program,
  batchSize: number,
  names: ForwardNames = {},
): Program {
  const [two, three] = [trace(2), trace(3)];
  const [atTwo, atThree] = [forwardProgram(two, names), forwardProgram(three, names)];
  const knownAtTwo = interpret(atTwo);
  const leakAtTwo = leakIn(atTwo, knownAtTwo);
  if (leakAtTwo) throw leakError(leakAtTwo);
  const knownAtThree = interpret(atThree);
  const leakAtThree = leakIn(atThree, knownAtThree);
  if (leakAtThree) throw leakError(leakAtThree);
  const real = batchSize === 2 ? two : batchSize === 3 ? three : trace(batchSize);
  const difference =
    graphDifference(two, three, names.tokens) ??
    graphDifference(two, real, names.tokens) ??
    graphDifference(three, real, names.tokens);
  if (difference) throw batchError(difference, '');
  const counting = countingNode(atTwo, knownAtTwo, knownAtThree);
  if (counting !== undefined) {
    const { op, scope } = nodeAt(two, counting);
    throw batchError(`${op} gives another constant for another number of rows`, scope);
  }
  return real;
}

/** The error that refuses a leak. */
export function leakError({ sentence, scope }: Leak): GroundworkError {
  return new GroundworkError('future-leak', `the model looks ahead: ${sentence}`, {
    hint:
      'Logits at position t may depend on tokens of their own row up to t only. Mask with where(mask, weights, 0): a large negative ' +
      'score is no proof, since learned scores may outgrow it.',
    scope,
  });
}

function batchError(difference: string, scope: string): GroundworkError {
  return new GroundworkError('future-leak', `the model is not the same for every number of rows: ${difference}`, {
    hint: 'A model must treat each row by itself: take extents from shapes, and let no number depend on the batch size.',
    scope,
  });
}

/**
 * The first node whose bounds change with the number of rows or differ between rows. Where none does, no mask or branch can depend
 * on either, and what holds for two and three rows holds for all.
 */
function countingNode(
  two: ForwardProgram,
  atTwo: readonly Knowledge[],
  atThree: readonly Knowledge[],
): number | undefined {
  const position = two.program.nodes.findIndex((_, i) => {
    const [a, b] = [atTwo[i]?.range, atThree[i]?.range];
    return !a || !b || !(hasEqualRows(a, b, (range) => range.low) && hasEqualRows(a, b, (range) => range.high));
  });
  return position === -1 ? undefined : position;
}

/** True if the bounds at two and at three rows are the same, once or repeated for each row. */
function hasEqualRows(two: Range, three: Range, boundsOf: (range: Range) => Float64Array): boolean {
  const axis = two.shape.findIndex((extent, i) => extent !== three.shape[i]);
  const [a, b] = [boundsOf(two), boundsOf(three)];
  if (axis === -1) return a.every((x, i) => x === b[i]);
  const isEqualIn = (split: (size: number, extent: number) => readonly number[], rows: 0 | 1) => {
    const [x, y] = [
      { numRows: 2, shape: two.shape, data: a },
      { numRows: 3, shape: three.shape, data: b },
    ].map(({ numRows, shape, data }) => {
      const parts = split(numRows, (shape[axis] ?? 1) / numRows);
      const grid = [...shape.slice(0, axis), ...parts, ...shape.slice(axis + 1)];
      const isSplit = parts.every(Number.isInteger);
      const field = isSplit ? compress({ shape: grid, data }) : { shape: grid, data };
      return isSplit && field.shape[axis + rows] === 1 ? field : undefined;
    });
    return (
      x !== undefined &&
      y !== undefined &&
      sameShape(x.shape, y.shape) &&
      x.data.every((value, i) => value === y.data[i])
    );
  };
  return isEqualIn((rows, rest) => [rows, rest], 0) || isEqualIn((rows, rest) => [rest, rows], 1);
}
