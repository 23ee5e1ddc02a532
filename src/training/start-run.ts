import { basename, resolve } from 'node:path';
import { assert, systemClock } from '../core/index.ts';
import { memoryMeter } from './forecast/memory-meter.ts';
import { forecastPlan } from './forecast/plan-forecast.ts';
import { registeredForecast } from './forecast/registered-forecast.ts';
import { recipeFiles } from './recipe-files.ts';
import { createRun } from './run/run-folder.ts';
import type { RunManifest } from './run/run-manifest.ts';
import type { RunResult, StartRunOptions } from './run-options.ts';
import { type RecordedRun, recordedFields } from './run-records.ts';
import { carryOut, requireMemory, runParts } from './run-session.ts';
import { firstTrainingState } from './training-state.ts';

/**
 * Begins a run and carries it to its end: registers its forecast, makes its folder, trains by the plan, evaluates, samples, saves, and
 * judges the forecast.
 *
 * @throws `file-access` where the folder is taken; `out-of-memory`, before anything is allocated; `interrupted` when the signal aborts
 *   (the run is saved then, and `resumeRun` goes on with it); `diverged`; what engine and file system throw
 */
export async function startRun(options: StartRunOptions): Promise<RunResult> {
  const { fs, folder, datasets, plan, recipe, seed, clock = systemClock, meter = memoryMeter() } = options;
  const startMs = clock.monotonicMs();
  requireMemory(fs, plan, options.memory);
  const files = await recipeFiles(fs, recipe, plan);
  const parts = await runParts(recipe, datasets, plan, seed);
  const recorded: RecordedRun = { recipe, datasets, plan, parts, seed, files };
  const { forecast } = forecastPlan({ ...options, prepared: parts.prepared });
  const registered = registeredForecast(forecast);
  const manifest = { ...manifestOf(options, recorded), forecast: { sha256: registered.sha256 } };
  const { run, lock } = createRun(fs, folder, manifest, registered.text);
  try {
    options.onForecast?.(forecast);
    const warnings = plan.warnings.map((message) => ({ type: 'warning', step: 0, message }) as const);
    const beginning = {
      isNew: true,
      step: 0,
      training: firstTrainingState,
      tensors: undefined,
      events: [{ type: 'started' }, ...warnings],
      manifest: run.manifest,
      startMs,
    } as const;
    return await carryOut(run, recorded, beginning, { ...options, meter });
  } finally {
    lock.release();
  }
}

function manifestOf(options: StartRunOptions, recorded: RecordedRun): RunManifest {
  const { folder, plan, seed, command, engineFacts, environment, now = () => new Date() } = options;
  const { batchSize, microBatchSize, contextLength, packing, documentMask } = plan.batch;
  assert(Number.isSafeInteger(seed), `the seed is ${seed}`);
  return {
    format: 'groundwork-run',
    version: 1,
    name: basename(resolve(folder)),
    createdAt: now().toISOString(),
    ...recordedFields(recorded),
    size: { ...plan.size },
    batch: { batchSize, microBatchSize, contextLength, packing, documentMask },
    numSteps: plan.numSteps,
    schedule: plan.schedule,
    engine: engineFacts,
    environment,
    plan: { ...plan },
    command: [...command],
    status: 'running',
    failure: null,
    result: null,
  };
}
