import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { spellBytes } from '../../../src/tokenizer/byte-alphabet.ts';
import type { LearnedMerges } from '../../../src/tokenizer/merge-learning.ts';

const savedSchema = z.object({
  model: z.object({ vocab: z.record(z.string(), z.number()), merges: z.array(z.tuple([z.string(), z.string()])) }),
});

/** What a trainer learned, in characters of GPT-2's alphabet. */
export interface SpelledMerges {
  readonly merges: readonly (readonly [string, string])[];
  /** Tokens by id. */
  readonly vocabulary: readonly string[];
}

/**
 * What the default trainer of Hugging Face's `tokenizers` learns from each corpus, a text of which every line is a document:
 * up to 30,000 tokens, with only the bytes that occur.
 */
export function trainNatively(corpora: readonly string[], pattern?: string): SpelledMerges[] {
  const folder = mkdtempSync(join(tmpdir(), 'groundwork-tokenizer-'));
  try {
    const jobs = corpora.map((text, i) => {
      const job = { corpus: join(folder, `${i}.txt`), result: join(folder, `${i}.json`), pattern };
      writeFileSync(job.corpus, text);
      return job;
    });
    const script = fileURLToPath(new URL('native-training.mjs', import.meta.url));
    execFileSync(process.execPath, [script, ...jobs.map((job) => JSON.stringify(job))], { stdio: 'ignore' });
    return jobs.map(({ result }) => readSpelledMerges(readFileSync(result, 'utf8')));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The merges and the vocabulary of a `tokenizer.json`. */
export function readSpelledMerges(text: string): SpelledMerges {
  const { model } = savedSchema.parse(JSON.parse(text));
  const vocabulary: string[] = [];
  for (const [token, id] of Object.entries(model.vocab)) vocabulary[id] = token;
  return { merges: model.merges, vocabulary };
}

/** What we learned, in the same form. */
export function spell({ specialTokens, tokenBytes, tokenOffsets, merges }: LearnedMerges): SpelledMerges {
  const vocabulary = Array.from({ length: tokenOffsets.length - 1 }, (_, id) => {
    const bytes = tokenBytes.subarray(tokenOffsets[id], tokenOffsets[id + 1]);
    return specialTokens[id] ?? spellBytes(bytes);
  });
  const pairs = Array.from({ length: merges.length / 2 }, (_, rank): [string, string] => [
    vocabulary[merges[2 * rank] ?? -1] ?? '',
    vocabulary[merges[2 * rank + 1] ?? -1] ?? '',
  ]);
  return { merges: pairs, vocabulary };
}

/** The lines of a text with their endings, as documents. */
export function linesOf(text: string): Uint8Array[] {
  const encoder = new TextEncoder();
  return (text.match(/[^\n]*\n|[^\n]+$/g) ?? []).map((line) => encoder.encode(line));
}
