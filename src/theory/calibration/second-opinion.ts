import type { Estimate } from '../interval.ts';
import { lossOf, type ScalingLaw } from '../scaling-law.ts';
import type { PredictionTarget } from './extrapolation.ts';

/** What a second fit of the same points says about a forecast. */
export interface SecondOpinion {
  /** Its loss for the same target. */
  readonly value: number;
  /** Whether it lies inside the interval of 95 %. */
  readonly agrees: boolean;
  /** The forecast, its intervals widened where they did not hold the second opinion. */
  readonly estimate: Estimate;
  /** A sentence where an interval had to be widened, else null. */
  readonly note: string | null;
}

/**
 * Holds a forecast against a law that was fitted to the same points with a weak prior on its exponents and its floor. The
 * prior forecasts no better on average, but it fails differently: where the two are further apart than the interval is
 * wide, the points do not settle the question, and the interval is widened to the second opinion.
 *
 * @param estimate the forecast with its intervals
 * @param law the law that was fitted with the prior
 */
export function secondOpinion(estimate: Estimate, law: ScalingLaw, target: PredictionTarget): SecondOpinion {
  const value = lossOf(law, target.numParameters, target.numTokens);
  const holds = ([low, high]: readonly [number, number]): boolean => low <= value && value <= high;
  const agrees = holds(estimate.interval95);
  const difference = 100 * (value / estimate.value - 1);
  return {
    value,
    agrees,
    estimate: widenedBySecondOpinion(estimate, value),
    note: holds(estimate.interval80)
      ? null
      : `A fit with a weak prior on the exponents gives ${Math.abs(difference).toFixed(1)} % ${difference < 0 ? 'less' : 'more'}, outside the interval of ` +
        `${agrees ? '80' : '95'} %: the points do not settle this forecast, and the interval was widened to hold both.`,
  };
}

/** Intervals that hold a second value: each end that falls short of it is moved there. */
export function widenedBySecondOpinion({ value, interval80, interval95 }: Estimate, other: number): Estimate {
  const widened = ([low, high]: readonly [number, number]): [number, number] => [
    Math.min(low, other),
    Math.max(high, other),
  ];
  return { value, interval80: widened(interval80), interval95: widened(interval95) };
}
