import { z } from 'zod';

const share = z.number().min(0).max(1);

/** A learning-rate schedule as data: the factor on every group's peak rate as a function of (step, numSteps). */
export const scheduleSchema = z.strictObject({
  /** After warm-up: flat; half a cosine; a line; or flat and then a line over the last `decayShare` (warm-up, stable, decay). */
  kind: z.enum(['constant', 'cosine', 'linear', 'warmupStableDecay']),
  /** Steps over which the factor rises in a line from 1/warmupSteps to 1; never more than a fifth of the run. */
  warmupSteps: z.int().min(0),
  /** The factor at the end of the run; `constant` has none. */
  finalFactor: share,
  /** Of `warmupStableDecay`: the share of all steps over which it decays. */
  decayShare: share,
});
export type Schedule = z.infer<typeof scheduleSchema>;
