import type { LadderPoint, LadderRecord } from '../ladder-record.ts';
import type { RunSubject } from './run-subject.ts';

/** Mean factors of two schedules that differ by less are taken for the same shape: roundings make as much. */
export const sameShapeWithin = 0.04;
/** Schedules are compared over what comes after this share of a run: warm-up is never longer, and says nothing of the decay. */
const afterWarmup = 0.2;

/**
 * The mean of the schedule's factor over the last four fifths of a run: 1 without a decay, 0.69 for one in a line over the last half, 0.38
 * for a cosine.
 */
export function meanScheduleFactor({
  numSteps,
  scheduleFactor,
}: Pick<RunSubject, 'numSteps' | 'scheduleFactor'>): number {
  // As exact as the comparison needs, however long the run.
  const numSamples = Math.min(numSteps, 4096);
  let sum = 0;
  for (let i = 0; i < numSamples; i++) {
    const share = afterWarmup + ((1 - afterWarmup) * (i + 0.5)) / numSamples;
    sum += scheduleFactor(Math.min(numSteps - 1, Math.floor(share * numSteps)));
  }
  return sum / numSamples;
}

/** The same of the runs of a ladder, from the sums of factors along their curves; undefined where none was kept. */
export function ladderScheduleFactor({ points }: LadderRecord): number | undefined {
  const means = points.flatMap(({ curve }) => {
    const [numSteps, sum] = curve.at(-1) ?? [0, 0];
    const before = sumAt(curve, afterWarmup * numSteps);
    return before === undefined ? [] : [(sum - before) / ((1 - afterWarmup) * numSteps)];
  });
  return means.length === 0 ? undefined : means.reduce((sum, mean) => sum + mean, 0) / means.length;
}

/** The sum of factors after so many steps, in a line between the points of a curve; undefined where they lie too far apart. */
function sumAt(curve: LadderPoint['curve'], steps: number): number | undefined {
  const right = curve.findIndex(([step]) => step >= steps);
  const [[x0, y0], point] = [curve[right - 1] ?? [0, 0], curve[right]];
  // A curve of a few points cannot tell where its rate began to fall.
  if (point === undefined || curve.length < 4) return undefined;
  const [x1, y1] = point;
  return x1 === x0 ? y1 : y0 + ((y1 - y0) * (steps - x0)) / (x1 - x0);
}

/** How much of a schedule's decay is still to come in a step: 1 while the rate is flat or rising, its factor on the way down. */
export function undecayed(
  { numSteps, scheduleFactor }: Pick<RunSubject, 'numSteps' | 'scheduleFactor'>,
  step: number,
): number {
  const last = Math.max(0, Math.min(numSteps, step) - 1);
  const factor = scheduleFactor(last);
  // A factor below 1 that still rises belongs to the warm-up.
  const isRising = last + 1 < numSteps && scheduleFactor(last + 1) > factor;
  return isRising ? 1 : factor;
}
