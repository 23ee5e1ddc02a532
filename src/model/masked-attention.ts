import {
  add,
  and,
  cast,
  concatenate,
  constant,
  equal,
  iota,
  less,
  lessOrEqual,
  matmul,
  multiply,
  reshape,
  slice,
  softmax,
  subtract,
  type Tensor,
  where,
} from '../tensor/index.ts';
import { extentsOf } from './extents.ts';
import type { AttendOptions } from './model.ts';

/**
 * Attention in primitives, for what the fused op cannot say: biases by distance, documents in one row, a cache.
 *
 * Its form, on which proofs of causality rely: the mask is made of iota, given positions, given segments and comparisons; masked
 * scores are where(mask, score, −1e30); weights are where(mask, softmax, 0), so that a masked weight is 0 and nothing else.
 *
 * Axes: B batch, H heads, G groups, J = H / G heads of a group, L queries, S keys, K head width.
 */

/** Drowns every score, and its sum with one stays finite. */
const masked = -1e30;

export interface MaskedAttentionOptions extends AttendOptions {
  /** int32 [B, T]: a position sees those of its own segment only. Default: all are of one segment. */
  readonly segmentsBT?: Tensor;
}

/** Causal attention within a row; the operands are those of `Sequence.attend`. */
export function maskedAttention(
  qBHTK: Tensor,
  kBGTK: Tensor,
  vBGTK: Tensor,
  { segmentsBT, ...options }: MaskedAttentionOptions = {},
): Tensor {
  const [, , time] = extentsOf(qBHTK, 4);
  const outputs = queryBlocks(time, options.window).map(({ start, end, from }) => {
    const keys = (x: Tensor) => slice(x, 2, from, end);
    const isOfOne = segmentsBT && sameSegment(slice(segmentsBT, 1, start, end), slice(segmentsBT, 1, from, end));
    return attendTo(slice(qBHTK, 2, start, end), keys(kBGTK), keys(vBGTK), {
      ...options,
      queryPositions: positionsFrom(start, end),
      keyPositions: positionsFrom(from, end),
      ...(isOfOne ? { isOfOne } : {}),
    });
  });
  return concatenate(outputs, 2);
}

/** start … end − 1, int32. */
function positionsFrom(start: number, end: number): Tensor {
  return start === 0 ? iota(end) : add(iota(end - start), start);
}

/** [B, L] and [B, S] to bool [B, 1, 1, L, S] */
function sameSegment(queriesBL: Tensor, keysBS: Tensor): Tensor {
  const [batch, numQueries] = extentsOf(queriesBL, 2);
  return equal(reshape(queriesBL, [batch, 1, 1, numQueries, 1]), reshape(keysBS, [batch, 1, 1, 1, -1]));
}

interface AttendToOptions extends AttendOptions {
  /** int32 [L] */
  readonly queryPositions: Tensor;
  /** int32 [S] */
  readonly keyPositions: Tensor;
  /** bool, broadcasts to [B, G, J, L, S]: further pairs that see each other. */
  readonly isOfOne?: Tensor;
}

/**
 * Queries at given positions on keys at given positions: a query sees keys at its own position and before it.
 *
 * @param qBHLK [B, H, L, K]
 * @param kBGSK [B, G, S, K]
 * @param vBGSK [B, G, S, K]
 * @returns [B, H, L, K]; 0 where a query sees no key
 */
export function attendTo(qBHLK: Tensor, kBGSK: Tensor, vBGSK: Tensor, options: AttendToOptions): Tensor {
  const [B, H, L, K] = extentsOf(qBHLK, 4);
  const [, G, S] = extentsOf(kBGSK, 4);
  const J = H / G;
  const { window, slopes, isOfOne, scale = 1 / Math.sqrt(K) } = options;
  const distanceLS = subtract(reshape(options.queryPositions, [L, 1]), reshape(options.keyPositions, [1, S]));
  const isPast = lessOrEqual(0, distanceLS);
  const isNear = window === undefined ? isPast : and(isPast, less(distanceLS, window));
  const isSeen = isOfOne ? and(isOfOne, isNear) : isNear;

  // The heads of a group are stacked along the queries, so that keys and values need no copies.
  const stacked = reshape(multiply(qBHLK, scale), [B, G, J * L, K]);
  const plain = reshape(matmul(stacked, kBGSK, { transposeRight: true }), [B, G, J, L, S]);
  const scores = slopes ? subtract(plain, cast(distanceBias(slopes, G, distanceLS), plain.dtype)) : plain;
  const weights = where(isSeen, softmax(where(isSeen, scores, masked)), 0);
  return reshape(matmul(reshape(weights, [B, G, J * L, S]), vBGSK), [B, H, L, K]);
}

/** slope · distance, [1, G, J, L, S] */
function distanceBias(slopes: readonly number[], numGroups: number, distanceLS: Tensor): Tensor {
  const ofHeads = concatenate(
    slopes.map((slope) => reshape(constant(slope), [1])),
    0,
  );
  return multiply(reshape(ofHeads, [1, numGroups, slopes.length / numGroups, 1, 1]), cast(distanceLS, 'float32'));
}

/**
 * Cuts T queries into at most eight blocks of about 128; each meets only the keys that some of its queries see, `from` … `end` − 1, so
 * that of the pairs that a mask would throw away most are never made.
 */
function queryBlocks(time: number, window = time): { start: number; end: number; from: number }[] {
  const numBlocks = Math.min(8, Math.max(1, Math.round(time / 128)));
  const edge = (i: number) => Math.round((i * time) / numBlocks);
  return Array.from({ length: numBlocks }, (_, i) => ({
    start: edge(i),
    end: edge(i + 1),
    from: Math.max(0, edge(i) - window + 1),
  }));
}
