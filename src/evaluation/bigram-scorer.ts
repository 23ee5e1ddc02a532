import type { BigramModel } from '../data/index.ts';
import type { Scorer } from './scorer.ts';

/** Scores with a bigram model: what a neural one is to be compared with, since it knows nothing but which token follows which. */
export function bigramScorer(model: Pick<BigramModel, 'probability'>): Scorer {
  return {
    contextLength: 1,
    load: async () => undefined,
    score: async (continuations) =>
      continuations.map(({ context, continuation }) => {
        let before = context[context.length - 1] as number;
        let logProbability = 0;
        for (const token of Array.from(continuation)) {
          logProbability += Math.log(model.probability(before, token));
          before = token;
        }
        // Which token is the likeliest of all is not asked of it.
        return { logProbability, numTokens: continuation.length, isLikeliest: false };
      }),
    close: async () => undefined,
  };
}
