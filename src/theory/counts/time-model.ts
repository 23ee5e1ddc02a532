import { assert } from '../../core/index.ts';

/** What a step asks of a machine. */
export interface StepCost {
  /** Floating-point operations of matrix products. */
  readonly matrixFlops: number;
  /** Bytes that everything else reads and writes. */
  readonly movedBytes: number;
  /** Operations that are started one after the other. */
  readonly numKernels: number;
}

/** A step with the time that it took. */
export interface TimedStep extends StepCost {
  readonly milliseconds: number;
}

/**
 * t = matrixFlops / rate + movedBytes / bandwidth + numKernels · overhead. A sum, not the larger of the two first terms: kernels run
 * one after the other, and each is limited by one of them.
 */
export interface TimeModel {
  /** Milliseconds of 1e9 floating-point operations in matrix products. */
  readonly msPerGigaflop: number;
  /** Milliseconds of 1e9 bytes that are moved. */
  readonly msPerGigabyte: number;
  /** Milliseconds of starting one kernel. */
  readonly msPerKernel: number;
}

/**
 * Fitted to the processor time of seven steps of `baseline` on one thread of a machine that was busy with much else (docs/notebook.md, "Time
 * of a step"). Of another machine only what the three parts are to each other is taken from it.
 */
export const referenceTimeModel: TimeModel = { msPerGigaflop: 14.1, msPerGigabyte: 53.8, msPerKernel: 0.0074 };

/** The time of a step that was not measured, in milliseconds. */
export function predictStepMs(model: TimeModel, { matrixFlops, movedBytes, numKernels }: StepCost): number {
  return (
    (model.msPerGigaflop * matrixFlops) / 1e9 +
    (model.msPerGigabyte * movedBytes) / 1e9 +
    model.msPerKernel * numKernels
  );
}

/** How far a coefficient is held to the stretched reference: as much as a probe that missed by this share of it. */
const heldShare = 0.02;

/**
 * Fits the model to probes: first one factor on the reference as a whole, then each coefficient by least squares of the relative error,
 * held to the stretched reference where the probes cannot tell the coefficients apart, and never below 0.
 *
 * @param probes at least one
 */
export function calibrateTimeModel(probes: readonly TimedStep[], reference: TimeModel = referenceTimeModel): TimeModel {
  assert(probes.length > 0, 'a time model is calibrated from no probe');
  const stretch = Math.exp(
    probes.reduce((sum, probe) => sum + Math.log(probe.milliseconds / predictStepMs(reference, probe)), 0) /
      probes.length,
  );
  // Unknowns are the factors on the stretched reference, so that one tolerance serves all three.
  const start = [reference.msPerGigaflop, reference.msPerGigabyte, reference.msPerKernel].map((x) => x * stretch) as [
    number,
    number,
    number,
  ];
  const rows = probes.map(({ matrixFlops, movedBytes, numKernels, milliseconds }) =>
    [matrixFlops / 1e9, movedBytes / 1e9, numKernels].map((amount, i) => (amount * (start[i] ?? 0)) / milliseconds),
  );
  const targets = probes.map(() => 1);
  for (let i = 0; i < 3; i++) {
    rows.push([0, 1, 2].map((j) => (i === j ? heldShare : 0)));
    targets.push(heldShare);
  }
  const factors = leastSquaresOfThree(rows, targets);
  return {
    msPerGigaflop: start[0] * (factors[0] ?? 0),
    msPerGigabyte: start[1] * (factors[1] ?? 0),
    msPerKernel: start[2] * (factors[2] ?? 0),
  };
}

/** Least squares over non-negative unknowns, exact: the best of all eight choices of which are zero. */
function leastSquaresOfThree(rows: readonly (readonly number[])[], targets: readonly number[]): readonly number[] {
  let best: { readonly error: number; readonly x: readonly number[] } | undefined;
  for (let mask = 7; mask >= 0; mask--) {
    const kept = [0, 1, 2].filter((i) => (mask >> i) & 1);
    const solution = normalEquations(rows, targets, kept);
    if (solution === undefined || solution.some((value) => value < 0)) continue;
    const x = [0, 1, 2].map((i) => (kept.includes(i) ? (solution[kept.indexOf(i)] ?? 0) : 0));
    const error = rows.reduce(
      (sum, row, i) => sum + (row.reduce((dot, a, j) => dot + a * (x[j] ?? 0), 0) - (targets[i] ?? 0)) ** 2,
      0,
    );
    if (best === undefined || error < best.error) best = { error, x };
  }
  assert(best !== undefined, 'all zero is always a solution');
  return best.x;
}

/** Solves (AᵀA) x = Aᵀ b over the chosen columns by elimination; undefined where it is singular. */
function normalEquations(
  rows: readonly (readonly number[])[],
  targets: readonly number[],
  columns: readonly number[],
): readonly number[] | undefined {
  const size = columns.length;
  const at = (row: readonly number[], i: number) => row[columns[i] ?? 0] ?? 0;
  const matrix = Array.from({ length: size }, (_, i) => [
    ...Array.from({ length: size }, (_, j) => rows.reduce((sum, row) => sum + at(row, i) * at(row, j), 0)),
    rows.reduce((sum, row, k) => sum + at(row, i) * (targets[k] ?? 0), 0),
  ]);
  for (let pivot = 0; pivot < size; pivot++) {
    const pivotRow = matrix[pivot];
    // Positive definite, so no rows need to be exchanged.
    const divisor = pivotRow?.[pivot] ?? 0;
    if (pivotRow === undefined || divisor <= 1e-12) return undefined;
    for (const [i, row] of matrix.entries()) {
      if (i === pivot) continue;
      const factor = (row[pivot] ?? 0) / divisor;
      for (let j = pivot; j <= size; j++) row[j] = (row[j] ?? 0) - factor * (pivotRow[j] ?? 0);
    }
  }
  return matrix.map((row, i) => (row[size] ?? 0) / (row[i] ?? 1));
}
