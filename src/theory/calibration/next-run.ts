import { assert } from '../../core/index.ts';
import { weakPrior } from '../fitting/scaling-law-fit.ts';
import { lossOf, type ScalingLaw } from '../scaling-law.ts';
import { calibratedHalfWidth, type IntervalCalibration } from './calibration.ts';
import { type ComputePoint, computeOf, extrapolationFactor, type PredictionTarget } from './extrapolation.ts';
import type { FitErrors } from './fit-errors.ts';
import { shippedCalibration } from './shipped-calibration.ts';

/** What the candidates are judged from: the trainings so far and the law fitted to them. */
export interface DesignSoFar {
  readonly points: readonly ComputePoint[];
  readonly law: ScalingLaw;
  /** How far the fit is off on these points. */
  readonly errors: FitErrors;
}

export interface NextRunOptions {
  /** How wrong forecasts turned out to be; the shipped one unless given. */
  readonly calibration?: IntervalCalibration;
}

/** What one more training would do to the interval of a target. */
export interface RunWorth<Candidate> {
  readonly candidate: Candidate;
  /** Floating-point operations that it costs. */
  readonly flops: number;
  /** Half width of the target's interval of 95 % after it, of ln loss: close to a relative error. */
  readonly halfWidthAfter: number;
  /** By how much it narrows that half width, per floating-point operation. */
  readonly narrowingPerFlop: number;
}

/** Candidates for the next training, best per floating-point operation first. */
export interface NextRunAdvice<Candidate> {
  /** Half width of the target's interval of 95 % as it stands, of ln loss. */
  readonly halfWidthBefore: number;
  readonly ranked: readonly RunWorth<Candidate>[];
}

/** Standard deviation that is allowed beforehand to the logarithms of A and B, at the centre of the points. */
const amplitudeDeviation = 1;
/** Half width of an interval of 95 % in standard deviations. */
const normal95 = 1.96;
/** Trainings scatter by this much at least, as a standard deviation of ln loss, however well a law meets the few that there are. */
const leastNoise = 1e-3;

/**
 * Says which training would narrow the interval of a target most per floating-point operation.
 *
 * The law is taken as linear in its five numbers about the fit, with the weak prior: V = (Σ j·jᵀ/σ² + P)⁻¹, j the gradient
 * of ln loss. On top stands the error of the law's form, a random walk that starts at the largest compute of the points and
 * whose variance m²(f) at the factor f is what the calibration has beyond its value at 1. A training at c then takes
 *
 *   (j_tᵀ·V·j_c + m²(min(f_t, f_c)))² / (j_cᵀ·V·j_c + m²(f_c) + σ²)
 *
 * off the variance j_tᵀ·V·j_t + m²(f_t) + σ² of the target t: a large training helps because the form has less room to err
 * beyond it, a small one because it pins the numbers down. (Optimal design after Chaloner and Verdinelli 1995, c-optimality.)
 *
 * @param candidates trainings to choose from; `flops` is their cost and defaults to 6·N·D
 */
export function nextRunAdvice<Candidate extends PredictionTarget>(
  { points, law, errors }: DesignSoFar,
  candidates: readonly Candidate[],
  target: PredictionTarget,
  { calibration = shippedCalibration }: NextRunOptions = {},
): NextRunAdvice<Candidate> {
  const noise = Math.max(leastNoise, errors.residual) ** 2;
  const centre = centreOf(points);
  const covariance = inverse(information(points, law, centre, noise));
  const formVariance = (factor: number): number => {
    const deviation = (at: number): number => calibratedHalfWidth(calibration, 0.95, at, errors) / normal95;
    return deviation(factor) ** 2 - deviation(1) ** 2;
  };
  const targetGradient = gradientAt(law, target, centre);
  const targetFactor = extrapolationFactor(points, target);
  const before = bilinear(targetGradient, covariance, targetGradient) + formVariance(targetFactor) + noise;

  const worth = (candidate: Candidate): RunWorth<Candidate> => {
    const gradient = gradientAt(law, candidate, centre);
    const factor = extrapolationFactor(points, candidate);
    const shared = bilinear(targetGradient, covariance, gradient) + formVariance(Math.min(targetFactor, factor));
    const own = bilinear(gradient, covariance, gradient) + formVariance(factor) + noise;
    const halfWidthAfter = normal95 * Math.sqrt(before - shared ** 2 / own);
    const flops = computeOf(candidate);
    const narrowingPerFlop = (normal95 * Math.sqrt(before) - halfWidthAfter) / flops;
    return { candidate, flops, halfWidthAfter, narrowingPerFlop };
  };
  return {
    halfWidthBefore: normal95 * Math.sqrt(before),
    ranked: candidates.map(worth).sort((a, b) => b.narrowingPerFlop - a.narrowingPerFlop),
  };
}

