import type { SamplingOptions } from '../evaluation/index.ts';
import type { FlagKinds, Flags } from './flags.ts';

export const samplingFlags = {
  tokens: { type: 'string' },
  temperature: { type: 'string' },
  'top-k': { type: 'string' },
  'top-p': { type: 'string' },
  'min-p': { type: 'string' },
  'repetition-penalty': { type: 'string' },
  stop: { type: 'string', multiple: true },
  seed: { type: 'string' },
} satisfies FlagKinds;

export const samplingFlagHelp = `  --tokens N             the most tokens to write (default: 128)
  --temperature X        0 takes the likeliest token always, 1 samples from the model as it is (default: 0.8)
  --top-k N              only the N likeliest tokens
  --top-p X              only the likeliest tokens that together reach this probability
  --min-p X              only tokens at least this probable, beside the likeliest (default: 0.05)
  --repetition-penalty X above 1: what was written already becomes less likely
  --stop TEXT            end where this would be written; may be repeated
  --seed N               equal seeds write equal texts (default: 0)`;

/** How a text is continued, as the flags say. */
export interface WritingOptions extends SamplingOptions {
  readonly maxTokens: number;
  readonly stopStrings: readonly string[];
}

export function writingOptions(flags: Flags): WritingOptions {
  const topK = flags.wholeNumber('top-k', 1);
  const topP = flags.number('top-p', 0, 1);
  const repetitionPenalty = flags.number('repetition-penalty', 0.01, 100);
  return {
    maxTokens: flags.wholeNumber('tokens', 1) ?? 128,
    temperature: flags.number('temperature', 0, 100) ?? 0.8,
    minP: flags.number('min-p', 0, 1) ?? 0.05,
    ...(topK !== undefined && { topK }),
    ...(topP !== undefined && { topP }),
    ...(repetitionPenalty !== undefined && { repetitionPenalty }),
    seed: flags.wholeNumber('seed', 0) ?? 0,
    stopStrings: flags.texts('stop'),
  };
}
