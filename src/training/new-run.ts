import { basename, resolve } from 'node:path';
import { assert } from '../core/index.ts';
import type { Forecast } from '../theory/index.ts';
import { forecastPlan } from './forecast/plan-forecast.ts';
import { registeredForecast } from './forecast/registered-forecast.ts';
import { type Plan, statedPrecision } from './plan.ts';
import { recipeFiles } from './recipe-files.ts';
import type { RunEvent } from './run/events.ts';
import { type CreatedRun, createRun } from './run/run-folder.ts';
import type { RunManifest } from './run/run-manifest.ts';
import type { StartRunOptions } from './run-options.ts';
import { type RecordedRun, recordedFields } from './run-records.ts';
import { runParts } from './run-session.ts';

/** What a run is made from; no engine is needed. */
export type NewRunOptions = Pick<
  StartRunOptions,
  | 'fs'
  | 'folder'
  | 'recipe'
  | 'datasets'
  | 'plan'
  | 'seed'
  | 'command'
  | 'laws'
  | 'engineFacts'
  | 'environment'
  | 'now'
  | 'clock'
> & {
  /** Default: the name of its folder. */
  readonly name?: string;
  /** What is registered in place of the forecast for this machine, for a run that is trained elsewhere. */
  readonly forecastElsewhere?: (forecast: Forecast) => Forecast;
};

/** A run that has its folder, its lock and a registered forecast, and nothing of which was trained. */
export interface NewRun extends CreatedRun {
  readonly recorded: RecordedRun;
  readonly forecast: Forecast;
}

/**
 * Verifies the recipe, registers the forecast and makes the folder of a run. Whoever calls releases the lock.
 *
 * @throws `file-access` where the folder is taken; `future-leak`, `invalid-recipe`; what the file system throws
 */
export async function newRun(options: NewRunOptions): Promise<NewRun> {
  const { fs, folder, datasets, plan, recipe, seed } = options;
  const files = await recipeFiles(fs, recipe, plan);
  const parts = await runParts(recipe, datasets, plan, seed);
  const recorded: RecordedRun = { recipe, datasets, plan, parts, seed, files };
  const here = forecastPlan({ ...options, prepared: parts.prepared }).forecast;
  const forecast = options.forecastElsewhere?.(here) ?? here;
  const registered = registeredForecast(forecast);
  const manifest = { ...manifestOf(options, recorded), forecast: { sha256: registered.sha256 } };
  return { ...createRun(fs, folder, manifest, registered.text), recorded, forecast };
}

/** What the log of a run begins with. */
export function firstEvents({ warnings }: Plan): RunEvent[] {
  return [{ type: 'started' }, ...warnings.map((message) => ({ type: 'warning', step: 0, message }) as const)];
}

function manifestOf(options: NewRunOptions, recorded: RecordedRun): RunManifest {
  const { folder, name = basename(resolve(folder)), plan, seed, command, now = () => new Date() } = options;
  const { batchSize, microBatchSize, contextLength, packing, documentMask, precision } = plan.batch;
  assert(Number.isSafeInteger(seed), `the seed is ${seed}`);
  return {
    format: 'groundwork-run',
    version: 1,
    name,
    createdAt: now().toISOString(),
    ...recordedFields(recorded),
    size: { ...plan.size },
    batch: { batchSize, microBatchSize, contextLength, packing, documentMask, ...statedPrecision(precision) },
    numSteps: plan.numSteps,
    schedule: plan.schedule,
    engine: options.engineFacts,
    environment: options.environment,
    plan: { ...plan },
    command: [...command],
    status: 'running',
    failure: null,
    result: null,
  };
}
