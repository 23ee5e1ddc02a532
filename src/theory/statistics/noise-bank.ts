import { assert } from '../../core/index.ts';
import { chiSquareQuantile } from './chi-square-distribution.ts';
import { type KnownSpread, momentsOf } from './mean-difference.ts';

/** Runs that differ in nothing but their seed. */
export interface ReplicateGroup {
  /** Where the group stands on the axis of the bank: its loss, or its training compute. Above 0. */
  readonly position: number;
  /** What was measured, one number a run. Groups of one say nothing of noise and are passed over. */
  readonly values: readonly number[];
}

/** A standard deviation with the interval that its degrees of freedom leave. */
export interface PooledDeviation extends KnownSpread {
  /** Where the true standard deviation lies at the level asked for (chi-square). */
  readonly interval: readonly [low: number, high: number];
  readonly numGroups: number;
  readonly numRuns: number;
}

/**
 * The standard deviation within groups that are taken to scatter alike: s² = ΣΣ(x − mean of its group)²/Σ(n − 1), with the interval
 * √(νs²/χ²) (Snedecor and Cochran 1967, chapter 10).
 *
 * @param level of the interval, 0.95 unless told
 */
export function pooledDeviation(
  groups: readonly { readonly values: readonly number[] }[],
  level = 0.95,
): PooledDeviation {
  const used = groups.filter(({ values }) => values.length >= 2).map(({ values }) => momentsOf(values));
  assert(used.length > 0, 'no group has two runs');
  const degreesOfFreedom = used.reduce((sum, { num }) => sum + num - 1, 0);
  const sumOfSquares = used.reduce((sum, moments) => sum + moments.sumOfSquares, 0);
  const endAt = (p: number) => Math.sqrt(sumOfSquares / chiSquareQuantile(p, degreesOfFreedom));
  return {
    sigma: Math.sqrt(sumOfSquares / degreesOfFreedom),
    degreesOfFreedom,
    interval: [endAt((1 + level) / 2), endAt((1 - level) / 2)],
    numGroups: used.length,
    numRuns: degreesOfFreedom + used.length,
  };
}

/** How widely replicates scatter, along loss or compute. Plain data. */
export interface NoiseBank {
  /** What the positions are. */
  readonly axis: 'loss' | 'compute';
  /** One for each position, in increasing order. */
  readonly knots: readonly (KnownSpread & { readonly position: number })[];
}

/** A bank from groups of replicates; groups at one position are pooled, positions without any spread passed over. One group at least must have some. */
export function noiseBank(groups: readonly ReplicateGroup[], axis: NoiseBank['axis']): NoiseBank {
  const byPosition = new Map<number, ReplicateGroup[]>();
  for (const group of groups) {
    assert(group.position > 0, `a position of ${group.position}`);
    if (group.values.length < 2) continue;
    byPosition.set(group.position, [...(byPosition.get(group.position) ?? []), group]);
  }
  const knots = [...byPosition]
    .map(([position, members]) => {
      const { sigma, degreesOfFreedom } = pooledDeviation(members);
      return { position, sigma, degreesOfFreedom };
    })
    .filter(({ sigma }) => sigma > 0)
    .sort((one, other) => one.position - other.position);
  assert(knots.length > 0, 'a noise bank needs a group with two unlike runs');
  return { axis, knots };
}

/** What a bank says of a place. */
export interface InterpolatedSpread extends KnownSpread {
  /** Whether the place lies outside the bank, so that its nearest end stands in. */
  readonly isExtrapolated: boolean;
}

/**
 * The standard deviation at a position, on the straight line between its neighbours on logarithmic axes. As ln s has a variance of
 * about 1/(2ν), the degrees of freedom in between follow 1/ν = (1 − w)²/ν₁ + w²/ν₂.
 */
export function sigmaAt({ knots }: NoiseBank, position: number): InterpolatedSpread {
  assert(position > 0, `a position of ${position}`);
  const next = knots.findIndex((knot) => knot.position >= position);
  const above = knots[next === -1 ? knots.length - 1 : next];
  assert(above !== undefined, 'a noise bank is empty');
  const below = next > 0 ? knots[next - 1] : undefined;
  if (below === undefined || above.position === position) {
    const { sigma, degreesOfFreedom } = above;
    return { sigma, degreesOfFreedom, isExtrapolated: above.position !== position };
  }
  const w = Math.log(position / below.position) / Math.log(above.position / below.position);
  return {
    sigma: Math.exp((1 - w) * Math.log(below.sigma) + w * Math.log(above.sigma)),
    degreesOfFreedom: 1 / ((1 - w) ** 2 / below.degreesOfFreedom + w ** 2 / above.degreesOfFreedom),
    isExtrapolated: false,
  };
}
