import { randomStream } from '../../core/index.ts';
import type { Estimate } from '../interval.ts';
import { lossOf, type ScalingLaw } from '../scaling-law.ts';
import type { PredictionTarget } from './extrapolation.ts';
import { sortedQuantile } from './weighted-quantile.ts';

/** Residuals that are added to the prediction of each resampled law. */
const drawsPerLaw = 16;

/**
 * The intervals that resampling alone gives, as ratios to the prediction of the fit itself.
 *
 * `raw` is the spread of the laws fitted to resampled points: how uncertain the law is, were its form true. `withResiduals`
 * adds to each a residual of the fit: how uncertain one new training is. Neither knows that the form is wrong at the level
 * of half a percent, which is why neither is an interval to promise anything by.
 */
export interface BootstrapBand {
  readonly raw: Estimate;
  readonly withResiduals: Estimate;
}

/** What a band is made of: a fit, its residuals and its resampled laws. */
export interface ResampledFit {
  readonly law: ScalingLaw;
  /** ln(loss / fitted loss) of each point, widened for the parameters that the fit spent. */
  readonly residuals: readonly number[];
  /** Laws fitted to points drawn with replacement. */
  readonly laws: readonly ScalingLaw[];
}

/** The intervals at one target from resampled laws and residuals, by seeded draws. */
export function bootstrapBand(
  { law, residuals, laws }: ResampledFit,
  target: PredictionTarget,
  seed: number,
): BootstrapBand {
  const stream = randomStream(seed, 'theory.bootstrapBand');
  const value = lossOf(law, target.numParameters, target.numTokens);
  const raw = Float64Array.from(laws, (each) => lossOf(each, target.numParameters, target.numTokens));
  const noisy = new Float64Array(raw.length * drawsPerLaw);
  for (const [i, prediction] of raw.entries()) {
    for (let j = 0; j < drawsPerLaw; j++) {
      const residual = residuals[stream.nextInteger(residuals.length)] ?? 0;
      noisy[i * drawsPerLaw + j] = prediction * Math.exp(residual);
    }
  }
  return { raw: estimateFrom(value, raw.sort()), withResiduals: estimateFrom(value, noisy.sort()) };
}

/** The central 80 % and 95 % of draws in ascending order; a value that lies outside them is taken in. */
function estimateFrom(value: number, draws: Float64Array): Estimate {
  const range = (level: number): [number, number] => [
    Math.min(value, sortedQuantile(draws, (1 - level) / 2)),
    Math.max(value, sortedQuantile(draws, (1 + level) / 2)),
  ];
  return { value, interval80: range(0.8), interval95: range(0.95) };
}
