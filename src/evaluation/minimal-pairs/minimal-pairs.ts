import { present } from '../../core/index.ts';
import type { Tokenizer } from '../../tokenizer/index.ts';
import { type Accuracy, accuracyOf } from '../accuracy.ts';
import type { Continuation, Scorer, ScoringProgress } from '../scorer.ts';
import type { GrammarCategory, MinimalPair } from './generation.ts';

export interface JudgedPair extends MinimalPair {
  /** ln p of the good sentence minus that of the bad one, in nats. */
  readonly margin: number;
}

export interface GrammarResult extends Accuracy {
  /** In the order in which the pairs came. Guessing reaches 0.5. */
  readonly categories: readonly (Accuracy & { readonly category: GrammarCategory })[];
  /** Pairs for which the model gave no number; they count as wrong. */
  readonly numNonFinite: number;
  readonly pairs: readonly JudgedPair[];
}

/**
 * How often a model finds the grammatical sentence of a pair the likelier one, as BLiMP measures it (Warstadt et al. 2020): by the total
 * log-probability of the sentence after the begin token. Equal ones count as wrong.
 */
export async function judgeGrammar(
  scorer: Scorer,
  tokenizer: Tokenizer,
  pairs: readonly MinimalPair[],
  progress: ScoringProgress = {},
): Promise<GrammarResult> {
  const begin = [present(tokenizer.beginToken, 'the begin token')];
  const sentence = (text: string): Continuation => ({ context: begin, continuation: tokenizer.encode(text) });
  const scores = await scorer.score(
    pairs.flatMap(({ good, bad }) => [sentence(good), sentence(bad)]),
    progress,
  );
  const judged = pairs.map((pair, i) => {
    const [good, bad] = [present(scores[2 * i], 'a score'), present(scores[2 * i + 1], 'a score')];
    return { ...pair, margin: good.logProbability - bad.logProbability };
  });
  const accuracy = (some: readonly JudgedPair[]): Accuracy =>
    accuracyOf(some.filter(({ margin }) => margin > 0 && Number.isFinite(margin)).length, some.length);
  const names = [...new Set(pairs.map(({ category }) => category))];
  return {
    ...accuracy(judged),
    categories: names.map((category) => ({
      category,
      ...accuracy(judged.filter((pair) => pair.category === category)),
    })),
    numNonFinite: judged.filter(({ margin }) => !Number.isFinite(margin)).length,
    pairs: judged,
  };
}
