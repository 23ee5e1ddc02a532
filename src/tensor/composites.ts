import type { DType } from './dtype.ts';
import { axisOf, cast, constant, cos, iota, multiply, power, reduceSum, reshape, sin } from './functions.ts';
import { makeTensor, type Tensor } from './tensor.ts';

/**
 * The composite ops as functions: ops with a definition in primitives (`definitions.ts`) that an engine may run as one
 * kernel. Axes: B batch, H heads, G key/value groups, T time, K head width, V vocabulary, N positions.
 */

/** max(x, 0) */
export function relu(x: Tensor): Tensor {
  return makeTensor('relu', [x], {});
}

/** max(x, 0)² (So et al. 2021, "Primer") */
export function reluSquared(x: Tensor): Tensor {
  return makeTensor('reluSquared', [x], {});
}

/** 1 / (1 + e⁻ˣ) */
export function sigmoid(x: Tensor): Tensor {
  return makeTensor('sigmoid', [x], {});
}

/** x · sigmoid(x) */
export function silu(x: Tensor): Tensor {
  return makeTensor('silu', [x], {});
}

/** x · Φ(x), exactly or by the tanh approximation (Hendrycks & Gimpel 2016). */
export function gelu(x: Tensor, approximation: 'none' | 'tanh' = 'none'): Tensor {
  return makeTensor('gelu', [x], { approximation });
}

/** e^x / Σ e^x along an axis. */
export function softmax(x: Tensor, axis = -1): Tensor {
  return makeTensor('softmax', [x], { axis: axisOf('softmax', axis, x) });
}

/** log Σ e^x along an axis, which disappears. */
export function logSumExp(x: Tensor, axis = -1): Tensor {
  return makeTensor('logSumExp', [x], { axis: axisOf('logSumExp', axis, x) });
}

/** x / √(mean(x²) + ε) over the last axis, without gain (Zhang & Sennrich 2019). */
export function rmsNorm(x: Tensor, { epsilon = 1e-6 } = {}): Tensor {
  return makeTensor('rmsNorm', [x], { epsilon });
}

/** (x − mean) / √(variance + ε) over the last axis, without gain and bias (Ba et al. 2016). */
export function layerNorm(x: Tensor, { epsilon = 1e-5 } = {}): Tensor {
  return makeTensor('layerNorm', [x], { epsilon });
}

/**
 * Turns each pair (x[j], x[j + K/2]) by the angle whose cosine and sine the tables give (Su et al. 2021; the half-split
 * pairing of GPT-NeoX and Llama).
 *
 * @param x [B, H, T, K]
 * @param tables from `rotaryTables`, [T, K / 2] each
 */
export function rotaryEmbedding(x: Tensor, tables: { readonly cos: Tensor; readonly sin: Tensor }): Tensor {
  return makeTensor('rotaryEmbedding', [x, tables.cos, tables.sin], {});
}

/**
 * Cosine and sine of the angles t · base^(−2j/K), [T, K / 2] each. They are computed inside the graph, so that a Program
 * holds no arrays and no number that depends on a machine's math library; in float32, since half-width types cannot count far.
 *
 * @param positions t: int32 [T], or the number T for 0 … T − 1
 * @param headWidth K
 * @param dtype of the tables: that of what they will turn
 */
export function rotaryTables(
  positions: number | Tensor,
  headWidth: number,
  base = 10_000,
  dtype: DType = 'float32',
): { cos: Tensor; sin: Tensor } {
  const numPairs = headWidth / 2;
  const frequencies = power(base, multiply(iota(numPairs, 'float32'), -1 / numPairs));
  const t = typeof positions === 'number' ? iota(positions, 'float32') : cast(positions, 'float32');
  const angles = multiply(reshape(t, [-1, 1]), frequencies);
  return { cos: cast(cos(angles), dtype), sin: cast(sin(angles), dtype) };
}

export interface AttentionOptions {
  /** Factor on the scores. Default 1/√K. */
  readonly scale?: number;
  /** How many positions back a query sees, its own included. Default: all. */
  readonly window?: number;
}

/**
 * Causal attention softmax(scale · q kᵀ + mask) v. Query head h reads key/value head ⌊h / (H/G)⌋ (grouped heads,
 * Ainslie et al. 2023); position t sees s with t − window < s ≤ t.
 *
 * @param qBHTK [B, H, T, K]
 * @param kBGTK [B, G, T, K], H a multiple of G
 * @param vBGTK [B, G, T, K]
 * @returns [B, H, T, K]
 */
export function attention(qBHTK: Tensor, kBGTK: Tensor, vBGTK: Tensor, options: AttentionOptions = {}): Tensor {
  const width = qBHTK.shape[3] ?? 1;
  const scale = options.scale ?? 1 / Math.sqrt(width);
  const time = qBHTK.shape[2] ?? 1;
  // A window that reaches over the whole context is none.
  const window = options.window === undefined || options.window >= time ? null : options.window;
  return makeTensor('attention', [qBHTK, kBGTK, vBGTK], { scale, window });
}

export interface CrossEntropyOptions {
  /** Positions with this target cost nothing and pass no gradient. */
  readonly ignoredTarget?: number;
}

/**
 * −log softmax(logits)[target] in nats, for each position.
 *
 * @param logitsNV [N, V]
 * @param targetsN [N], int32
 * @returns [N]; 0 at ignored positions
 */
export function crossEntropy(logitsNV: Tensor, targetsN: Tensor, options: CrossEntropyOptions = {}): Tensor {
  return makeTensor('crossEntropy', [logitsNV, targetsN], { ignoredTarget: options.ignoredTarget ?? null });
}

/** x wᵀ over the last axis of x [..., I], with w [O, I] as checkpoints store it. */
export function linear(x: Tensor, w: Tensor): Tensor {
  const flat = reshape(x, [-1, x.shape.at(-1) ?? 1]);
  const y = makeTensor('matmul', [flat, w], { transposeLeft: false, transposeRight: true });
  return reshape(y, [...x.shape.slice(0, -1), w.shape[0] ?? 1]);
}

/** √Σ‖x‖² over all given tensors, a scalar: the norm that gradient clipping looks at. */
export function globalNorm(tensors: readonly Tensor[]): Tensor {
  if (tensors.length === 0) return constant(0);
  const squares = tensors.map((x) => reduceSum(multiply(x, x)));
  return makeTensor('sqrt', [squares.reduce((total, x) => makeTensor('add', [total, x], {}))], {});
}
