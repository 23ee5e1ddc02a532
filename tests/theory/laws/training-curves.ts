import { numDecaySteps, type Schedule, scheduleFactor } from '../../../src/optimizer/index.ts';
import { type CurveLaw, type CurveSchedule, curveLossesOf, type TrainingCurve } from '../../../src/theory/index.ts';

export const squareRootDecay: Schedule = {
  kind: 'warmupStableSquareRoot',
  warmupSteps: 20,
  finalFactor: 0,
  decayShare: 0.2,
};
export const cosine: Schedule = { kind: 'cosine', warmupSteps: 20, finalFactor: 0.1, decayShare: 0 };

/** A schedule of the optimizers, as laws of curves take it. */
export function scheduleOf(schedule: Schedule, numSteps: number): CurveSchedule {
  return { numSteps, factorAt: (step) => scheduleFactor(schedule, step, numSteps) };
}

/** The first step of a schedule's decay. */
export const decayStart = (schedule: Schedule, numSteps: number): number =>
  numSteps - numDecaySteps(schedule, numSteps);

/** A curve by a law, with so many evaluations at even distances, and each loss times (1 + noise). */
export function curveOf(
  law: CurveLaw,
  { numParameters, batchTokens, numSteps }: { numParameters: number; batchTokens: number; numSteps: number },
  {
    schedule = squareRootDecay,
    numPoints = 25,
    noise = () => 0,
  }: {
    schedule?: Schedule;
    numPoints?: number;
    noise?: () => number;
  } = {},
): TrainingCurve {
  const run = { numParameters, batchTokens, ...scheduleOf(schedule, numSteps) };
  const steps = Array.from({ length: numPoints }, (_, i) => Math.round(((i + 1) * numSteps) / numPoints));
  const losses = curveLossesOf(law, run, steps);
  return { ...run, points: steps.map((step, i) => ({ step, loss: (losses[i] as number) * (1 + noise()) })) };
}
