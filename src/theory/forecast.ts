import { z } from 'zod';
import { differenceSchema } from './forecasting/cause.ts';
import { estimateSchema } from './interval.ts';
import { parameterCountsSchema } from './ladder-record.ts';
import { scalingLawSchema } from './scaling-law.ts';

const whole = z.int().min(0);
const positive = z.int().min(1);
/** Least and greatest. */
const range = z.tuple([z.number().min(0), z.number().min(0)]);

/** By what a law counts parameters: see `parameterCountsSchema`. */
export const countingConventions = ['total', 'nonEmbedding', 'matmul', 'active'] as const;
export type CountingConvention = (typeof countingConventions)[number];
const conventionSchema = z.enum(countingConventions);

/** Schema of where the bits per byte of a forecast are known from. */
export const forecastBasisSchema = z.strictObject({
  /** Name of the ladder, such as `baseline-presidents`. */
  ladder: z.string(),
  /** Of tokens that are worth new ones (D′), in bits per byte on the corpus of the ladder. */
  law: scalingLawSchema,
  convention: conventionSchema,
  numPoints: positive,
  /** Compute of the run over the largest compute of the ladder. */
  extrapolation: z.number().positive(),
  /** D′ of the run: what its tokens are worth with repetition, in tokens of the ladder. */
  effectiveTokens: z.number().positive(),
  /** What the law's bits per byte are multiplied by, since the text is another one; 1 where it is the same. */
  scale: z.number().positive(),
  /** Standard deviation of ln bits per byte between runs that differ in their seed only; null where none were repeated. */
  seedDeviation: z.number().min(0).nullable(),
  /** Between what the law was measured. */
  measured: z.strictObject({ numParameters: range, numTokens: range, batchTokens: range, flops: range }),
  /** What the law says under each convention of counting parameters, and what it is worth to look at its exponents. */
  conventions: z.array(z.strictObject({ convention: conventionSchema, bitsPerByte: z.number() })),
  /** In what the run differs from what the law was measured under. */
  differences: z.array(differenceSchema),
});
export type ForecastBasis = Readonly<z.infer<typeof forecastBasisSchema>>;

/** Schema of a forecast, `forecast.json` in the folder of a run: what theory says before the first step. */
export const forecastSchema = z.strictObject({
  format: z.literal('groundwork-forecast'),
  version: z.literal(1),
  /** ISO 8601, UTC. */
  registeredAt: z.iso.datetime(),
  /** What it is about: a forecast holds for these conditions. */
  subject: z.strictObject({
    parameters: parameterCountsSchema,
    numSteps: positive,
    batchTokens: positive,
    numTokens: positive,
    /** U: training tokens before any text is read again. */
    uniqueTokens: positive,
    /** Floating-point operations of the whole training. */
    flops: z.number().positive(),
    programHash: z.string(),
    datasetFingerprint: z.string(),
    recipe: z.strictObject({ name: z.string(), sha256: z.string() }),
  }),
  /** Bits per byte on the validation documents at the end; null where no law can say. */
  bitsPerByte: estimateSchema.nullable(),
  /** Bits per byte on the way: steps done with what is expected there. */
  curve: z.array(z.strictObject({ step: whole, bitsPerByte: estimateSchema })),
  /** All time of the run, planning left out, in milliseconds. */
  durationMs: estimateSchema,
  /** What the time is made of. */
  time: z.strictObject({
    msPerStep: z.number().min(0),
    /** Loading, evaluations, samples and checkpoints. */
    otherMs: z.number().min(0),
    /** Where the time of a step is known from; `unknown` for plans that do not say. */
    source: z.enum(['measured', 'estimated', 'guessed', 'unknown']),
    /** Whether the run ends with its time, and its number of steps follows from that. */
    isBudget: z.boolean(),
  }),
  /** By how much the process grows at its peak. */
  peakMemoryBytes: estimateSchema,
  /** Where the loss is known from; null where no law can say. */
  basis: forecastBasisSchema.nullable(),
  /** What was taken for granted, a sentence each. */
  assumptions: z.array(z.string()),
});

/** What theory says a run will reach and cost, registered before it starts. */
export type Forecast = Readonly<z.infer<typeof forecastSchema>>;
