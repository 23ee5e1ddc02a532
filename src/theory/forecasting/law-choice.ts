import { combinedSpread, type Spread } from '../interval.ts';
import type { LadderRecord } from '../ladder-record.ts';
import type { Difference } from './cause.ts';
import type { RunSubject } from './run-subject.ts';

/** The ladder whose law speaks for a run, and how it is carried over. */
export interface LawChoice {
  readonly record: LadderRecord;
  readonly isSameCorpus: boolean;
  readonly isSameRecipe: boolean;
  /** What the bits per byte of the law are multiplied by. */
  readonly scale: number;
  /** Tokens of the ladder that hold as many bytes as one of the run. */
  readonly tokenRatio: number;
}

/**
 * How far bits per byte of one text, scaled by those of a bigram model, may lie from those of another: until two ladders of one recipe
 * tell, a guess on the wide side. A bigram model knows how predictable neighbouring tokens are and nothing of what lies further apart.
 */
export const unknownTransfer: Spread = { half80: 0.12, half95: 0.25 };

/** How far another recipe may lie from the one that was measured: as far as a good year of improvements, or one bad choice. */
export const unknownRecipe: Spread = { half80: 0.06, half95: 0.12 };

/**
 * Chooses the ladder for a run: the same text before the same recipe, since texts differ by more than recipes; of several the one whose
 * text is as hard, to a bigram model, and then the one that reached the largest compute.
 *
 * @returns why there is none, where there is none
 */
export function chooseLaw(
  records: readonly LadderRecord[],
  subject: Pick<RunSubject, 'corpus' | 'recipe'>,
): LawChoice | { readonly reason: string } {
  if (records.length === 0) return { reason: 'No ladder has been measured yet, so no law can tell the bits per byte.' };
  const { corpus, recipe } = subject;
  const choices = records.map((record) => {
    const isSameCorpus = record.corpus.fingerprint === corpus.fingerprint && !corpus.isMixture;
    return { record, isSameCorpus, isSameRecipe: record.recipe.sha256 === recipe.sha256 };
  });
  const hardness = ({ record }: (typeof choices)[number]): number =>
    corpus.bigramBitsPerByte === null
      ? 0
      : Math.abs(Math.log(corpus.bigramBitsPerByte / record.corpus.bigramBitsPerByte));
  const reach = ({ record }: (typeof choices)[number]): number => Math.max(...record.points.map(({ flops }) => flops));
  const [best] = choices.toSorted(
    (a, b) =>
      Number(b.isSameCorpus) - Number(a.isSameCorpus) ||
      Number(b.isSameRecipe) - Number(a.isSameRecipe) ||
      hardness(a) - hardness(b) ||
      reach(b) - reach(a),
  );
  if (best === undefined) return { reason: 'There is no ladder to choose from.' };
  if (best.isSameCorpus) return { ...best, scale: 1, tokenRatio: 1 };
  if (corpus.bigramBitsPerByte === null || corpus.bytesPerToken === null) {
    const why =
      corpus.bytesPerToken === null
        ? 'it has no held-out text'
        : 'a bigram model of it would take too long for this run';
    return {
      reason: `No ladder was measured on ${corpus.name}, and how hard it is beside the others is not known: ${why}.`,
    };
  }
  const { bigramBitsPerByte, validationBytes, validationTokens } = best.record.corpus;
  return {
    ...best,
    scale: corpus.bigramBitsPerByte / bigramBitsPerByte,
    tokenRatio: corpus.bytesPerToken / (validationBytes / validationTokens),
  };
}

/** By how much the intervals of a law widen for what it is carried over to. */
export function carryingSpread(
  { isSameCorpus, isSameRecipe }: Pick<LawChoice, 'isSameCorpus' | 'isSameRecipe'>,
  transfer: Spread = unknownTransfer,
): Spread {
  const none = { half80: 0, half95: 0 };
  return combinedSpread(isSameCorpus ? none : transfer, isSameRecipe ? none : unknownRecipe);
}

/** What is said of a law that is carried over to another text or another recipe. */
export function carryingDifferences(
  { record, isSameCorpus, isSameRecipe, scale }: LawChoice,
  { corpus, recipe }: Pick<RunSubject, 'corpus' | 'recipe'>,
): Difference[] {
  const differences: Difference[] = [];
  if (!isSameCorpus) {
    const isOther = record.corpus.fingerprint !== corpus.fingerprint;
    const found = isOther
      ? `The law was measured on ${record.corpus.name}, not on ${corpus.name}`
      : `The law was measured on ${record.corpus.name} alone, and the run trains on a mixture`;
    const bigram = (value: number | null) => (value === null ? 'unknown' : value.toFixed(3));
    const scaled = `a bigram model reaches ${bigram(corpus.bigramBitsPerByte)} bits per byte here and ${bigram(record.corpus.bigramBitsPerByte)} there`;
    differences.push({
      cause: 'data',
      text: `${found}: ${scaled}, so its bits per byte are multiplied by ${scale.toFixed(3)}.`,
      effect: null,
    });
  }
  if (!isSameRecipe) {
    differences.push({
      cause: 'recipe',
      text: `The law was measured with the recipe ${record.recipe.name}, ${recipe.name === record.recipe.name ? 'as it was then, and it was changed since' : `not with ${recipe.name}`}.`,
      effect: null,
    });
  }
  return differences;
}
