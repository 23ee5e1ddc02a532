import { systemClock } from '../core/index.ts';
import { memoryMeter } from './forecast/memory-meter.ts';
import { firstEvents, newRun } from './new-run.ts';
import type { RunResult, StartRunOptions } from './run-options.ts';
import { carryOut, requireMemory } from './run-session.ts';
import { firstTrainingState } from './training-state.ts';

/**
 * Begins a run and carries it to its end: registers its forecast, makes its folder, trains by the plan, evaluates, samples, saves, and
 * judges the forecast.
 *
 * @throws `file-access` where the folder is taken; `out-of-memory`, before anything is allocated; `interrupted` when the signal aborts
 *   (the run is saved then, and `resumeRun` goes on with it); `diverged`; what engine and file system throw
 */
export async function startRun(options: StartRunOptions): Promise<RunResult> {
  const { fs, plan, clock = systemClock, meter = memoryMeter() } = options;
  const startMs = clock.monotonicMs();
  requireMemory(fs, plan, options.memory);
  const { run, lock, recorded, forecast } = await newRun(options);
  try {
    options.onForecast?.(forecast);
    const beginning = {
      isNew: true,
      step: 0,
      training: firstTrainingState,
      tensors: undefined,
      events: firstEvents(plan),
      manifest: run.manifest,
      startMs,
    } as const;
    return await carryOut(run, recorded, beginning, { ...options, meter });
  } finally {
    lock.release();
  }
}
