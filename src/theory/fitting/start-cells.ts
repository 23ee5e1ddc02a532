import { dot } from './dot-product.ts';
import { absentTerm, alphaAt, betaAt, numVariables } from './law-objective.ts';
import { nonNegativeSolver } from './non-negative-least-squares.ts';
import type { Observations } from './observations.ts';
import type { DifferentiableFunction } from './quasi-newton.ts';

/** A pair of exponents with the best terms for them. */
export interface StartCell {
  /** Variables of the objective, ready to be refined. */
  readonly theta: Float64Array;
  /** Place in the grid, in steps of it. */
  readonly row: number;
  readonly column: number;
  readonly value: number;
}

export interface StartGrid {
  /** Exponents tried on each axis, evenly spaced in their logarithm. */
  readonly numExponents: number;
  readonly lowest: number;
  readonly highest: number;
}

/** Exponents of published laws lie between 0.13 and 0.71; this reaches well beyond. */
export const fineGrid: StartGrid = { numExponents: 24, lowest: 0.02, highest: 3 };
/** For resamples of points whose fit is known: shows whether there is another valley. */
export const coarseGrid: StartGrid = { numExponents: 8, lowest: 0.05, highest: 1.8 };

/** A term that comes out as zero starts at this fraction of the lowest loss: from zero a logarithm cannot grow. */
const smallestShare = 1e-3;

const exponentOf = ({ numExponents, lowest, highest }: StartGrid, i: number): number =>
  lowest * (highest / lowest) ** (i / (numExponents - 1));

/** Where an exponent lies on an axis of a grid, in steps from its lowest one. */
export const gridPosition = ({ numExponents, lowest, highest }: StartGrid, exponent: number): number =>
  (Math.log(exponent / lowest) / Math.log(highest / lowest)) * (numExponents - 1);

/**
 * The cells of a grid over (alpha, beta), each with the non-negative terms E, A′, B′ of least squared relative error. For
 * given exponents the law is linear in them, which leaves a search in two dimensions whose condition number is about ten,
 * against 1e11 for the five numbers together.
 *
 * @param objective ranks the cells; without one they rank by the sum of squared relative errors
 * @param isAbsent for E, A′ and B′: whether the law does without
 */
export function gridCells(
  observations: Observations,
  grid: StartGrid,
  objective: DifferentiableFunction | undefined,
  isAbsent: readonly boolean[] = [],
): StartCell[] {
  const { logSize, logTokens, logLoss, weight, totalWeight, lowestLoss } = observations;
  // Columns of the linear system, each divided by the loss and multiplied by the root of the weight.
  const root = weight.map(Math.sqrt);
  const floorColumn = logLoss.map((l, i) => (root[i] as number) * Math.exp(-l));
  const columnsOf = (logs: Float64Array) =>
    Array.from({ length: grid.numExponents }, (_, i) => {
      const exponent = exponentOf(grid, i);
      return floorColumn.map((u, j) => u * Math.exp(-exponent * (logs[j] as number)));
    });
  const [sizeColumns, tokenColumns] = [columnsOf(logSize), columnsOf(logTokens)];
  const sums = (columns: readonly Float64Array[]) =>
    columns.map((column) => ({
      byFloor: dot(column, floorColumn),
      bySelf: dot(column, column),
      byOne: dot(column, root),
    }));
  const [sizeSums, tokenSums] = [sums(sizeColumns), sums(tokenColumns)];
  const [floorBySelf, floorByOne] = [dot(floorColumn, floorColumn), dot(floorColumn, root)];

  const [gram, moments] = [new Float64Array(9), new Float64Array(3)];
  const { solve, solution: terms } = nonNegativeSolver(3);
  const gradient = new Float64Array(numVariables);
  const cells: StartCell[] = [];
  for (const [row, size] of sizeSums.entries()) {
    for (const [column, tokens] of tokenSums.entries()) {
      const cross = dot(sizeColumns[row] as Float64Array, tokenColumns[column] as Float64Array);
      gram.set([floorBySelf, size.byFloor, tokens.byFloor, size.byFloor, size.bySelf, cross]);
      gram.set([tokens.byFloor, cross, tokens.bySelf], 6);
      moments.set([floorByOne, size.byOne, tokens.byOne]);
      // A column of zeros explains nothing, so its term comes out as zero.
      for (let i = 0; i < 3; i++) {
        if (!isAbsent[i]) continue;
        moments[i] = 0;
        for (let j = 0; j < 3; j++) gram[i * 3 + j] = gram[j * 3 + i] = i === j ? 1 : 0;
      }
      const squares = solve(gram, moments, totalWeight);
      const theta = new Float64Array(numVariables);
      for (let i = 0; i < 3; i++) {
        theta[i] = isAbsent[i] ? absentTerm : Math.log(Math.max(terms[i] as number, smallestShare * lowestLoss));
      }
      theta[alphaAt] = Math.log(exponentOf(grid, row));
      theta[betaAt] = Math.log(exponentOf(grid, column));
      cells.push({ theta, row, column, value: objective === undefined ? squares : objective(theta, gradient) });
    }
  }
  return cells;
}

/** The best cells of a grid that lie at least `separation` steps apart on one of the axes, best first. */
export function separatedCells(cells: readonly StartCell[], count: number, separation: number): StartCell[] {
  const chosen: StartCell[] = [];
  for (const cell of [...cells].sort((a, b) => a.value - b.value)) {
    if (chosen.length === count) break;
    const isApart = chosen.every(
      (other) => Math.max(Math.abs(other.row - cell.row), Math.abs(other.column - cell.column)) >= separation,
    );
    if (isApart) chosen.push(cell);
  }
  return chosen;
}

/** The bottoms of the valleys in a grid: cells that none of their eight neighbours beats. */
export function valleyCells(cells: readonly StartCell[], { numExponents }: StartGrid): StartCell[] {
  return cells.filter(({ row, column, value }) => {
    for (let i = Math.max(0, row - 1); i <= Math.min(numExponents - 1, row + 1); i++) {
      for (let j = Math.max(0, column - 1); j <= Math.min(numExponents - 1, column + 1); j++) {
        if ((cells[i * numExponents + j]?.value ?? Number.POSITIVE_INFINITY) < value) return false;
      }
    }
    return true;
  });
}
