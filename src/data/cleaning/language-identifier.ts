import { eld } from 'eld/small';

/** The language of a text by ISO 639-1, `und` where none was recognised, and how sure that is, from 0 to 1. */
export interface IdentifiedLanguage {
  readonly language: string;
  /** The score of eld: s / (s + 25) for a mean n-gram score s. Clean prose has 0.75 to 0.82; it is no probability. */
  readonly score: number;
}

export type LanguageIdentifier = (text: string) => IdentifiedLanguage;

const detector = eld.newInstance();

/** The languages that are recognised, by ISO 639-1. */
export const identifiableLanguages: readonly string[] = Object.values(detector.info().Languages).sort();

/**
 * Identifies the language of a text from the n-grams of its words. Deterministic. Of the text given, eld reads the first
 * 350 bytes or so of its letters, so that longer pieces cost no more. The n-grams are the small set of eld: the extra
 * small one takes some junk for a language, the medium one decided no piece of ours otherwise and takes twice as long to
 * load.
 */
export const identifyLanguage: LanguageIdentifier = (text) => {
  const result = detector.detect(text);
  if (result.language === '') return { language: 'und', score: 0 };
  return { language: result.language, score: result.getScores()[result.language] ?? 0 };
};
