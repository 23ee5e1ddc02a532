import { nonNegativeSolver } from '../fitting/non-negative-least-squares.ts';

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

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}
