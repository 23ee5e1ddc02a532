import { GroundworkError } from '../../core/index.ts';
import { fitNonNegative } from '../fitting/non-negative-least-squares.ts';
import { minimise } from '../fitting/quasi-newton.ts';
import { alongTrace, annealedAlong, type ScheduleTrace, traceSchedule } from './annealing.ts';
import { type CurveLaw, curveLossesOf, type TrainingCurve } from './curve-law.ts';

export interface CurveFitOptions {
  /**
   * Points before this share of a run, 0.1 by default, or before three times the steps of warm-up (but no more than half the run) are
   * left out: the first steep fall follows no such law.
   */
  readonly fromShare?: number;
}

/** How far a point of a curve lies from the law. */
export interface CurveResidual {
  /** Index of the curve among those that were given. */
  readonly curve: number;
  /** Steps done over steps of the run. */
  readonly share: number;
  /** loss / law − 1 */
  readonly relative: number;
}

export interface CurveFit {
  readonly law: CurveLaw;
  /** Root of the mean squared relative residual. */
  readonly error: number;
  readonly residuals: readonly CurveResidual[];
  readonly numCurves: number;
  readonly numPoints: number;
}

/** The points of all curves, as the fit needs them. */
interface CurveObservations {
  readonly traces: readonly ScheduleTrace[];
  readonly curveOf: Int32Array;
  readonly step: Float64Array;
  readonly loss: Float64Array;
  /** ln N and ln S1, each less its mean. */
  readonly logSize: Float64Array;
  readonly logArea: Float64Array;
  readonly meanLogSize: number;
  readonly meanLogArea: number;
  readonly hasSizes: boolean;
}

const leastPoints = 8;
const logSteps = (low: number, high: number, num: number): number[] =>
  Array.from({ length: num }, (_, i) => low * (high / low) ** (i / (num - 1)));
const betaGrid = logSteps(0.06, 1.5, 14);
const alphaGrid = logSteps(0.06, 1.5, 10);
/** Memories as shares of the longest run; a memory that is long beside every decay cannot be told from a longer one. */
const memoryGrid = logSteps(1e-3, 1, 8);
/** No exponent and no memory leaves this range: beyond, curves no longer tell values apart. */
const [firstLog, lastLog] = [Math.log(1e-4), Math.log(10)];

/**
 * Fits the law of the loss along runs by least squares of the relative residual. For given exponents and memory the law is linear in its
 * amounts, which come by non-negative least squares; exponents and memory are searched on a grid and followed from its best cell to the
 * minimum. A term for the size is fitted where the curves have three sizes or more.
 *
 * @param curves of one size, or of three and more
 * @throws GroundworkError `usage`, for too few points, two sizes or a loss that is no number above zero
 */
export function fitCurveLaw(curves: readonly TrainingCurve[], options: CurveFitOptions = {}): CurveFit {
  const observed = observe(curves, options);
  const { hasSizes, loss, traces } = observed;
  const longest = Math.max(...traces.map(({ numSteps }) => numSteps));
  const amountsAt = projection(observed);

  let best = { squares: Number.POSITIVE_INFINITY, beta: 0, alpha: 0, memory: 0 };
  for (const memory of memoryGrid) {
    for (const beta of betaGrid) {
      for (const alpha of hasSizes ? alphaGrid : [1]) {
        const { squares } = amountsAt(beta, alpha, memory * longest);
        if (squares < best.squares) best = { squares, beta, alpha, memory };
      }
    }
  }
  // In logarithms of what is above zero; squares in units of what the grid left, so that gradients have a common size.
  const start = [best.beta, best.memory, ...(hasSizes ? [best.alpha] : [])].map(Math.log);
  const unit = best.squares || 1;
  const projectedAt = (logs: ArrayLike<number>): Projected => {
    const [beta, memory, alpha] = [0, 1, 2].map((i) => Math.exp(Math.min(lastLog, Math.max(firstLog, logs[i] ?? 0))));
    return amountsAt(beta as number, alpha as number, (memory as number) * longest);
  };
  const squaresAt = (logs: ArrayLike<number>): number => projectedAt(logs).squares / unit;
  const { point } = minimise(withDifferences(squaresAt), start, { gradientTolerance: 1e-7, maxEvaluations: 400 });
  const { law, residuals, squares } = projectedAt(point);
  return {
    law,
    error: Math.sqrt(squares / loss.length),
    residuals: Array.from(residuals(), (relative, i) => {
      const curve = observed.curveOf[i] as number;
      return { curve, share: (observed.step[i] as number) / (traces[curve] as ScheduleTrace).numSteps, relative };
    }),
    numCurves: new Set(observed.curveOf).size,
    numPoints: loss.length,
  };
}

