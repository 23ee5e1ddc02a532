/** The stages that both sides are timed in, in their order; `cleaning` for those that judge documents. */
export const cleaningStages = ['gopher-repetition', 'gopher-quality', 'c4', 'fineweb'] as const;

export const stageNames = [
  'read',
  'normalisation',
  ...cleaningStages,
  'write documents',
  'MinHash signatures',
  'MinHash grouping',
  'tokenize and write',
] as const;
export type StageName = (typeof stageNames)[number];

/** What a side tells of its run; times are of the processor, in seconds. */
export interface SideResult {
  readonly seconds: { readonly [stage: string]: number };
  /** For each document that was removed by a rule of cleaning, the rule as Groundwork names it. */
  readonly removed: { readonly [id: string]: string };
  /** Documents in groups of duplicates: for each, a name of its group and whether it is the one that is kept. */
  readonly groups: { readonly [id: string]: { readonly group: string; readonly kept: boolean } };
  readonly numTokens: number;
}
