import type { Forecast } from '../forecast.ts';
import type { ParameterCounts } from '../ladder-record.ts';

/** What a forecast must know of a run: its plan, its text and its recipe, as plain facts. */
export interface RunSubject {
  readonly parameters: ParameterCounts;
  readonly numSteps: number;
  readonly batchTokens: number;
  readonly numTokens: number;
  /** U: training tokens before any text is read again. */
  readonly uniqueTokens: number;
  /** Floating-point operations of the whole training, counted in its graph. */
  readonly flops: number;
  readonly programHash: string;
  readonly corpus: SubjectCorpus;
  readonly recipe: SubjectRecipe;
  /** The factor on the learning rates in a step, counted from 0. */
  readonly scheduleFactor: (step: number) => number;
  readonly time: Forecast['time'] & {
    /** Of a run that ends with its time, that time; null for one that ends with its steps. */
    readonly limitMs: number | null;
  };
  /** Validation documents that are measured at the end, and how many there are. */
  readonly evaluation: { readonly numDocuments: number; readonly numValidationDocuments: number };
  /** By how much the process will grow, as estimated from the graphs. */
  readonly memoryBytes: number;
}

/** The text of a run, as far as a law asks about it. */
export interface SubjectCorpus {
  readonly name: string;
  readonly fingerprint: string;
  /** Of the validation text; null where there is none. */
  readonly bytesPerToken: number | null;
  readonly vocabularySize: number;
  /** Of a bigram model on the validation text; null where it was not measured. */
  readonly bigramBitsPerByte: number | null;
  /** Whether it is trained on other datasets beside the one that it is measured on. */
  readonly isMixture: boolean;
}

/** The recipe of a run, beside that of a ladder. */
export interface SubjectRecipe {
  readonly name: string;
  /** Of what it is at every size: see where the records of ladders are made. */
  readonly sha256: string;
  /**
   * By recipe of a ladder (its SHA-256): the peak learning rates of the run over those of the ladder, by role of the parameters, where
   * both can be compared.
   */
  readonly learningRateRatios: ReadonlyMap<string, ReadonlyMap<string, number>>;
}
