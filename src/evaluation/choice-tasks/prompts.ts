import { assert, present, randomStream } from '../../core/index.ts';
import type { Tokenizer } from '../../tokenizer/index.ts';
import type { Continuation } from '../scorer.ts';
import type { ChoiceItem } from './task-file.ts';

export interface PromptOptions {
  /** Solved questions in front of each, drawn from the others. Default 0. */
  readonly numShots?: number;
  /** What stands between a context and what continues it. Default one space. */
  readonly delimiter?: string;
  /** Decides which questions are shown. Default 0. */
  readonly seed?: number;
}

/** The texts that are compared, or the one that is asked for: what is common to all, and what each has of its own. */
interface Candidate {
  readonly before: string;
  readonly after: string;
}

/**
 * The continuations whose likelihoods answer a question, in the order of its options.
 *
 * Texts are tokenized whole, since where one piece ends another token may begin (" the" is one token, " " and "the" are two). Multiple
 * choice scores what differs: all tokens from the first on in which the options differ; a schema scores the tokens that its texts have in
 * common at the end, and language modeling those from the first on that the context alone does not have.
 *
 * @param index the number of the question, which is never among its own shots
 */
export function continuationsOf(
  items: readonly ChoiceItem[],
  index: number,
  tokenizer: Tokenizer,
  options: PromptOptions = {},
): Continuation[] {
  const { delimiter = ' ', numShots = 0, seed = 0 } = options;
  const item = present(items[index], `question ${index}`);
  const shots = shotsFor(items.length, index, numShots, seed).map((i) =>
    solved(present(items[i], 'a shot'), delimiter),
  );
  const front = shots.map((shot) => `${shot}\n\n`).join('');
  const begin = present(tokenizer.beginToken, 'the begin token');
  const encode = (text: string): number[] => [begin, ...tokenizer.encode(front + text)];
  const cut = (tokens: readonly number[], at: number): Continuation => ({
    context: tokens.slice(0, at),
    continuation: tokens.slice(at),
  });
  const candidates = candidatesOf(item, delimiter);
  const texts = candidates.map(({ before, after }) => encode(before + after));
  switch (item.style) {
    case 'multiple_choice': {
      // Where one option is the beginning of another, its last token must still be scored.
      const shortest = Math.min(...texts.map((tokens) => tokens.length));
      const at = Math.min(commonPrefix(texts), shortest - 1);
      return texts.map((tokens) => cut(tokens, at));
    }
    case 'schema': {
      const length = commonSuffix(texts);
      return texts.map((tokens) => cut(tokens, Math.max(1, tokens.length - Math.max(1, length))));
    }
    case 'language_modeling': {
      const [candidate] = candidates;
      const [tokens] = texts;
      assert(candidate !== undefined && tokens !== undefined, 'a question without a text');
      const at = commonPrefix([encode(candidate.before.trimEnd()), tokens]);
      return [cut(tokens, Math.min(at, tokens.length - 1))];
    }
  }
}

/** The probability of a right answer by guessing: 1 / options, and 0 where there is nothing to choose. */
export function chanceOf(item: ChoiceItem): number {
  if (item.style === 'language_modeling') return 0;
  return 1 / (item.style === 'schema' ? item.contexts.length : item.choices.length);
}

function candidatesOf(item: ChoiceItem, delimiter: string): Candidate[] {
  switch (item.style) {
    case 'multiple_choice':
      return item.choices.map((choice) => ({ before: item.query, after: delimiter + choice }));
    case 'schema':
      return item.contexts.map((context) => ({ before: context, after: delimiter + item.continuation }));
    case 'language_modeling':
      return [{ before: item.context.trim() + delimiter, after: item.continuation }];
  }
}

/** A question with its answer, as an example. */
function solved(item: ChoiceItem, delimiter: string): string {
  const candidates = candidatesOf(item, delimiter);
  const { before, after } = present(candidates[item.style === 'language_modeling' ? 0 : item.gold], 'the answer');
  return before + after;
}

/** Distinct numbers of other questions, drawn for this one: the first of a shuffle (Fisher–Yates). */
function shotsFor(numItems: number, index: number, numShots: number, seed: number): number[] {
  const others = Array.from({ length: numItems }, (_, i) => i).filter((i) => i !== index);
  const random = randomStream(seed, `choice-tasks.shots.${index}`);
  const numDrawn = Math.min(numShots, others.length);
  for (let i = 0; i < numDrawn; i++) {
    const j = i + random.nextInteger(others.length - i);
    [others[i], others[j]] = [others[j] as number, others[i] as number];
  }
  return others.slice(0, numDrawn);
}

function commonPrefix(texts: readonly (readonly number[])[]): number {
  const [first = [], ...others] = texts;
  const end = first.findIndex((token, i) => others.some((tokens) => tokens[i] !== token));
  return end < 0 ? first.length : end;
}

function commonSuffix(texts: readonly (readonly number[])[]): number {
  return commonPrefix(texts.map((tokens) => [...tokens].reverse()));
}
