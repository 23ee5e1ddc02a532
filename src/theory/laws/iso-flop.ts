import { checkPositive } from '../fitting/positive-numbers.ts';
import { fitPowerLaw, type PowerLawFit, powerLawAt } from '../fitting/power-law-fit.ts';
import { trainingCost } from './compute-optimum.ts';

/** One run of an iso-FLOP design. */
export interface IsoFlopPoint {
  /** C, the budget that the run belongs to: runs of one budget have the same number here. */
  readonly flops: number;
  /** N */
  readonly numParameters: number;
  /** D */
  readonly numTokens: number;
  readonly loss: number;
}

/** The parabola of one budget: loss = least + curvature·(log10 x − log10 vertex)², x the tokens or the parameters. */
export interface IsoFlopBudget {
  readonly flops: number;
  readonly numPoints: number;
  readonly numParameters: number;
  readonly numTokens: number;
  /** At the vertex. */
  readonly loss: number;
  /** Per decade squared, in the unit of the loss. */
  readonly curvature: number;
  /** Root of the mean squared residual, in the unit of the loss. */
  readonly residual: number;
  /** The vertex lies among the points, so that it was seen and not only inferred. */
  readonly isBracketed: boolean;
}

/** What approach 2 makes of an iso-FLOP design. */
export interface IsoFlopFit {
  /** By rising compute; budgets without a vertex are left out. */
  readonly budgets: readonly IsoFlopBudget[];
  /** N*(C) */
  readonly parameters: PowerLawFit;
  /** D*(C) */
  readonly tokens: PowerLawFit;
  /** What a reader must know before trusting it, a sentence each. */
  readonly warnings: readonly string[];
}

export interface IsoFlopOptions {
  /** Along which the parabolas lie: tokens or parameters. They need not agree where C is not exactly k·N·D. */
  readonly axis?: 'tokens' | 'parameters';
  /** k of C = k·N·D, by which the other of the two follows; 6 by default. */
  readonly flopsPerParameterToken?: number;
}

/**
 * Approach 2 of Hoffmann et al. 2022 (2203.15556, section 3.2): for each budget a parabola through the losses over log D (or log N), the
 * optimum at its vertex, and a power law through the optima by least squares in log-log. It is biased wherever the loss is not symmetric
 * around its optimum; the wider the design, the more. Budgets whose parabola opens downwards, or has its vertex
 * further outside of the points than they span, or with fewer than three sizes, are left out with a warning.
 *
 * @returns undefined, where fewer than two budgets have a vertex
 * @throws GroundworkError `usage`, for a point with a number that is not finite and above zero
 */
export function fitIsoFlop(points: readonly IsoFlopPoint[], options: IsoFlopOptions = {}): IsoFlopFit | undefined {
  const { axis = 'tokens', flopsPerParameterToken = trainingCost } = options;
  const warnings: string[] = [];
  const groups = new Map<number, IsoFlopPoint[]>();
  for (const point of points) {
    checkPositive(point, ['flops', 'numParameters', 'numTokens', 'loss'], 'A point');
    groups.set(point.flops, [...(groups.get(point.flops) ?? []), point]);
  }
  const budgets: IsoFlopBudget[] = [];
  for (const [flops, group] of [...groups].sort(([a], [b]) => a - b)) {
    const logs = group.map((point) => Math.log10(axis === 'tokens' ? point.numTokens : point.numParameters));
    const parabola = fitParabola(
      logs,
      group.map(({ loss }) => loss),
    );
    const name = `The budget of ${flops.toExponential(2)} FLOPs`;
    if (parabola === undefined) {
      warnings.push(`${name} is left out: ${new Set(logs).size} sizes are too few for a parabola, which takes three.`);
      continue;
    }
    const [least, most] = [Math.min(...logs), Math.max(...logs)];
    const outside = Math.max(least - parabola.vertex, parabola.vertex - most);
    // Written so that what is no number counts as no vertex.
    if (!(parabola.curvature > 0 && outside <= most - least)) {
      warnings.push(`${name} is left out: its loss has no minimum among or near its ${group.length} points.`);
      continue;
    }
    const isBracketed = outside <= 0;
    const found = 10 ** parabola.vertex;
    const other = flops / (flopsPerParameterToken * found);
    if (!isBracketed) {
      const [low, high] = [10 ** least, 10 ** most].map((value) => value.toExponential(2));
      warnings.push(
        `${name} has its optimum at ${found.toExponential(2)} ${axis}, outside its points (${low} to ${high}): add runs there.`,
      );
    }
    budgets.push({
      flops,
      numPoints: group.length,
      numParameters: axis === 'tokens' ? other : found,
      numTokens: axis === 'tokens' ? found : other,
      loss: parabola.least,
      curvature: parabola.curvature,
      residual: parabola.residual,
      isBracketed,
    });
  }
  if (budgets.length < 2) return undefined;
  const widest = Math.max(...[...groups.values()].map(spanOf));
  if (widest > 1.01 * widestSpan) {
    warnings.push(
      `The widest budget spans a factor of ${Math.round(widest)} in size: a parabola over more than ${widestSpan} puts the optimum off by per cents.`,
    );
  }
  if (budgets.length === 2) warnings.push('Two budgets fix a line exactly: nothing tells how well a power law holds.');
  return {
    budgets,
    parameters: fitPowerLaw(budgets.map(({ flops, numParameters }) => [flops, numParameters])),
    tokens: fitPowerLaw(budgets.map(({ flops, numTokens }) => [flops, numTokens])),
    warnings,
  };
}

/** ±4 times around the optimum: twice and four times as wide, D* was 3 to 23 % off on two laws that are not symmetric. */
const widestSpan = 16;

function spanOf(group: readonly IsoFlopPoint[]): number {
  const sizes = group.map(({ numTokens }) => numTokens);
  return Math.max(...sizes) / Math.min(...sizes);
}

/** N* and D* at some compute, by the power laws of a fit. */
export function isoFlopOptimum(
  { parameters, tokens }: IsoFlopFit,
  flops: number,
): { readonly numParameters: number; readonly numTokens: number } {
  return { numParameters: powerLawAt(parameters, flops), numTokens: powerLawAt(tokens, flops) };
}

interface Parabola {
  readonly vertex: number;
  readonly least: number;
  readonly curvature: number;
  readonly residual: number;
}

/**
 * y = c + b·u + a·u² by least squares, in polynomials that are orthogonal over the given x, so that no digits are lost to a distant
 * origin.
 */
function fitParabola(xs: readonly number[], ys: readonly number[]): Parabola | undefined {
  if (new Set(xs).size < 3) return undefined;
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const dot = (a: readonly number[], b: readonly number[]): number =>
    a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);
  const centre = mean(xs);
  const first = xs.map((x) => x - centre);
  const spread = dot(first, first);
  const squares = first.map((u) => u * u);
  const [meanSquare, skew] = [mean(squares), dot(squares, first) / spread];
  const second = first.map((u, i) => (squares[i] as number) - skew * u - meanSquare);
  const middle = mean(ys);
  const slope = dot(first, ys) / spread;
  const curvature = dot(second, ys) / dot(second, second);
  // c + slope·u + curvature·(u² − skew·u − meanSquare)
  const linear = slope - curvature * skew;
  const vertex = -linear / (2 * curvature);
  const valueAt = (u: number): number => middle + slope * u + curvature * (u * u - skew * u - meanSquare);
  return {
    vertex: centre + vertex,
    least: valueAt(vertex),
    curvature,
    residual: Math.sqrt(mean(first.map((u, i) => ((ys[i] as number) - valueAt(u)) ** 2))),
  };
}
