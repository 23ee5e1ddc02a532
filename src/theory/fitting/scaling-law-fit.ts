import { GroundworkError } from '../../core/index.ts';
import { type LawPoint, lossOf, type ScalingLaw } from '../scaling-law.ts';
import { absentTerms, designOf, type Identification, identificationOf } from './identification.ts';
import { type FitObjective, huber, type LawPrior, type NoisyPrior } from './law-objective.ts';
import { type LawSearch, lawAt, type SearchGoal, searchLaw } from './law-search.ts';
import { checkPoints, type Observations, observationsOf } from './observations.ts';
import type { Minimum } from './quasi-newton.ts';

/** Huber's function with the delta of Hoffmann et al. 2022, appendix D.3. */
export const hoffmannObjective: FitObjective = { kind: 'huber', delta: 1e-3 };

/**
 * A weak belief about any law of language models, from the spread of published fits. It keeps E from falling to zero on a
 * small ladder; on average its forecasts are no better than those without, so it serves as a second opinion: where the two
 * differ, trust neither to the last digit.
 */
export const weakPrior: LawPrior = {
  alpha: { mean: 0.33, deviation: 0.08 },
  beta: { mean: 0.37, deviation: 0.1 },
  floorShare: { mean: 0.78, deviation: 0.1 },
};

export interface FitOptions {
  /** How residuals are penalised; `hoffmannObjective` unless given. */
  readonly objective?: FitObjective;
  /** What is believed before any run; nothing unless given. */
  readonly prior?: LawPrior;
  /** How much each point counts, relative to the others; all alike unless given. */
  readonly weights?: readonly number[];
}

/** A law fitted to points. */
export interface ScalingLawFit {
  readonly law: ScalingLaw;
  readonly objective: FitObjective;
  /** Σ weight · penalty(residual), without the prior's part. */
  readonly objectiveValue: number;
  /** The belief that was used, with the noise that it was weighed against; null without one. */
  readonly prior: NoisyPrior | null;
  readonly numPoints: number;
  /** Loss of the law at each point, in their order. */
  readonly fitted: readonly number[];
  /** ln(loss / fitted loss) of each point. */
  readonly residuals: readonly number[];
  /** Mean of |residual| by weight: close to the mean relative error. */
  readonly meanError: number;
  /** a = beta/(alpha + beta): with C = 6·N·D the best size grows with compute as C^a. */
  readonly sizeExponent: number;
  /** What these points can tell, as data and as sentences. */
  readonly identified: Identification;
  /** Starts that were refined, and how many of them ended at this law. */
  readonly starts: { readonly tried: number; readonly agreeing: number };
  /** Evaluations of the objective, those of the grid of starts among them. */
  readonly numEvaluations: number;
}

/** Stands for a delta that vanishes: a thousandth of the noise of the cleanest tables. */
const vanishingDelta = 1e-6;
/** Residuals are no smaller than this in truth, however well few points are met. */
const leastNoise = 1e-3;

/**
 * Fits L(N, D) = E + A·N^(−alpha) + B·D^(−beta) (Hoffmann et al. 2022, 2203.15556, equation 2 and appendix D.3) to the
 * logarithm of the loss.
 *
 * A grid over (alpha, beta) with E, A, B ≥ 0 by non-negative least squares of relative error gives the starts; the best six
 * that lie apart are refined by BFGS, and the lowest end is the law. It needs no starting values and ends where a grid of
 * thousands of starts in all five numbers ends.
 *
 * @param points at least five, in one unit of loss and one convention of parameters
 * @throws GroundworkError `usage` for too few points, numbers that are not finite and above zero, points given twice
 */
export function fitScalingLaw(points: readonly LawPoint[], options: FitOptions = {}): ScalingLawFit {
  return searchedFit(points, options).fit;
}

/** A fit with what was minimised and where the search ended, from which resamples of the points set out. */
export interface SearchedFit {
  readonly fit: ScalingLawFit;
  readonly goal: SearchGoal;
  readonly minimum: Minimum;
}

/** `fitScalingLaw` with what it went through. */
export function searchedFit(points: readonly LawPoint[], options: FitOptions): SearchedFit {
  const { objective = hoffmannObjective, prior } = options;
  const goal = searchGoalOf(points, options);
  const search = searchLaw(goal);
  const fit = fitOf(points, goal, search, objective);
  if (prior === undefined) return { fit, goal, minimum: search.minimum };
  // The noise is that of a fit without the prior, widened for the five numbers that the fit spent.
  const spent = points.length / Math.max(1, points.length - 5);
  const noise = prior.noise ?? Math.max(leastNoise, fit.meanError * spent);
  const weighed = { ...goal, prior: { ...prior, noise } };
  const second = searchLaw(weighed);
  const numEvaluations = search.numEvaluations + second.numEvaluations;
  return {
    fit: fitOf(points, weighed, { ...second, numEvaluations }, objective),
    goal: weighed,
    minimum: second.minimum,
  };
}

/** What a fit of these points minimises, without a prior. */
function searchGoalOf(points: readonly LawPoint[], options: FitOptions): SearchGoal {
  const { objective = hoffmannObjective, weights } = options;
  checkPoints(points, weights);
  if (objective.kind === 'huber' && !(Number.isFinite(objective.delta) && objective.delta > 0)) {
    throw new GroundworkError('usage', `delta is ${objective.delta}, expected a finite number above zero`, {
      hint: 'It is a difference of ln(loss): 1e-3 is usual.',
    });
  }
  const observations = observationsOf(points, weights);
  const design = designOf(countingPoints(points, observations));
  if (design.numSizes === 1 && design.numDurations === 1) {
    throw new GroundworkError('usage', `all points have the same size and the same number of tokens`, {
      hint: 'A law needs runs that differ in size or duration.',
    });
  }
  return {
    observations,
    delta: objective.kind === 'huber' ? objective.delta : vanishingDelta,
    prior: undefined,
    isAbsent: absentTerms(design),
  };
}

/** The points with a weight above zero, which alone say what can be told. */
const countingPoints = (points: readonly LawPoint[], { weight }: Observations): LawPoint[] =>
  points.filter((_, i) => (weight[i] ?? 0) > 0);

function fitOf(
  points: readonly LawPoint[],
  goal: SearchGoal,
  search: LawSearch,
  objective: FitObjective,
): ScalingLawFit {
  const { weight, totalWeight } = goal.observations;
  const law = lawAt(search.minimum.point, goal.observations);
  const fitted = points.map((point) => lossOf(law, point.numParameters, point.numTokens));
  const residuals = points.map((point, i) => Math.log(point.loss / (fitted[i] ?? Number.NaN)));
  const penalty = (r: number): number => (objective.kind === 'huber' ? huber(r, objective.delta) : Math.abs(r));
  const weighted = (f: (residual: number) => number): number =>
    residuals.reduce((sum, residual, i) => sum + (weight[i] ?? 0) * f(residual), 0);
  return {
    law,
    objective,
    objectiveValue: weighted(penalty),
    prior: goal.prior ?? null,
    numPoints: points.length,
    fitted,
    residuals,
    meanError: weighted(Math.abs) / totalWeight,
    sizeExponent: law.beta / (law.alpha + law.beta),
    identified: identificationOf(countingPoints(points, goal.observations), law),
    starts: { tried: search.numStarts, agreeing: search.numAgreeing },
    numEvaluations: search.numEvaluations,
  };
}
