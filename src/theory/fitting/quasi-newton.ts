import { dot } from './dot-product.ts';

/** A function of several variables: writes its gradient into `gradient` and returns its value, Infinity outside its domain. */
export type DifferentiableFunction = (point: Float64Array, gradient: Float64Array) => number;

export interface MinimiseOptions {
  /** Ends where no component of the gradient is larger, in units of the function per unit of a variable. */
  readonly gradientTolerance?: number;
  /**
   * Ends where the descent that the learnt curvature promises is below this fraction of the value; by default where it is lost
   * in the rounding of the value.
   */
  readonly descentTolerance?: number;
  /** Calls of the function at most; a minimisation that needs more is returned as not converged. */
  readonly maxEvaluations?: number;
  /** Inverse of the Hessian at the start, n × n by rows, where one is known; else it is learnt from the identity. */
  readonly inverseHessian?: Float64Array;
}

/** Where a minimisation ended. */
export interface Minimum {
  readonly point: Float64Array;
  readonly value: number;
  /** Largest component of the gradient there, without its sign. */
  readonly gradientNorm: number;
  /** The inverse Hessian as it was learnt, n × n by rows. */
  readonly inverseHessian: Float64Array;
  readonly numEvaluations: number;
  /** Whether the gradient vanished or no step leads further down; false where the evaluations ran out. */
  readonly converged: boolean;
}

/** Sufficient decrease and curvature of the weak Wolfe conditions. */
const [armijo, curvature] = [1e-4, 0.9];
/** Halvings and doublings of one line search: 2^-60 of a step changes no number any more. */
const maxTrials = 60;

/**
 * The minimum of a function by the method of Broyden, Fletcher, Goldfarb and Shanno (Nocedal & Wright 2006, chapter 6), with
 * the bracketing line search for the weak Wolfe conditions, which also gets along with kinks (Lewis & Overton 2013,
 * algorithm 2.6). For few variables: time and memory grow with their square.
 *
 * It does not stop because the value changes little, which is how published fits came to end early; only where the gradient
 * vanishes, or where no step down can be found even from a fresh start along the gradient.
 *
 * @param start where to begin; the function must be finite there
 */
export function minimise(f: DifferentiableFunction, start: ArrayLike<number>, options: MinimiseOptions = {}): Minimum {
  const { gradientTolerance = 1e-9, descentTolerance = Number.EPSILON, maxEvaluations = 5_000 } = options;
  const n = start.length;
  let point = Float64Array.from(start);
  let gradient = new Float64Array(n);
  let [nextPoint, nextGradient] = [new Float64Array(n), new Float64Array(n)];
  const [direction, change, product] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)];
  const inverseHessian = options.inverseHessian?.slice() ?? identity(n);
  // Before anything is known of the curvature a first step of this length, in all, is a cautious one.
  let isFresh = options.inverseHessian === undefined;
  let value = f(point, gradient);
  let numEvaluations = 1;
  const found = (converged: boolean): Minimum => {
    return { point, value, gradientNorm: largest(gradient), inverseHessian, numEvaluations, converged };
  };

  while (numEvaluations < maxEvaluations) {
    if (largest(gradient) <= gradientTolerance) return found(true);
    multiply(inverseHessian, gradient, direction);
    for (let i = 0; i < n; i++) direction[i] = -(direction[i] as number);
    const slope = dot(gradient, direction);
    // −slope is twice the descent that the matrix promises.
    if (!isFresh && -slope >= 0 && -slope <= descentTolerance * Math.abs(value)) return found(true);
    if (!(slope < 0)) {
      // Rounding has spoilt the matrix.
      if (isFresh) return found(true);
      inverseHessian.set(identity(n));
      isFresh = true;
      continue;
    }

    let step = isFresh ? Math.min(1, 0.1 / Math.sqrt(-slope)) : 1;
    let [low, high, taken] = [0, Number.POSITIVE_INFINITY, 0];
    let [nextValue, nextSlope] = [value, slope];
    const tryStep = (length: number): void => {
      taken = length;
      for (let i = 0; i < n; i++) nextPoint[i] = (point[i] as number) + taken * (direction[i] as number);
      nextValue = f(nextPoint, nextGradient);
      numEvaluations++;
      nextSlope = dot(nextGradient, direction);
    };
    for (let trial = 0; trial < maxTrials && numEvaluations < maxEvaluations; trial++) {
      tryStep(step);
      // Written so that a value that is no number counts as too high.
      if (!(nextValue <= value + armijo * taken * slope)) high = taken;
      else if (nextSlope < curvature * slope) low = taken;
      else break;
      const middle = high < Number.POSITIVE_INFINITY ? (low + high) / 2 : 2 * low;
      if (middle === low || middle === high) break;
      step = middle;
    }
    // At a kink or a wall the search closes in on it from both sides, and the side that goes down is the one to take.
    if (taken === high && low > 0 && numEvaluations < maxEvaluations) tryStep(low);
    if (!(nextValue < value)) {
      if (isFresh) return found(numEvaluations < maxEvaluations);
      inverseHessian.set(identity(n));
      isFresh = true;
      continue;
    }
    const gradientBefore = gradient;
    [point, nextPoint] = [nextPoint, point];
    [gradient, nextGradient] = [nextGradient, gradient];
    value = nextValue;
    if (nextSlope > slope) {
      for (let i = 0; i < n; i++) change[i] = (gradient[i] as number) - (gradientBefore[i] as number);
      learnCurvature(inverseHessian, taken, direction, change, product, isFresh);
      isFresh = false;
    }
  }
  return found(false);
}

/**
 * The update of the inverse Hessian from a step s = step · direction and the change y of the gradient along it, in place:
 * H ← (I − s·yᵀ/yᵀs) H (I − y·sᵀ/yᵀs) + s·sᵀ/yᵀs. The first one scales the identity to the curvature that was met.
 */
function learnCurvature(
  inverseHessian: Float64Array,
  step: number,
  direction: Float64Array,
  change: Float64Array,
  product: Float64Array,
  isFirst: boolean,
): void {
  const n = direction.length;
  const along = step * dot(change, direction);
  if (!(along > 0)) return;
  if (isFirst) {
    const scale = along / dot(change, change);
    for (let i = 0; i < n; i++) inverseHessian[i * n + i] = scale;
  }
  multiply(inverseHessian, change, product);
  const factor = (1 + dot(change, product) / along) / along;
  for (let i = 0; i < n; i++) {
    const si = step * (direction[i] as number);
    for (let j = 0; j < n; j++) {
      const sj = step * (direction[j] as number);
      const outer = factor * si * sj - ((product[i] as number) * sj + si * (product[j] as number)) / along;
      inverseHessian[i * n + j] = (inverseHessian[i * n + j] as number) + outer;
    }
  }
}

function identity(n: number): Float64Array {
  const matrix = new Float64Array(n * n);
  for (let i = 0; i < n; i++) matrix[i * n + i] = 1;
  return matrix;
}

function multiply(matrix: Float64Array, vector: Float64Array, product: Float64Array): void {
  const n = vector.length;
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += (matrix[i * n + j] as number) * (vector[j] as number);
    product[i] = sum;
  }
}

function largest(vector: Float64Array): number {
  let norm = 0;
  for (const x of vector) norm = Math.max(norm, Math.abs(x));
  return norm;
}
