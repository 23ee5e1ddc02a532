import { z } from 'zod';

/**
 * What a run remembers of its losses, to tell a training that has gone wrong from one that had a bad moment. Plain data, kept
 * in checkpoints; it never holds a number that is not finite.
 */
export const lossHistorySchema = z.strictObject({
  /** Exponential moving average of the losses, and the weight that it has gathered (1 − 0.95ⁿ after n losses). */
  average: z.number(),
  weight: z.number(),
  /** The average after the first losses; null before. */
  first: z.number().nullable(),
  /** The lowest average. */
  best: z.number().nullable(),
  /** Steps in a row for which the average has been far above its best. */
  numStepsAbove: z.int().min(0),
  /** Steps in a row that were skipped. */
  numSkipped: z.int().min(0),
});
export type LossHistory = z.infer<typeof lossHistorySchema>;

export const emptyLossHistory: LossHistory = {
  average: 0,
  weight: 0,
  first: null,
  best: null,
  numStepsAbove: 0,
  numSkipped: 0,
};

/** As long as 20 steps: the noise of single batches is averaged away, a departure shows within a few dozen steps. */
const decay = 0.95;
/** Losses before the average is taken as a beginning. */
const numFirst = 5;
/** A batch that cannot be computed once is bad luck; three in a row are none. */
export const mostSkipped = 3;

/** The loss as averaged over about the last 20 steps; undefined before the first. */
export function averageLoss({ average, weight }: LossHistory): number | undefined {
  return weight > 0 ? average / weight : undefined;
}

/** The history after a step whose loss was not finite, or whose gradient was not: its numbers are left out. */
export function afterSkippedStep(history: LossHistory): LossHistory {
  return { ...history, numSkipped: history.numSkipped + 1 };
}

/** The history after a step that was carried out. */
export function afterStep(history: LossHistory, loss: number): LossHistory {
  const average = decay * history.average + (1 - decay) * loss;
  const weight = decay * history.weight + (1 - decay);
  const smoothed = average / weight;
  const hasBegun = weight >= 1 - decay ** numFirst - 1e-12;
  const first = history.first ?? (hasBegun ? smoothed : null);
  const best = first === null ? null : Math.min(history.best ?? smoothed, smoothed);
  const isAbove = first !== null && best !== null && smoothed > best + departure(first, best);
  return {
    average,
    weight,
    first,
    best,
    numStepsAbove: isAbove ? history.numStepsAbove + 1 : 0,
    numSkipped: 0,
  };
}

/**
 * How far above its best the average may rise: half of what had been learned since the beginning, and at least half a nat.
 * Spikes that a training recovers from rarely cost so much; a mixture that changes does not; and a loss near its beginning,
 * where there is little to lose, is left alone.
 */
function departure(first: number, best: number): number {
  return Math.max(0.5, 0.5 * (first - best));
}

/** How many steps in a row the average may be far above its best: a twentieth of the run, but 50 to 500. */
export function mostStepsAbove(numSteps: number): number {
  return Math.min(500, Math.max(50, Math.ceil(numSteps / 20)));
}

/** Why a run cannot go on; undefined where it can. */
export function causeToStop(history: LossHistory, numSteps: number): string | undefined {
  const { numSkipped, numStepsAbove, best } = history;
  if (numSkipped >= mostSkipped) {
    return `${numSkipped} steps in a row gave a loss or a gradient that is not finite`;
  }
  if (numStepsAbove >= mostStepsAbove(numSteps) && best !== null) {
    const now = averageLoss(history) ?? Number.NaN;
    return `for ${numStepsAbove} steps the loss has been far above its best (${now.toFixed(3)} now, ${best.toFixed(3)} at best)`;
  }
  return undefined;
}
