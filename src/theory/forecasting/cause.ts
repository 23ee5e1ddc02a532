import { z } from 'zod';

/** Why a run may end elsewhere than its forecast says. */
export const causes = [
  'data',
  'recipe',
  'schedule',
  'learning-rate',
  'repetition',
  'batch',
  'length',
  'busy-machine',
  'accounting',
  'noise',
  'estimate',
  'extrapolation',
] as const;
export const causeSchema = z.enum(causes);
export type Cause = z.infer<typeof causeSchema>;

/** Schema of something in which a run differs from what its law was measured under. */
export const differenceSchema = z.strictObject({
  cause: causeSchema,
  /** A sentence with the numbers. */
  text: z.string(),
  /**
   * By how much theory expects it to change the bits per byte, relative and with its sign (0.02: two per cent more); null where theory
   * has no number. It is not part of the forecast: what is known well enough to be reckoned with is in the law.
   */
  effect: z.number().nullable(),
});
export type Difference = Readonly<z.infer<typeof differenceSchema>>;
