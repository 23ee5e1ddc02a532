import { assert } from '../../core/index.ts';
import { sizeOf } from '../../tensor/index.ts';
import type { ParameterCounts } from '../ladder-record.ts';

/** What counting must know of a parameter; the ParameterSpec of a model is one. */
export interface CountedParameter {
  readonly shape: readonly number[];
  /** `embedding` is looked up, `head` maps to the vocabulary, `matrix` is any other matrix; what else there is, is small. */
  readonly role: string;
  /** The share of it that one token passes through, where routing leaves parts of it out. Default 1. */
  readonly activeShare?: number;
}

/** What counting must know of a model; a Model is one. */
export interface CountedModel {
  readonly parameters: { readonly [name: string]: CountedParameter };
  /** V: tells the table that serves as head where no parameter has that role. */
  readonly vocabularySize: number;
}

/**
 * The parameters of a model under four conventions, since the one that is chosen decides the exponents of a law (Porian et al. 2024,
 * 2406.19146; Pearce and Song 2024, 2406.12907).
 *
 * - total: all, a tied table once.
 * - nonEmbedding: all but embeddings, of tokens as of positions, and the head (Kaplan et al. 2020).
 * - matmul: what matrix products read: matrices and the head, or the embedding that serves as head.
 * - active: what one token passes through: of an embedding that is looked up alone one row, of routed parts their share.
 *
 * @param model its parameters with shape and role. Where none has the role `head`, the first embedding with V rows is taken for it
 */
export function parameterCounts({ parameters, vocabularySize }: CountedModel): ParameterCounts {
  const all = Object.values(parameters);
  const sum = (some: readonly CountedParameter[]) => some.reduce((size, { shape }) => size + sizeOf(shape), 0);
  const withRole = (wanted: string) => all.filter(({ role }) => role === wanted);
  const embeddings = withRole('embedding');
  const ownHeads = withRole('head');
  const tied = ownHeads.length > 0 ? undefined : embeddings.find(({ shape }) => shape[0] === vocabularySize);
  const heads = tied === undefined ? ownHeads : [tied];
  const active = all.reduce((size, parameter) => {
    const { shape, role, activeShare = 1 } = parameter;
    assert(activeShare > 0 && activeShare <= 1, `a parameter is active to a share of ${activeShare}`);
    const isLookedUp = role === 'embedding' && parameter !== tied;
    return size + (isLookedUp ? sizeOf(shape.slice(1)) : Math.round(activeShare * sizeOf(shape)));
  }, 0);
  return {
    total: sum(all),
    nonEmbedding: sum(all) - sum(embeddings) - sum(ownHeads),
    matmul: sum(withRole('matrix')) + sum(heads),
    active,
  };
}
