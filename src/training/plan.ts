import { z } from 'zod';
import { scheduleSchema } from '../optimizer/index.ts';
import { type Precision, precisions } from '../recipe/index.ts';

const whole = z.int().min(0);
const positiveWhole = z.int().min(1);
const milliseconds = z.number().min(0);

/** What a person gives for a run. */
export const budgetSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('time'), durationMs: z.number().positive() }),
  z.strictObject({ kind: z.literal('flops'), flops: z.number().positive() }),
  z.strictObject({ kind: z.literal('tokens'), numTokens: positiveWhole }),
  z.strictObject({ kind: z.literal('steps'), numSteps: positiveWhole }),
]);
export type Budget = z.infer<typeof budgetSchema>;

/**
 * Everything that a run will do, decided before it starts: plain data, stored with the run and printed for a person. Given
 * the same plan, datasets and seed, two runs do the same; with a budget of time, up to the step at which the pace of the machine fixes their end.
 */
export const planSchema = z.strictObject({
  budget: budgetSchema,
  size: z.strictObject({
    vocabularySize: positiveWhole,
    contextLength: positiveWhole,
    numLayers: positiveWhole,
    width: positiveWhole,
  }),
  numParameters: positiveWhole,
  batch: z.strictObject({
    /** Rows of a step. */
    batchSize: positiveWhole,
    /** Rows that are computed at once; a step adds up batchSize / microBatchSize of them. */
    microBatchSize: positiveWhole,
    contextLength: positiveWhole,
    packing: z.enum(['stream', 'documents']),
    documentMask: z.boolean(),
    /** Activations are computed a second time instead of kept. */
    recompute: z.boolean(),
    /** What forward and backward pass compute in; absent: float32. */
    precision: z.enum(precisions).exactOptional(),
  }),
  numSteps: positiveWhole,
  /** The most that a budget of time may be stretched to; null: as many as there is time for. */
  mostSteps: positiveWhole.nullable(),
  numTokens: positiveWhole,
  /** How often the training text is read; of a mixture, its most repeated part. */
  epochs: z.number().min(0),
  schedule: scheduleSchema,
  evaluation: z.strictObject({
    /** Steps from one evaluation to the next; 0: only at the end. */
    everySteps: whole,
    /** Validation documents of an evaluation during the run, spread evenly over all. */
    numDocuments: whole,
    /** Validation documents at the end. */
    numFinalDocuments: whole,
    /** Rows that are evaluated at once. */
    batchSize: positiveWhole,
  }),
  samples: z.strictObject({
    /** Steps from one sample to the next; 0: only at the end. */
    everySteps: whole,
    numTokens: positiveWhole,
    /** What samples begin with; none: prompts that suit the dataset. */
    prompts: z.array(z.string()),
  }),
  checkpoints: z.strictObject({
    /** Time between checkpoints; null: by steps alone. */
    everyMs: milliseconds.nullable(),
    /** Steps between checkpoints; null: by time alone. */
    everySteps: positiveWhole.nullable(),
    /** How many of the newest are kept. */
    keep: z.int().min(2),
  }),
  expected: z.strictObject({
    /** Time of a step, as measured or as estimated from the size that was measured. */
    msPerStep: milliseconds,
    /** Where that is known from: this size was measured, another one was, or nothing. Plans of before do not say. */
    source: z.enum(['measured', 'estimated', 'guessed']).exactOptional(),
    trainingMs: milliseconds,
    /** Evaluations, samples and checkpoints, the last ones included. */
    otherMs: milliseconds,
    /** Of a budget of time, what planning left for the run; null without one. */
    limitMs: milliseconds.nullable(),
    /** What has to be left when training ends, for the last evaluation, samples and checkpoint. */
    finalMs: milliseconds,
    /** Of that, what is no evaluation. Plans of before do not say. */
    closingMs: milliseconds.exactOptional(),
    /** Of one step, counted in its graph. */
    flopsPerStep: z.number().min(0),
  }),
  memory: z.strictObject({
    /** By how much the run may let the process grow, whatever it does between steps: what must be there. */
    neededBytes: whole,
    /** By how much it will, at its peak, as this plan has it. Plans of before do not say. */
    expectedBytes: whole.exactOptional(),
    availableBytes: whole,
    /** What sets the limit, such as `memory of the machine`. */
    limit: z.string(),
  }),
  /** Why it is so, a sentence each. */
  reasons: z.array(z.string()),
  /** What a person should know before it starts, a sentence each. */
  warnings: z.array(z.string()),
});
export type Plan = z.infer<typeof planSchema>;

/** What plans and runs say of precision: nothing where it is float32, as those of before there was a choice. */
export function statedPrecision(precision: Precision | undefined): { readonly precision?: Precision } {
  return precision === undefined || precision === 'float32' ? {} : { precision };
}
