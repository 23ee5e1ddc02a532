import { assert } from '../../core/index.ts';

/** A linear model fitted by least squares. */
export interface LinearFit {
  readonly coefficients: readonly number[];
  /** (XᵀWX)⁻¹: times the variance of a point of weight 1 it is the covariance of the coefficients. */
  readonly inverse: readonly (readonly number[])[];
}

/**
 * Coefficients that minimise Σ w_i(y_i − Σ_j x_ij·c_j)², for a few columns, by the normal equations of columns scaled to one length.
 *
 * @param columns x, one array for each unknown
 * @param target y
 * @param weights w, above 0
 * @returns null where the columns depend on each other, so that the coefficients are not determined
 */
export function leastSquares(
  columns: readonly Float64Array[],
  target: Float64Array,
  weights: Float64Array,
): LinearFit | null {
  const product = (a: Float64Array, b: Float64Array): number =>
    a.reduce((sum, x, i) => sum + (weights[i] as number) * x * (b[i] as number), 0);
  const lengths = columns.map((column) => Math.sqrt(product(column, column)));
  const gram = columns.map((a, i) => columns.map((b, j) => product(a, b) / ((lengths[i] ?? 1) * (lengths[j] ?? 1))));
  const scaled = inverseOf(gram);
  if (scaled === null) return null;
  const inverse = scaled.map((row, i) => row.map((value, j) => value / ((lengths[i] ?? 1) * (lengths[j] ?? 1))));
  const moments = columns.map((column) => product(column, target));
  return { coefficients: inverse.map((row) => dot(row, moments)), inverse };
}

/** gᵀVg, the variance of a combination of coefficients up to the variance of a point. */
export function quadraticForm(inverse: readonly (readonly number[])[], gradient: readonly number[]): number {
  return dot(
    gradient,
    inverse.map((row) => dot(row, gradient)),
  );
}

/** The inverse of a small matrix with a unit diagonal, by Gauss and Jordan with pivoting; null where it is as good as singular. */
function inverseOf(matrix: readonly (readonly number[])[]): number[][] | null {
  const k = matrix.length;
  const rows = matrix.map((row, i) => [...row, ...row.map((_, j) => (i === j ? 1 : 0))]);
  for (let column = 0; column < k; column++) {
    const size = (i: number): number => Math.abs(rows[i]?.[column] ?? 0);
    let pivot = column;
    for (let i = column + 1; i < k; i++) if (size(i) > size(pivot)) pivot = i;
    // Also where the matrix holds a NaN.
    if (!(size(pivot) > 1e-13)) return null;
    const [upper, lower] = [rows[column], rows[pivot]];
    assert(upper !== undefined && lower !== undefined, 'a matrix lacks a row');
    rows[pivot] = upper;
    const scaled = lower.map((value) => value / (lower[column] ?? 1));
    rows[column] = scaled;
    rows.forEach((row, i) => {
      if (i === column) return;
      const factor = row[column] ?? 0;
      rows[i] = row.map((value, j) => value - factor * (scaled[j] ?? 0));
    });
  }
  return rows.map((row) => row.slice(k));
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}
