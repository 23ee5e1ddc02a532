import { z } from 'zod';

/** What a peer says once it is loaded (bench/peers/README.md). */
export const readySchema = z.object({
  ready: z.literal(true),
  versions: z.record(z.string(), z.string()),
  /** From the start of the peer's own code to readiness: imports, reading files, building what it builds beforehand. */
  loadMs: z.number(),
  threads: z.number().int(),
  /** Rows of ours: from the start of tracing to a loaded session, which is part of `loadMs`. */
  traceToSessionMs: z.number().optional(),
});
export type Ready = z.infer<typeof readySchema>;

/** What a peer says after some steps. */
export const stepsSchema = z.object({
  losses: z.array(z.number().nullable()),
  stepMs: z.array(z.number()),
  cpuSeconds: z.number(),
  peakBytes: z.number(),
  /** Rows of Gemm: by the name of the product, how long each run of it took. */
  productMs: z.record(z.string(), z.array(z.number())).optional(),
});
export type StepsAnswer = z.infer<typeof stepsSchema>;
