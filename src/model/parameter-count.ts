import { sizeOf } from '../tensor/index.ts';
import type { Model } from './model.ts';

/** How many numbers a model has, by the conventions that scaling laws use. */
export interface ParameterCount {
  /** All, a tied head once. */
  readonly total: number;
  /** Without embeddings, of tokens as of positions, and without the head. */
  readonly nonEmbedding: number;
  /**
   * `nonEmbedding` and the head, tied or not: what each token is multiplied with, and the count under which fitted exponents are stable
   * over scales.
   */
  readonly matmul: number;
  /** Those that one token can meet: all, because no part of these models is left out for some tokens. */
  readonly active: number;
}

/** Counts the parameters of a model. Where no parameter has the role `head`, the head is the embedding of the vocabulary. */
export function countParameters(model: Model): ParameterCount {
  let [total, embedding, head] = [0, 0, 0];
  let isTied = true;
  for (const { shape, role } of Object.values(model.parameters)) {
    const size = sizeOf(shape);
    total += size;
    if (role === 'embedding') embedding += size;
    if (role === 'head') {
      head += size;
      isTied = false;
    }
  }
  const nonEmbedding = total - embedding - head;
  const tokenTable = Object.values(model.parameters).find(
    ({ role, shape }) => role === 'embedding' && shape[0] === model.vocabularySize,
  );
  const tied = tokenTable ? sizeOf(tokenTable.shape) : 0;
  return { total, nonEmbedding, matmul: nonEmbedding + (isTied ? tied : head), active: total };
}
