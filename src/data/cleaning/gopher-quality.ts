import { z } from 'zod';
import { above, below, defineStep, type Removal } from './step.ts';
import { share, threshold } from './threshold.ts';
import { countOccurrences, strip } from './white-space.ts';
import { type WordTable, wordFacts } from './word-table.ts';
import type { WorkingText } from './working-text.ts';

const options = z.strictObject({
  /** Words that are not mere symbols. */
  minWords: threshold(50),
  maxWords: threshold(100_000),
  /** Mean code points of those words. */
  minMeanWordLength: threshold(3),
  maxMeanWordLength: threshold(10),
  /** `#`, and `...` or `…`, each per word. */
  maxSymbolsPerWord: threshold(0.1),
  /** Share of lines that begin with `•` or `-`. */
  maxBulletLines: share(0.9),
  /** Share of lines that end with `...` or `…`. */
  maxEllipsisLines: share(0.3),
  /** Share of words, symbols among them, that hold a letter. */
  minAlphabeticWords: share(0.8),
  /** How many different stop words there must be. */
  minStopWords: threshold(2),
  stopWords: z.array(z.string().min(1)).default(['the', 'be', 'to', 'of', 'and', 'that', 'have', 'with']),
  /** The language of the stop words, by ISO 639-1: a document identified as of another one is not asked for them. */
  stopWordLanguage: z
    .string()
    .regex(/^[a-z]{2}$/, 'a language is two letters of ISO 639-1, such as en')
    .default('en'),
});
type Options = z.output<typeof options>;

/**
 * Is it prose at all? The quality rules of MassiveText, by which Gopher was trained, in the order and with the borders
 * of datatrove: a measure equal to its threshold is kept.
 */
export const gopherQuality = defineStep({
  name: 'gopher-quality',
  source: 'Rae et al. 2021, arXiv:2112.11446, table A1 and section A.1.1; datatrove 0.10.1, GopherQualityFilter',
  version: 2,
  removals: [
    'too-few-words',
    'too-many-words',
    'short-words',
    'long-words',
    'hashes',
    'ellipses',
    'bullet-lines',
    'ellipsis-lines',
    'non-alphabetic-words',
    'too-few-stop-words',
  ],
  edits: [],
  options,
  create: (settings) => (document) =>
    countRules(document, settings) ??
    symbolRules(document, settings) ??
    lineRules(document, settings) ??
    vocabularyRules(document, settings),
});

function countRules({ words }: WorkingText, settings: Options): Removal | undefined {
  const { minWords, maxWords, minMeanWordLength, maxMeanWordLength } = settings;
  let numWords = 0;
  let numCharacters = 0;
  for (let i = 0; i < words.numWords; i++) {
    const measure = words.measures[i] as number;
    if ((measure & wordFacts.notSymbol) === 0) continue;
    numWords++;
    numCharacters += measure >> 2;
  }
  if (minWords !== null && numWords < minWords) {
    return { rule: 'too-few-words', detail: below('words', numWords, minWords) };
  }
  if (maxWords !== null && numWords > maxWords) {
    return { rule: 'too-many-words', detail: above('words', numWords, maxWords) };
  }
  // Without any word there is no mean: no rule about it applies.
  if (numWords === 0) return undefined;
  const mean = numCharacters / numWords;
  if (minMeanWordLength !== null && mean < minMeanWordLength) {
    return { rule: 'short-words', detail: below('mean word length', mean, minMeanWordLength) };
  }
  if (maxMeanWordLength !== null && mean > maxMeanWordLength) {
    return { rule: 'long-words', detail: above('mean word length', mean, maxMeanWordLength) };
  }
  return undefined;
}

function symbolRules({ text, words }: WorkingText, { maxSymbolsPerWord }: Options): Removal | undefined {
  if (maxSymbolsPerWord === null) return undefined;
  const allowed = maxSymbolsPerWord;
  const hashes = countOccurrences(text, '#') / words.numWords;
  if (hashes > allowed) return { rule: 'hashes', detail: above('# per word', hashes, allowed) };
  const ellipses = (countOccurrences(text, '...') + countOccurrences(text, '…')) / words.numWords;
  if (ellipses > allowed) return { rule: 'ellipses', detail: above('ellipses per word', ellipses, allowed) };
  return undefined;
}

function lineRules({ lines }: WorkingText, { maxBulletLines, maxEllipsisLines }: Options): Removal | undefined {
  let numBullets = 0;
  let numEllipses = 0;
  for (const line of lines) {
    const stripped = strip(line);
    if (stripped.startsWith('•') || stripped.startsWith('-')) numBullets++;
    if (stripped.endsWith('...') || stripped.endsWith('…')) numEllipses++;
  }
  const bullets = numBullets / lines.length;
  if (maxBulletLines !== null && bullets > maxBulletLines) {
    return { rule: 'bullet-lines', detail: above('share of lines with a bullet', bullets, maxBulletLines) };
  }
  const ellipses = numEllipses / lines.length;
  if (maxEllipsisLines !== null && ellipses > maxEllipsisLines) {
    return {
      rule: 'ellipsis-lines',
      detail: above('share of lines ending in an ellipsis', ellipses, maxEllipsisLines),
    };
  }
  return undefined;
}

function vocabularyRules(document: WorkingText, settings: Options): Removal | undefined {
  const { words } = document;
  const { minAlphabeticWords, minStopWords, stopWords } = settings;
  let numAlphabetic = 0;
  for (let i = 0; i < words.numWords; i++) if ((words.measures[i] as number) & wordFacts.letter) numAlphabetic++;
  const alphabetic = numAlphabetic / words.numWords;
  if (minAlphabeticWords !== null && alphabetic < minAlphabeticWords) {
    const detail = below('share of words with a letter', alphabetic, minAlphabeticWords);
    return { rule: 'non-alphabetic-words', detail };
  }
  if (minStopWords === null || isOfAnotherLanguage(document, settings)) return undefined;
  const numPresent = numPresentWords(words, stopWords, minStopWords);
  if (numPresent >= minStopWords) return undefined;
  return { rule: 'too-few-stop-words', detail: below('stop words', numPresent, minStopWords) };
}

/** `und`, a language that could not be told, is not known to be another. */
function isOfAnotherLanguage({ language }: WorkingText, { stopWordLanguage }: Options): boolean {
  return language !== undefined && language !== 'und' && language !== stopWordLanguage;
}

/** How many of the words occur in the text; counting ends when `enough` are found. */
function numPresentWords(table: WordTable, wanted: readonly string[], enough: number): number {
  const missing = new Set(wanted.map((word) => table.find(word)).filter((word) => word >= 0));
  const largest = Math.max(-1, ...missing);
  let found = 0;
  for (let i = 0; i < table.numWords && found < enough; i++) {
    const word = table.words[i] as number;
    if (word <= largest && missing.delete(word)) found++;
  }
  return found;
}
