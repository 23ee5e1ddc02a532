import {
  type CarriedLaw,
  carriedLaw,
  type Forecast,
  forecastRun,
  judgeForecast,
  type LadderLaw,
  type LadderRecord,
  type RunSubject,
} from '../../../src/theory/index.ts';
import { smallSubject } from '../../theory/forecasting/small-subject.ts';
import { syntheticLadder } from '../../theory/forecasting/synthetic-ladder.ts';

/** The example run as its forecast sees it: a thousand steps of 8,192 tokens, ended by the clock. */
export const exampleSubject: RunSubject = smallSubject({
  parameters: { total: 6_823_424, nonEmbedding: 4_700_000, matmul: 6_800_000, active: 6_800_256 },
  numSteps: 1000,
  batchTokens: 8192,
  numTokens: 8_192_000,
  flops: 3.4e14,
  time: { msPerStep: 280, otherMs: 15_000, isBudget: true, limitMs: 295_000 },
  memoryBytes: 900_000_000,
});

const laws = new Map<LadderRecord, LadderLaw>();
/** Its name would break a page, if it could. */
const records = [syntheticLadder({ name: 'baseline-<b>presidents</b>' })];

export const exampleForecast: Forecast = forecastRun(exampleSubject, {
  records,
  laws,
  registeredAt: '2026-11-23T10:00:00.000Z',
});

/** The law that it rests on. */
export function exampleLaw(): CarriedLaw {
  const carried = carriedLaw(exampleSubject, { records, laws });
  if ('reason' in carried) throw new Error(carried.reason);
  return carried;
}

/** What the example run reached: bits per byte that were not foretold, time and memory that were. */
export const exampleVerdict = judgeForecast(
  exampleForecast,
  {
    bitsPerByte: 1.6123,
    numDocuments: 500,
    numValidationDocuments: 500,
    durationMs: 281_000,
    peakMemoryBytes: 910_000_000,
    numSteps: 1000,
    numTokens: 8_192_000,
    numSkipped: 1,
    medianStepMs: 280,
    fastStepMs: 262,
    changes: [],
  },
  '8'.repeat(64),
);
