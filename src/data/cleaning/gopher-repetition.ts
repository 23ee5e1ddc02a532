import { z } from 'zod';
import { countDuplicates, type Duplicates } from './repetition.ts';
import { above, defineStep, type Removal } from './step.ts';
import { share } from './threshold.ts';
import { codePointLength, strip } from './white-space.ts';
import type { WorkingText } from './working-text.ts';

const options = z.strictObject({
  /** Share of lines, and of paragraphs, that repeat an earlier one. */
  maxDuplicateLines: share(0.3),
  maxDuplicateParagraphs: share(0.3),
  /** Share of the characters of the text that stand in them. */
  maxDuplicateLineCharacters: share(0.2),
  maxDuplicateParagraphCharacters: share(0.2),
  /** Share of the characters that the most frequent n-gram covers. */
  maxTop2gram: share(0.2),
  maxTop3gram: share(0.18),
  maxTop4gram: share(0.16),
  /** Share of the characters that stand in n-grams that repeat an earlier one. */
  maxDuplicate5grams: share(0.15),
  maxDuplicate6grams: share(0.14),
  maxDuplicate7grams: share(0.13),
  maxDuplicate8grams: share(0.12),
  maxDuplicate9grams: share(0.11),
  maxDuplicate10grams: share(0.1),
});
type Options = z.output<typeof options>;

/**
 * Does it say the same over and over? The repetition rules of MassiveText, by which Gopher was trained, as datatrove
 * counts: paragraphs are separated by two line feeds or more, lines by one or more, and every share is of the code points
 * of the whole text.
 */
export const gopherRepetition = defineStep({
  name: 'gopher-repetition',
  source: 'Rae et al. 2021, arXiv:2112.11446, table A1; datatrove 0.10.1, GopherRepetitionFilter',
  version: 1,
  removals: [
    'duplicate-paragraphs',
    'duplicate-paragraph-characters',
    'duplicate-lines',
    'duplicate-line-characters',
    'top-2gram',
    'top-3gram',
    'top-4gram',
    'duplicate-5grams',
    'duplicate-6grams',
    'duplicate-7grams',
    'duplicate-8grams',
    'duplicate-9grams',
    'duplicate-10grams',
  ],
  edits: [],
  options,
  create: (settings) => (document) => lineRules(document, settings) ?? ngramRules(document, settings),
});

const paragraphEnd = /\n{2,}/;
const lineEnd = /\n+/;

function lineRules({ text, words }: WorkingText, settings: Options): Removal | undefined {
  const isAstral = words.numCodePoints < text.length;
  const lengthOf = (piece: string): number => (isAstral ? codePointLength(piece) : piece.length);
  const judge = (what: string, found: Duplicates, maxElements: number | null, maxCharacters: number | null) => {
    const elements = found.numDuplicates / found.numElements;
    if (maxElements !== null && elements > maxElements) {
      return { rule: `duplicate-${what}s`, detail: above(`share of repeated ${what}s`, elements, maxElements) };
    }
    const characters = found.duplicateCharacters / Math.max(words.numCodePoints, 1);
    if (maxCharacters !== null && characters > maxCharacters) {
      const detail = above(`share of characters in repeated ${what}s`, characters, maxCharacters);
      return { rule: `duplicate-${what}-characters`, detail };
    }
    return undefined;
  };
  const paragraphs = countDuplicates(strip(text).split(paragraphEnd), lengthOf);
  const found = judge(
    'paragraph',
    paragraphs,
    settings.maxDuplicateParagraphs,
    settings.maxDuplicateParagraphCharacters,
  );
  if (found) return found;
  const lines = countDuplicates(text.split(lineEnd), lengthOf);
  return judge('line', lines, settings.maxDuplicateLines, settings.maxDuplicateLineCharacters);
}

function ngramRules(document: WorkingText, settings: Options): Removal | undefined {
  const counter = document.startNgrams();
  const numCharacters = Math.max(document.words.numCodePoints, 1);
  for (const limit of [settings.maxTop2gram, settings.maxTop3gram, settings.maxTop4gram].entries()) {
    const [n, most] = [limit[0] + 2, limit[1]];
    const covered = counter.next().topCharacters / numCharacters;
    if (most === null || covered <= most) continue;
    return { rule: `top-${n}gram`, detail: above(`share of the most frequent ${n}-gram`, covered, most) };
  }
  const limits = [
    settings.maxDuplicate5grams,
    settings.maxDuplicate6grams,
    settings.maxDuplicate7grams,
    settings.maxDuplicate8grams,
    settings.maxDuplicate9grams,
    settings.maxDuplicate10grams,
  ];
  for (const [index, most] of limits.entries()) {
    const n = index + 5;
    const covered = counter.next().duplicateCharacters / numCharacters;
    if (most === null || covered <= most) continue;
    return { rule: `duplicate-${n}grams`, detail: above(`share of characters in repeated ${n}-grams`, covered, most) };
  }
  return undefined;
}
