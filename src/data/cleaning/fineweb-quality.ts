import { z } from 'zod';
import { endsInTerminalPunctuation } from './punctuation.ts';
import { countDuplicates } from './repetition.ts';
import { above, below, defineStep, type Removal } from './step.ts';
import { share, threshold } from './threshold.ts';
import { codePointLength, countOccurrences, strip } from './white-space.ts';
import type { WorkingText } from './working-text.ts';

const options = z.strictObject({
  /** Share of lines that end in punctuation that ends a sentence. */
  minTerminalPunctuationLines: share(0.12),
  /** Share of lines of at most `shortLineLength` code points. */
  maxShortLines: share(0.67),
  shortLineLength: z.number().int().nonnegative().default(30),
  /** Share of the characters in lines that repeat an earlier one. 0.01 in the code; the paper says 0.1. */
  maxDuplicateLineCharacters: share(0.01),
  /** Line feeds per word. */
  maxLineFeedsPerWord: threshold(0.3),
});
type Options = z.output<typeof options>;

/** Is it a list, a menu or a page of pieces? The rules that FineWeb added, over the lines that are not blank. */
export const finewebQuality = defineStep({
  name: 'fineweb',
  source: 'Penedo et al. 2024, arXiv:2406.17557, section 3.6; datatrove 0.10.1, FineWebQualityFilter',
  version: 1,
  removals: ['no-lines', 'terminal-punctuation', 'short-lines', 'duplicate-line-characters', 'line-feeds'],
  edits: [],
  options,
  create: (settings) => (document) => judge(document, settings),
});

function judge(document: WorkingText, settings: Options): Removal | undefined {
  const { text } = document;
  const lines = text.split('\n').filter((line) => strip(line) !== '');
  if (lines.length === 0) return { rule: 'no-lines', detail: 'every line is blank' };
  const { minTerminalPunctuationLines, maxShortLines, maxDuplicateLineCharacters, maxLineFeedsPerWord } = settings;
  let numTerminal = 0;
  let numShort = 0;
  for (const line of lines) {
    if (endsInTerminalPunctuation(line)) numTerminal++;
    if (isShort(line, settings.shortLineLength)) numShort++;
  }
  const terminal = numTerminal / lines.length;
  if (minTerminalPunctuationLines !== null && terminal < minTerminalPunctuationLines) {
    const detail = below('share of lines ending in punctuation', terminal, minTerminalPunctuationLines);
    return { rule: 'terminal-punctuation', detail };
  }
  const short = numShort / lines.length;
  if (maxShortLines !== null && short > maxShortLines) {
    return { rule: 'short-lines', detail: above('share of short lines', short, maxShortLines) };
  }
  const numLineFeeds = countOccurrences(text, '\n');
  const { duplicateCharacters } = countDuplicates(lines, codePointLength);
  const duplicate = duplicateCharacters / (duplicateCharacters === 0 ? 1 : codePointLength(text) - numLineFeeds);
  if (maxDuplicateLineCharacters !== null && duplicate > maxDuplicateLineCharacters) {
    const detail = above('share of characters in repeated lines', duplicate, maxDuplicateLineCharacters);
    return { rule: 'duplicate-line-characters', detail };
  }
  const lineFeeds = numLineFeeds / document.numWords;
  if (maxLineFeedsPerWord !== null && lineFeeds > maxLineFeedsPerWord) {
    return { rule: 'line-feeds', detail: above('line feeds per word', lineFeeds, maxLineFeedsPerWord) };
  }
  return undefined;
}

/** Whether a line has at most so many code points. A code point has at most two units. */
function isShort(line: string, most: number): boolean {
  return line.length <= most || (line.length <= 2 * most && codePointLength(line) <= most);
}
