import { z } from 'zod';
import { assert } from '../core/index.ts';

const share = z.number().min(0).max(1);

/** A learning-rate schedule as data: the factor on every group's peak rate as a function of (step, numSteps). */
export const scheduleSchema = z.strictObject({
  /**
   * After warm-up: flat; half a cosine; a line; or flat and then down over the last `decayShare`, in a line or as 1 − √x
   * (warm-up, stable, decay: Hu et al. 2024; the square root: Hägele et al. 2024).
   */
  kind: z.enum(['constant', 'cosine', 'linear', 'warmupStableDecay', 'warmupStableSquareRoot']),
  /** Steps over which the factor rises in a line from 1/warmupSteps to 1; never more than a fifth of the run. */
  warmupSteps: z.int().min(0),
  /** The factor at the end of the run; `constant` has none. */
  finalFactor: share,
  /** Of the kinds with a flat middle: the share of all steps over which they decay. */
  decayShare: share,
});
export type Schedule = z.infer<typeof scheduleSchema>;

/**
 * Over how many of the last steps a schedule with a flat middle decays: its share of them, rounded up. That 0.55 · 100 is
 * 55.00000000000001 makes no step of its own.
 */
export function numDecaySteps({ decayShare }: Schedule, numSteps: number): number {
  return Math.max(0, Math.ceil(decayShare * numSteps - 1e-6));
}

/** How many steps of a run warm up: what the schedule asks for, but never more than a fifth of the run. */
export function numWarmupSteps({ warmupSteps }: Schedule, numSteps: number): number {
  return Math.min(warmupSteps, Math.floor(numSteps / 5));
}

/**
 * The factor on the peak learning rates in one step, a pure function of its arguments: in 0 … 1, never 0 before the last step.
 *
 * Warm-up: (step + 1) / w over the first w steps. Then, with x the share of the decay that is over before this step,
 * 1 − (1 − f) · shape(x), where f is the final factor and shape goes from 0 to 1: x, 1 − cos(πx) over 2, or √x. The last step has the
 * factor that the decay has reached one step before its end, so that a final factor of 0 wastes no step.
 *
 * @param step from 0
 * @param numSteps of the whole run
 */
export function scheduleFactor(schedule: Schedule, step: number, numSteps: number): number {
  assert(Number.isInteger(step) && step >= 0 && step < numSteps, `step ${step} is not in 0 … ${numSteps - 1}`);
  const { kind, finalFactor } = schedule;
  const numWarmup = numWarmupSteps(schedule, numSteps);
  if (step < numWarmup) return (step + 1) / numWarmup;
  if (kind === 'constant') return 1;
  const isFlatFirst = kind === 'warmupStableDecay' || kind === 'warmupStableSquareRoot';
  const decayStart = isFlatFirst ? Math.max(numWarmup, numSteps - numDecaySteps(schedule, numSteps)) : numWarmup;
  if (step < decayStart) return 1;
  const x = (step - decayStart) / (numSteps - decayStart);
  return 1 - (1 - finalFactor) * decayShapes[kind](x);
}

/** From 0 at x = 0 to 1 at x = 1, without functions that another version of V8 may round otherwise. */
const decayShapes = {
  cosine: halfCosine,
  linear: (x: number) => x,
  warmupStableDecay: (x: number) => x,
  warmupStableSquareRoot: Math.sqrt,
} as const satisfies Record<Exclude<Schedule['kind'], 'constant'>, (x: number) => number>;

/** (1 − cos πx) / 2 = sin²(πx/2) by a Taylor series around 0 of the angle folded to at most π/4: exact to 1e-16. */
function halfCosine(x: number): number {
  if (x > 0.5) return 1 - halfCosine(1 - x);
  const angle = (Math.PI / 2) * x;
  const square = angle * angle;
  let term = angle;
  let sine = angle;
  for (let n = 3; n <= 19; n += 2) {
    term *= -square / (n * (n - 1));
    sine += term;
  }
  return sine * sine;
}
