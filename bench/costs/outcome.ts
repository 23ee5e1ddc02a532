import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { present } from '../../src/core/index.ts';
import { nodeFileSystem } from '../../src/core/node.ts';
import { forecastSchema, verdictSchema } from '../../src/theory/index.ts';
import { openRun, type Plan, planSchema } from '../../src/training/index.ts';
import type { MeasuredProcess } from '../data/measured-process.ts';

/** What a run was foretold to cost, and what it cost. */
export interface CostOutcome {
  readonly size: string;
  readonly plan: Pick<Plan, 'size' | 'batch' | 'numSteps'>;
  readonly numParameters: number;
  readonly numSteps: number;
  /** All of the run, planning left out. */
  readonly time: Foretold;
  /** One step, without the first. */
  readonly stepMs: Foretold;
  /** Before the first step. */
  readonly loadingMs: number;
  /** Between the last step and the end: checkpoint, evaluation, samples. */
  readonly closing: Foretold;
  /** Growth of the process at its peak, by the meter of the run, in bytes. */
  readonly memory: Foretold;
  /** The most that the process held, seen from outside, in bytes. */
  readonly processPeakBytes: number;
  /** Cores that other processes used meanwhile; undefined where the system does not tell. */
  readonly others: number | undefined;
}

export interface Foretold {
  readonly foretold: number;
  readonly actual: number;
  /** foretold / actual − 1 */
  readonly error: number;
}

const foretold = (expected: number, actual: number): Foretold => ({
  foretold: expected,
  actual,
  error: expected / actual - 1,
});

/**
 * Reads what a run foretold and did from its folder.
 *
 * @param others cores that other processes used meanwhile
 */
export function costOutcome(
  size: string,
  folder: string,
  { peakBytes }: Pick<MeasuredProcess, 'peakBytes'>,
  others: number | undefined,
): CostOutcome {
  const run = openRun(nodeFileSystem, folder);
  const read = (file: string): unknown => JSON.parse(readFileSync(join(folder, file), 'utf8'));
  const plan = planSchema.parse(run.manifest.plan);
  const forecast = forecastSchema.parse(read('forecast.json'));
  const verdict = verdictSchema.parse(read('verdict.json'));
  const memory = verdict.judgements.find(({ quantity }) => quantity === 'peakMemoryBytes');
  const { durationMs } = present(run.manifest.result, 'the result of a run');
  const steps = run.events().filter((event) => event.type === 'step');
  const [first, last] = [present(steps[0], 'a step'), present(steps.at(-1), 'a step')];
  const times = steps
    .slice(1)
    .map((step) => step.durationMs)
    .toSorted((a, b) => a - b);
  return {
    size,
    plan: { size: plan.size, batch: plan.batch, numSteps: plan.numSteps },
    numParameters: plan.numParameters,
    numSteps: plan.numSteps,
    time: foretold(forecast.durationMs.value, durationMs),
    stepMs: foretold(plan.expected.msPerStep, times[times.length >> 1] ?? first.durationMs),
    loadingMs: first.elapsedMs - first.durationMs,
    closing: foretold(plan.expected.finalMs, durationMs - last.elapsedMs),
    memory: foretold(forecast.peakMemoryBytes.value, memory?.actual ?? peakBytes),
    processPeakBytes: peakBytes,
    others,
  };
}
