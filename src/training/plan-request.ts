import type { Clock, FileSystem } from '../core/index.ts';
import type { Engine } from '../engine/index.ts';
import type { Schedule } from '../optimizer/index.ts';
import type { Precision, Recipe } from '../recipe/index.ts';
import type { MemoryLimit } from './memory-limit.ts';
import type { Budget } from './plan.ts';
import type { RunDataset } from './run-options.ts';
import type { CandidateSize } from './sizing.ts';

/** What a person wants of a run; everything that is left out is chosen. */
export interface PlanRequest {
  /** What the run may cost. Without it, an explicit size is trained on as many tokens as are best for it. */
  readonly budget?: Budget;
  readonly size?: CandidateSize;
  /** T */
  readonly contextLength?: number;
  /** Rows of a step. */
  readonly batchSize?: number;
  /** Rows that are computed at once; it divides `batchSize`. */
  readonly microBatchSize?: number;
  readonly packing?: 'stream' | 'documents';
  readonly documentMask?: boolean;
  readonly recompute?: boolean;
  /** What forward and backward pass compute in; default float32. */
  readonly precision?: Precision;
  /** In place of the recipe's. */
  readonly schedule?: Partial<Schedule>;
  /** Steps from one evaluation to the next; 0: only at the end. */
  readonly evaluationEverySteps?: number;
  /** Validation documents of an evaluation on the way. */
  readonly numEvaluationDocuments?: number;
  readonly sampleEverySteps?: number;
  /** What samples begin with, instead of prompts that suit the dataset. */
  readonly prompts?: readonly string[];
  readonly checkpointEveryMs?: number;
  /** Without `checkpointEveryMs`: by steps alone. */
  readonly checkpointEverySteps?: number;
  /** How many of the newest checkpoints are kept; default 2. */
  readonly keep?: number;
  /** Without measuring: times are then guessed from arithmetic. Default false. */
  readonly skipProbe?: boolean;
}

export interface PlanSurroundings {
  readonly fs: FileSystem;
  readonly engine: Engine;
  readonly recipe: Recipe;
  readonly datasets: readonly RunDataset[];
  /** Threads of the engine, for the first guess of its speed. */
  readonly numThreads?: number;
  readonly clock?: Clock;
  /** When it aborts, measuring ends with `interrupted`. */
  readonly signal?: AbortSignal;
  /** Default: what `memoryLimit` finds. */
  readonly memory?: MemoryLimit;
}
