/** The stages of a build, in their order. */
export const buildStages = ['clean', 'duplicates', 'survey', 'tokenizer', 'tokenize', 'publish'] as const;
export type BuildStage = (typeof buildStages)[number];

/** How far a build is: told often, shown as seldom as the listener likes. */
export interface BuildProgress {
  readonly stage: BuildStage;
  readonly done: number;
  /** Undefined where it is not known, as for standard input. */
  readonly total: number | undefined;
  readonly unit: 'bytes' | 'blocks' | 'bands';
  /** Of `done`, what an earlier build had done already. */
  readonly resumed: number;
}
