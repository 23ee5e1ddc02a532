import { codePointClasses } from '../../../src/tokenizer/code-point-classes.ts';
import type { patterns } from '../../../src/tokenizer/patterns.ts';

const letter = String.raw`\p{L}`;
const contraction = `(?:[sSdDmMtT\u017f]|[lL][lL]|[vV][eE]|[rR][eE])`;
const gpt4 = (digits: string, trailing = '') =>
  String.raw`'${contraction}|[^\r\n\p{L}\p{N}]?${letter}+|${digits}| ?[^\p{White_Space}\p{L}\p{N}]+[\r\n]*|${trailing}\p{White_Space}*[\r\n]|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+`;
const upper = String.raw`[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`;
const lower = String.raw`[\p{Ll}\p{Lm}\p{Lo}\p{M}]`;

/** The known patterns, ported to ECMAScript by hand: the slow way that says what the state machines must do. */
export const referenceRegexes: { readonly [name in keyof typeof patterns]: string } = {
  gpt4: gpt4(String.raw`\p{N}{1,3}`),
  llama3: gpt4(String.raw`\p{N}{1,3}`),
  nanochat: gpt4(String.raw`\p{N}{1,2}`),
  qwen3: gpt4(String.raw`\p{N}`),
  cl100k: gpt4(String.raw`\p{N}{1,3}`, String.raw`\p{White_Space}+$|`),
  gpt2: String.raw`'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+`,
  o200k: String.raw`[^\r\n\p{L}\p{N}]?${upper}*${lower}+(?:'${contraction})?|[^\r\n\p{L}\p{N}]?${upper}+${lower}*(?:'${contraction})?|\p{N}{1,3}| ?[^\p{White_Space}\p{L}\p{N}]+[\r\n/]*|\p{White_Space}*[\r\n]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+`,
};

/** The pieces of `text` by the hand-made port of a known pattern. */
export function referencePieces(name: keyof typeof patterns, text: string): string[] {
  return text.match(new RegExp(referenceRegexes[name], 'gu')) ?? [];
}

const properties = [
  [/^\p{M}$/u, 2],
  [/^\p{N}$/u, 3],
  [/^[\r\n]$/u, 5],
  [/^\p{White_Space}$/u, 4],
  [/^[\p{Lu}\p{Lt}]$/u, 6],
  [/^\p{Ll}$/u, 7],
  [/^[\p{Lm}\p{Lo}]$/u, 8],
] as const;

/** The class of a character by the Unicode version of this Node, which may be another than that of our table. */
export function classOfThisNode(character: string): number {
  return properties.find(([property]) => property.test(character))?.[1] ?? 1;
}

/** Whether this Node's Unicode version and our table take every character of the text for the same. */
export function isUndisputed(text: string): boolean {
  return [...text].every((character) => classOfThisNode(character) === codePointClasses[character.codePointAt(0) ?? 0]);
}
