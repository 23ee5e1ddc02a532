import type { Tokenizer } from '../tokenizer.ts';
import { isUtf8 } from './visible-text.ts';

/** What tokens are made of. */
export const tokenClasses = [
  /** A blank and letters: a word, or its beginning. */
  'word',
  /** Letters alone: the rest of a word, or one without a blank before it. */
  'subword',
  'digits',
  /** Marks that are neither letters nor digits, with a blank or line ends beside them. */
  'punctuation',
  'white space',
  /** Letters behind a mark, and whatever else stands together. */
  'mixed',
  'control',
  /** Bytes that are not whole characters of UTF-8. */
  'part of a character',
  /** Found in text as it stands, not merged. */
  'added',
  /** An id below the size of the vocabulary that no token has. */
  'unused id',
] as const;
export type TokenClass = (typeof tokenClasses)[number];

/** The class of the token `id`. */
export function tokenClassOf({ data }: Tokenizer, id: number, added: ReadonlySet<number>): TokenClass {
  if (added.has(id)) return 'added';
  const bytes = data.tokenBytes.subarray(data.tokenOffsets[id], data.tokenOffsets[id + 1]);
  if (bytes.length === 0) return 'unused id';
  if (!isUtf8(bytes)) return 'part of a character';
  const text = decoder.decode(bytes);
  return (classPatterns.find(([pattern]) => pattern.test(text)) ?? ['', 'mixed' as const])[1];
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

const classPatterns: readonly (readonly [RegExp, TokenClass])[] = [
  [/^\p{White_Space}+$/u, 'white space'],
  [/^ ?\p{N}+$/u, 'digits'],
  [/^ [\p{L}\p{M}'’]*\p{L}[\p{L}\p{M}'’]*$/u, 'word'],
  [/^[\p{L}\p{M}'’]*\p{L}[\p{L}\p{M}'’]*$/u, 'subword'],
  [/^\p{Cc}+$/u, 'control'],
  [/^[^\p{L}\p{N}]+$/u, 'punctuation'],
];
