import type { LawPoint, ScalingLaw } from '../scaling-law.ts';
import { fitPowerLaw, type PowerLawFit } from './power-law-fit.ts';

/**
 * What is needed to tell where the loss ends. With two sizes only the difference of their terms A·N^(−alpha) is known, which any
 * alpha can give, and likewise with two durations. Three sizes with two numbers of tokens for each parameter have three
 * durations at least.
 */
const [minSizes, minDurations, minDecades] = [3, 3, 1.5];
/** Sizes and durations that differ by less than this, in their logarithm, count as one. */
const sameWithin = 0.01;
/**
 * Points whose standard deviation across their main direction in (ln N, ln D) is below this lie on a line. Two durations a
 * factor of two apart give 0.25, a factor of 1.2 gives 0.06.
 */
const onLine = 0.05;
/** A floor below this fraction of the lowest loss is none. */
const noFloor = 1e-3;
/** A term that changes by less than this fraction of the lowest loss over the points is none. */
const noFall = 1e-4;

/** How the points of a fit are laid out. */
export interface Design {
  readonly numSizes: number;
  readonly numDurations: number;
  /** log10 of the largest N·D over the smallest. */
  readonly computeDecades: number;
  /** Whether ln D follows from ln N along one line, as when all points have the same tokens for each parameter. */
  readonly isLine: boolean;
}

/** What the points of a fit can tell, and why not. */
export interface Identification {
  /** Whether E is known. */
  readonly E: boolean;
  /** Whether the fall with size, A and alpha, is known. */
  readonly alpha: boolean;
  /** Whether the fall with duration, B and beta, is known. */
  readonly beta: boolean;
  /** All sentences in one; null where everything is identified. */
  readonly reason: string | null;
  /** What cannot be said, a sentence each. */
  readonly sentences: readonly string[];
  readonly design: Design;
  /**
   * Loss over compute N·D along the points that none beats with less compute: a power law without a floor, which any design
   * with two such points gives. Its exponent is what remains where E is not identified. Null where fewer are left.
   */
  readonly frontier: PowerLawFit | null;
}

/** How points are laid out. */
export function designOf(points: readonly LawPoint[]): Design {
  const logSizes = points.map((point) => Math.log(point.numParameters));
  const logTokens = points.map((point) => Math.log(point.numTokens));
  const logComputes = points.map((point) => Math.log10(point.numParameters * point.numTokens));
  return {
    numSizes: numDistinct(logSizes),
    numDurations: numDistinct(logTokens),
    computeDecades: logComputes.reduce((a, b) => Math.max(a, b)) - logComputes.reduce((a, b) => Math.min(a, b)),
    isLine: deviationAcross(logSizes, logTokens) < onLine,
  };
}

/** For E, A and B: whether a fit must do without, because its term is a constant at these points or merges with another. */
export function absentTerms({ numSizes, numDurations }: Design): readonly [boolean, boolean, boolean] {
  return [false, numSizes === 1, numDurations === 1];
}

