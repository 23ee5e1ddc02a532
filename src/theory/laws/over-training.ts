import { GroundworkError } from '../../core/index.ts';
import { fitNonNegative } from '../fitting/non-negative-least-squares.ts';
import { checkPositive } from '../fitting/positive-numbers.ts';
import type { LawPoint } from '../scaling-law.ts';
import { trainingCost } from './compute-optimum.ts';
import { argminBetween } from './scalar-search.ts';

/**
 * The law of Gadre et al. 2024 (2403.08540, equation 4): L(C, M) = E + (a·M^η + b·M^(−η))·C^(−η), with M = D/N tokens per parameter and
 * C = 6·N·D. It is the law of Hoffmann et al. with α = β = 2η, in terms that show that training for longer than is best moves the whole
 * line of loss over compute and leaves its slope alone.
 */
export interface OverTrainingLaw {
  readonly E: number;
  readonly a: number;
  readonly b: number;
  /** η; the exponent of N and of D is twice that. */
  readonly eta: number;
}

/** The loss by an over-training law, in the unit that it was fitted in. */
export function overTrainingLossOf(
  { E, a, b, eta }: OverTrainingLaw,
  { numParameters, numTokens }: Omit<LawPoint, 'loss'>,
): number {
  const ratio = numTokens / numParameters;
  return E + (a * ratio ** eta + b * ratio ** -eta) * (trainingCost * numParameters * numTokens) ** -eta;
}

export interface OverTrainingFit {
  readonly law: OverTrainingLaw;
  /** Root of the mean squared residual, in the unit of the loss. */
  readonly residual: number;
  readonly numPoints: number;
  /** The points have more than one ratio of tokens to parameters; else a and b are not told apart, and only their sum counts. */
  readonly tellsRatiosApart: boolean;
}

/**
 * Fits the over-training law by least squares on the loss. For a given η the law is linear in E, a and b, which come by non-negative
 * least squares; η is searched between 0.01 and 1. Five cheap runs are enough: four sizes at one ratio and the smallest at a high one.
 *
 * @throws GroundworkError `usage`, for fewer than four points or numbers that are not above zero
 */
export function fitOverTrainingLaw(points: readonly LawPoint[]): OverTrainingFit {
  checkRows('An over-training law', 4, points, ['numParameters', 'numTokens', 'loss']);
  const loss = Float64Array.from(points, (point) => point.loss);
  // a·M^η·C^(−η) = a·6^(−η)·N^(−2η), and the same with b and D.
  const scaled = (eta: number, amount: 'numParameters' | 'numTokens'): Float64Array =>
    Float64Array.from(points, (point) => trainingCost ** -eta * point[amount] ** (-2 * eta));
  const fitAt = (eta: number) =>
    fitNonNegative(
      [new Float64Array(points.length).fill(1), scaled(eta, 'numParameters'), scaled(eta, 'numTokens')],
      loss,
    );
  const eta = Math.exp(argminBetween((logEta) => fitAt(Math.exp(logEta)).squares, Math.log(0.01), 0, 128));
  const { amounts, squares } = fitAt(eta);
  const [E, a, b] = amounts as unknown as readonly [number, number, number];
  const ratios = points.map(({ numTokens, numParameters }) => numTokens / numParameters);
  return {
    law: { E, a, b, eta },
    residual: Math.sqrt(squares / points.length),
    numPoints: points.length,
    tellsRatiosApart: Math.max(...ratios) > 1.5 * Math.min(...ratios),
  };
}

/** The law of Gadre et al. 2024 (equation 5) of an error rate over tasks: Err(L) = ε − k·e^(−γL). */
export interface ErrorLaw {
  /** ε, the error of chance. */
  readonly epsilon: number;
  readonly k: number;
  /** γ, by unit of the loss. */
  readonly gamma: number;
}

/** The error rate that goes with a loss. */
export function errorRateOf({ epsilon, k, gamma }: ErrorLaw, loss: number): number {
  return epsilon - k * Math.exp(-gamma * loss);
}

export interface ErrorRatePoint {
  readonly loss: number;
  /** In 0 … 1, a mean over tasks. */
  readonly errorRate: number;
}

export interface ErrorLawFit {
  readonly law: ErrorLaw;
  /** Root of the mean squared residual. */
  readonly residual: number;
  readonly numPoints: number;
}

/**
 * Fits the law of the error rate by least squares: for a given γ it is linear in ε and k, both at least 0; γ is searched between a
 * nearly straight line and a step, over the range of losses given. Single tasks are too noisy for it; means over ten and more are not.
 *
 * @throws GroundworkError `usage`, for fewer than three points, numbers that are not above zero, or a single loss
 */
export function fitErrorLaw(points: readonly ErrorRatePoint[]): ErrorLawFit {
  checkRows('A law of the error rate', 3, points, ['loss', 'errorRate']);
  const least = Math.min(...points.map(({ loss }) => loss));
  const most = Math.max(...points.map(({ loss }) => loss));
  const range = most - least;
  if (range < 1e-4 * most) {
    throw new GroundworkError('usage', 'All points of a law of the error rate have the same loss, expected several', {
      hint: 'Evaluate models of several sizes or durations.',
    });
  }
  const target = Float64Array.from(points, ({ errorRate }) => errorRate);
  const ones = new Float64Array(points.length).fill(1);
  const fitAt = (gamma: number) =>
    fitNonNegative([ones, Float64Array.from(points, ({ loss }) => -Math.exp(-gamma * (loss - least)))], target);
  // Beyond 600 over the largest loss k would leave what a number can hold.
  const steepest = Math.min(100 / range, 600 / most);
  const search = (logGamma: number): number => fitAt(Math.exp(logGamma)).squares;
  const gamma = Math.exp(argminBetween(search, Math.log(0.01 / range), Math.log(steepest), 128));
  const { amounts, squares } = fitAt(gamma);
  const [epsilon, shifted] = amounts as unknown as readonly [number, number];
  return {
    law: { epsilon, k: shifted * Math.exp(gamma * least), gamma },
    residual: Math.sqrt(squares / points.length),
    numPoints: points.length,
  };
}

/** Stops at too few rows, and at the first that holds a number that is not finite or not above zero. */
function checkRows<Name extends string>(
  what: string,
  atLeast: number,
  rows: readonly Readonly<Record<Name, number>>[],
  names: readonly Name[],
): void {
  if (rows.length < atLeast) {
    throw new GroundworkError('usage', `${what} needs ${atLeast} points, and there are ${rows.length}`, {
      hint: 'Add runs of other sizes or durations.',
    });
  }
  for (const [i, row] of rows.entries()) checkPositive(row, names, `Point ${i + 1}`);
}
