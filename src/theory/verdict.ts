import { z } from 'zod';
import { causeSchema } from './forecasting/cause.ts';

/** How an outcome stands to its forecast. */
export const outcomes = ['within-80', 'within-95', 'failed'] as const;
export type Outcome = (typeof outcomes)[number];

/** What a forecast speaks of. */
export const forecastQuantities = ['bitsPerByte', 'durationMs', 'peakMemoryBytes'] as const;
export type ForecastQuantity = (typeof forecastQuantities)[number];

const judgementSchema = z.strictObject({
  quantity: z.enum(forecastQuantities),
  forecast: z.number(),
  actual: z.number(),
  /** (actual − forecast) / forecast */
  relativeError: z.number(),
  outcome: z.enum(outcomes),
});

/** Schema of a verdict, `verdict.json` in the folder of a run: its forecast held against what happened. */
export const verdictSchema = z.strictObject({
  format: z.literal('groundwork-verdict'),
  version: z.literal(1),
  /** SHA-256 of the text of `forecast.json`. */
  forecastSha256: z.string(),
  /** What was foretold and could be measured. */
  judgements: z.array(judgementSchema),
  /** Why a forecast failed, as far as the records tell, most likely cause first. */
  diagnosis: z.array(
    z.strictObject({
      quantity: z.enum(forecastQuantities),
      cause: causeSchema,
      /** A sentence with the numbers that speak for it. */
      text: z.string(),
    }),
  ),
});

/** A forecast held against its run. */
export type Verdict = Readonly<z.infer<typeof verdictSchema>>;
export type Judgement = Verdict['judgements'][number];
export type Diagnosis = Verdict['diagnosis'][number];
