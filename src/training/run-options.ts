import type { Clock, FileSystem } from '../core/index.ts';
import type { Dataset } from '../data/index.ts';
import type { Engine } from '../engine/index.ts';
import type { Recipe } from '../recipe/index.ts';
import type { Forecast, Verdict } from '../theory/index.ts';
import type { KnownLaws } from './forecast/known-laws.ts';
import type { MemoryMeter } from './forecast/memory-meter.ts';
import type { MemoryLimit } from './memory-limit.ts';
import type { Plan } from './plan.ts';
import type { RunEvent } from './run/events.ts';
import type { RunManifest } from './run/run-manifest.ts';

/** A dataset with its share of what a run trains on. */
export interface RunDataset {
  readonly dataset: Dataset;
  /** Its share of the rows, up to a factor that all have in common. */
  readonly weight: number;
}

/** A recipe and where it is to be found again. */
export interface RunRecipe {
  readonly recipe: Recipe;
  /** The file that it was loaded from; null for one that ships with Groundwork. */
  readonly file: string | null;
}

/** What a run is busy with. */
export type Activity = 'loading' | 'training' | 'evaluating' | 'sampling' | 'saving';

/** Where a run stands, for a live line. */
export interface RunProgress {
  readonly activity: Activity;
  /** Steps that are done. */
  readonly step: number;
  readonly numSteps: number;
  /** Time of the run so far, over resumes. */
  readonly elapsedMs: number;
  /** Until the end of the run, as far as it can be told; undefined before the first steps. */
  readonly remainingMs: number | undefined;
}

/** What starting and resuming have in common. */
export interface RunSurroundings {
  readonly fs: FileSystem;
  readonly engine: Engine;
  /** What the engine runs on, for the record. */
  readonly engineFacts: RunManifest['engine'];
  readonly environment: RunManifest['environment'];
  readonly clock?: Clock;
  /** Memory that is to be had. Default: what `memoryLimit` finds. */
  readonly memory?: MemoryLimit;
  /** Tells by how much the process grows. Default: one that was made when the run begins or goes on. */
  readonly meter?: MemoryMeter;
  /** The time of day, for records only: nothing is decided by it. */
  readonly now?: () => Date;
  /** When it aborts, the step at work ends, a checkpoint is saved and `interrupted` is thrown. */
  readonly signal?: AbortSignal;
  /** Told of each event, after it is in the log. */
  readonly onEvent?: (event: RunEvent) => void;
  readonly onProgress?: (progress: RunProgress) => void;
}

export interface StartRunOptions extends RunSurroundings {
  /** The folder of the run; there must be none yet. */
  readonly folder: string;
  readonly recipe: RunRecipe;
  readonly datasets: readonly RunDataset[];
  readonly plan: Plan;
  readonly seed: number;
  /** The words of the command, for the record. */
  readonly command: readonly string[];
  /** What the forecast is made from. Default: the laws that ship with Groundwork, and those in `laws/` of the working folder. */
  readonly laws?: KnownLaws;
  /** Told of the forecast when it is registered, before anything is loaded. */
  readonly onForecast?: (forecast: Forecast) => void;
}

/** What a resumed run may do with that differs from what the run began with. Each is recorded as a warning in its log. */
export const overrides = ['recipe', 'tokenizer', 'dataset', 'mixture', 'seed'] as const;
export type Override = (typeof overrides)[number];

export interface ResumeRunOptions extends RunSurroundings {
  readonly folder: string;
  readonly recipe: RunRecipe;
  /** In the order of the run's manifest. */
  readonly datasets: readonly RunDataset[];
  /** The seed; default that of the run. */
  readonly seed?: number;
  readonly allow?: readonly Override[];
}

/** How a run ended. */
export interface RunResult {
  readonly folder: string;
  readonly manifest: RunManifest;
  /** The forecast held against the run; undefined for a run of before there were forecasts, or whose forecast was changed. */
  readonly verdict: Verdict | undefined;
  /** Bits per byte of the last evaluation; undefined where there are no validation documents. */
  readonly bitsPerByte: number | undefined;
  /** Validation documents that it was measured on, and how many there are. */
  readonly numDocuments: number;
  readonly numValidationDocuments: number;
  /** Mean loss over the last steps, in nats per token. */
  readonly loss: number;
  readonly step: number;
  readonly numTokens: number;
  /** Time in training steps, over resumes: what the speed of the training is told from. */
  readonly trainingMs: number;
  /** All time of the run, over resumes: loading, training, evaluations, samples and checkpoints. */
  readonly durationMs: number;
}
