// evaluation/: bits per byte, minimal pairs, multiple choice, generation with a cache of keys and values.

export { type Accuracy, accuracyOf } from './accuracy.ts';
export { bigramScorer } from './bigram-scorer.ts';
export {
  type BitsPerByte,
  type DocumentScore,
  type EvaluationProgress,
  type Evaluator,
  type EvaluatorOptions,
  openEvaluator,
} from './bits-per-byte.ts';
export {
  askChoices,
  type ChoiceAnswer,
  type ChoiceTaskOptions,
  type ChoiceTaskResult,
} from './choice-tasks/choice-tasks.ts';
export { type ChoiceItem, type ChoiceStyle, readChoiceItems } from './choice-tasks/task-file.ts';
export { type EvaluationRowsOptions, evaluationRows } from './evaluation-rows.ts';
export {
  type Ending,
  type GeneratedText,
  type GenerationOptions,
  type Generator,
  type GeneratorOptions,
  openGenerator,
  type TokenListener,
} from './generator.ts';
export {
  type GrammarCategory,
  grammarCategoryNames,
  type MinimalPair,
  type MinimalPairOptions,
  maxPairs,
  minimalPairs,
} from './minimal-pairs/generation.ts';
export { type GrammarResult, type JudgedPair, judgeGrammar } from './minimal-pairs/minimal-pairs.ts';
export { type SamplingOptions, sampleToken } from './sampling.ts';
export {
  type Continuation,
  type ContinuationScore,
  openScorer,
  type Scorer,
  type ScorerOptions,
  type ScoringProgress,
} from './scorer.ts';
export type { ParameterArrays } from './session-pool.ts';
export { generateText, type TextGenerationOptions, type TextListener, type TextSample } from './text-generation.ts';