/** Where logarithms of N and D are centred, so that the amplitudes hardly depend on the exponents, and the lowest loss. */
interface Centre {
  readonly logSize: number;
  readonly logTokens: number;
  readonly lowestLoss: number;
}

function centreOf(points: readonly ComputePoint[]): Centre {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    logSize: mean(points.map(({ numParameters }) => Math.log(numParameters))),
    logTokens: mean(points.map(({ numTokens }) => Math.log(numTokens))),
    lowestLoss: points.reduce((least, { loss }) => Math.min(least, loss), Number.POSITIVE_INFINITY),
  };
}

/** Gradient of ln loss by (E / lowest loss, ln A, alpha, ln B, beta), amplitudes taken at the centre. */
function gradientAt(law: ScalingLaw, { numParameters, numTokens }: PredictionTarget, centre: Centre): number[] {
  const loss = lossOf(law, numParameters, numTokens);
  const sizeShare = (law.A * numParameters ** -law.alpha) / loss;
  const tokenShare = (law.B * numTokens ** -law.beta) / loss;
  return [
    centre.lowestLoss / loss,
    sizeShare,
    -sizeShare * (Math.log(numParameters) - centre.logSize),
    tokenShare,
    -tokenShare * (Math.log(numTokens) - centre.logTokens),
  ];
}

/** Σ j·jᵀ/σ² over the points, plus the inverse variances of the weak prior. */
function information(points: readonly ComputePoint[], law: ScalingLaw, centre: Centre, noise: number): number[][] {
  const deviations = [
    weakPrior.floorShare.deviation,
    amplitudeDeviation,
    weakPrior.alpha.deviation,
    amplitudeDeviation,
    weakPrior.beta.deviation,
  ];
  const sum = deviations.map((deviation, i) => deviations.map((_, j) => (i === j ? deviation ** -2 : 0)));
  for (const point of points) {
    const gradient = gradientAt(law, point, centre);
    for (const [i, row] of sum.entries()) {
      for (const [j, value] of row.entries()) row[j] = value + ((gradient[i] ?? 0) * (gradient[j] ?? 0)) / noise;
    }
  }
  return sum;
}

function bilinear(left: readonly number[], matrix: readonly (readonly number[])[], right: readonly number[]): number {
  return matrix.reduce(
    (sum, row, i) => sum + (left[i] ?? 0) * row.reduce((inner, value, j) => inner + value * (right[j] ?? 0), 0),
    0,
  );
}

/** The inverse of a positive definite matrix by Gauss and Jordan; no pivoting is needed for such. */
function inverse(matrix: readonly (readonly number[])[]): number[][] {
  const size = matrix.length;
  const rows = matrix.map((row, i) => [...row, ...row.map((_, j) => (i === j ? 1 : 0))]);
  for (const [i, pivotRow] of rows.entries()) {
    const pivot = pivotRow[i] ?? 0;
    assert(pivot > 0, 'the information of a design is not positive definite');
    for (const [j, value] of pivotRow.entries()) pivotRow[j] = value / pivot;
    for (const [k, row] of rows.entries()) {
      const factor = row[i] ?? 0;
      if (k === i || factor === 0) continue;
      for (const [j, value] of row.entries()) row[j] = value - factor * (pivotRow[j] ?? 0);
    }
  }
  return rows.map((row) => row.slice(size));
}
