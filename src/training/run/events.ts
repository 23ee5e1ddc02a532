import { z } from 'zod';

/** The steps done when an event took place. */
const step = z.int().min(0);
const count = z.int().min(0);
const durationMs = z.number().min(0);

/** A measured number: JSON has no NaN and no infinities, so these are written as strings. */
const measured = z.union([
  z.number(),
  z.enum(['NaN', 'Infinity', '-Infinity']).transform(Number),
  z.nan(),
  z.literal(Number.POSITIVE_INFINITY),
  z.literal(Number.NEGATIVE_INFINITY),
]);

/** Schema of one line of `events.jsonl`: what happened in a run, in the order in which it happened. */
export const runEventSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('started') }),
  /** Goes on after the checkpoint of `step`. */
  z.strictObject({ type: z.literal('resumed'), step }),
  z.strictObject({
    type: z.literal('step'),
    step,
    /** Nats per token. */
    loss: measured,
    /** Before clipping. */
    gradientNorm: measured,
    /** False where the step was skipped, since its numbers were not finite. */
    isApplied: z.boolean(),
    /** What the learning rates were multiplied by. */
    scheduleFactor: z.number(),
    /** Trained on so far. */
    tokens: count,
    /** Of this step. */
    durationMs,
    /** Training time so far, over all resumes. */
    elapsedMs: durationMs,
  }),
  z.strictObject({
    type: z.literal('evaluation'),
    step,
    tokens: count,
    bitsPerByte: measured,
    /** Validation documents that were read, spread evenly over all that there are. */
    numDocuments: count,
    numValidationDocuments: count,
    /** At the end of the run. */
    isFinal: z.boolean(),
  }),
  z.strictObject({ type: z.literal('sample'), step, prompt: z.string(), text: z.string() }),
  z.strictObject({ type: z.literal('checkpoint'), step, sizeBytes: count }),
  /** The number of steps was changed on the way. */
  z.strictObject({ type: z.literal('rescheduled'), step, numSteps: count, reason: z.string() }),
  z.strictObject({ type: z.literal('warning'), step, message: z.string() }),
  z.strictObject({ type: z.literal('finished') }),
  z.strictObject({ type: z.literal('stopped'), step, signal: z.string() }),
  z.strictObject({ type: z.literal('failed'), code: z.string(), message: z.string(), step }),
]);

/** One event of a run. */
export type RunEvent = z.infer<typeof runEventSchema>;

/** The line of an event, without its end. */
export function eventLine(event: RunEvent): string {
  return JSON.stringify(event, (_, value) =>
    typeof value === 'number' && !Number.isFinite(value) ? String(value) : value,
  );
}

/** The event of a line, or why it is none. */
export function parseEventLine(line: string): RunEvent | { readonly fault: string } {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    return { fault: (error as Error).message };
  }
  const parsed = runEventSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return { fault: `${issue?.path.join('.') || 'the line'}: ${issue?.message}` };
}
