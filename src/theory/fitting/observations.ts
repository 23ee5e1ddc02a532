import { GroundworkError } from '../../core/index.ts';
import type { LawPoint } from '../scaling-law.ts';
import { checkPositive } from './positive-numbers.ts';

/** As many points as the law has numbers. */
export const minPoints = 5;

/** Points of a fit, in logarithms that are centred, so that exponents and amplitudes hardly depend on each other. */
export interface Observations {
  /** ln N − its mean. */
  readonly logSize: Float64Array;
  /** ln D − its mean. */
  readonly logTokens: Float64Array;
  readonly logLoss: Float64Array;
  /** How much each point counts. */
  readonly weight: Float64Array;
  readonly totalWeight: number;
  readonly meanLogSize: number;
  readonly meanLogTokens: number;
  /** Of the points that count. */
  readonly lowestLoss: number;
}

const fault = (message: string, hint: string) => new GroundworkError('usage', message, { hint });

/**
 * Checks the points of a fit: at least five, numbers all finite and above zero, no point twice.
 *
 * @param weights how much each point counts, one for all unless given
 * @throws GroundworkError `usage`
 */
export function checkPoints(points: readonly LawPoint[], weights?: readonly number[]): void {
  if (points.length < minPoints) {
    throw fault(
      `found ${points.length} points for a scaling law, expected at least ${minPoints}, as many as it has numbers`,
      'Train more sizes and durations; at least three sizes with two durations each tell the numbers of the law apart.',
    );
  }
  const seen = new Map<string, number>();
  for (const [i, point] of points.entries()) {
    checkPositive(point, ['numParameters', 'numTokens', 'loss'], `point ${i + 1} of ${points.length}`);
    const key = `${point.numParameters} ${point.numTokens} ${point.loss}`;
    const twin = seen.get(key);
    if (twin !== undefined) {
      throw fault(
        `points ${twin + 1} and ${i + 1} are the same (${point.numParameters} parameters, ${point.numTokens} tokens, loss ${point.loss})`,
        'List every run once; a run that should count more than others has a weight for that.',
      );
    }
    seen.set(key, i);
  }
  if (weights === undefined) return;
  if (weights.length !== points.length) {
    throw fault(
      `found ${weights.length} weights for ${points.length} points, expected one for each`,
      'List the weights in the order of the points.',
    );
  }
  const wrong = weights.findIndex((weight) => !(Number.isFinite(weight) && weight >= 0));
  if (wrong >= 0) {
    throw fault(
      `point ${wrong + 1} has the weight ${weights[wrong]}, expected a finite number of at least zero`,
      'Weights are relative: 1 for each point is the usual choice.',
    );
  }
  const numCounting = weights.filter((weight) => weight > 0).length;
  if (numCounting < minPoints) {
    throw fault(
      `only ${numCounting} points have a weight above zero, expected at least ${minPoints}`,
      'Give more points a weight above zero.',
    );
  }
}

/** The observations in a list of points, which `checkPoints` has passed. */
export function observationsOf(points: readonly LawPoint[], weights?: readonly number[]): Observations {
  const weight = weights === undefined ? new Float64Array(points.length).fill(1) : Float64Array.from(weights);
  const [logSize, meanLogSize] = centredLogs(points.map((point) => point.numParameters));
  const [logTokens, meanLogTokens] = centredLogs(points.map((point) => point.numTokens));
  const losses = points.map((point) => point.loss);
  const counting = losses.filter((_, i) => (weight[i] as number) > 0);
  return {
    logSize,
    logTokens,
    logLoss: Float64Array.from(losses, Math.log),
    weight,
    totalWeight: weight.reduce((sum, w) => sum + w, 0),
    meanLogSize,
    meanLogTokens,
    lowestLoss: counting.reduce((lowest, loss) => Math.min(lowest, loss)),
  };
}

function centredLogs(values: readonly number[]): [logs: Float64Array, mean: number] {
  const logs = Float64Array.from(values, Math.log);
  const mean = logs.reduce((sum, x) => sum + x, 0) / logs.length;
  return [logs.map((x) => x - mean), mean];
}
