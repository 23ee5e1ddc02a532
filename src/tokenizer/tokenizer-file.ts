import { basename } from 'node:path';
import { type FileSystem, GroundworkError } from '../core/index.ts';
import { nodeFileSystem } from '../core/node.ts';
import { patterns } from './splitter.ts';
import { tokenizerFromTiktokenRanks } from './tiktoken.ts';
import type { Tokenizer } from './tokenizer.ts';
import { parseTokenizer } from './tokenizer-json-reader.ts';

/** Patterns of the `.tiktoken` files that OpenAI publishes, which hold ranks alone. */
const tiktokenPatterns: readonly (readonly [name: RegExp, pattern: string])[] = [
  [/o200k/, patterns.o200k],
  [/cl100k/, patterns.cl100k],
  [/p50k|r50k|gpt2/, patterns.gpt2],
];

/**
 * Reads a tokenizer from a Hugging Face `tokenizer.json`, or from a `.tiktoken` file of ranks, whose pattern is told by its
 * name (`o200k`, `cl100k`, `p50k`, `r50k`).
 *
 * @throws `file-not-found`, `file-access`; `invalid-tokenizer` for a file that is not byte-level BPE or is broken, by name
 */
export function readTokenizer(path: string, fs: FileSystem = nodeFileSystem): Tokenizer {
  const text = decoded(fs.readFile(path), path);
  try {
    if (!path.endsWith('.tiktoken')) return parseTokenizer(text);
    const pattern = tiktokenPatterns.find(([name]) => name.test(basename(path)))?.[1];
    if (pattern !== undefined) return tokenizerFromTiktokenRanks(text, { pattern });
  } catch (fault) {
    if (!(fault instanceof GroundworkError)) throw fault;
    throw new GroundworkError(fault.code, `${path}: ${fault.message}`, { hint: fault.hint, cause: fault });
  }
  throw new GroundworkError('invalid-tokenizer', `the name of ${path} does not tell by which pattern it cuts text`, {
    hint: 'Keep the name under which it was published: o200k_base, cl100k_base, p50k_base, r50k_base.',
  });
}

function decoded(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    const found = `${path} is not UTF-8, expected a tokenizer.json or .tiktoken file`;
    throw new GroundworkError('invalid-tokenizer', found, {
      hint: 'Name the tokenizer.json of a model that uses byte-level BPE.',
      cause,
    });
  }
}
