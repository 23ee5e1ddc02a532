// training/: a budget becomes a plan, a plan a run: the loop, events, checkpoints, resume, report.
export { type BaseModel, loadBaseModel, recipeOfRun } from './base-model.ts';
export { parseDuration, parseQuantity } from './budget.ts';
export { memoryLimit } from './memory-limit.ts';
export { type Budget, type Plan, planSchema } from './plan.ts';
export type { PlanRequest, PlanSurroundings } from './plan-request.ts';
export { planRun } from './plan-run.ts';
export { commandText } from './report/recipe-section.ts';
export { writeRunReport } from './report/write-report.ts';
export { resumeRun } from './resume-run.ts';
export type { RunEvent } from './run/events.ts';
export { problemText, type RunProblem } from './run/problem.ts';
export { compareRuns, type RunComparison } from './run/run-comparison.ts';
export { deleteRun, type ListedRun, listRuns, openRun, type Run } from './run/run-folder.ts';
export { lockRun } from './run/run-lock.ts';
export type { RunManifest } from './run/run-manifest.ts';
export { faultOfRunName, nextRunName, runFolder } from './run/run-name.ts';
export { verifyRun } from './run/run-verification.ts';
export { safetensors } from './run/safetensors.ts';
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
