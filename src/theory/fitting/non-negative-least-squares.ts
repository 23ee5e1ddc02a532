import { dot } from './dot-product.ts';

/**
 * A solver of non-negative least squares for k unknowns: the x ≥ 0 that minimises |M·x − y|², from the products MᵀM and Mᵀy.
 * It tries every set of unknowns that may differ from zero, which suits k ≤ 5 or thereabouts, all of them first: where that
 * solution is non-negative it is the best one. Each call overwrites `solution`, so that a grid of thousands allocates nothing.
 */
export interface NonNegativeSolver {
  /** x of the last call. */
  readonly solution: Float64Array;
  /**
   * @param gram MᵀM, k × k by rows
   * @param moments Mᵀy, k numbers
   * @param squares yᵀy
   * @returns |M·x − y|², at least 0
   */
  solve(gram: Float64Array, moments: Float64Array, squares: number): number;
}

/** A diagonal element that elimination has brought down to this part of itself: its column is a mix of others. */
const dependent = 1e-13;

export function nonNegativeSolver(k: number): NonNegativeSolver {
  const solution = new Float64Array(k);
  const candidate = new Float64Array(k);
  const factor = new Float64Array(k * k);
  const members = new Int32Array(k);

  /** Solves the normal equations for the unknowns of a set by Cholesky's method; false where one comes out negative. */
  const solveFor = (set: number, gram: Float64Array, moments: Float64Array): boolean => {
    let m = 0;
    candidate.fill(0);
    // Indices stay below k throughout: these loops run for every cell of every grid.
    for (let i = 0; i < k; i++) if ((set >> i) & 1) members[m++] = i;
    for (let i = 0; i < m; i++) {
      const row = members[i] as number;
      for (let j = 0; j <= i; j++) {
        const whole = gram[row * k + (members[j] as number)] as number;
        let sum = whole;
        for (let l = 0; l < j; l++) sum -= (factor[i * k + l] as number) * (factor[j * k + l] as number);
        if (i > j) factor[i * k + j] = sum / (factor[j * k + j] as number);
        else if (sum > dependent * whole) factor[i * k + i] = Math.sqrt(sum);
        // A smaller set says the same.
        else return false;
      }
      let sum = moments[row] as number;
      for (let l = 0; l < i; l++) sum -= (factor[i * k + l] as number) * (candidate[members[l] as number] as number);
      candidate[row] = sum / (factor[i * k + i] as number);
    }
    for (let i = m - 1; i >= 0; i--) {
      const row = members[i] as number;
      let sum = candidate[row] as number;
      for (let l = i + 1; l < m; l++)
        sum -= (factor[l * k + i] as number) * (candidate[members[l] as number] as number);
      candidate[row] = sum / (factor[i * k + i] as number);
      if ((candidate[row] as number) < 0) return false;
    }
    return true;
  };

  return {
    solution,
    solve(gram, moments, squares) {
      let best = squares;
      solution.fill(0);
      const all = 2 ** k - 1;
      for (let set = all; set > 0; set--) {
        if (!solveFor(set, gram, moments)) continue;
        let explained = 0;
        for (let i = 0; i < k; i++) explained += (candidate[i] as number) * (moments[i] as number);
        if (squares - explained < best) {
          best = squares - explained;
          solution.set(candidate);
          if (set === all) break;
        }
      }
      return Math.max(0, best);
    },
  };
}

/** The best non-negative amounts of a few columns. */
export interface NonNegativeFit {
  /** One for each column, at least 0. */
  readonly amounts: Float64Array;
  /** Σ (target − Σ amount·column)², summed up from the residuals themselves. */
  readonly squares: number;
}

/**
 * Non-negative least squares of a target on a few columns: what is left of a fit once its exponents are chosen. Columns are scaled to
 * the same length first, since exponents make them differ by many powers of ten.
 *
 * @param columns of the length of the target; up to five
 */
export function fitNonNegative(columns: readonly Float64Array[], target: Float64Array): NonNegativeFit {
  const k = columns.length;
  const lengths = columns.map((column) => Math.sqrt(dot(column, column)) || 1);
  const gram = new Float64Array(k * k);
  const moments = new Float64Array(k);
  for (const [i, a] of columns.entries()) {
    for (const [j, b] of columns.entries()) {
      gram[i * k + j] =
        j < i ? (gram[j * k + i] as number) : dot(a, b) / ((lengths[i] as number) * (lengths[j] as number));
    }
    moments[i] = dot(a, target) / (lengths[i] as number);
  }
  const { solution: amounts, solve } = nonNegativeSolver(k);
  solve(gram, moments, dot(target, target));
  for (let i = 0; i < k; i++) amounts[i] = (amounts[i] as number) / (lengths[i] as number);
  let squares = 0;
  for (let row = 0; row < target.length; row++) {
    let rest = target[row] as number;
    for (let i = 0; i < k; i++) rest -= (amounts[i] as number) * ((columns[i] as Float64Array)[row] as number);
    squares += rest * rest;
  }
  return { amounts, squares };
}