/**
 * Residuals of curves against laws that were fitted without them: each size is left out once, or each curve where all are of one size.
 * They say how far a curve that is foretold will lie from the law, which those of a fit itself understate.
 *
 * @returns in the order of the curves; undefined, where too little would be left to fit
 */
export function heldOutResiduals(
  curves: readonly TrainingCurve[],
  options: CurveFitOptions = {},
): CurveResidual[] | undefined {
  const sizes = [...new Set(curves.map(({ numParameters }) => numParameters))];
  const groups = curves.map(({ numParameters }, i) => (sizes.length === 1 ? i : numParameters));
  const numGroups = new Set(groups).size;
  if (numGroups < (sizes.length === 1 ? 2 : 4)) return undefined;
  const residuals: CurveResidual[] = [];
  for (const group of new Set(groups)) {
    const rest = curves.filter((_, i) => groups[i] !== group);
    if (numUsed(rest, options) < leastPoints) return undefined;
    const { law } = fitCurveLaw(rest, options);
    for (const [curve, run] of curves.entries()) {
      if (groups[curve] !== group) continue;
      const used = usedPoints(run, traceSchedule(run), options);
      const losses = curveLossesOf(
        law,
        run,
        used.map(({ step }) => step),
      );
      for (const [i, { step, loss }] of used.entries()) {
        residuals.push({ curve, share: step / run.numSteps, relative: loss / (losses[i] as number) - 1 });
      }
    }
  }
  return residuals.sort((a, b) => a.curve - b.curve || a.share - b.share);
}

const numUsed = (curves: readonly TrainingCurve[], options: CurveFitOptions): number =>
  curves.reduce((sum, curve) => sum + usedPoints(curve, traceSchedule(curve), options).length, 0);

/** The points of a curve that a law is asked to follow. */
function usedPoints(
  { points, numSteps }: TrainingCurve,
  trace: ScheduleTrace,
  { fromShare = 0.1 }: CurveFitOptions,
): TrainingCurve['points'] {
  const from = Math.max(1, fromShare * numSteps, Math.min(numSteps / 2, 3 * warmupStepsOf(trace)));
  return points.filter(({ step }) => step >= from);
}

function fault(message: string): GroundworkError {
  return new GroundworkError('usage', message, {
    hint: 'Curves for this law come from one size with several schedules or durations, or from three sizes and more.',
  });
}

function observe(curves: readonly TrainingCurve[], options: CurveFitOptions): CurveObservations {
  const traces = curves.map(traceSchedule);
  const rows = curves.flatMap((one, curve) => {
    const { numParameters, batchTokens } = one;
    const trace = traces[curve] as ScheduleTrace;
    return usedPoints(one, trace, options).map(({ step, loss }) => {
      if (!(loss > 0 && Number.isFinite(loss))) {
        throw fault(`Curve ${curve + 1} has a loss of ${loss} after ${step} steps, expected a number above zero`);
      }
      const area = batchTokens * alongTrace(trace, trace.sums, step);
      if (!(numParameters > 0 && Number.isFinite(numParameters) && area > 0 && Number.isFinite(area))) {
        throw fault(
          `Curve ${curve + 1} has ${numParameters} parameters and ${area} tokens at the peak rate after ${step} steps, expected both above zero`,
        );
      }
      return { curve, step, loss, logSize: Math.log(numParameters), logArea: Math.log(area) };
    });
  });
  if (rows.length < leastPoints) {
    throw fault(`A law of loss curves needs ${leastPoints} points, and there are ${rows.length} after the first steps`);
  }
  const numSizes = new Set(rows.map(({ logSize }) => logSize)).size;
  if (numSizes === 2) throw fault('The curves are of two sizes, expected one, or three and more');
  const meanOf = (name: 'logSize' | 'logArea'): number => rows.reduce((sum, row) => sum + row[name], 0) / rows.length;
  const [meanLogSize, meanLogArea] = [meanOf('logSize'), meanOf('logArea')];
  return {
    traces,
    curveOf: Int32Array.from(rows, ({ curve }) => curve),
    step: Float64Array.from(rows, ({ step }) => step),
    loss: Float64Array.from(rows, ({ loss }) => loss),
    logSize: Float64Array.from(rows, ({ logSize }) => logSize - meanLogSize),
    logArea: Float64Array.from(rows, ({ logArea }) => logArea - meanLogArea),
    meanLogSize,
    meanLogArea,
    hasSizes: numSizes > 2,
  };
}

