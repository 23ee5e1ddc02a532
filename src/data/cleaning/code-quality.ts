import { z } from 'zod';
import { generatedMark, lineLimits } from '../machine-made.ts';
import { above, below, defineStep, type Removal } from './step.ts';
import { share, threshold } from './threshold.ts';
import { isWhiteSpace } from './white-space.ts';
import type { WorkingText } from './working-text.ts';

const options = z.strictObject({
  /** UTF-16 units of the longest line, and of a line on average. */
  maxLineLength: threshold(lineLimits.longest),
  maxMeanLineLength: threshold(lineLimits.mean),
  maxLines: threshold(100_000),
  /** Share of the characters that are letters or digits. */
  minAlphanumeric: share(0.25),
  /** Removes what says in its first lines that a program wrote it. */
  removeGenerated: z.boolean().default(true),
  /** Share of white space under which a text of at least 1000 characters is taken for minified. Ours. */
  minWhiteSpace: share(0.03),
  /** Characters of the longest run of encoded data, and the share of the text in such runs (`encodedRun`). */
  maxEncodedRun: threshold(1024),
  maxEncoded: share(0.5),
});
type Options = z.output<typeof options>;

/**
 * Data written as text, by the patterns of StarCoder 2: bytes in hexadecimal (`0x1f, `, `\x1f`, `1f 8b`), escapes such as
 * `\u00e9`, and base64, which may be broken into lines.
 */
const encodedRun =
  /(?:(?:\b(?:0x)?|\\x)[0-9a-fA-F]{2}\b,?\s{0,32}){8,}|(?:\\u[0-9a-fA-F]{4}){8,}|[A-Za-z0-9+/=][A-Za-z0-9+/=\n]{62,}[A-Za-z0-9+/=]/g;
const minifiedFrom = 1000;

/** Did a person write this source code? The file rules of The Stack and of StarCoder. */
export const codeQuality = defineStep({
  name: 'code',
  source:
    'Chen et al. 2021 (Codex), arXiv:2107.03374, section 3.1: line lengths; Kocetkov et al. 2022 (The Stack), ' +
    'arXiv:2211.15533: alphanumeric share; Lozhkov et al. 2024 (StarCoder 2), arXiv:2402.19173: generated and encoded',
  version: 2,
  removals: [
    'generated',
    'too-many-lines',
    'long-line',
    'mean-line-length',
    'minified',
    'few-alphanumeric',
    'encoded-run',
    'encoded',
  ],
  edits: [],
  options,
  create: (settings) => (document) =>
    generatedRule(document, settings) ?? lineRules(document, settings) ?? characterRules(document, settings),
});

function generatedRule({ text }: WorkingText, { removeGenerated }: Options): Removal | undefined {
  if (!removeGenerated) return undefined;
  const mark = generatedMark(text);
  return mark === undefined ? undefined : { rule: 'generated', detail: `found “${mark}” at the beginning` };
}

function lineRules({ lines }: WorkingText, settings: Options): Removal | undefined {
  const { maxLines, maxLineLength, maxMeanLineLength } = settings;
  if (maxLines !== null && lines.length > maxLines) {
    return { rule: 'too-many-lines', detail: above('lines', lines.length, maxLines) };
  }
  let longest = 0;
  let total = 0;
  for (const line of lines) {
    longest = Math.max(longest, line.length);
    total += line.length;
  }
  if (maxLineLength !== null && longest > maxLineLength) {
    return { rule: 'long-line', detail: above('longest line', longest, maxLineLength) };
  }
  const mean = total / Math.max(lines.length, 1);
  if (maxMeanLineLength !== null && mean > maxMeanLineLength) {
    return { rule: 'mean-line-length', detail: above('mean line length', mean, maxMeanLineLength) };
  }
  return undefined;
}

function characterRules({ text }: WorkingText, settings: Options): Removal | undefined {
  const { minWhiteSpace, minAlphanumeric, maxEncodedRun, maxEncoded } = settings;
  const { alphanumeric, whiteSpace } = characterShares(text);
  if (minWhiteSpace !== null && text.length >= minifiedFrom && whiteSpace < minWhiteSpace) {
    return { rule: 'minified', detail: below('share of white space', whiteSpace, minWhiteSpace) };
  }
  if (minAlphanumeric !== null && alphanumeric < minAlphanumeric) {
    return { rule: 'few-alphanumeric', detail: below('share of letters and digits', alphanumeric, minAlphanumeric) };
  }
  let longest = 0;
  let total = 0;
  for (const [run] of text.matchAll(encodedRun)) {
    longest = Math.max(longest, run.length);
    total += run.length;
  }
  if (maxEncodedRun !== null && longest > maxEncodedRun) {
    return { rule: 'encoded-run', detail: above('longest run of encoded data', longest, maxEncodedRun) };
  }
  const encoded = total / Math.max(text.length, 1);
  if (maxEncoded !== null && encoded > maxEncoded) {
    return { rule: 'encoded', detail: above('share of encoded data', encoded, maxEncoded) };
  }
  return undefined;
}

const letterOrDigit = /[\p{L}\p{N}]/gu;

/** Shares of the UTF-16 units; outside ASCII a letter or digit of two units counts as two. */
function characterShares(text: string): { alphanumeric: number; whiteSpace: number } {
  let numAlphanumeric = 0;
  let numWhite = 0;
  let isAscii = true;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 127) isAscii = false;
    if (isWhiteSpace(code)) numWhite++;
    else if ((code >= 48 && code <= 57) || ((code | 32) >= 97 && (code | 32) <= 122 && code < 128)) numAlphanumeric++;
  }
  if (!isAscii) {
    numAlphanumeric = 0;
    for (const [found] of text.matchAll(letterOrDigit)) numAlphanumeric += found.length;
  }
  const total = Math.max(text.length, 1);
  return { alphanumeric: numAlphanumeric / total, whiteSpace: numWhite / total };
}
