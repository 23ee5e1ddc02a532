import { present } from '../../core/index.ts';
import type { ScalingLaw } from '../scaling-law.ts';
import {
  absentTerm,
  alphaAt,
  betaAt,
  exponentAt,
  floorAt,
  lawObjective,
  type NoisyPrior,
  sizeTermAt,
  tokenTermAt,
} from './law-objective.ts';
import type { Observations } from './observations.ts';
import { type MinimiseOptions, type Minimum, minimise } from './quasi-newton.ts';
import { fineGrid, gridCells, separatedCells } from './start-cells.ts';

/** What is minimised. */
export interface SearchGoal {
  readonly observations: Observations;
  /** Where Huber's function turns from a parabola into a line. */
  readonly delta: number;
  readonly prior: NoisyPrior | undefined;
  /** For E, A and B: whether the law does without, because the points cannot tell the term from another. */
  readonly isAbsent: readonly [boolean, boolean, boolean];
}

/** The best of several refined starts. */
export interface LawSearch {
  readonly minimum: Minimum;
  readonly numStarts: number;
  /** How many starts ended at the minimum. */
  readonly numAgreeing: number;
  readonly numEvaluations: number;
}

/** Cells that are refined, and by how many steps of the grid they must differ. */
const [numStarts, startSeparation] = [6, 2];
/** Narrower deltas are approached from here by factors of ten: the narrower, the more kinks stop a search. */
const smoothDelta = 1e-3;
/** A floor below this fraction of the lowest loss may as well be none. */
const smallestFloor = 1e-4;

/** The lowest minimum from automatic starts: the best cells of a grid over both exponents that lie apart, refined. */
export function searchLaw(goal: SearchGoal): LawSearch {
  const { observations, delta, prior, isAbsent } = goal;
  const smooth = { ...goal, delta: Math.max(delta, smoothDelta) };
  const objective = lawObjective(observations, smooth.delta, prior, isAbsent);
  const grid = gridCells(observations, fineGrid, objective, isAbsent);
  const ends = separatedCells(grid, numStarts, startSeparation).map(({ theta }) => refineLaw(smooth, theta));
  let numEvaluations = ends.reduce((sum, end) => sum + end.numEvaluations, grid.length);
  if (delta === smooth.delta) {
    const minimum = lowestOf(ends);
    return { minimum, numStarts: ends.length, numAgreeing: ends.filter(isLike(minimum)).length, numEvaluations };
  }
  // Starts that have met go on as one.
  const distinct = ends.filter((end, i) => ends.findIndex(isLike(end)) === i);
  const refined = distinct.map((end) => refineLaw(goal, end.point));
  numEvaluations += refined.reduce((sum, end) => sum + end.numEvaluations, 0);
  const minimum = lowestOf(refined);
  const origin = present(distinct[refined.indexOf(minimum)], 'where the minimum came from');
  return { minimum, numStarts: ends.length, numAgreeing: ends.filter(isLike(origin)).length, numEvaluations };
}

const lowestOf = (minima: readonly Minimum[]): Minimum =>
  minima.reduce((best, minimum) => (minimum.value < best.value ? minimum : best));

/** Whether two values, about a hundred times the mean residual, are one to a millionth. */
const isLike =
  (one: Minimum) =>
  (other: Minimum): boolean =>
    Math.abs(one.value - other.value) <= 1e-6 * one.value + 1e-12;

/** The minimum that a start leads to, along narrowing deltas. */
export function refineLaw(goal: SearchGoal, start: Float64Array, options: MinimiseOptions = {}): Minimum {
  const { observations, delta, prior, isAbsent } = goal;
  let minimum: Minimum | undefined;
  let numEvaluations = 0;
  for (const narrower of deltasDownTo(delta)) {
    const objective = lawObjective(observations, narrower, prior, isAbsent);
    minimum = minimise(objective, minimum?.point ?? start, options);
    numEvaluations += minimum.numEvaluations;
  }
  const found = present(minimum, 'a minimum');
  const floor = Math.exp(present(found.point[floorAt], 'the floor'));
  if (isAbsent[floorAt] || floor > smallestFloor * observations.lowestLoss) return { ...found, numEvaluations };
  // A logarithm never reaches zero: see whether the law is as good without a floor.
  const withoutFloor = found.point.slice();
  withoutFloor[floorAt] = absentTerm;
  const end = minimise(
    lawObjective(observations, delta, prior, [true, isAbsent[1], isAbsent[2]]),
    withoutFloor,
    options,
  );
  numEvaluations += end.numEvaluations;
  return { ...(end.value <= found.value * (1 + 1e-9) ? end : found), numEvaluations };
}

/** 1e-3, 1e-4 … and delta at last; delta alone where it is no narrower than the first. */
function deltasDownTo(delta: number): number[] {
  const deltas: number[] = [];
  for (let wider = smoothDelta; wider > delta * 1.001; wider /= 10) deltas.push(wider);
  return [...deltas, delta];
}

/** The law in a point of the search. */
export function lawAt(theta: Float64Array, { meanLogSize, meanLogTokens }: Observations): ScalingLaw {
  const at = (i: number): number => present(theta[i], `variable ${i}`);
  const [alpha, beta] = [exponentAt(theta, alphaAt), exponentAt(theta, betaAt)];
  return {
    E: Math.exp(at(floorAt)),
    A: Math.exp(at(sizeTermAt) + alpha * meanLogSize),
    alpha,
    B: Math.exp(at(tokenTermAt) + beta * meanLogTokens),
    beta,
  };
}

/** The point of the search in which a law stands. */
export function thetaOf(
  { E, A, alpha, B, beta }: ScalingLaw,
  { meanLogSize, meanLogTokens }: Observations,
): Float64Array {
  const logOf = (term: number): number => (term > 0 ? Math.log(term) : absentTerm);
  return Float64Array.of(
    logOf(E),
    A > 0 ? Math.log(A) - alpha * meanLogSize : absentTerm,
    B > 0 ? Math.log(B) - beta * meanLogTokens : absentTerm,
    Math.log(alpha),
    Math.log(beta),
  );
}
