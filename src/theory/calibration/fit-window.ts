import { fitScalingLaw } from '../fitting/scaling-law-fit.ts';
import { lossOf } from '../scaling-law.ts';
import { type ComputePoint, computeOf, splitByCompute } from './extrapolation.ts';

/** What counts as the largest trainings: those above this fraction of the largest compute are foretold from the others. */
const largestFrom = 1.5;
/** The least window: the largest compute over this. */
const leastSpan = 8;
/** A cut has to lower the error to this share, else all trainings stay: a few targets choose among several cuts. */
const worthwhileShare = 2 / 3;
/** And by this much in ln loss: what two seeds differ by (docs/notebook.md, "Theory"). */
const worthwhileGain = 0.003;

/** The trainings that a law is fitted to. */
export interface FitWindow {
  readonly points: readonly ComputePoint[];
  /** Trainings of less compute were left out; 0 where all were kept. */
  readonly leastFlops: number;
}

/**
 * Leaves out trainings so small that they follow another law than the large ones do. In their first hundred steps models learn what is
 * quickest to learn, and loss falls faster or slower there than any power law that holds later (Porian et al. 2024, 2406.19146, leave out
 * under-trained models for the same reason). Which ones is decided by foretelling, not by looks: of several least amounts of compute, each
 * half of the one before, the one whose trainings foretell the largest trainings best, if it does so by a third better than all together.
 */
export function fitWindow(points: readonly ComputePoint[]): FitWindow {
  const all = { points, leastFlops: 0 };
  const compute = points.map(computeOf);
  const [least, largest] = [Math.min(...compute), Math.max(...compute)];
  const windows: FitWindow[] = [];
  for (let leastFlops = largest / leastSpan; leastFlops > least; leastFlops /= 2) {
    windows.push({ points: points.filter((point) => computeOf(point) >= leastFlops), leastFlops });
  }
  const graded = windows.flatMap((window) => {
    const error = foretellingError(window.points);
    return error === undefined ? [] : [{ window, error }];
  });
  const error = foretellingError(points);
  const best = graded.toSorted((a, b) => a.error - b.error)[0];
  if (best === undefined || error === undefined) return all;
  const isWorthwhile = best.error <= worthwhileShare * error && error - best.error >= worthwhileGain;
  return isWorthwhile ? best.window : all;
}

/** Eight trainings of three sizes and three durations, each or more: what the five numbers of a law can be told from. */
function isEnough(points: readonly ComputePoint[]): boolean {
  const numDistinct = (of: (point: ComputePoint) => number) => new Set(points.map(of)).size;
  return (
    points.length >= 8 &&
    numDistinct((point) => point.numParameters) >= 3 &&
    numDistinct((point) => point.numTokens) >= 3
  );
}

/** Root mean square of ln(loss / foretold) over the largest trainings; undefined where the others are too few for a law. */
function foretellingError(points: readonly ComputePoint[]): number | undefined {
  const { small, large } = splitByCompute(points, largestFrom);
  if (!isEnough(small) || large.length === 0) return undefined;
  const { law } = fitScalingLaw(small);
  const squares = large.map(
    ({ numParameters, numTokens, loss }) => Math.log(loss / lossOf(law, numParameters, numTokens)) ** 2,
  );
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length);
}
