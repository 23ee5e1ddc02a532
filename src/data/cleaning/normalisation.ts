import { z } from 'zod';
import { defineStep, type Removal } from './step.ts';
import { strip } from './white-space.ts';
import type { WorkingText } from './working-text.ts';

const options = z.strictObject({
  /** Unicode normalisation form; `none` leaves the characters as they are written. */
  form: z.enum(['NFC', 'NFKC', 'none']).default('NFC'),
  /** Removes documents in which nothing but white space is left. */
  removeBlank: z.boolean().default(true),
});
type Options = z.output<typeof options>;

const character = String.fromCharCode;
const carriageReturns = /\r\n?/g;
/** Form feed, vertical tab and U+0085 end a line. */
const otherLineEnds = new RegExp(`[${character(0x0b, 0x0c, 0x85)}]`, 'g');
const controls = new RegExp(
  `[${character(0x00)}-${character(0x08)}${character(0x0e)}-${character(0x1f)}${character(0x7f)}-${character(0x84)}` +
    `${character(0x86)}-${character(0x9f)}]`,
  'g',
);
const byteOrderMarks = /\ufeff/g;
const loneSurrogates = /\p{Surrogate}/gu;

/** One search finds out that none of these stand in a text, as in nearly all. */
const isSuspect = new RegExp(
  `[${character(0x00)}-${character(0x08)}${character(0x0b)}-${character(0x1f)}${character(0x7f)}-${character(0x9f)}` +
    '\\ufeff\\ud800-\\udfff]',
);

/**
 * One form for the same text: line ends become LF; byte-order marks, NUL and the other control characters but tab go;
 * lone surrogates become U+FFFD; characters are composed (NFC).
 */
export const normalisation = defineStep({
  name: 'normalisation',
  source: 'Unicode Standard Annex 15',
  version: 1,
  removals: ['blank'],
  edits: ['line-end', 'control-character', 'byte-order-mark', 'lone-surrogate', 'composed'],
  options,
  create: (settings) => (document) => normalise(document, settings),
});

function normalise(document: WorkingText, { form, removeBlank }: Options): Removal | undefined {
  let { text } = document;
  const replace = (rule: string, pattern: RegExp, replacement: string): void => {
    const found = text.match(pattern);
    if (!found) return;
    document.edit(`normalisation/${rule}`, found.length);
    text = text.replace(pattern, replacement);
  };
  if (isSuspect.test(text)) {
    replace('line-end', carriageReturns, '\n');
    replace('line-end', otherLineEnds, '\n');
    replace('control-character', controls, '');
    replace('byte-order-mark', byteOrderMarks, '');
    // The form of a text with lone surrogates is not defined.
    replace('lone-surrogate', loneSurrogates, '\ufffd');
  }
  if (form !== 'none') {
    const composed = text.normalize(form);
    if (composed !== text) document.edit('normalisation/composed', 1);
    text = composed;
  }
  document.replace(text);
  return removeBlank && isBlank(text) ? { rule: 'blank', detail: 'no character but white space' } : undefined;
}

const isBlank = (text: string): boolean => strip(text) === '';
