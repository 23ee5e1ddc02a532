import { z } from 'zod';
import { assert } from '../../core/index.ts';
import { below, defineStep } from './step.ts';

const options = z.strictObject({
  /** Languages to keep, by ISO 639-1. Empty: the language is identified and nothing removed. */
  languages: z.array(z.string().regex(/^[a-z]{2}$/, 'a language is two letters of ISO 639-1, such as en')).default([]),
  /** The least score. 0.65 is FineWeb's, of another identifier; clean prose scores 0.75 and more here. */
  minScore: z.number().min(0).max(1).default(0.65),
  /** UTF-16 units from the beginning of the text that are looked at. */
  sampleLength: z.number().int().positive().default(1024),
});

/** In which language is it written? */
export const language = defineStep({
  name: 'language',
  source: 'eld 2.1 (Nito T.M.), n-grams of 60 languages; the order and the threshold of FineWeb, arXiv:2406.17557',
  version: 1,
  removals: ['not-wanted', 'uncertain'],
  edits: [],
  options,
  create({ languages, minScore, sampleLength }, { identifyLanguage }) {
    const wanted = new Set(languages);
    assert(identifyLanguage !== undefined, 'the language step was built without an identifier');
    return (document) => {
      const found = identifyLanguage(document.text.slice(0, sampleLength));
      document.language = found.language;
      if (wanted.size === 0) return undefined;
      if (!wanted.has(found.language)) {
        return { rule: 'not-wanted', detail: `${found.language}, wanted ${languages.join(', ')}` };
      }
      if (found.score >= minScore) return undefined;
      return { rule: 'uncertain', detail: below(`score of ${found.language}`, found.score, minScore) };
    };
  },
});
