// training/: a budget becomes a plan, a plan a run: the loop, events, checkpoints, resume, report.
export { type BaseModel, loadBaseModel, recipeOfRun } from './base-model.ts';
export { parseDuration, parseQuantity } from './budget.ts';
export { type ClusterLoss, foretellClusterLoss } from './cluster/cluster-loss.ts';
export { type ClusterRequest, type ClusterRun, forecastClusterRun } from './cluster/cluster-run.ts';
export { type RunEfficiency, runEfficiency } from './cluster/run-efficiency.ts';
export type { ArmDifferences } from './comparison/arm-differences.ts';
export type { Arm, ArmRun, ComparedRun } from './comparison/arms.ts';
export { readComparedRun } from './comparison/compared-run.ts';
export { type ArmResult, type Comparison, compareByArms, comparisonRecord } from './comparison/comparison.ts';
export { type ArmText, armTexts, noiseSentence, seedOutlookSentences } from './comparison/comparison-text.ts';
export type { ArmMultipliers } from './comparison/multipliers.ts';
export { type RunNoise, replicatesOf, runNoise } from './comparison/run-noise.ts';
export { planSeeds, type SeedOutlook } from './comparison/seed-outlook.ts';
export { type CopyRunOptions, copyRun } from './copy-run.ts';
export {
  deadweightSentence,
  type ForecastPageSource,
  forecastPage,
  forecastPlot,
  prospectCells,
  prospectRows,
  sizeName,
} from './forecast/forecast-page.ts';
export { type KnownLaws, knownLaws, lawFolders, readLaw } from './forecast/known-laws.ts';
export { type MemoryMeter, memoryMeter } from './forecast/memory-meter.ts';
export { type CountedSize, countedSizes, nearestSize } from './forecast/nearest-size.ts';
export { forecastPlan, type PlanForecast, type PlanForecastOptions } from './forecast/plan-forecast.ts';
export { readForecast, readVerdict } from './forecast/registered-forecast.ts';
export {
  type DraftSurroundings,
  draftLadder,
  isAsWished,
  type LadderDraft,
  type LadderPace,
  type LadderWish,
  measurePace,
} from './ladder/draft-ladder.ts';
export {
  type FailedPoint,
  isLadder,
  type LadderState,
  ladderFile,
  readLadder,
  type TrainedPoint,
} from './ladder/ladder-file.ts';
export { ladderPage } from './ladder/ladder-page.ts';
export type { LadderPlan, LadderRequest, Trunk } from './ladder/ladder-plan.ts';
export { ladderRecord, ladderRecordText, parseLadderRecord } from './ladder/ladder-record.ts';
export { recipeFingerprint } from './ladder/recipe-fingerprint.ts';
export { isComplete, type LadderProgress, type RunLadderOptions, runLadder } from './ladder/run-ladder.ts';
export { makeRun, type WaitingRun } from './make-run.ts';
export { type MemoryLimit, memoryLimit } from './memory-limit.ts';
export type { NewRunOptions } from './new-run.ts';
export { type Budget, type Plan, planSchema } from './plan.ts';
export type { PlanRequest, PlanSurroundings } from './plan-request.ts';
export { planRun } from './plan-run.ts';
export { prepareStep } from './prepared-step.ts';
export { type ReceivedRun, type ReceiveRunOptions, receiveRun } from './receive-run.ts';
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
export { readSigned, signedText } from './run/signed-json.ts';
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