/** Steps until a schedule first stands at its peak. */
function warmupStepsOf({ factors, stepsPerBlock }: ScheduleTrace): number {
  const peak = factors.reduce((most, factor) => Math.max(most, factor), 0);
  return factors.findIndex((factor) => factor >= 0.999 * peak) * stepsPerBlock;
}

interface Projected {
  readonly law: CurveLaw;
  readonly squares: number;
  /** loss / law − 1, worked out when asked for: a search asks for squares alone. */
  readonly residuals: () => Float64Array;
}

/** The best amounts for given exponents and memory; what depends on one of them alone is kept for the next call. */
function projection(observed: CurveObservations): (beta: number, alpha: number, memorySteps: number) => Projected {
  const { loss, logArea, logSize, meanLogArea, meanLogSize, hasSizes, traces, curveOf, step } = observed;
  const ones = new Float64Array(loss.length).fill(1);
  // All columns are divided by the loss: the residual is relative.
  const floor = loss.map((value) => 1 / value);
  const power = (logs: Float64Array) => (exponent: number) =>
    logs.map((log, i) => Math.exp(-exponent * log) * (floor[i] as number));
  const annealed = (memorySteps: number): Float64Array => {
    const along = traces.map((trace) => annealedAlong(trace, memorySteps));
    return step.map((done, i) => {
      const curve = curveOf[i] as number;
      const value = alongTrace(traces[curve] as ScheduleTrace, along[curve] as Float64Array, done);
      return -value * (floor[i] as number);
    });
  };
  const [areaAt, sizeAt, annealedAt] = [power(logArea), power(logSize), annealed].map(rememberLast) as [
    (exponent: number) => Float64Array,
    (exponent: number) => Float64Array,
    (memorySteps: number) => Float64Array,
  ];
  return (beta, alpha, memorySteps) => {
    const columns = [floor, areaAt(beta), annealedAt(memorySteps), ...(hasSizes ? [sizeAt(alpha)] : [])];
    const { amounts, squares } = fitNonNegative(columns, ones);
    const [E, scaledB, gain, scaledA = 0] = amounts as unknown as readonly [number, number, number, number?];
    const residuals = (): Float64Array =>
      ones.map((one, i) => {
        const lawOverLoss = columns.reduce((sum, column, j) => sum + (amounts[j] as number) * (column[i] as number), 0);
        return one / lawOverLoss - 1;
      });
    return {
      law: {
        E,
        size: hasSizes ? { A: scaledA * Math.exp(alpha * meanLogSize), alpha } : null,
        B: scaledB * Math.exp(beta * meanLogArea),
        beta,
        gain,
        memorySteps,
      },
      squares,
      residuals,
    };
  };
}

/** Calls a function again only where its argument is another than last time. */
function rememberLast(f: (x: number) => Float64Array): (x: number) => Float64Array {
  let last = Number.NaN;
  let value: Float64Array = new Float64Array(0);
  return (x) => {
    if (x !== last) [last, value] = [x, f(x)];
    return value;
  };
}

/** A function with its gradient by central differences, for a handful of variables in logarithms. */
function withDifferences(f: (point: ArrayLike<number>) => number) {
  const width = 1e-4;
  return (point: Float64Array, gradient: Float64Array): number => {
    const moved = point.slice();
    for (let i = 0; i < point.length; i++) {
      const x = point[i] as number;
      moved[i] = x + width;
      const above = f(moved);
      moved[i] = x - width;
      gradient[i] = (above - f(moved)) / (2 * width);
      moved[i] = x;
    }
    return f(point);
  };
}
