import { assert } from '../../core/index.ts';
import { gaussLegendre, type Quadrature } from './gauss-legendre.ts';
import { rootBetween } from './monotone-root.ts';
import { normalCdf, normalDensity, normalQuantile } from './normal-distribution.ts';

/** How the error is spent over the looks: O'Brien–Fleming hardly at first, Pocock evenly. */
export type BoundaryShape = 'obrien-fleming' | 'pocock';

/** One planned look at the data. */
export interface PlannedLook {
  /** Runs (or pairs) so far over those of the last look. */
  readonly fraction: number;
  /** A statistic beyond this, in standard errors, ends the experiment with a difference shown. */
  readonly z: number;
  /** The p-value that is that far out; with few runs and an unknown spread hold the p-value of a t-test against it. */
  readonly nominalAlpha: number;
  /** How often a difference has been shown up to and at this look where there is none. */
  readonly cumulativeAlpha: number;
}

/** A plan to look a few times, with an overall error that is exact for a known spread. */
export interface GroupSequentialDesign {
  readonly shape: BoundaryShape;
  readonly sides: 1 | 2;
  readonly alpha: number;
  readonly looks: readonly PlannedLook[];
}

/**
 * Boundaries for looks at given numbers of runs, whose overall error is exactly `alpha`: z_k = c·t_k^(−½) of O'Brien and Fleming
 * (1979) or z_k = c of Pocock (1977), t_k the fraction of runs done at look k. The constant c is found by integrating over the
 * looks before (Armitage, McPherson and Rowe 1969; Jennison and Turnbull 2000, chapter 19), to about 1e-10.
 *
 * @param numRuns runs per arm (or pairs) at each look, increasing
 */
export function groupSequentialDesign(
  numRuns: readonly number[],
  options: { readonly shape?: BoundaryShape; readonly alpha?: number; readonly sides?: 1 | 2 } = {},
): GroupSequentialDesign {
  const { shape = 'obrien-fleming', alpha = 0.05, sides = 2 } = options;
  const last = numRuns.at(-1) ?? 0;
  assert(
    numRuns.length > 0 && numRuns.every((num, k) => num > (numRuns[k - 1] ?? 0)),
    `looks at ${numRuns.join(', ')} runs are not increasing`,
  );
  assert(alpha > 0 && alpha < 0.5, `alpha ${alpha}`);
  const fractions = numRuns.map((num) => num / last);
  const boundsOf = (c: number) => fractions.map((fraction) => (shape === 'pocock' ? c : c / Math.sqrt(fraction)));
  const errorOf = (c: number) => total(crossingProbabilities(fractions, boundsOf(c), sides, 0));
  // The last look alone needs `least`; the sum of the errors of all looks bounds that of any plan from above.
  const least = -normalQuantile(alpha / sides);
  const most = -normalQuantile(alpha / sides / fractions.length);
  // Looks so early that they spend nothing leave all of it to the last one, but for rounding.
  const constant = errorOf(least) <= alpha ? least : rootBetween((c) => alpha - errorOf(c), least, most);
  const bounds = boundsOf(constant);
  const crossings = crossingProbabilities(fractions, bounds, sides, 0);
  return {
    shape,
    sides,
    alpha,
    looks: fractions.map((fraction, k) => ({
      fraction,
      z: bounds[k] ?? 0,
      nominalAlpha: sides * normalCdf(-(bounds[k] ?? 0)),
      cumulativeAlpha: total(crossings.slice(0, k + 1)),
    })),
  };
}

/** What a plan does when there is a difference. */
export interface GroupSequentialPower {
  /** How often a difference is shown at some look, of either sign. */
  readonly power: number;
  /** Fraction of all planned runs that the experiment takes on average. */
  readonly meanFraction: number;
}

/**
 * How a plan fares when the truth lies `standardErrors` away from zero, in standard errors of the last look: the true difference over
 * the standard error that all planned runs give. Positive where a one-sided plan looks for it.
 */
export function groupSequentialPower(design: GroupSequentialDesign, standardErrors: number): GroupSequentialPower {
  const fractions = design.looks.map(({ fraction }) => fraction);
  const bounds = design.looks.map(({ z }) => z);
  const crossings = crossingProbabilities(fractions, bounds, design.sides, standardErrors);
  const stopping = crossings.map((crossing, k) => (k === crossings.length - 1 ? 0 : crossing));
  const meanFraction = 1 - total(stopping) + total(stopping.map((probability, k) => probability * (fractions[k] ?? 0)));
  return { power: total(crossings), meanFraction };
}

/**
 * The probabilities that a Wiener process with drift, seen at times `fractions`, is beyond ±z_k·√t_k first at look k. The density of
 * those that have not crossed is carried from look to look on Gauss–Legendre points.
 */
function crossingProbabilities(
  fractions: readonly number[],
  bounds: readonly number[],
  sides: 1 | 2,
  drift: number,
): number[] {
  const crossings: number[] = [];
  // The mass on the points of the look before; at time 0 all of it lies at 0.
  let points: Float64Array = Float64Array.of(0);
  let masses: Float64Array = Float64Array.of(1);
  let time = 0;
  fractions.forEach((fraction, k) => {
    const deviation = Math.sqrt(fraction - time);
    const shift = drift * (fraction - time);
    const high = (bounds[k] ?? 0) * Math.sqrt(fraction);
    // Of a one-sided plan nearly nothing lies below this.
    const low = sides === 2 ? -high : Math.min(high, drift * fraction - 9 * Math.sqrt(fraction));
    let crossing = 0;
    points.forEach((point, i) => {
      const mass = masses[i] as number;
      crossing += mass * normalCdf((point + shift - high) / deviation);
      if (sides === 2) crossing += mass * normalCdf((low - point - shift) / deviation);
    });
    crossings.push(crossing);
    if (k === fractions.length - 1) return;
    const rule = ruleFor(low, high, deviation);
    masses = rule.points.map((to, j) => {
      let density = 0;
      points.forEach((point, i) => {
        density += (masses[i] as number) * normalDensity((to - point - shift) / deviation);
      });
      return (density / deviation) * (rule.weights[j] as number);
    });
    points = rule.points;
    time = fraction;
  });
  return crossings;
}

/** Enough points for a normal density of that deviation to be integrated to the last digits. */
function ruleFor(low: number, high: number, deviation: number): Quadrature {
  return gaussLegendre(Math.ceil(24 + (4 * (high - low)) / deviation), low, high);
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
