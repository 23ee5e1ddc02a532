import type { DatasetPart } from '../store/dataset-part.ts';
import type { BigramModel } from './bigram-model.ts';
import { type Distribution, distributionOf, evenBins } from './distribution.ts';
import { type DocumentSample, visitDocuments } from './document-sample.ts';

/** A document and how well a model foretells it. */
export interface DocumentScore {
  /** Its number in the part. */
  readonly document: number;
  readonly numBytes: number;
  readonly bitsPerByte: number;
}

export interface PartScores {
  /** Over all bytes of all documents that were read; null where there are none. */
  readonly bitsPerByte: number | null;
  /** The documents that are no shorter than `minBytes`. */
  readonly distribution: Distribution;
  /** The least bits per byte first. */
  readonly mostLikely: readonly DocumentScore[];
  /** The most bits per byte first. */
  readonly leastLikely: readonly DocumentScore[];
}

export interface ScoringOptions {
  /** Documents shorter than this are not compared: a few words are likely or unlikely by chance. */
  readonly minBytes: number;
  /** How many of the most and of the least likely are named. */
  readonly numNamed: number;
  /** Whether the model was made from these very documents: then each is judged by the model of all others. */
  readonly isLeftOut: boolean;
}

/** Judges documents by their bits per byte under a bigram model. */
export function scoreDocuments(
  part: DatasetPart,
  sample: DocumentSample,
  model: BigramModel,
  { minBytes, numNamed, isLeftOut }: ScoringOptions,
): PartScores {
  const values = new Float64Array(sample.numDocuments);
  let numValues = 0;
  let totalBits = 0;
  let totalBytes = 0;
  const mostLikely: DocumentScore[] = [];
  const leastLikely: DocumentScore[] = [];
  visitDocuments(part, sample, (tokens, start, end, document) => {
    if (isLeftOut) model.remove(tokens, start, end);
    const bits = model.bits(tokens, start, end);
    if (isLeftOut) model.add(tokens, start, end);
    const numBytes = part.documentBytes(document);
    totalBits += bits;
    totalBytes += numBytes;
    if (numBytes < minBytes) return;
    const score = { document, numBytes, bitsPerByte: bits / numBytes };
    values[numValues++] = score.bitsPerByte;
    keep(mostLikely, score, numNamed, (a, b) => a.bitsPerByte - b.bitsPerByte);
    keep(leastLikely, score, numNamed, (a, b) => b.bitsPerByte - a.bitsPerByte);
  });
  return {
    bitsPerByte: totalBytes === 0 ? null : totalBits / totalBytes,
    distribution: distributionOf(values.slice(0, numValues), evenBins),
    mostLikely,
    leastLikely,
  };
}

/** Puts a score into a short ordered list of the foremost; of equal ones the earlier stays ahead. */
function keep(
  list: DocumentScore[],
  score: DocumentScore,
  limit: number,
  order: (a: DocumentScore, b: DocumentScore) => number,
): void {
  const last = list.at(-1);
  if (list.length === limit && last !== undefined && order(last, score) <= 0) return;
  const place = list.findIndex((other) => order(other, score) > 0);
  list.splice(place < 0 ? list.length : place, 0, score);
  if (list.length > limit) list.pop();
}
