// training/: a budget becomes a plan, a plan a run: the loop, events, checkpoints, resume, report.
export { type BaseModel, type BaseModelOptions, loadBaseModel, recipeOfRun } from './base-model.ts';
export { parseDuration, parseQuantity } from './budget.ts';
export { type MemoryLimit, memoryLimit } from './memory-limit.ts';
export { type Budget, budgetSchema, type Plan, planSchema } from './plan.ts';
export type { PlanRequest, PlanSurroundings } from './plan-request.ts';
export { planRun } from './plan-run.ts';
export { commandText } from './report/recipe-section.ts';
export { type ReportSource, runReport } from './report/run-report.ts';
export { writeRunReport } from './report/write-report.ts';
export { resumeRun } from './resume-run.ts';
export {
  type CheckpointContents,
  loadCheckpointParameters,
  type NewestCheckpoint,
  newestCheckpoint,
  type RejectedCheckpoint,
  readCheckpoint,
  verifyCheckpoint,
} from './run/checkpoint.ts';
export type { Checkpoint, CheckpointFingerprints } from './run/checkpoint-manifest.ts';
export { publishCheckpoint, type Retention, retainCheckpoints, sweepUnfinished } from './run/checkpoint-publication.ts';
export { type EventLog, openEventLog, readEvents } from './run/event-log.ts';
export { type RunEvent, runEventSchema } from './run/events.ts';
export { problemText, type RunProblem } from './run/problem.ts';
export { type ComparedArea, compareRuns, type RunComparison, type RunDifference } from './run/run-comparison.ts';
export {
  type CreatedRun,
  createRun,
  deleteRun,
  type ListedRun,
  listRuns,
  openRun,
  type Run,
} from './run/run-folder.ts';
export { lockRun, type RunLock } from './run/run-lock.ts';
export {
  type RunFailure,
  type RunManifest,
  type RunResultRecord,
  type RunStatus,
  runManifestSchema,
  runTokenizerFile,
} from './run/run-manifest.ts';
export { faultOfRunName, nextRunName, runFolder } from './run/run-name.ts';
export { verifyRun } from './run/run-verification.ts';
export {
  openSafetensors,
  type SafetensorsFile,
  safetensors,
  type TensorArray,
  type TensorArrays,
  type TensorBytes,
} from './run/safetensors.ts';
export { FormatFault, type SafetensorsDtype } from './run/safetensors-header.ts';
export {
  type Activity,
  type Override,
  overrides,
  type ResumeRunOptions,
  type RunDataset,
  type RunProgress,
  type RunRecipe,
  type RunResult,
  type RunSurroundings,
  type StartRunOptions,
} from './run-options.ts';
export { startRun } from './start-run.ts';
