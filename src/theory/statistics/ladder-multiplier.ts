import { assert, randomStream } from '../../core/index.ts';
import type { MultiplierEstimate } from './compute-multiplier.ts';
import { leastSquares, quadraticForm } from './least-squares.ts';
import { momentsOf } from './mean-difference.ts';
import { studentQuantile } from './student-distribution.ts';

/** A run of a ladder that both arms climbed. */
export interface LadderArmPoint {
  readonly arm: 'baseline' | 'treatment';
  /** Names the rung; runs of one rung and seed share their noise. */
  readonly rung: string;
  readonly seed: number;
  /** What the run has spent, in the unit of the axis: floating-point operations, seconds or tokens. */
  readonly spent: number;
  readonly loss: number;
  /** Standard deviation of its noise, where it is not the same for all; only the ratios count. */
  readonly sigma?: number;
}

/** What becomes of a multiplier at the target. */
export type MultiplierVerdict = 'holds' | 'shrinks' | 'grows' | 'unknown';

/** A multiplier over a ladder, with its trend. */
export interface LadderMultiplier {
  /** In the middle of the ladder, where it is best known. */
  readonly atCenter: MultiplierEstimate & { readonly spent: number };
  readonly atTarget: MultiplierEstimate & { readonly spent: number };
  /** The factor by which the multiplier changes when ten times as much is spent. */
  readonly trendPerDecade: MultiplierEstimate;
  /**
   * `shrinks` and `grows` where the interval of the trend lies wholly below or above 1; else `holds` where that of the multiplier at the
   * target leaves out 1; else `unknown`.
   */
  readonly verdict: MultiplierVerdict;
  /** Standard deviation about the fit, of a point of sigma 1 where sigmas were given. */
  readonly deviation: number;
  readonly degreesOfFreedom: number;
}

export interface LadderMultiplierOptions {
  /** Where the verdict is wanted; the largest rung unless told. */
  readonly targetSpent?: number;
  /** Of the intervals; 0.95 unless told. */
  readonly level?: number;
  /** `t` from the residuals unless told; `bootstrap` keeps together the runs of one rung and seed. */
  readonly interval?: 't' | 'bootstrap';
  /** Of the bootstrap; 1,000 unless told. */
  readonly numResamples?: number;
  readonly seed?: number;
}

/**
 * Fits both arms at once by least squares: L = p₀ + p₁z + p₂z² with z = x for the baseline and z = x + δ + δ₁x for the treatment,
 * x = ln C − mean ln C. The multiplier is CM(C) = e^(δ + δ₁x), and δ₁ says how it goes with scale.
 *
 * @throws an assertion where an arm has fewer than three rungs or fewer than six points are left
 */
export function ladderMultiplier(
  points: readonly LadderArmPoint[],
  options: LadderMultiplierOptions = {},
): LadderMultiplier {
  const { level = 0.95, interval = 't', numResamples = 1000, seed = 0 } = options;
  for (const arm of ['baseline', 'treatment'] as const) {
    const numRungs = new Set(points.filter((point) => point.arm === arm).map(({ rung }) => rung)).size;
    assert(numRungs >= 3, `the ${arm} has ${numRungs} rungs; three are needed`);
  }
  assert(points.length >= 6, `${points.length} points; six are needed`);
  const data = dataOf(points);
  const target = Float64Array.from(points, ({ loss }) => loss);
  const fit = fitLadder(data, target, [0, 0]);
  assert(fit !== null, 'the arms do not determine a multiplier');
  const targetSpent = options.targetSpent ?? Math.max(...points.map(({ spent }) => spent));
  const targetX = Math.log(targetSpent) - data.center;
  // ln CM in the middle, ln CM at the target, the trend for a factor of ten: combinations of δ and δ₁.
  const combinations: readonly (readonly [number, number])[] = [
    [1, 0],
    [1, targetX],
    [0, Math.LN10],
  ];
  const values = combinations.map(([a, b]) => a * fit.shift + b * fit.trend);
  const intervals =
    interval === 't'
      ? combinations.map(([a, b], i): readonly [number, number] => {
          const error = fit.deviation * Math.sqrt(quadraticForm(fit.inverse, [0, 0, 0, a, b]));
          const radius = -studentQuantile((1 - level) / 2, fit.degreesOfFreedom) * error;
          return [(values[i] ?? 0) - radius, (values[i] ?? 0) + radius];
        })
      : bootstrapIntervals(points, data, fit, combinations, { level, numResamples, seed });
  const [atCenter, atTarget, trendPerDecade] = values.map((value, i): MultiplierEstimate => {
    const [low, high] = intervals[i] ?? [Number.NaN, Number.NaN];
    return { multiplier: Math.exp(value), interval: [Math.exp(low), Math.exp(high)] };
  }) as [MultiplierEstimate, MultiplierEstimate, MultiplierEstimate];
  return {
    atCenter: { ...atCenter, spent: Math.exp(data.center) },
    atTarget: { ...atTarget, spent: targetSpent },
    trendPerDecade,
    verdict: verdictOf(trendPerDecade.interval, atTarget.interval),
    deviation: fit.deviation,
    degreesOfFreedom: fit.degreesOfFreedom,
  };
}

/** What a trend and a multiplier at the target come to. */
export function verdictOf(
  trend: readonly [low: number, high: number],
  atTarget: readonly [low: number, high: number],
): MultiplierVerdict {
  if (trend[1] < 1) return 'shrinks';
  if (trend[0] > 1) return 'grows';
  return atTarget[0] > 1 || atTarget[1] < 1 ? 'holds' : 'unknown';
}

