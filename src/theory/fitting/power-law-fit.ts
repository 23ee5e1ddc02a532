import { GroundworkError } from '../../core/index.ts';
import type { Estimate } from '../interval.ts';
import { studentQuantile } from '../statistics/student-distribution.ts';

/** y = coefficient · x^exponent */
export interface PowerLaw {
  readonly coefficient: number;
  readonly exponent: number;
}

/** The value of a power law at x. */
export function powerLawAt({ coefficient, exponent }: PowerLaw, x: number): number {
  return coefficient * x ** exponent;
}

/** A power law through pairs, with what is known of the exponent. */
export interface PowerLawFit extends PowerLaw {
  readonly numPoints: number;
  /** Standard error of the exponent; null for two pairs, which any power law meets. */
  readonly standardError: number | null;
  /** The exponent with its t-intervals on n − 2 degrees of freedom; null for two pairs. */
  readonly estimate: Estimate | null;
  /** Standard deviation of ln y about the law, for a pair of weight 1; null for two pairs. */
  readonly deviation: number | null;
}

/**
 * A power law by weighted least squares of ln y on ln x. Weights are relative, such as 1/σ² of ln y: the scale of the noise is
 * estimated from the residuals, so that all weights times ten give the same errors.
 *
 * @param pairs x and y, finite and above zero, with two different x at least
 * @param weights one for each pair, finite and above zero; all alike unless given
 * @throws GroundworkError `usage` for pairs and weights that are none of that
 */
export function fitPowerLaw(pairs: readonly (readonly [number, number])[], weights?: readonly number[]): PowerLawFit {
  checkPairs(pairs, weights);
  const numPoints = pairs.length;
  const weightAt = (i: number): number => weights?.[i] ?? 1;
  const logs = pairs.map(([x, y], i) => ({ u: Math.log(x), v: Math.log(y), w: weightAt(i) }));
  const total = logs.reduce((sum, { w }) => sum + w, 0);
  const centre = logs.reduce((sum, { u, w }) => sum + w * u, 0) / total;
  const middle = logs.reduce((sum, { v, w }) => sum + w * v, 0) / total;
  const spread = logs.reduce((sum, { u, w }) => sum + w * (u - centre) ** 2, 0);
  const exponent = logs.reduce((sum, { u, v, w }) => sum + w * (u - centre) * (v - middle), 0) / spread;
  const law = { coefficient: Math.exp(middle - exponent * centre), exponent, numPoints };
  const degreesOfFreedom = numPoints - 2;
  if (degreesOfFreedom === 0) return { ...law, standardError: null, estimate: null, deviation: null };
  const squares = logs.reduce((sum, { u, v, w }) => sum + w * (v - middle - exponent * (u - centre)) ** 2, 0);
  const deviation = Math.sqrt(squares / degreesOfFreedom);
  const standardError = deviation / Math.sqrt(spread);
  const range = (level: number): [number, number] => {
    const reach = studentQuantile((1 + level) / 2, degreesOfFreedom) * standardError;
    return [exponent - reach, exponent + reach];
  };
  const estimate = { value: exponent, interval80: range(0.8), interval95: range(0.95) };
  return { ...law, standardError, estimate, deviation };
}

function checkPairs(pairs: readonly (readonly [number, number])[], weights: readonly number[] | undefined): void {
  const fault = (message: string, hint: string) => new GroundworkError('usage', message, { hint });
  const isUsable = (number: number): boolean => Number.isFinite(number) && number > 0;
  const wrong = pairs.findIndex(([x, y]) => !(isUsable(x) && isUsable(y)));
  if (wrong >= 0) {
    const [x, y] = pairs[wrong] ?? [];
    throw fault(
      `pair ${wrong + 1} of ${pairs.length} is (${x}, ${y}), expected two finite numbers above zero`,
      'A power law knows positive numbers only; leave out what was not measured.',
    );
  }
  if (new Set(pairs.map(([x]) => Math.log(x))).size < 2) {
    throw fault(
      `${pairs.length} pairs with fewer than two different x, expected at least two`,
      'Measure at a second scale: one alone says nothing of an exponent.',
    );
  }
  if (weights === undefined) return;
  const badWeight = weights.findIndex((weight) => !isUsable(weight));
  if (weights.length !== pairs.length || badWeight >= 0) {
    throw fault(
      weights.length !== pairs.length
        ? `${weights.length} weights for ${pairs.length} pairs, expected one for each`
        : `pair ${badWeight + 1} has the weight ${weights[badWeight]}, expected a finite number above zero`,
      'Give each pair a weight such as 1/σ² of ln y, or none.',
    );
  }
}
