import { present } from '../core/index.ts';
import {
  add,
  and,
  attention,
  cast,
  equal,
  iota,
  less,
  reduceSum,
  reshape,
  slice,
  type Tensor,
  where,
} from '../tensor/index.ts';
import { extentsOf } from './extents.ts';
import { attendTo, maskedAttention } from './masked-attention.ts';
import type { Sequence } from './model.ts';

// Causality: plain attention is the fused op, which is causal by its definition. Every other path is in `masked-attention.ts`, in
// the form where(mask, scores, −1e30), softmax, where(mask, weights, 0), with masks made of iota, positions, segments and comparisons:
// a pass that evaluates masks exactly finds the weight of each later position to be exactly 0.

/**
 * Rows of text in which each position sees those before it.
 *
 * @param contextLength T, the positions of a row
 */
export function causalSequence(contextLength: number): Sequence {
  return {
    maxPositions: contextLength,
    attend: (_layer, qBHTK, kBGTK, vBGTK, options = {}) => {
      const { slopes, ...plain } = options;
      return slopes === undefined
        ? attention(qBHTK, kBGTK, vBGTK, plain)
        : maskedAttention(qBHTK, kBGTK, vBGTK, options);
    },
  };
}

/**
 * Rows that hold several documents: each position sees those before it in its own document.
 *
 * @param contextLength T, the positions of a row
 * @param segmentsBT int32 [B, T], the document of each position by number; padding counts as a document of its own, 0
 */
export function documentSequence(contextLength: number, segmentsBT: Tensor): Sequence {
  return {
    maxPositions: contextLength,
    documentPositions: () => positionsInDocument(segmentsBT),
    attend: (_layer, qBHTK, kBGTK, vBGTK, options = {}) =>
      maskedAttention(qBHTK, kBGTK, vBGTK, { ...options, segmentsBT }),
  };
}

/** How many positions before each one are of its own document: int32 [B, T] of int32 [B, T]. */
function positionsInDocument(segmentsBT: Tensor): Tensor {
  const [batch, time] = extentsOf(segmentsBT, 2);
  const isOfOneBTS = equal(reshape(segmentsBT, [batch, time, 1]), reshape(segmentsBT, [batch, 1, time]));
  const isBeforeTS = less(reshape(iota(time), [1, time]), reshape(iota(time), [time, 1]));
  return cast(reduceSum(where(and(isOfOneBTS, isBeforeTS), 1, 0), [2]), 'int32');
}

/** Keys and values of one layer, [B, G, T, K] each. */
export interface KeysAndValues {
  readonly keys: Tensor;
  readonly values: Tensor;
}

/** A sequence that collects the keys and values of each layer as the model hands them over. */
export interface PrefillSequence extends Sequence {
  /** By layer; filled by the forward pass. */
  readonly layers: KeysAndValues[];
}

/**
 * The beginning of a text to be continued: attention as in `causalSequence`, keys and values kept.
 *
 * @param contextLength T, the positions of a row
 */
export function prefillSequence(contextLength: number): PrefillSequence {
  const sequence = causalSequence(contextLength);
  const layers: KeysAndValues[] = [];
  return {
    ...sequence,
    layers,
    attend: (layer, qBHTK, keys, values, options) => {
      layers[layer] = { keys, values };
      return sequence.attend(layer, qBHTK, keys, values, options);
    },
  };
}

export interface CachedSequenceOptions {
  /** int32 scalar: where the first of the new tokens stands, from 0. */
  readonly position: Tensor;
  /** By layer, [B, G, S, K]: what was kept of the positions before, in their places; the rest is never looked at. */
  readonly caches: readonly KeysAndValues[];
  /** L, the number of new tokens in a row; meant to be small. Default 1. */
  readonly numTokens?: number;
}

/** A sequence that goes on where a cache ends. */
export interface CachedSequence extends Sequence {
  /** By layer, [B, G, S, K]: the caches with the new positions in their places; filled by the forward pass. */
  readonly layers: KeysAndValues[];
}

/** The next tokens of texts whose keys and values were kept: they see the cache and each other's past. */
export function cachedSequence({ position, caches, numTokens = 1 }: CachedSequenceOptions): CachedSequence {
  const [, , numPlaces] = extentsOf(present(caches[0], 'the cache of layer 0').keys, 4);
  const positions = add(iota(numTokens), reshape(position, [1]));
  const places = iota(numPlaces);
  const write = (cacheBGSK: Tensor, newBGLK: Tensor): Tensor => {
    let written = cacheBGSK;
    for (let i = 0; i < numTokens; i++) {
      const isHere = reshape(equal(places, slice(positions, 0, i, i + 1)), [numPlaces, 1]);
      written = where(isHere, slice(newBGLK, 2, i, i + 1), written);
    }
    return written;
  };
  const layers: KeysAndValues[] = [];
  return {
    maxPositions: numPlaces,
    positions,
    layers,
    attend: (layer, qBHLK, kBGLK, vBGLK, options = {}) => {
      const cache = present(caches[layer], `the cache of layer ${layer}`);
      const next = { keys: write(cache.keys, kBGLK), values: write(cache.values, vBGLK) };
      layers[layer] = next;
      return attendTo(qBHLK, next.keys, next.values, {
        ...options,
        queryPositions: positions,
        keyPositions: places,
      });
    },
  };
}
