import type { RandomStream } from '../../core/index.ts';

/** Two sentences that differ in as little as makes one of them ungrammatical. */
export interface SentencePair {
  readonly good: string;
  readonly bad: string;
}

/** One way in which grammar can be broken, as a template: it makes a pair from random draws. */
export interface Paradigm {
  readonly name: string;
  make(random: RandomStream): SentencePair;
}
