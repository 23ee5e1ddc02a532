import type { JsonValue } from '../../core/index.ts';
import type { Place } from '../document.ts';
import type { Distribution } from './distribution.ts';
import type { DatasetInspection, Sizes } from './inspection.ts';

/** Bytes of text for each token, begin tokens left out: they stand for no text. 0 where there are none. */
export function bytesPerToken({ numBytes, numTokens, numDocuments }: Sizes): number {
  return numTokens > numDocuments ? numBytes / (numTokens - numDocuments) : 0;
}

export function tokensPerByte({ numBytes, numTokens, numDocuments }: Sizes): number {
  return numBytes > 0 ? (numTokens - numDocuments) / numBytes : 0;
}

/** A part of a whole, 0 of nothing. */
export function shareOf(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

/** `speeches/1862.txt:12`, as editors and terminals know to open it. */
export function placeName({ source, line }: Pick<Place, 'source' | 'line'>): string {
  return `${source}:${line}`;
}

/** A token as it is told apart from others: its blanks, line feeds and tabs can be seen. */
export function tokenName(text: string): string {
  return text.replace(/[ \n\r\t\u00a0]/g, (blank) => blankSigns[blank] ?? blank);
}

const blankSigns: { readonly [blank: string]: string } = { ' ': '␣', '\n': '⏎', '\r': '␍', '\t': '⇥', '\u00a0': '⍽' };

export function percentile({ percentiles }: Distribution, percent: number): number {
  return percentiles.find((one) => one.percent === percent)?.value ?? 0;
}

/** The name of a language in English, `undetermined` for `und`, the code itself where it has no name. */
export function languageName(code: string): string {
  if (code === 'und') return 'undetermined';
  try {
    return languageNames.of(code) ?? code;
  } catch {
    // Not the form of a language code: what a person wrote into the metadata of a document.
    return code;
  }
}

const languageNames = new Intl.DisplayNames('en', { type: 'language', fallback: 'code' });

/** Settings as paths and values: `{a: {b: 1}}` gives `['a.b', '1']`. */
export function flatSettings(settings: JsonValue, path = ''): readonly (readonly [path: string, value: string])[] {
  if (typeof settings !== 'object' || settings === null) return [[path, String(settings)]];
  if (isList(settings)) {
    const isPlain = settings.every((item) => typeof item !== 'object' || item === null);
    if (isPlain) return [[path, settings.length === 0 ? '(none)' : settings.map(String).join(', ')]];
  }
  const fields = Object.entries(settings);
  if (fields.length === 0) return [[path, '(none)']];
  return fields.flatMap(([key, value]) => flatSettings(value, path === '' ? key : `${path}.${key}`));
}

// Array.isArray does not narrow a readonly array out of a union.
function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** What the report says of one rule: nothing removed where it is not there. */
export function removedBy({ report }: DatasetInspection, rule: string): { numDocuments: number; numBytes: number } {
  return report.removed.find((one) => one.rule === rule) ?? { numDocuments: 0, numBytes: 0 };
}

export function totalRemoved({ report }: DatasetInspection): { numDocuments: number; numBytes: number } {
  return {
    numDocuments: report.removed.reduce((total, { numDocuments }) => total + numDocuments, 0),
    numBytes: report.removed.reduce((total, { numBytes }) => total + numBytes, 0),
  };
}

/** The languages of a report, the most documents first. */
export function languagesOf({ report }: DatasetInspection) {
  return Object.entries(report.languages)
    .map(([code, amount]) => ({ code, ...amount }))
    .sort((a, b) => b.numDocuments - a.numDocuments || (a.code < b.code ? -1 : 1));
}

/** Says of which tokens statistics speak, where these are not all. */
export function sampleNote({ bigram, parts }: DatasetInspection): string {
  if (bigram.isWhole) return 'All training documents were read.';
  const count = (value: number) => value.toLocaleString('en-US');
  return (
    `An even sample was read: ${count(bigram.numDocuments)} of ${count(parts.train.numDocuments)} training documents, ` +
    `${count(bigram.numTokens)} of ${count(parts.train.numTokens)} tokens.`
  );
}

/** `1 document`, `1,234 documents`. */
export function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
}