interface LadderData {
  /** Mean of ln C. */
  readonly center: number;
  readonly x: Float64Array;
  readonly isTreatment: Float64Array;
  readonly weights: Float64Array;
}

interface LadderFit {
  /** δ */
  readonly shift: number;
  /** δ₁ */
  readonly trend: number;
  readonly fitted: Float64Array;
  readonly inverse: readonly (readonly number[])[];
  readonly deviation: number;
  readonly degreesOfFreedom: number;
}

function dataOf(points: readonly LadderArmPoint[]): LadderData {
  const logs = points.map(({ spent }) => Math.log(spent));
  const center = logs.reduce((sum, value) => sum + value, 0) / logs.length;
  return {
    center,
    x: Float64Array.from(logs, (value) => value - center),
    isTreatment: Float64Array.from(points, ({ arm }) => (arm === 'treatment' ? 1 : 0)),
    weights: Float64Array.from(points, ({ sigma = 1 }) => 1 / sigma ** 2),
  };
}

/** The Gauss–Newton method on (δ, δ₁), the polynomial being solved for at every step; halves a step that does not improve. */
function fitLadder(
  { x, isTreatment, weights }: LadderData,
  losses: Float64Array,
  start: readonly [shift: number, trend: number],
): LadderFit | null {
  const degreesOfFreedom = losses.length - 5;
  const at = (shift: number, trend: number) => {
    const z = x.map((value, i) => value + (isTreatment[i] as number) * (shift + trend * value));
    const powers = [z.map(() => 1), z, z.map((value) => value * value)];
    const polynomial = leastSquares(powers, losses, weights);
    if (polynomial === null) return null;
    const [p0 = 0, p1 = 0, p2 = 0] = polynomial.coefficients;
    const fitted = z.map((value) => p0 + value * (p1 + value * p2));
    const residuals = losses.map((loss, i) => loss - (fitted[i] as number));
    const squares = residuals.reduce((sum, value, i) => sum + (weights[i] as number) * value * value, 0);
    const slope = z.map((value, i) => (isTreatment[i] as number) * (p1 + 2 * p2 * value));
    const step = leastSquares(
      [...powers, slope, slope.map((value, i) => value * (x[i] as number))],
      residuals,
      weights,
    );
    return step && { shift, trend, fitted, squares, step };
  };
  let best: ReturnType<typeof at> = at(...start);
  for (let round = 0; best !== null && round < 100; round++) {
    const [, , , shiftStep = 0, trendStep = 0] = best.step.coefficients;
    // A step below this moves no digit that the noise leaves; the sums of squares could no longer tell it from rounding.
    if (Math.abs(shiftStep) + Math.abs(trendStep) < 1e-10) break;
    let next: ReturnType<typeof at> = null;
    for (let share = 1; share > 1e-6 && next === null; share /= 2) {
      const trial = at(best.shift + share * shiftStep, best.trend + share * trendStep);
      if (trial !== null && trial.squares <= best.squares) next = trial;
    }
    if (next === null) break;
    best = next;
  }
  if (best === null) return null;
  const { shift, trend, fitted, squares, step } = best;
  return {
    shift,
    trend,
    fitted,
    inverse: step.inverse,
    deviation: Math.sqrt(squares / degreesOfFreedom),
    degreesOfFreedom,
  };
}

/**
 * The wild cluster bootstrap: the residuals of each (rung, seed) are multiplied by one random number, so that runs that share their
 * noise go on sharing it (Cameron, Gelbach and Miller 2008; the six numbers of Webb 2023 for few clusters). With clusters this few
 * the percentiles would be too narrow, so the interval is that of t around the fit with the standard deviation of the resamples, on as
 * many degrees of freedom as there are clusters less the two of the multiplier, and no more than the fit leaves.
 */
function bootstrapIntervals(
  points: readonly LadderArmPoint[],
  data: LadderData,
  fit: LadderFit,
  combinations: readonly (readonly [number, number])[],
  { level, numResamples, seed }: { readonly level: number; readonly numResamples: number; readonly seed: number },
): (readonly [number, number])[] {
  const random = randomStream(seed, 'ladder multiplier');
  const clusters = new Map<string, number>();
  const clusterOf = points.map(({ rung, seed: runSeed }) => {
    const key = JSON.stringify([rung, runSeed]);
    const index = clusters.get(key) ?? clusters.size;
    clusters.set(key, index);
    return index;
  });
  const multipliers = [-Math.sqrt(1.5), -1, -Math.sqrt(0.5), Math.sqrt(0.5), 1, Math.sqrt(1.5)];
  // Residuals of a fit are smaller than the noise they come from.
  const inflation = Math.sqrt(points.length / fit.degreesOfFreedom);
  const samples: LadderFit[] = [];
  for (let i = 0; i < numResamples; i++) {
    const factors = Array.from(clusters, () => inflation * (multipliers[random.nextInteger(6)] as number));
    const losses = fit.fitted.map(
      (value, j) => value + (factors[clusterOf[j] as number] as number) * ((points[j]?.loss ?? 0) - value),
    );
    const sample = fitLadder(data, losses, [fit.shift, fit.trend]);
    if (sample !== null) samples.push(sample);
  }
  const degreesOfFreedom = Math.max(1, Math.min(clusters.size - 2, fit.degreesOfFreedom));
  const reach = -studentQuantile((1 - level) / 2, degreesOfFreedom);
  return combinations.map(([a, b]) => {
    const { sumOfSquares, num } = momentsOf(samples.map(({ shift, trend }) => a * shift + b * trend));
    const value = a * fit.shift + b * fit.trend;
    const radius = reach * Math.sqrt(sumOfSquares / (num - 1));
    return [value - radius, value + radius];
  });
}
