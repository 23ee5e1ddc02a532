import type { Tokenizer } from '../tokenizer.ts';
import { hexadecimal, isUtf8 } from './visible-text.ts';

/** A token for a report. */
export interface DescribedToken {
  readonly id: number;
  /** Undefined where its bytes are a part of a character only. */
  readonly text?: string;
  /** Its bytes in hexadecimal, where they are no text. */
  readonly hexadecimal?: string;
  readonly numBytes: number;
}

export function describeToken(tokenizer: Tokenizer, id: number): DescribedToken {
  const bytes = tokenizer.tokenBytes(id);
  const content = isUtf8(bytes) ? { text: tokenizer.tokenText(id) } : { hexadecimal: hexadecimal(bytes) };
  return { id, ...content, numBytes: bytes.length };
}
