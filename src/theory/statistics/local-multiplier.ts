import { assert, randomStream } from '../../core/index.ts';
import { sortedQuantile } from '../calibration/weighted-quantile.ts';
import type { MultiplierEstimate, RunsAt } from './compute-multiplier.ts';
import { momentsOf } from './mean-difference.ts';
import { studentQuantile } from './student-distribution.ts';

/** A multiplier from two lengths of the baseline and one of the treatment. */
export interface LocalMultiplier extends MultiplierEstimate {
  /** What the baseline would have to spend for the treatment's loss. */
  readonly equivalentSpent: number;
  /** dL/d ln(spent) of the baseline between its two lengths. */
  readonly slope: number;
  /** The interval from resampled runs, beside that of the delta method; null where a length has one run only, or none was asked for. */
  readonly bootstrapInterval: readonly [low: number, high: number] | null;
  /** Whether the treatment's loss lies between the two of the baseline; else the line is drawn on beyond them. */
  readonly isBracketed: boolean;
}

/**
 * With mean losses L₁, L₂ of the baseline at s₁ < s₂ and L of the treatment at s, ln s_eq = ln s₂ + (L − L₂)·ln(s₂/s₁)/(L₂ − L₁) and
 * CM = s_eq/s. The interval is that of ln CM by the delta method, with Satterthwaite's degrees of freedom for its three parts.
 *
 * @param baseline at two lengths, the shorter first, the longer with the lower mean loss
 * @param options.level of the intervals, 0.95 unless told
 * @param options.tails of that of the delta method: `t` unless told; `normal` takes the estimated spreads for known, as most papers do
 * @param options.numResamples of the bootstrap; 4,000 unless told, 0 for none
 * @param options.seed of the bootstrap
 */
export function localMultiplier(
  baseline: readonly [shorter: RunsAt, longer: RunsAt],
  treatment: RunsAt,
  options: {
    readonly level?: number;
    readonly tails?: 't' | 'normal';
    readonly numResamples?: number;
    readonly seed?: number;
  } = {},
): LocalMultiplier {
  const { level = 0.95, tails = 't', numResamples = 4000, seed = 0 } = options;
  const arms = [...baseline, treatment];
  const logRatio = Math.log(baseline[1].spent / baseline[0].spent);
  assert(logRatio > 0 && treatment.spent > 0, 'the baseline lengths do not increase');
  const logMultiplierOf = (shorter: number, longer: number, treated: number): number =>
    Math.log(baseline[1].spent / treatment.spent) + ((treated - longer) * logRatio) / (longer - shorter);
  const [shorter = 0, longer = 0, treated = 0] = arms.map(({ losses }) => momentsOf(losses).mean);
  assert(longer < shorter, `the longer baseline runs have a loss of ${longer}, the shorter of ${shorter}`);
  const center = logMultiplierOf(shorter, longer, treated);

  const gap = longer - shorter;
  const beyond = (treated - longer) / gap;
  // Of ln CM by the three mean losses.
  const gradient = [(logRatio * beyond) / gap, (-logRatio * (1 + beyond)) / gap, logRatio / gap];
  const parts = arms.map((arm, i) => {
    const { sigma, degreesOfFreedom } = spreadOfRuns(arm);
    return { variance: ((gradient[i] ?? 0) * sigma) ** 2 / arm.losses.length, degreesOfFreedom };
  });
  const variance = parts.reduce((sum, part) => sum + part.variance, 0);
  const degrees =
    tails === 'normal'
      ? Number.POSITIVE_INFINITY
      : variance ** 2 / parts.reduce((sum, part) => sum + part.variance ** 2 / part.degreesOfFreedom, 0);
  const radius = variance === 0 ? 0 : -studentQuantile((1 - level) / 2, degrees) * Math.sqrt(variance);
  return {
    multiplier: Math.exp(center),
    interval: [Math.exp(center - radius), Math.exp(center + radius)],
    equivalentSpent: Math.exp(center) * treatment.spent,
    slope: gap / logRatio,
    bootstrapInterval: numResamples === 0 || arms.some(({ losses }) => losses.length < 2) ? null : bootstrap(),
    isBracketed: treated <= shorter && treated >= longer,
  };

  function bootstrap(): readonly [number, number] {
    const random = randomStream(seed, 'local multiplier');
    const sorted = Float64Array.from({ length: numResamples }, () => {
      const [s = 0, l = 0, t = 0] = arms.map(({ losses }) => {
        let sum = 0;
        for (const _ of losses) sum += losses[random.nextInteger(losses.length)] as number;
        return sum / losses.length;
      });
      return logMultiplierOf(s, l, t);
    }).sort();
    return [Math.exp(sortedQuantile(sorted, (1 - level) / 2)), Math.exp(sortedQuantile(sorted, (1 + level) / 2))];
  }
}

function spreadOfRuns({ losses, noise }: RunsAt): { readonly sigma: number; readonly degreesOfFreedom: number } {
  if (noise !== undefined) return noise;
  const { num, sumOfSquares } = momentsOf(losses);
  assert(num >= 2, 'the noise of a single run is not known');
  return { sigma: Math.sqrt(sumOfSquares / (num - 1)), degreesOfFreedom: num - 1 };
}
