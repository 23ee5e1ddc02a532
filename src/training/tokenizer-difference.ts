import type { Tokenizer } from '../tokenizer/index.ts';

/** In which respect two tokenizers differ, as a clause; undefined where they give every text the same tokens. */
export function tokenizerDifference(found: Tokenizer, expected: Tokenizer): string | undefined {
  if (found.fingerprint === expected.fingerprint) return undefined;
  if (found.vocabularySize !== expected.vocabularySize) {
    return `it has ${found.vocabularySize} tokens, expected ${expected.vocabularySize}`;
  }
  if (found.pattern !== expected.pattern) return 'its pattern, which cuts text into pieces, differs';
  const [merges, wanted] = [found.data.merges, expected.data.merges];
  const length = Math.max(merges.length, wanted.length);
  for (let i = 0; i < length; i++) {
    if (merges[i] !== wanted[i]) return `merges differ at ${Math.floor(i / 2)}`;
  }
  for (let id = 0; id < found.data.tokenOffsets.length - 1; id++) {
    if (bytesOf(found, id) !== bytesOf(expected, id)) return `token ${id} differs`;
  }
  return 'its added tokens or its normalisation differ';
}

function bytesOf({ data: { tokenBytes, tokenOffsets } }: Tokenizer, id: number): string {
  return tokenBytes.subarray(tokenOffsets[id], tokenOffsets[id + 1]).join();
}
