import { GroundworkError } from '../../core/index.ts';
import type { Tokenizer } from '../../tokenizer/index.ts';
import { type Accuracy, accuracyOf } from '../accuracy.ts';
import type { ContinuationScore, Scorer, ScoringProgress } from '../scorer.ts';
import { chanceOf, continuationsOf, type PromptOptions } from './prompts.ts';
import type { ChoiceItem, ChoiceStyle } from './task-file.ts';

export interface ChoiceTaskOptions extends PromptOptions {
  /** Options are compared by the mean (default, as in CORE) or the total log-probability of their tokens. */
  readonly compare?: 'mean' | 'total';
}

export interface ChoiceAnswer {
  /** The option that the model finds likeliest, from 0; undefined in language modeling and where a score is no number. */
  readonly chosen: number | undefined;
  readonly isCorrect: boolean;
  /** What each option was compared by, in nats. */
  readonly scores: readonly number[];
}

export interface ChoiceTaskResult extends Accuracy {
  readonly style: ChoiceStyle;
  /** What guessing would reach, on average over the questions. */
  readonly chance: number;
  /** (accuracy − chance) / (1 − chance): 0 for guessing, 1 for all right. */
  readonly centeredAccuracy: number;
  /** Questions for which the model gave no number; they count as wrong. */
  readonly numNonFinite: number;
  readonly answers: readonly ChoiceAnswer[];
}

/**
 * Asks a model questions in the style of CORE (Li et al. 2024). Multiple choice and schemas are answered by the likeliest option, of equal
 * ones the first; language modeling is right where each token of the continuation is the likeliest.
 *
 * @param items of one style, from `readChoiceItems`
 */
export async function askChoices(
  scorer: Scorer,
  tokenizer: Tokenizer,
  items: readonly ChoiceItem[],
  options: ChoiceTaskOptions = {},
  progress: ScoringProgress = {},
): Promise<ChoiceTaskResult> {
  const { compare = 'mean', numShots = 0 } = options;
  if (!Number.isInteger(numShots) || numShots < 0) {
    throw new GroundworkError('usage', `found ${numShots} shots, expected a whole number from 0 on`, {
      hint: 'Leave it out for questions without examples.',
    });
  }
  const continuations = items.map((_, i) => continuationsOf(items, i, tokenizer, options));
  const scores = await scorer.score(continuations.flat(), progress);
  let at = 0;
  const answers = items.map((item, i) => {
    const own = scores.slice(at, at + (continuations[i]?.length ?? 0));
    at += own.length;
    return answerOf(item, own, compare);
  });
  const chance = items.reduce((sum, item) => sum + chanceOf(item), 0) / items.length;
  const accuracy = accuracyOf(answers.filter(({ isCorrect }) => isCorrect).length, answers.length);
  return {
    ...accuracy,
    style: items[0]?.style ?? 'multiple_choice',
    chance,
    centeredAccuracy: (accuracy.accuracy - chance) / (1 - chance),
    numNonFinite: answers.filter(({ scores }) => !scores.every(Number.isFinite)).length,
    answers,
  };
}

function answerOf(item: ChoiceItem, own: readonly ContinuationScore[], compare: 'mean' | 'total'): ChoiceAnswer {
  const scores = own.map(({ logProbability, numTokens }) =>
    compare === 'mean' ? logProbability / numTokens : logProbability,
  );
  if (!scores.every(Number.isFinite)) return { chosen: undefined, isCorrect: false, scores };
  if (item.style === 'language_modeling') {
    return { chosen: undefined, isCorrect: own.every(({ isLikeliest }) => isLikeliest), scores };
  }
  const chosen = scores.indexOf(Math.max(...scores));
  return { chosen, isCorrect: chosen === item.gold, scores };
}
