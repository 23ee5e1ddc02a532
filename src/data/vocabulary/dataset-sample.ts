import type { Dataset } from '../store/dataset.ts';
import type { DatasetPart } from '../store/dataset-part.ts';

/** Tokens that are read at a time. */
const chunkTokens = 2 ** 20;

/**
 * How often each id occurs in a part of a dataset.
 *
 * @param onProgress is told how many tokens are counted; it may throw to stop
 */
export function tokenCountsOf(
  part: DatasetPart,
  vocabularySize: number,
  onProgress: (numTokens: number) => void = () => undefined,
): Float64Array {
  const counts = new Float64Array(vocabularySize);
  const tokens = new Uint32Array(chunkTokens);
  for (let start = 0; start < part.numTokens; start += chunkTokens) {
    const length = Math.min(chunkTokens, part.numTokens - start);
    part.readTokens(start, length, tokens);
    for (let i = 0; i < length; i++) {
      const token = tokens[i] as number;
      counts[token] = (counts[token] as number) + 1;
    }
    onProgress(start + length);
  }
  return counts;
}

/** Validation documents, evenly spread over all of them, of about so many bytes at most. */
export function validationSample({ validation, validationText }: Dataset, maximumBytes: number): Uint8Array[] {
  const stride = Math.max(1, Math.ceil(validation.numBytes / maximumBytes));
  const documents: Uint8Array[] = [];
  for (let document = 0; document < validation.numDocuments; document += stride)
    documents.push(validationText(document));
  return documents;
}
