// data/: from text as it is found to batches: readers, cleaning, deduplication, the build, the dataset store, batches.
export { type Batch, emptyBatch } from './batches/batch.ts';
export {
  type Batches,
  type BatchesOptions,
  type BatchSource,
  type BatchSourceFacts,
  batches,
} from './batches/batches.ts';
export type { Packing } from './batches/epoch-rows.ts';
export { blockRows } from './batches/mixture.ts';
export type { RowPlan } from './batches/packing.ts';
export { type ValidationRows, validationRows } from './batches/validation-rows.ts';
export { type BuildRequest, type BuiltDataset, buildDataset } from './build/build.ts';
export { type BuildSettings, buildSettingsSchema, headerFields } from './build/build-settings.ts';
export { type CorpusDataset, type CorpusDatasetRequest, datasetOfCorpus, nameAfter } from './build/corpus-dataset.ts';
export { readEvaluationTexts } from './build/evaluation-texts.ts';
export { type BuildProgress, type BuildStage, buildStages } from './build/progress.ts';
export { type BuildReport, buildReportSchema } from './build-report.ts';
export {
  type CleaningOptions,
  type CleaningPipeline,
  type CleaningPreset,
  type CleaningResult,
  cleaningPresets,
  createCleaningPipeline,
} from './cleaning/pipeline.ts';
export { type RedactionKind, redactionKinds } from './cleaning/redaction.ts';
export type { EvaluationTexts } from './deduplication/contamination-index.ts';
export type { Demo, DemoOptions, DemoSettings } from './demos/demo.ts';
export { demoNamed, demos } from './demos/demos.ts';
export type {
  Document,
  Place,
  RecordBatch,
  RecordFault,
  RecordFormat,
  RecordStream,
  SourceRecord,
} from './document.ts';
export { type BigramBaselineOptions, bigramBaseline, bigramOfTraining } from './inspect/bigram-baseline.ts';
export type { BigramModel } from './inspect/bigram-model.ts';
export { type DatasetInspection, type InspectionOptions, inspectDataset } from './inspect/inspection.ts';
export { inspectionAsPage } from './inspect/inspection-page.ts';
export { inspectionAsText } from './inspect/inspection-text.ts';
export { cellWidth, wrapText } from './inspect/terminal-text.ts';
export { corpusSizeBytes } from './readers/corpus-files.ts';
export { type CorpusOptions, readCorpus } from './readers/corpus-reader.ts';
export { joinedRecords } from './readers/joined-records.ts';
export { readSourceCode, type SourceCodeOptions } from './readers/source-code.ts';
export { type Dataset, openDataset } from './store/dataset.ts';
export type { DatasetPart } from './store/dataset-part.ts';
export { type DatasetManifest, type DatasetProblem, shardPaths } from './store/manifest.ts';
export { verifyDataset } from './store/verification.ts';
export { tokenCountsOf, validationSample } from './vocabulary/dataset-sample.ts';
export { readTextFile, readTextStream } from './vocabulary/text-file.ts';
export { openTokenizerSource, type TokenizerSource } from './vocabulary/tokenizer-source.ts';
export {
  type TrainedVocabulary,
  trainVocabulary,
  type VocabularyRequest,
  vocabularyFiles,
  writeVocabulary,
} from './vocabulary/training.ts';
