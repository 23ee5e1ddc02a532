import { z } from 'zod';
import { below, defineStep, type Removal } from './step.ts';
import { threshold } from './threshold.ts';
import { strip } from './white-space.ts';
import type { WorkingText } from './working-text.ts';

const options = z.strictObject({
  /** Lines with a word of more code points go. */
  maxWordLength: threshold(1000),
  /** Takes away `[3]`, `[]`, `[edit]` and `[citation needed]`. */
  removeCitations: z.boolean().default(true),
  /** Lines that do not end in `.`, `?`, `!`, `"` or `'`, or that end in `...`, go. Off in FineWeb, and here. */
  requireTerminalPunctuation: z.boolean().default(false),
  /** Lines of fewer words, divided by white space alone, go. */
  minWordsPerLine: threshold(3),
  /** Documents with `lorem ipsum` in a line that is left go. */
  removeLoremIpsum: z.boolean().default(true),
  /** Lines that speak of `javascript` go. */
  removeJavascriptLines: z.boolean().default(true),
  /** Documents with a `{` in a line that is left go. */
  removeCurlyBrackets: z.boolean().default(true),
  /** Lines that speak of terms of use, privacy and cookies go. */
  removePolicyLines: z.boolean().default(true),
  /** Sentences in the lines that are left. */
  minSentences: threshold(5),
});
type Options = z.output<typeof options>;

const citation = /\[\d*\]|\[edit\]|\[citation needed\]/g;
const policyPhrases = [
  'terms of use',
  'privacy policy',
  'cookie policy',
  'uses cookies',
  'use of cookies',
  'use cookies',
];
const terminal = /[.?!"']$/;

/** Why a line goes, or why the whole document does; nothing where the line is kept. */
type Verdict = { readonly line: string } | { readonly document: Removal } | undefined;

/**
 * The rules of C4, which work on lines: they take out the lines that belong to the page and not to its text, and remove
 * the documents of which too little is left. As in datatrove; the list of bad words is left out. The lines that are left
 * lose the white space at their ends.
 */
export const c4Quality = defineStep({
  name: 'c4',
  source: 'Raffel et al. 2020, arXiv:1910.10683, section 2.2; datatrove 0.10.1, C4QualityFilter',
  version: 1,
  removals: ['lorem-ipsum', 'curly-bracket', 'too-few-sentences'],
  edits: ['long-word-line', 'no-terminal-punctuation-line', 'short-line', 'javascript-line', 'policy-line', 'citation'],
  options,
  create: (settings) => (document) => cleanLines(document, settings),
});

function cleanLines(document: WorkingText, settings: Options): Removal | undefined {
  const { text, words, lines } = document;
  const judge = lineJudge(text, settings);
  const kept: string[] = [];
  let [numWords, numSentences, numCitations] = [0, 0, 0];
  let start = 0;
  let run = 0;
  for (const whole of lines) {
    const firstRun = run;
    const end = start + whole.length;
    while (run < words.numRuns && (words.runStarts[run] as number) < end) run++;
    start = end + (text.startsWith('\r\n', end) ? 2 : 1);

    const stripped = strip(whole);
    const isCited = settings.removeCitations && stripped.includes('[');
    const line = isCited ? stripped.replace(citation, '') : stripped;
    const verdict = judge(line, hasLongRun(document, firstRun, run, settings.maxWordLength), run - firstRun);
    if (verdict && 'document' in verdict) return verdict.document;
    if (verdict) {
      document.edit(`c4/${verdict.line}`, 1);
      continue;
    }
    kept.push(line);
    if (line === stripped) {
      for (let i = firstRun; i < run; i++) numWords += words.runNumWords[i] as number;
      numSentences += words.numSentences(text, firstRun, run);
    } else {
      numCitations += stripped.match(citation)?.length ?? 0;
      const counts = document.countIn(line);
      numWords += counts.numWords;
      numSentences += counts.numSentences;
    }
  }
  if (settings.minSentences !== null && numSentences < settings.minSentences) {
    return { rule: 'too-few-sentences', detail: below('sentences', numSentences, settings.minSentences) };
  }
  document.edit('c4/citation', numCitations);
  document.replace(strip(kept.join('\n')), numWords);
  return undefined;
}

/** Whether one of the runs has more code points than allowed. */
function hasLongRun({ words }: WorkingText, first: number, end: number, allowed: number | null): boolean {
  if (allowed === null) return false;
  for (let i = first; i < end; i++) if ((words.runLengths[i] as number) > allowed) return true;
  return false;
}

/** The rules for one line, in the order of the reference, for which a line that goes is asked nothing further. */
function lineJudge(text: string, settings: Options) {
  // A phrase that the whole text does not hold need not be looked for in its lines. A citation taken out of the middle
  // of a word can make a phrase, so that a text with one is searched line by line.
  const whole = settings.removeCitations && text.includes('[') ? undefined : text.toLowerCase();
  const mayHold = (phrase: string): boolean => whole === undefined || whole.includes(phrase);
  const policies = settings.removePolicyLines ? policyPhrases.filter(mayHold) : [];
  const isLoremIpsum = settings.removeLoremIpsum && mayHold('lorem ipsum');
  const isJavascript = settings.removeJavascriptLines && mayHold('javascript');
  const isSuspect = policies.length > 0 || isLoremIpsum || isJavascript;
  const isBracketed = settings.removeCurlyBrackets && text.includes('{');

  return (line: string, hasLongWord: boolean, numWords: number): Verdict => {
    if (hasLongWord) return { line: 'long-word-line' };
    if (settings.requireTerminalPunctuation && (!terminal.test(line.slice(-1)) || line.endsWith('...'))) {
      return { line: 'no-terminal-punctuation-line' };
    }
    if (settings.minWordsPerLine !== null && numWords < settings.minWordsPerLine) return { line: 'short-line' };
    const lower = isSuspect ? line.toLowerCase() : '';
    if (isLoremIpsum && lower.includes('lorem ipsum')) {
      return { document: { rule: 'lorem-ipsum', detail: 'found “lorem ipsum”' } };
    }
    if (isJavascript && lower.includes('javascript')) return { line: 'javascript-line' };
    if (isBracketed && line.includes('{')) return { document: { rule: 'curly-bracket', detail: 'found “{”' } };
    if (policies.some((phrase) => lower.includes(phrase))) return { line: 'policy-line' };
    return undefined;
  };
}
