import {
  add,
  argMax,
  attention,
  broadcastTo,
  cast,
  concatenate,
  cos,
  cumulativeSum,
  iota,
  lessOrEqual,
  linear,
  matmul,
  multiply,
  pad,
  reduceMean,
  reduceSum,
  relu,
  reshape,
  rmsNorm,
  slice,
  softmax,
  subtract,
  type Tensor,
  transpose,
  where,
} from '../../../src/tensor/index.ts';
import { extents, type Mixing, width } from './mixing-models.ts';

/** [B, T, D] with each position replaced by the mean of its block. */
export function blockMean(x: Tensor, block: number): Tensor {
  const [batch, time, features] = extents(x);
  const blocks = reshape(x, [batch, time / block, block, features]);
  const means = reduceMean(blocks, [2], { keepDimensions: true });
  return reshape(broadcastTo(means, blocks.shape), x.shape);
}

/** One head over [B, T, D]. */
export function oneHead(q: Tensor, k: Tensor, v: Tensor, options = {}): Tensor {
  const [batch, time, features] = extents(q);
  const head = (x: Tensor) => reshape(x, [batch, 1, time, features]);
  return reshape(attention(head(q), head(k), head(v), options), q.shape);
}

/** True where key s ≤ query t, [T, T]. */
export function pastMask(time: number): Tensor {
  return lessOrEqual(reshape(iota(time), [1, time]), reshape(iota(time), [time, 1]));
}

/** cos(π/T · (n + ½) · k), [T, T]: the matrix of the cosine transform. */
export function cosineMatrix(time: number): Tensor {
  const n = add(reshape(iota(time, 'float32'), [1, time]), 0.5);
  return cos(multiply(multiply(n, reshape(iota(time, 'float32'), [time, 1])), Math.PI / time));
}

const square = [width, width];
const overTime = (x: Tensor, f: (xBDT: Tensor) => Tensor) => transpose(f(transpose(x, [0, 2, 1])), [0, 2, 1]);

/** Ways to mix positions that look ahead, with the op that does. T is a multiple of 64. */
export const leakingMixings: { readonly [name: string]: (contextLength: number) => Mixing & { readonly op: string } } =
  {
    // nanochat #844: keys and values averaged over blocks of 64.
    'keys and values averaged over blocks': () => ({
      op: 'reduceSum',
      parameters: { q: square, k: square, v: square },
      mix: (x, p) => oneHead(linear(x, p('q')), blockMean(linear(x, p('k')), 64), blockMean(linear(x, p('v')), 64)),
    }),
    'a recurrence over 16 chunks that sees the end of its own': () => ({
      op: 'reduceSum',
      parameters: { state: square },
      mix: (x, p) => {
        const [batch, time, features] = extents(x);
        const chunks = reshape(linear(x, p('state')), [batch, 16, time / 16, features]);
        const states = cumulativeSum(reduceSum(chunks, [2], { keepDimensions: true }), 1);
        return reshape(broadcastTo(states, chunks.shape), x.shape);
      },
    }),
    'a free spectral filter': (contextLength) => ({
      op: 'matmul',
      parameters: { filter: [contextLength, 1] },
      mix: (x, p) => {
        const transform = cosineMatrix(contextLength);
        return matmul(transform, multiply(p('filter'), matmul(transform, x)), { transposeLeft: true });
      },
    }),
    'a norm over time': () => ({ op: 'rmsNorm', mix: (x) => overTime(x, (xBDT) => rmsNorm(xBDT)) }),
    'an MLP over time': (contextLength) => ({
      op: 'matmul',
      parameters: { up: [32, contextLength], down: [contextLength, 32] },
      mix: (x, p) => overTime(x, (xBDT) => linear(relu(linear(xBDT, p('up'))), p('down'))),
    }),
    'the greatest over time': () => ({
      op: 'argMax',
      mix: (x) => {
        const [batch, , features] = extents(x);
        return multiply(x, reshape(cast(argMax(x, 1), 'float32'), [batch, 1, features]));
      },
    }),
    'the last position put first': () => ({
      op: 'concatenate',
      mix: (x) => {
        const [, time] = extents(x);
        return concatenate([slice(x, 1, time - 1, time), slice(x, 1, 0, time - 1)], 1);
      },
    }),
    'the next position': () => ({
      op: 'pad',
      mix: (x) => slice(pad(x, [0, 0, 0], [0, 1, 0]), 1, 1, extents(x)[1] + 1),
    }),
    'the mean over the batch': () => ({ op: 'reduceSum', mix: (x) => subtract(x, reduceMean(x, [0])) }),
    'a finite mask against a learned scale': (contextLength) => ({
      op: 'softmax',
      parameters: { q: square, k: square, scale: [1] },
      mix: (x, p) => {
        const scores = matmul(linear(x, p('q')), linear(x, p('k')), { transposeRight: true });
        return matmul(softmax(add(multiply(scores, p('scale')), where(pastMask(contextLength), 0, -1e4))), x);
      },
    }),
    'a finite mask that normalised scores can outgrow': (contextLength) => ({
      op: 'softmax',
      parameters: { q: square, k: square, scale: [1] },
      mix: (x, p) => {
        const scores = matmul(rmsNorm(linear(x, p('q'))), rmsNorm(linear(x, p('k'))), { transposeRight: true });
        return matmul(softmax(add(multiply(scores, p('scale')), where(pastMask(contextLength), 0, -100))), x);
      },
    }),
    'a leak behind a gate': () => ({
      op: 'reduceSum',
      parameters: { gate: [width] },
      mix: (x, p) => multiply(p('gate'), blockMean(x, 64)),
    }),
    'a mean over everything, only from 512 positions on': (contextLength) => ({
      op: 'reduceSum',
      mix: (x) => (contextLength >= 512 ? reduceMean(x, [1], { keepDimensions: true }) : x),
    }),
    'a running sum from the end': () => ({ op: 'cumulativeSum', mix: (x) => cumulativeSum(x, 1, { reverse: true }) }),
  };
