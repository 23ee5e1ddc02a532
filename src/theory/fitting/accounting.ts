import { GroundworkError } from '../../core/index.ts';
import { type CountingConvention, countingConventions } from '../forecast.ts';
import type { ParameterCounts } from '../ladder-record.ts';
import { computeOptimum, hasOptimum } from '../laws/compute-optimum.ts';
import type { LawPoint } from '../scaling-law.ts';
import { checkPositive } from './positive-numbers.ts';
import { fitPowerLaw } from './power-law-fit.ts';
import { type FitOptions, fitScalingLaw, type ScalingLawFit } from './scaling-law-fit.ts';

/** A finished training with its parameters counted in several ways. */
export interface CountedPoint {
  readonly parameters: ParameterCounts;
  /** D */
  readonly numTokens: number;
  /** At the end, in one unit for all points. */
  readonly loss: number;
  /** Floating-point operations of the whole training; 6·total·D where they were not counted. */
  readonly flops?: number;
}

export interface AccountingOptions extends FitOptions {
  /** What to compare; all four unless given. */
  readonly conventions?: readonly CountingConvention[];
  /** Where the best sizes are compared, in FLOPs of a whole training; ten times the largest point unless given. */
  readonly targetFlops?: number;
}

/** A law under one convention, and what it recommends. */
export interface AccountedFit {
  readonly convention: CountingConvention;
  readonly fit: ScalingLawFit;
  /** The best size at the target, whose compute is the same for all conventions; null where the law tells none. */
  readonly optimum: {
    /** Under the convention. */
    readonly numParameters: number;
    /** The same model, all its parameters counted. */
    readonly totalParameters: number;
    readonly numTokens: number;
    readonly loss: number;
  } | null;
}

/** One set of runs under several conventions. */
export interface AccountedFits {
  readonly fits: readonly AccountedFit[];
  readonly targetFlops: number;
  /** Largest less smallest a = beta/(alpha + beta). */
  readonly exponentSpread: number;
  /** Largest over smallest best model at the target, all parameters counted; null where no two laws have one. */
  readonly sizeFactor: number | null;
  /** Whether the conclusion depends on the convention: one of the two above is beyond its limit. */
  readonly isFlipped: boolean;
  /** What a reader must know, a sentence each. */
  readonly warnings: readonly string[];
}

/** Beyond these the conventions contradict each other. */
const [exponentLimit, sizeLimit] = [0.1, 2];
/** Below this a term hardly falls at all, and no best size follows from it. */
const leastExponent = 0.01;

const nameOf: Readonly<Record<CountingConvention, string>> = {
  total: 'all parameters',
  nonEmbedding: 'non-embedding parameters',
  matmul: 'parameters in matrix products',
  active: 'active parameters',
};

/**
 * Fits a law under several conventions of counting parameters and warns where the conclusion depends on the choice. For small
 * models it does: embeddings are most of them, and their share falls with size. The difference between the exponents 0.73 of
 * Kaplan et al. 2020 (2001.08361) and 0.50 of Hoffmann et al. 2022 is for the most part this (Pearce & Song 2024, 2406.12907).
 *
 * a is compared as each convention would report it, with C = 6·N·D of its own N. Best sizes are compared at one and the same
 * compute, counted where `flops` is given: a token's cost is carried from the points to other sizes as N plus or minus a power
 * of N.
 *
 * @throws GroundworkError `usage` as `fitScalingLaw`, and for conventions that count nothing
 */
