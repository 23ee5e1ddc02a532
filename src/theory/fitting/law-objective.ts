import type { Observations } from './observations.ts';
import type { DifferentiableFunction } from './quasi-newton.ts';

/** A number that is believed to lie near `mean`, give or take `deviation` (Gaussian). */
export interface Belief {
  readonly mean: number;
  /** Standard deviation. */
  readonly deviation: number;
}

/** What is believed of a law before any run. */
export interface LawPrior {
  readonly alpha: Belief;
  readonly beta: Belief;
  /** E over the lowest loss of the points. */
  readonly floorShare: Belief;
  /** How far losses lie off the law, as a fraction; estimated from a fit without the prior unless given. */
  readonly noise?: number;
}

/** A prior with the noise that it is weighed against. */
export type NoisyPrior = LawPrior & { readonly noise: number };

/** How residuals r = ln(loss of the law) − ln(loss) are penalised. */
export type FitObjective =
  /** Huber 1964: r²/2 up to `delta`, delta·(|r| − delta/2) beyond. */
  | { readonly kind: 'huber'; readonly delta: number }
  /** |r|, reached as the limit of Huber's function for a vanishing delta. */
  | { readonly kind: 'leastAbsoluteDeviations' };

/** Where the variables of the search stand: logarithms of E, of both terms at the centre of the points, and of both exponents. */
export const [floorAt, sizeTermAt, tokenTermAt, alphaAt, betaAt] = [0, 1, 2, 3, 4];
export const numVariables = 5;

/** The logarithm of a term that a law does without: small enough that its exponential is zero. */
export const absentTerm = -1e3;

/** Above this an exponent makes a step of its term, wherever it stands; unbounded it would take A and B beyond all numbers. */
const highestExponent = 10;

/** The exponent that a variable of the search stands for. */
export const exponentAt = (theta: Float64Array, at: number): number =>
  Math.min(highestExponent, Math.exp(theta[at] as number));

/** Huber's function of one residual: r²/2 up to delta, delta·(|r| − delta/2) beyond. */
export const huber = (residual: number, delta: number): number => {
  const size = Math.abs(residual);
  return size <= delta ? (size * size) / 2 : delta * (size - delta / 2);
};

/**
 * The function that a fit minimises:
 *
 *   100/(delta · Σw) · (Σ w·Huber(ln L̂ − ln L) + s²·½·Σ((θ − mean)/deviation)²),  s² = noise · min(delta, noise)
 *
 * over (ln E, ln A′, ln B′, ln alpha, ln beta), where A′ and B′ are the terms at the centre of the points. The factor in
 * front makes it about a hundred times the mean absolute residual whatever delta and the number of points: with sums of the
 * order of 1e-3 an optimiser's default tolerance ends the search early. s² makes the sum over residuals a negative
 * log-likelihood, Gaussian where delta is wide and Laplacian where it is narrow, so that the prior has its weight.
 */
export function lawObjective(
  observations: Observations,
  delta: number,
  prior: NoisyPrior | undefined,
  isAbsent: readonly boolean[] = [],
): DifferentiableFunction {
  const { logSize, logTokens, logLoss, weight, totalWeight, lowestLoss } = observations;
  const numPoints = logLoss.length;
  const scale = 100 / (delta * totalWeight);
  return (theta, gradient) => {
    const [lnSizeTerm, lnTokenTerm] = [theta[sizeTermAt] as number, theta[tokenTermAt] as number];
    const floor = Math.exp(theta[floorAt] as number);
    const [alpha, beta] = [exponentAt(theta, alphaAt), exponentAt(theta, betaAt)];
    let [sum, byFloor, bySizeTerm, byTokenTerm, byAlpha, byBeta] = [0, 0, 0, 0, 0, 0];
    // The hot loop of every fit and bootstrap: indices stay below the length of all five arrays.
    for (let i = 0; i < numPoints; i++) {
      const [n, d, w] = [logSize[i] as number, logTokens[i] as number, weight[i] as number];
      const sizeTerm = Math.exp(lnSizeTerm - alpha * n);
      const tokenTerm = Math.exp(lnTokenTerm - beta * d);
      const loss = floor + sizeTerm + tokenTerm;
      const residual = Math.log(loss) - (logLoss[i] as number);
      let slope: number;
      if (residual > delta) {
        sum += w * delta * (residual - delta / 2);
        slope = delta;
      } else if (residual < -delta) {
        sum += w * delta * (-residual - delta / 2);
        slope = -delta;
      } else {
        sum += (w * residual * residual) / 2;
        slope = residual;
      }
      const byLoss = (w * slope) / loss;
      byFloor += byLoss;
      bySizeTerm += byLoss * sizeTerm;
      byTokenTerm += byLoss * tokenTerm;
      byAlpha -= byLoss * sizeTerm * n;
      byBeta -= byLoss * tokenTerm * d;
    }
    gradient[floorAt] = scale * byFloor * floor;
    gradient[sizeTermAt] = scale * bySizeTerm;
    gradient[tokenTermAt] = scale * byTokenTerm;
    gradient[alphaAt] = scale * byAlpha * alpha;
    gradient[betaAt] = scale * byBeta * beta;
    if (prior !== undefined) {
      const strength = prior.noise * Math.min(delta, prior.noise);
      const believed = [
        [floorAt, floor / lowestLoss, prior.floorShare],
        [alphaAt, alpha, prior.alpha],
        [betaAt, beta, prior.beta],
      ] as const;
      for (const [at, value, { mean, deviation }] of believed) {
        const off = (value - mean) / deviation;
        sum += (strength * off * off) / 2;
        gradient[at] = (gradient[at] as number) + (scale * strength * off * value) / deviation;
      }
    }
    if (alpha === highestExponent) gradient[alphaAt] = 0;
    if (beta === highestExponent) gradient[betaAt] = 0;
    for (let i = 0; i < isAbsent.length; i++) if (isAbsent[i]) gradient[i] = 0;
    return scale * sum;
  };
}
