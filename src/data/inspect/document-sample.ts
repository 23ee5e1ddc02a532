import type { DatasetPart } from '../store/dataset-part.ts';

/** Documents that are read one after the other, `[first, end)`. */
export interface DocumentRange {
  readonly first: number;
  readonly end: number;
}

/** Which documents of a part are read. */
export interface DocumentSample {
  readonly ranges: readonly DocumentRange[];
  readonly numDocuments: number;
  readonly numTokens: number;
  /** Whether these are all. */
  readonly isWhole: boolean;
}

/** Into how many stretches a sample is divided: enough to meet every part of a corpus, each long enough to read fast. */
const numStretches = 64;

/**
 * The documents to look at where a part is too large to read: stretches of whole documents, evenly spread over it, of about
 * `maxTokens` tokens in all and no more. All documents where they are no more.
 */
export function sampleDocuments(part: DatasetPart, maxTokens: number): DocumentSample {
  const { numTokens, numDocuments } = part;
  if (numTokens <= maxTokens) {
    return { ranges: [{ first: 0, end: numDocuments }], numDocuments, numTokens, isWhole: true };
  }
  const ranges: DocumentRange[] = [];
  let tokensTaken = 0;
  let documentsTaken = 0;
  let next = 0;
  for (let stretch = 0; stretch < numStretches; stretch++) {
    const first = Math.max(next, part.documentOf(Math.floor((stretch / numStretches) * numTokens)));
    if (first >= numDocuments) break;
    const start = part.documentStart(first);
    const budget = maxTokens / numStretches;
    let end = first;
    while (end < numDocuments && part.documentEnd(end) - start <= budget) end++;
    // A document longer than the stretch is taken whole, as long as there is room for it.
    end = Math.max(end, first + 1);
    if (tokensTaken + part.documentEnd(end - 1) - start > maxTokens) continue;
    ranges.push({ first, end });
    tokensTaken += part.documentEnd(end - 1) - start;
    documentsTaken += end - first;
    next = end;
  }
  return { ranges, numDocuments: documentsTaken, numTokens: tokensTaken, isWhole: false };
}

/** How many tokens are read at a time; a longer document is read whole. */
const tokensPerRead = 2 ** 18;

/** A visitor of documents: tokens `[start, end)` of the buffer, the begin token first. The buffer is used again. */
export type DocumentVisitor = (tokens: Uint32Array, start: number, end: number, document: number) => void;

/** Reads the documents of a sample in order. */
export function visitDocuments(part: DatasetPart, { ranges }: DocumentSample, visit: DocumentVisitor): void {
  let buffer = new Uint32Array(0);
  for (const { first, end } of ranges) {
    let document = first;
    while (document < end) {
      const start = part.documentStart(document);
      let after = document + 1;
      while (after < end && part.documentEnd(after) - start <= tokensPerRead) after++;
      const length = part.documentEnd(after - 1) - start;
      if (buffer.length < length) buffer = new Uint32Array(Math.max(length, tokensPerRead));
      part.readTokens(start, length, buffer);
      let from = 0;
      for (; document < after; document++) {
        const to = part.documentEnd(document) - start;
        visit(buffer, from, to, document);
        from = to;
      }
    }
  }
}
