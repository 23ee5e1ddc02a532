import { toRegExp } from 'oniguruma-to-es';
import { GroundworkError } from '../core/index.ts';
import type { Splitter } from './splitter.ts';

/**
 * The splitter of any pattern of Oniguruma's, by the regular expression of ECMAScript that means the same. A match is a
 * piece, and so is what lies between two matches (what Hugging Face calls the behaviour `Isolated`). Each call decodes the
 * rest of the text. What is a letter follows the Unicode version of the machine.
 *
 * @throws GroundworkError `invalid-tokenizer` where the pattern cannot be translated, or looks behind where it stands
 */
export function regexSplitterOf(pattern: string): Splitter {
  const regex = translate(pattern);
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  return {
    pattern,
    readsRest: true,
    split(bytes, start, end, ends) {
      if (start >= end || ends.length === 0) return 0;
      const text = decoder.decode(bytes.subarray(start, end));
      let numPieces = 0;
      let unit = 0;
      let byte = start;
      const pieceUntil = (endUnit: number) => {
        if (endUnit === unit || numPieces === ends.length) return;
        byte += utf8Length(text, unit, endUnit);
        unit = endUnit;
        ends[numPieces++] = byte;
      };
      regex.lastIndex = 0;
      while (numPieces < ends.length) {
        const match = regex.exec(text);
        if (!match) {
          pieceUntil(text.length);
          break;
        }
        const matchEnd = match.index + match[0].length;
        pieceUntil(match.index);
        pieceUntil(matchEnd);
        if (match[0] === '') regex.lastIndex = matchEnd + ((text.codePointAt(matchEnd) ?? 0) > 0xffff ? 2 : 1);
      }
      return numPieces;
    },
  };
}

function translate(pattern: string): RegExp {
  const construct = lookBehind(pattern);
  if (construct !== undefined) {
    throw new GroundworkError(
      'invalid-tokenizer',
      `the pattern ${JSON.stringify(pattern)} looks back with ${construct}`,
      {
        hint: 'Use a pattern whose pieces depend only on the text from where they begin, such as that of GPT-4.',
      },
    );
  }
  try {
    // A pattern whose only cased letters lie under (?i:) would be given the flag i as a whole, by which [^\p{L}] means
    // something else. The alternative put before it never matches and holds a cased letter.
    // Not ES2025: in V8 14 a flag group anywhere, as in /(?i:s)|[^\p{L}]+/v, lets [^\p{L}] leave out U+0345, whose other case
    // is a letter.
    return toRegExp(`a(?!)|${pattern}`, { global: true, target: 'ES2024' });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new GroundworkError('invalid-tokenizer', `the pattern ${JSON.stringify(pattern)} cannot be read: ${reason}`, {
      hint: 'The pattern must be a regular expression in the syntax of Oniguruma.',
      cause,
    });
  }
}

/** The first construct of a pattern that asks what stands before: the pieces of a text would then depend on where it is cut. */
function lookBehind(pattern: string): string | undefined {
  // Escapes and character classes are stepped over; a class may hold ], escaped or first.
  const token = /\\[AbBGyYK]|\(\?<[=!]|\^|\\[\s\S]|\[\^?\]?(?:\\[\s\S]|\[:[^\]]*:\]|[^\]\\])*\]/g;
  for (const [found] of pattern.matchAll(token)) {
    if (/^(?:\\[AbBGyYK]|\(\?<[=!]|\^)$/.test(found)) return found;
  }
  return undefined;
}

function utf8Length(text: string, from: number, to: number): number {
  let length = 0;
  for (let index = from; index < to; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) length += 1;
    else if (unit < 0x800) length += 2;
    // A pair of surrogates is four bytes.
    else length += unit >= 0xd800 && unit < 0xe000 ? 2 : 3;
  }
  return length;
}
