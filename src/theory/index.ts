// theory/: counts, costs, scaling laws, intervals, forecasts, statistics. Pure functions.
export { acceleratedForecast } from './accelerators/accelerated-forecast.ts';
export {
  type Accelerator,
  type AcceleratorKind,
  acceleratorNamed,
  acceleratorOfDriver,
  type ComputePrecision,
  type DeviceLink,
  peakFlopsOf,
} from './accelerators/accelerator.ts';
export { accelerators } from './accelerators/accelerator-table.ts';
export { type ClusterForecast, type ClusterQuestion, clusterForecast } from './accelerators/cluster-forecast.ts';
export { clusterAssumptions, costSentence, fitSentence } from './accelerators/cluster-sentences.ts';
export { type DeviceFit, fewestDevices, fitDevices, usableBytesOf } from './accelerators/device-fit.ts';
export {
  type DeviceMemory,
  type DeviceMemoryOptions,
  deviceMemory,
  keptBytesPerToken,
  rowsOfDevice,
} from './accelerators/device-memory.ts';
export {
  type Efficiency,
  knownEfficiency,
  type MeasuredStep,
  measuredEfficiency,
  publicEfficiency,
} from './accelerators/efficiency.ts';
export { type DeviceMesh, meshOf, meshText, numDevicesOf, numRowGroups } from './accelerators/mesh.ts';
export { modelFlopsPerToken } from './accelerators/model-flops.ts';
export { type PublicFigure, publicFigures } from './accelerators/public-figures.ts';
export { type DeviceStepTime, deviceStepTime } from './accelerators/step-time.ts';
export {
  hasAttentionKernel,
  type KeptActivations,
  type ParameterGroup,
  stepTokens,
  type TrainingWorkload,
  trainingWorkload,
  type WorkloadDetails,
  type WorkloadOptions,
} from './accelerators/workload.ts';
export {
  type BackTestForecast,
  type BackTestKind,
  type BackTestOptions,
  type BackTestTable,
  backTest,
} from './calibration/back-test.ts';
export type { BootstrapBand } from './calibration/bootstrap-band.ts';
export { type CalibrateOptions, calibrate } from './calibration/calibrate.ts';
export {
  calibratedHalfWidth,
  errorScale,
  type IntervalCalibration,
  type IntervalLevel,
  intervalCalibrationSchema,
  intervalLevels,
} from './calibration/calibration.ts';
export {
  type Coverage,
  coverageOf,
  type IntervalForecast,
  type IntervalKind,
  intervalKinds,
  intervalsOf,
  leaveOneOutIntervals,
} from './calibration/coverage.ts';
export {
  type ComputePoint,
  computeOf,
  extrapolationFactor,
  type PredictionTarget,
} from './calibration/extrapolation.ts';
export { type FitErrors, fitErrors } from './calibration/fit-errors.ts';
export {
  calibratedEstimate,
  type LossPrediction,
  type LossPredictor,
  type LossPredictorOptions,
  lossPredictor,
  predictionInterval,
} from './calibration/loss-prediction.ts';
export {
  type DesignSoFar,
  type NextRunAdvice,
  type NextRunOptions,
  nextRunAdvice,
  type RunWorth,
} from './calibration/next-run.ts';
export { type SecondOpinion, secondOpinion } from './calibration/second-opinion.ts';
export { shippedCalibration } from './calibration/shipped-calibration.ts';
export {
  type ConventionalFlops,
  conventionalFlops,
  type FlopsComparison,
  type FlopsConvention,
  flopsComparison,
  type TransformerShape,
} from './counts/flops-conventions.ts';
export { type CountedModel, type CountedParameter, parameterCounts } from './counts/parameter-counts.ts';
export { type ProgramFlops, programFlops } from './counts/program-flops.ts';
export { stepCost } from './counts/step-cost.ts';
export {
  calibrateTimeModel,
  predictStepMs,
  referenceTimeModel,
  type StepCost,
  type TimedStep,
  type TimeModel,
} from './counts/time-model.ts';
export {
  type AccountedFit,
  type AccountedFits,
  type AccountingOptions,
  type CountedPoint,
  fitUnderAccountings,
} from './fitting/accounting.ts';
export {
  type BootstrapKind,
  type BootstrapOptions,
  bootstrapScalingLaw,
  type ParameterEstimate,
  type ScalingLawBootstrap,
} from './fitting/bootstrap.ts';
export type { Design, Identification } from './fitting/identification.ts';
export type { FitObjective, LawPrior } from './fitting/law-objective.ts';
export { fitPowerLaw, type PowerLaw, type PowerLawFit, powerLawAt } from './fitting/power-law-fit.ts';
export { type FitOptions, fitScalingLaw, type ScalingLawFit, weakPrior } from './fitting/scaling-law-fit.ts';
export {
  type CountingConvention,
  countingConventions,
  type Forecast,
  type ForecastBasis,
  forecastSchema,
} from './forecast.ts';
export { type AppliedLaw, applyLaw, type CarriedLaw } from './forecasting/bits-forecast.ts';
export { type Cause, causes, type Difference } from './forecasting/cause.ts';
export {
  forecastBasisSentence,
  forecastNotes,
  forecastSentence,
  judgementSentence,
  verdictSentences,
} from './forecasting/forecast-sentences.ts';
export { judgeForecast, outcomeOf, type RunOutcome } from './forecasting/judgement.ts';
export {
  forecastConvention,
  type LadderLaw,
  ladderLaw,
  lawPointsOf,
  seedDeviation,
  withoutTooSmall,
} from './forecasting/ladder-law.ts';
export { type Prospect, type Prospects, prospectsOf } from './forecasting/prospects.ts';
export {
  digitsOf,
  durationText,
  factorText,
  percentText,
  quantityText,
  rangeText,
} from './forecasting/quantity-text.ts';
export { carriedLaw, forecastRun, type RunForecastOptions } from './forecasting/run-forecast.ts';
export type { RunSubject, SubjectCorpus, SubjectRecipe } from './forecasting/run-subject.ts';
export { type TransferError, transferErrors, transferSpread } from './forecasting/transfer.ts';
export { type Estimate, estimateSchema } from './interval.ts';
export {
  type Accounting,
  type LadderFindings,
  ladderFindings,
  type NextTraining,
  stableWithin,
} from './ladder-findings.ts';
export {
  type LadderPoint,
  type LadderRecord,
  ladderPointSchema,
  ladderRecordSchema,
  type ParameterCounts,
  parameterCountsSchema,
} from './ladder-record.ts';
export { conventionTexts, ladderSentences, lawText } from './ladder-sentences.ts';
export {
  anchoredCurve,
  type CurveForecastPoint,
  curveForecast,
  fitLadderCurves,
  trainingCurveOf,
} from './laws/anchored-curve.ts';
export {
  alongTrace,
  annealedAlong,
  type CurveSchedule,
  recordedSchedule,
  type ScheduleTrace,
  summedFactors,
  traceSchedule,
} from './laws/annealing.ts';
export {
  balancedParameters,
  type ComputeOptimum,
  type ComputeWorth,
  computeForLoss,
  computeOptimum,
  deadweightCompute,
  type FrontierExponents,
  frontierExponents,
  hasOptimum,
  type InferenceOptimum,
  inferenceCost,
  inferenceOptimum,
  type TokenCost,
  trainingCost,
  worthOfCompute,
} from './laws/compute-optimum.ts';
export {
  type BatchDiagnosis,
  type BatchRule,
  criticalBatchRule,
  criticalBatchTokens,
  diagnoseBatch,
  type GradientNoise,
  type GradientNorms,
  gradientNoise,
  optimalBatchRule,
  stepLawBatchRule,
  stepLawLearningRate,
} from './laws/critical-batch.ts';
export {
  type CurveFit,
  type CurveFitOptions,
  type CurveResidual,
  fitCurveLaw,
  heldOutResiduals,
} from './laws/curve-fit.ts';
export { type CurveLaw, type CurveRun, curveLawSchema, curveLossesOf, type TrainingCurve } from './laws/curve-law.ts';
export {
  fitIsoFlop,
  type IsoFlopBudget,
  type IsoFlopFit,
  type IsoFlopOptions,
  type IsoFlopPoint,
  isoFlopOptimum,
} from './laws/iso-flop.ts';
export {
  type ErrorLaw,
  type ErrorLawFit,
  type ErrorRatePoint,
  errorRateOf,
  fitErrorLaw,
  fitOverTrainingLaw,
  type OverTrainingFit,
  type OverTrainingLaw,
  overTrainingLossOf,
} from './laws/over-training.ts';
export {
  effectiveAmount,
  type LimitedOptimum,
  limitedComputeOptimum,
  lossWithRepetition,
  mostEpochs,
  type Repetition,
  repetitionConstants,
  repetitionOf,
} from './laws/repetition.ts';
export { type LawPoint, lossOf, type ScalingLaw, scalingLawSchema, withoutFloor } from './scaling-law.ts';
export { type ArmComparison, type CompareOptions, compareArms, type SeedPlan } from './statistics/arm-comparison.ts';
export type { ArmRun, EstimateMethod, KnownNoise } from './statistics/arm-estimate.ts';
export { binomialCdf, binomialQuantile } from './statistics/binomial-distribution.ts';
export { chiSquareCdf, chiSquareQuantile, chiSquareTail } from './statistics/chi-square-distribution.ts';
export type { MultiplierAxis, MultiplierEstimate, RunsAt } from './statistics/compute-multiplier.ts';
export {
  confidenceSequenceInterval,
  mixtureEValue,
  type SequentialOptions,
  testNoWorseAtAnyLook,
} from './statistics/confidence-sequence.ts';
export { combineEValues, eValueOfPValue } from './statistics/e-value.ts';
export { type FrontierMultiplier, type FrontierPoint, frontierMultiplier } from './statistics/frontier-multiplier.ts';
export {
  type BoundaryShape,
  type GroupSequentialDesign,
  type GroupSequentialPower,
  groupSequentialDesign,
  groupSequentialPower,
  type PlannedLook,
} from './statistics/group-sequential.ts';
export {
  type LadderArmPoint,
  type LadderMultiplier,
  type LadderMultiplierOptions,
  ladderMultiplier,
  type MultiplierVerdict,
} from './statistics/ladder-multiplier.ts';
export { type LocalMultiplier, localMultiplier } from './statistics/local-multiplier.ts';
export {
  type KnownSpread,
  knownSpreadDifference,
  knownSpreadPairedDifference,
  type MeanDifference,
  pairedDifference,
  pooledDifference,
  spreadOf,
  welchDifference,
  withSpread,
} from './statistics/mean-difference.ts';
export {
  type Alternative,
  type MarginTest,
  type MeanTest,
  testDifference,
  testEquivalence,
  testNoWorse,
} from './statistics/mean-tests.ts';
export { benjaminiHochberg, eBenjaminiHochberg, type MultipleTesting } from './statistics/multiple-testing.ts';
export {
  type InterpolatedSpread,
  type NoiseBank,
  noiseBank,
  type PooledDeviation,
  pooledDeviation,
  type ReplicateGroup,
  sigmaAt,
} from './statistics/noise-bank.ts';
export { normalCdf, normalDensity, normalQuantile } from './statistics/normal-distribution.ts';
export {
  minimalDetectableDifference,
  numSeedsNeeded,
  type PowerOptions,
  powerOfComparison,
} from './statistics/power.ts';
export { signFlipPValue } from './statistics/sign-flip-test.ts';
export { noncentralStudentCdf, studentCdf, studentQuantile } from './statistics/student-distribution.ts';
export { type CsvRow, type CsvTable, readCsv } from './tables/csv.ts';
export {
  type LawAccounting,
  type LawColumns,
  type LawTable,
  ladderTable,
  readLawTable,
  type TablePoint,
} from './tables/law-table.ts';
export { fitTable, type TableFit, type TableFitOptions, type TableOptimum } from './tables/table-fit.ts';
export { computePlot, tableFitPage } from './tables/table-fit-page.ts';
export {
  accountingTable,
  type CellTable,
  optimumTable,
  parameterTable,
  tableFitSentences,
} from './tables/table-fit-text.ts';
export {
  type Diagnosis,
  type ForecastQuantity,
  type Judgement,
  type Outcome,
  type Verdict,
  verdictSchema,
} from './verdict.ts';
