import { GroundworkError, present, type RandomStream, randomStream } from '../../core/index.ts';
import { anaphorAgreement, determinerNounAgreement, irregularForms, subjectVerbAgreement } from './agreement.ts';
import { binding } from './binding.ts';
import type { Paradigm, SentencePair } from './paradigm.ts';
import {
  argumentStructure,
  controlAndRaising,
  ellipsis,
  fillerGap,
  islands,
  negativePolarity,
  quantifiers,
} from './structure.ts';

/**
 * The categories of BLiMP (Warstadt et al. 2020), with templates and words of our own. The templates of a category balance each other: what
 * stands in good sentences in one stands in bad ones in another, so that a model that only knows which words are frequent, or
 * which sentences are short, can do no better than guess.
 */
export const grammarCategories = {
  'subject-verb agreement': subjectVerbAgreement,
  'determiner-noun agreement': determinerNounAgreement,
  'anaphor agreement': anaphorAgreement,
  'irregular forms': irregularForms,
  'argument structure': argumentStructure,
  binding,
  'control and raising': controlAndRaising,
  ellipsis,
  'filler and gap': fillerGap,
  islands,
  'negative polarity': negativePolarity,
  quantifiers,
} as const satisfies { readonly [name: string]: readonly Paradigm[] };

export type GrammarCategory = keyof typeof grammarCategories;
export const grammarCategoryNames = Object.keys(grammarCategories) as GrammarCategory[];

export interface MinimalPair extends SentencePair {
  readonly category: GrammarCategory;
  readonly paradigm: string;
}

export interface MinimalPairOptions {
  /** Distinct pairs of each category. Default 100. */
  readonly numPairs?: number;
  /** Default 0. */
  readonly seed?: number;
  /** Default: all. */
  readonly categories?: readonly GrammarCategory[];
}

/** No category is asked for more pairs than this: each of its templates has as many to give. */
export const maxPairs = 500;
/** Draws until a pair is new. */
const maxAttempts = 200;

/**
 * Minimal pairs: a sentence, and the same one with its grammar broken. Pure: the same options give the same pairs, and the first pairs of
 * many are those of few.
 *
 * @throws GroundworkError `usage` for a number of pairs that is not in 1 … 500
 */
export function minimalPairs(options: MinimalPairOptions = {}): MinimalPair[] {
  const { numPairs = 100, seed = 0, categories = grammarCategoryNames } = options;
  if (!Number.isInteger(numPairs) || numPairs < 1 || numPairs > maxPairs) {
    throw new GroundworkError('usage', `found ${numPairs} pairs of each category, expected 1 to ${maxPairs}`, {
      hint: 'A hundred of each already tell a model that has learned the rule from one that guesses.',
    });
  }
  return categories.flatMap((category) => pairsOf(category, numPairs, seed));
}

/** Pairs of one category, its templates taking turns. */
function pairsOf(category: GrammarCategory, numPairs: number, seed: number): MinimalPair[] {
  const sources = grammarCategories[category].map((paradigm) => ({
    paradigm,
    random: randomStream(seed, `minimal-pairs.${category}.${paradigm.name}`),
    seen: new Set<string>(),
  }));
  return Array.from({ length: numPairs }, (_, i) => {
    const { paradigm, random, seen } = present(sources[i % sources.length], `a template of ${category}`);
    return { category, paradigm: paradigm.name, ...newPair(paradigm, random, seen) };
  });
}

function newPair(paradigm: Paradigm, random: RandomStream, seen: Set<string>): SentencePair {
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const pair = paradigm.make(random);
    const key = `${pair.good}\n${pair.bad}`;
    if (pair.good === pair.bad || seen.has(key)) continue;
    seen.add(key);
    return pair;
  }
  throw new RangeError(`the template "${paradigm.name}" makes too few pairs`);
}
