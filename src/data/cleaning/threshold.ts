import { z } from 'zod';

/** A threshold that `null` switches off. */
export const threshold = (value: number | null) => z.number().nonnegative().nullable().default(value);

/** A threshold between 0 and 1 that `null` switches off. */
export const share = (value: number | null) => z.number().min(0).max(1).nullable().default(value);