export function fitUnderAccountings(points: readonly CountedPoint[], options: AccountingOptions = {}): AccountedFits {
  const { conventions = countingConventions, targetFlops: chosenTarget, ...fitOptions } = options;
  for (const [i, { flops }] of points.entries()) {
    if (flops !== undefined) checkPositive({ flops }, ['flops'], `point ${i + 1} of ${points.length}`);
  }
  const warnings: string[] = [];
  const usable = conventions.filter((convention) => points.every(({ parameters }) => parameters[convention] > 0));
  for (const convention of conventions) {
    if (usable.includes(convention)) continue;
    warnings.push(`There is no law in ${nameOf[convention]}: a point has none.`);
  }
  if (usable.length === 0) {
    throw new GroundworkError('usage', `no point has any ${conventions.map((each) => nameOf[each]).join(' or ')}`, {
      hint: 'Compare conventions under which every point has parameters.',
    });
  }
  const flopsOf = ({ flops, parameters, numTokens }: CountedPoint): number => flops ?? 6 * parameters.total * numTokens;
  const targetFlops = chosenTarget ?? 10 * points.reduce((most, point) => Math.max(most, flopsOf(point)), 0);
  const fits = usable.map((convention): AccountedFit => {
    const counts = points.map(({ parameters }) => parameters[convention]);
    const fit = fitScalingLaw(
      points.map(({ numTokens, loss }, i): LawPoint => ({ numParameters: counts[i] ?? 0, numTokens, loss })),
      fitOptions,
    );
    const { alpha, beta } = fit.law;
    const hasSplit = hasOptimum(fit.law) && fit.identified.alpha && fit.identified.beta;
    if (!hasSplit || Math.min(alpha, beta) < leastExponent) return { convention, fit, optimum: null };
    const costs = points.map((point) => flopsOf(point) / (6 * point.numTokens));
    const costOf = relation(counts, costs);
    const totals = points.map(({ parameters }) => parameters.total);
    const { numParameters, numTokens, loss } = computeOptimum(fit.law, targetFlops, (n) => 6 * costOf(n));
    return {
      convention,
      fit,
      optimum: { numParameters, totalParameters: relation(counts, totals)(numParameters), numTokens, loss },
    };
  });

  const byExponent = fits.toSorted((a, b) => a.fit.sizeExponent - b.fit.sizeExponent);
  const [low, high] = [byExponent[0], byExponent.at(-1)];
  const exponentSpread = (high?.fit.sizeExponent ?? 0) - (low?.fit.sizeExponent ?? 0);
  if (low && high && exponentSpread > exponentLimit) {
    warnings.push(
      `How parameters are counted decides the conclusion: the best size grows with compute as ` +
        `C^${low.fit.sizeExponent.toFixed(2)} in ${nameOf[low.convention]} and as ` +
        `C^${high.fit.sizeExponent.toFixed(2)} in ${nameOf[high.convention]}. ` +
        'Name the convention beside every exponent, and do not carry one beyond these sizes.',
    );
  }
  const sizes = fits
    .flatMap(({ convention, optimum }) => (optimum ? [{ convention, size: optimum.totalParameters }] : []))
    .toSorted((a, b) => a.size - b.size);
  const [smallest, largest] = [sizes[0], sizes.at(-1)];
  const sizeFactor = smallest && largest && sizes.length > 1 ? largest.size / smallest.size : null;
  if (smallest && largest && sizeFactor !== null && sizeFactor > sizeLimit) {
    warnings.push(
      `At ${targetFlops.toPrecision(2)} FLOPs the best model has ${smallest.size.toPrecision(2)} parameters in all by the law in ` +
        `${nameOf[smallest.convention]}, and ${largest.size.toPrecision(2)} by the law in ${nameOf[largest.convention]}: ` +
        `a factor of ${sizeFactor.toFixed(1)}. Train a size between them before trusting either.`,
    );
  }
  const isFlipped = exponentSpread > exponentLimit || (sizeFactor ?? 1) > sizeLimit;
  return { fits, targetFlops, exponentSpread, sizeFactor, isFlipped, warnings };
}

/**
 * How one count of parameters goes with another over sizes: other = count ± c·count^p, 0 ≤ p ≤ 1, by least squares of the
 * logarithm of their difference. So a difference that fades with size, as that of embeddings does, goes on fading beyond the
 * points; where the other is smaller, its ratio to the count stays above the least one among them. Counts that cross have one ratio.
 */
function relation(counts: readonly number[], others: readonly number[]): (count: number) => number {
  const pairs = counts.map((count, i) => [count, others[i] ?? Number.NaN] as const);
  const ratios = pairs.map(([count, other]) => other / count);
  const leastRatio = ratios.reduce((a, b) => Math.min(a, b));
  const differences = pairs.map(([count, other]) => [count, other - count] as const);
  const sign = Math.sign(differences[0]?.[1] ?? 0);
  const isOneSided = sign !== 0 && differences.every(([, difference]) => Math.sign(difference) === sign);
  if (!isOneSided || new Set(counts).size < 2) {
    const meanRatio = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
    return (count) => meanRatio * count;
  }
  const centre = Math.exp(counts.reduce((sum, count) => sum + Math.log(count), 0) / counts.length);
  const { coefficient, exponent } = fitPowerLaw(differences.map(([count, difference]) => [count, sign * difference]));
  const p = Math.min(1, Math.max(0, exponent));
  const c = coefficient * centre ** (exponent - p);
  return (count) => Math.max(Math.min(1, leastRatio) * count, count + sign * c * count ** p);
}
