import type { RunOutcome } from '../../theory/index.ts';
import type { RunEvent } from '../run/events.ts';
import type { RunResultRecord } from '../run/run-manifest.ts';

/** What a warning of a resumed run begins with that goes on with something else than it began with. */
export const changedWarning = 'goes on with another ';

/** What a run took; null where it is not known, or where the forecast was of another machine. */
export interface RunCosts {
  /** Over all resumes. */
  readonly durationMs: number | null;
  /** Of the session that ended it. */
  readonly peakMemoryBytes: number | null;
}

/** What a run did, for its verdict: from its result and its log, over all resumes. */
export function outcomeOfRun(
  result: Omit<RunResultRecord, 'loss' | 'durationMs'>,
  events: readonly RunEvent[],
  { durationMs, peakMemoryBytes }: RunCosts,
): RunOutcome {
  const { bitsPerByte, numDocuments, numValidationDocuments, step, tokens } = result;
  const durations = timedSteps(events).toSorted((a, b) => a - b);
  const quantile = (level: number): number | null =>
    durations.length < 3 ? null : (durations[Math.floor(level * (durations.length - 1))] ?? null);
  const resumed = events.findLast((event) => event.type === 'resumed');
  return {
    bitsPerByte,
    numDocuments,
    numValidationDocuments,
    durationMs,
    // A session without a step did not see the peak.
    peakMemoryBytes: resumed?.step === step ? null : peakMemoryBytes,
    numSteps: step,
    numTokens: tokens,
    numSkipped: events.filter((event) => event.type === 'step' && !event.isApplied).length,
    medianStepMs: quantile(0.5),
    fastStepMs: quantile(0.1),
    changes: events.flatMap((event) =>
      event.type === 'warning' && event.message.startsWith(changedWarning) ? [`it ${event.message}`] : [],
    ),
  };
}

/** Times of steps, without the first of each session, which allocates. */
function timedSteps(events: readonly RunEvent[]): number[] {
  const durations: number[] = [];
  let isFirst = true;
  for (const event of events) {
    if (event.type === 'started' || event.type === 'resumed') isFirst = true;
    if (event.type !== 'step') continue;
    if (!isFirst) durations.push(event.durationMs);
    isFirst = false;
  }
  return durations;
}