/** What points can tell of a law that was fitted to them: judged by their layout, and by which terms were found at all. */
export function identificationOf(points: readonly LawPoint[], law: ScalingLaw): Identification {
  const design = designOf(points);
  const { numSizes, numDurations, computeDecades, isLine } = design;
  const isWide = numSizes >= minSizes && numDurations >= minDurations && computeDecades >= minDecades;
  const isPlane = numSizes > 1 && numDurations > 1 && !isLine;
  const lowest = points.reduce((loss, point) => Math.min(loss, point.loss), Number.POSITIVE_INFINITY);
  const hasFloor = law.E > noFloor * lowest;
  const frontier = frontierOf(points);
  const doesFall = (factor: number, exponent: number, values: readonly number[]): boolean => {
    const terms = values.map((value) => factor * value ** -exponent);
    const [least, most] = [terms.reduce((a, b) => Math.min(a, b)), terms.reduce((a, b) => Math.max(a, b))];
    return most - least > noFall * lowest;
  };
  const fallsWithSize = doesFall(
    law.A,
    law.alpha,
    points.map(({ numParameters }) => numParameters),
  );
  const fallsWithTokens = doesFall(
    law.B,
    law.beta,
    points.map(({ numTokens }) => numTokens),
  );

  const sentences: string[] = [];
  if (numSizes < minSizes) {
    sentences.push(
      numSizes === 1
        ? 'All points have one size, so how the loss falls with size (A, alpha) is not known.'
        : 'Two sizes tell how far the loss falls from one to the other, not along which curve (A, alpha).',
    );
  }
  if (numDurations < minDurations) {
    sentences.push(
      numDurations === 1
        ? 'All points have one duration, so how the loss falls with tokens (B, beta) is not known.'
        : 'Two durations tell how far the loss falls from one to the other, not along which curve (B, beta).',
    );
  }
  if (!isPlane && numSizes > 1 && numDurations > 1) {
    sentences.push(
      'All points lie on one line of log N and log D, so what size does (alpha) and what duration does (beta) cannot be told apart.',
    );
  }
  if (isPlane && !fallsWithSize) sentences.push('The loss of these points does not fall with size (A, alpha).');
  if (isPlane && !fallsWithTokens) sentences.push('The loss of these points does not fall with tokens (B, beta).');
  const slope =
    frontier === null ? '' : ` What they show is the slope of the frontier: loss ∝ C^${exponentText(frontier)}.`;
  if (!isWide) {
    sentences.push(
      `These points have ${counted(numSizes, 'size')}, ${counted(numDurations, 'duration')} and ` +
        `${computeDecades.toFixed(1)} decades of compute; to tell where the loss ends (E) takes at least ` +
        `${minSizes}, ${minDurations} and ${minDecades}.${slope}`,
    );
  } else if (isPlane && !hasFloor) {
    sentences.push(`The best law has no floor (E = 0): these points do not yet show where the loss ends.${slope}`);
  }
  return {
    E: isWide && isPlane && hasFloor,
    alpha: numSizes >= minSizes && fallsWithSize && (numDurations === 1 || !isLine),
    beta: numDurations >= minDurations && fallsWithTokens && (numSizes === 1 || !isLine),
    reason: sentences.length === 0 ? null : sentences.join(' '),
    sentences,
    design,
    frontier,
  };
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

function exponentText({ exponent, estimate }: PowerLawFit): string {
  const value = exponent.toFixed(3).replace('-', '−');
  if (estimate === null) return value;
  const [low, high] = estimate.interval95.map((end) => end.toFixed(3).replace('-', '−'));
  return `${value} (95 % from ${low} to ${high})`;
}

function numDistinct(logs: readonly number[]): number {
  let count = 0;
  let last = Number.NEGATIVE_INFINITY;
  for (const x of logs.toSorted((a, b) => a - b)) {
    if (x - last <= sameWithin) continue;
    count++;
    last = x;
  }
  return count;
}

/** Root of the smaller eigenvalue of the covariance. */
function deviationAcross(xs: readonly number[], ys: readonly number[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;
  const [meanX, meanY] = [mean(xs), mean(ys)];
  const xx = mean(xs.map((x) => (x - meanX) ** 2));
  const yy = mean(ys.map((y) => (y - meanY) ** 2));
  const xy = mean(xs.map((x, i) => (x - meanX) * ((ys[i] ?? Number.NaN) - meanY)));
  return Math.sqrt(Math.max(0, (xx + yy - Math.hypot(xx - yy, 2 * xy)) / 2));
}

function frontierOf(points: readonly LawPoint[]): PowerLawFit | null {
  const computeOf = (point: LawPoint): number => point.numParameters * point.numTokens;
  const front: [number, number][] = [];
  let lowest = Number.POSITIVE_INFINITY;
  for (const point of points.toSorted((a, b) => computeOf(a) - computeOf(b) || a.loss - b.loss)) {
    if (point.loss >= lowest) continue;
    lowest = point.loss;
    front.push([computeOf(point), point.loss]);
  }
  return new Set(front.map(([compute]) => compute)).size < 2 ? null : fitPowerLaw(front);
}
