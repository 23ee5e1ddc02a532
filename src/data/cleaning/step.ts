import type { z } from 'zod';
import type { LanguageIdentifier } from './language-identifier.ts';
import type { WorkingText } from './working-text.ts';

/** Why a step removes a document. */
export interface Removal {
  /** The name of the rule within its step, such as `too-few-words`. */
  readonly rule: string;
  /** What was measured against what was allowed, such as `37 words, at least 50`. */
  readonly detail: string;
}

/** Looks at a document, may change its text, and says why it is to be removed, if it is. */
export type Clean = (document: WorkingText) => Removal | undefined;

/** What a step is given that is no option of the person's. */
export interface StepTools {
  readonly identifyLanguage: LanguageIdentifier | undefined;
}

/** A step of cleaning: its rules, its options with the published thresholds as defaults, and where those come from. */
export interface Step<Schema extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  /** The paper or program that the rules come from. */
  readonly source: string;
  /** A step whose results change gets another version, so that datasets of before do not pass for ones of now. */
  readonly version: number;
  /** Names of the rules that remove documents, in the order in which they are tried. */
  readonly removals: readonly string[];
  /** Names of the rules that change documents. */
  readonly edits: readonly string[];
  readonly options: Schema;
  create(options: z.output<Schema>, tools: StepTools): Clean;
}

/** Keeps the type of the options between the schema and `create`. */
export function defineStep<Schema extends z.ZodObject>(step: Step<Schema>): Step<Schema> {
  return step;
}

/** A number in at most three decimals, for messages. */
export const rounded = (value: number): string => String(Math.round(value * 1000) / 1000);

/** `detail` of a removal: a measure that is above what is allowed. */
export const above = (what: string, value: number, limit: number): string =>
  `${what} ${rounded(value)}, at most ${rounded(limit)}`;

/** `detail` of a removal: a measure that is below what is demanded. */
export const below = (what: string, value: number, limit: number): string =>
  `${what} ${rounded(value)}, at least ${rounded(limit)}`;
