import type { AddedToken } from './tokenizer-data.ts';

/** A stretch of a text: an added token, or the ordinary text between two. */
export interface TextSection {
  readonly text: string;
  /** The id of the added token; undefined for ordinary text. */
  readonly id: number | undefined;
}

/** Cuts a text at the added tokens in it. */
export type SectionSplitter = (text: string) => TextSection[];

/**
 * Finds added tokens as Hugging Face's `tokenizers` does: the leftmost first, the longest of those that begin at one place,
 * then by the rules of the token. An occurrence that breaks `singleWord` is stepped over as a whole.
 *
 * @param tokens those to look for; with none, a text is one section
 */
export function sectionSplitterOf(tokens: readonly AddedToken[]): SectionSplitter {
  const byContent = new Map(tokens.filter(({ content }) => content !== '').map((token) => [token.content, token]));
  if (byContent.size === 0) return (text) => (text === '' ? [] : [{ text, id: undefined }]);
  // The alternatives of a regular expression are tried in order: the longest first.
  const contents = [...byContent.keys()].sort((a, b) => b.length - a.length || (a < b ? -1 : 1));
  const anyToken = new RegExp(contents.map(escapeForRegex).join('|'), 'gu');

  return (text) => {
    const sections: TextSection[] = [];
    let done = 0;
    for (const match of text.matchAll(anyToken)) {
      const token = byContent.get(match[0]);
      if (!token) continue;
      let start = match.index;
      let end = start + match[0].length;
      if (token.singleWord && (endsWithWord(text.slice(0, start)) || beginsWithWord(text.slice(end)))) continue;
      if (token.lstrip) {
        while (start > done && isWhiteSpace(text, start - 1)) start--;
        start = Math.max(start, done);
      }
      if (token.rstrip) {
        // What a token before took along is white space as far as it goes.
        end = Math.max(end, done);
        while (end < text.length && isWhiteSpace(text, end)) end++;
      }
      if (start > done) sections.push({ text: text.slice(done, start), id: undefined });
      sections.push({ text: text.slice(start, end), id: token.id });
      done = Math.max(done, end);
    }
    if (done < text.length) sections.push({ text: text.slice(done), id: undefined });
    return sections;
  };
}

function escapeForRegex(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
}

const whiteSpace = /\p{White_Space}/u;

/** All white space of Unicode is one unit of UTF-16. */
function isWhiteSpace(text: string, at: number): boolean {
  return whiteSpace.test(text.charAt(at));
}

// What the regex library of Rust means by \w.
const word = String.raw`[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]`;
const wordAtEnd = new RegExp(`${word}$`, 'u');
const wordAtStart = new RegExp(`^${word}`, 'u');

function endsWithWord(text: string): boolean {
  return wordAtEnd.test(text.slice(-2));
}

function beginsWithWord(text: string): boolean {
  return wordAtStart.test(text.slice(0, 2));
}
