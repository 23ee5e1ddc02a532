import type { Forecast } from '../forecast.ts';
import type { Estimate } from '../interval.ts';
import type { ForecastQuantity, Judgement, Outcome, Verdict } from '../verdict.ts';
import { diagnoseBits } from './bits-diagnosis.ts';
import { diagnoseDuration, diagnoseMemory } from './cost-diagnosis.ts';

/** What a run did, as far as its forecast is judged by it. */
export interface RunOutcome {
  /** On how many validation documents it was measured is told beside it; null where there were none. */
  readonly bitsPerByte: number | null;
  readonly numDocuments: number;
  readonly numValidationDocuments: number;
  /** All time of the run, over resumes; null where the forecast was of another machine. */
  readonly durationMs: number | null;
  /** By how much the process grew at its peak; null where the system does not tell, and as the time. */
  readonly peakMemoryBytes: number | null;
  readonly numSteps: number;
  readonly numTokens: number;
  /** Steps that were left out, since loss or gradient was not finite. */
  readonly numSkipped: number;
  /** Of the steps, the first of each session left out; null where there are too few. */
  readonly medianStepMs: number | null;
  /** A tenth of the steps took no longer than this; beside the median it tells how evenly the machine worked. */
  readonly fastStepMs: number | null;
  /** In what the run went on otherwise than it began, a clause each. */
  readonly changes: readonly string[];
}

/** How a value stands to its estimate. */
export function outcomeOf({ interval80, interval95 }: Estimate, actual: number): Outcome {
  const holds = ([low, high]: readonly [number, number]) => low <= actual && actual <= high;
  return holds(interval80) ? 'within-80' : holds(interval95) ? 'within-95' : 'failed';
}

/**
 * Holds a forecast against its run: within 80 %, within 95 % or failed for each quantity that could be measured, and for those that
 * failed what the records say of the reason, most likely cause first. It is judged as registered, whatever changed on the way.
 *
 * @param forecastSha256 of the text of `forecast.json`
 */
export function judgeForecast(forecast: Forecast, outcome: RunOutcome, forecastSha256: string): Verdict {
  const judge = (quantity: ForecastQuantity, estimate: Estimate | null, actual: number | null): Judgement[] =>
    estimate === null || actual === null || !Number.isFinite(actual)
      ? []
      : [
          {
            quantity,
            forecast: estimate.value,
            actual,
            relativeError: actual / estimate.value - 1,
            outcome: outcomeOf(estimate, actual),
          },
        ];
  const judgements = [
    ...judge('bitsPerByte', forecast.bitsPerByte, outcome.bitsPerByte),
    ...judge('durationMs', forecast.durationMs, outcome.durationMs),
    ...judge('peakMemoryBytes', forecast.peakMemoryBytes, outcome.peakMemoryBytes),
  ];
  const diagnosers = { bitsPerByte: diagnoseBits, durationMs: diagnoseDuration, peakMemoryBytes: diagnoseMemory };
  return {
    format: 'groundwork-verdict',
    version: 1,
    forecastSha256,
    judgements,
    diagnosis: judgements
      .filter(({ outcome: how }) => how === 'failed')
      .flatMap((judgement) =>
        diagnosers[judgement.quantity](forecast, outcome, judgement).map(({ cause, text }) => ({
          quantity: judgement.quantity,
          cause,
          text,
        })),
      ),
  };
}
