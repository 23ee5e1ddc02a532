import {
  add,
  argMax,
  broadcastTo,
  cast,
  concatenate,
  constant,
  cumulativeSum,
  exp,
  fill,
  iota,
  linear,
  log,
  matmul,
  maximum,
  minimum,
  multiply,
  pad,
  power,
  reduceMean,
  reduceSum,
  relu,
  reshape,
  rmsNorm,
  sigmoid,
  slice,
  softmax,
  subtract,
  type Tensor,
  takeAlongAxis,
  where,
} from '../../../src/tensor/index.ts';
import { blockMean, oneHead, pastMask } from './leaking-models.ts';
import { extents, type Mixing, width } from './mixing-models.ts';

/** The positions moved back by `distance`, with zeros before the first. */
function delayed(x: Tensor, distance: number): Tensor {
  const [, time] = extents(x);
  return slice(pad(x, [0, distance, 0], [0, 0, 0]), 1, 0, time);
}

const square = [width, width];

/** What the leaking models should have been: each passes both checks. T is a multiple of 64. */
export const honestMixings: { readonly [name: string]: (contextLength: number) => Mixing } = {
  'causal attention': () => ({
    parameters: { q: square, k: square, v: square },
    mix: (x, p) => oneHead(linear(x, p('q')), linear(x, p('k')), linear(x, p('v'))),
  }),
  'attention through a window': () => ({
    parameters: { q: square, k: square },
    mix: (x, p) => oneHead(linear(x, p('q')), linear(x, p('k')), x, { window: 5 }),
  }),
  'the mean of the block before': () => ({ mix: (x) => delayed(blockMean(x, 64), 64) }),
  'a recurrence over 16 chunks that sees the end of the one before': () => ({
    parameters: { state: square },
    mix: (x, p) => {
      const [batch, time, features] = extents(x);
      const chunks = reshape(linear(x, p('state')), [batch, 16, time / 16, features]);
      const sums = reduceSum(chunks, [2]);
      const states = concatenate([fill(0, [batch, 1, features]), slice(cumulativeSum(sums, 1), 1, 0, 15)], 1);
      return reshape(broadcastTo(reshape(states, [batch, 16, 1, features]), chunks.shape), x.shape);
    },
  }),
  'a one-sided convolution': () => ({
    parameters: { kernel: [4, width] },
    mix: (x, p) =>
      [0, 1, 2, 3]
        .map((i) => multiply(delayed(x, i), reshape(slice(p('kernel'), 0, i, i + 1), [width])))
        .reduce((sum, term) => add(sum, term)),
  }),
  'a running sum': () => ({ mix: (x) => cumulativeSum(x, 1) }),
  'a linear recurrence as a matrix of powers': (contextLength) => ({
    parameters: { decay: [1] },
    mix: (x, p) => {
      const t = reshape(iota(contextLength, 'float32'), [contextLength, 1]);
      const distance = maximum(subtract(t, reshape(t, [1, contextLength])), 0);
      return matmul(where(pastMask(contextLength), power(sigmoid(p('decay')), distance), 0), x);
    },
  }),
  'a learned matrix over time, below its diagonal': (contextLength) => ({
    parameters: { matrix: [contextLength, contextLength] },
    mix: (x, p) => matmul(where(pastMask(contextLength), p('matrix'), 0), x),
  }),
  'a norm over features': () => ({ mix: (x) => rmsNorm(multiply(x, x)) }),
  'an MLP over features': () => ({
    parameters: { up: [32, width], down: [width, 32] },
    mix: (x, p) => linear(relu(linear(x, p('up'))), p('down')),
  }),
  'the greatest over features': () => ({
    mix: (x) => multiply(x, reshape(cast(argMax(x, 2), 'float32'), [...x.shape.slice(0, 2), 1])),
  }),
  'a look back to a position that the text chooses': (contextLength) => ({
    mix: (x) => {
      const own = reshape(iota(contextLength), [1, contextLength, 1]);
      const wanted = cast(multiply(sigmoid(x), contextLength), 'int32');
      return takeAlongAxis(x, minimum(maximum(wanted, 0), own), 1);
    },
  }),
  'each position moved on by one': () => ({ mix: (x) => delayed(x, 1) }),
  'the mean over features': () => ({ mix: (x) => subtract(x, reduceMean(x, [2], { keepDimensions: true })) }),
  'an infinite mask against a learned scale': (contextLength) => ({
    parameters: { q: square, scale: [1] },
    mix: (x, p) => {
      const scores = multiply(matmul(rmsNorm(linear(x, p('q'))), x, { transposeRight: true }), p('scale'));
      return matmul(softmax(add(scores, where(pastMask(contextLength), 0, log(constant(0))))), x);
    },
  }),
  'a mask of −10³⁰ on scores between bounds': (contextLength) => ({
    parameters: { q: square, scale: [1] },
    mix: (x, p) => {
      const scores = multiply(matmul(rmsNorm(linear(x, p('q'))), x, { transposeRight: true }), p('scale'));
      return matmul(softmax(add(scores, where(pastMask(contextLength), 0, -1e30))), x);
    },
  }),
  'a finite mask on scores of fixed scale': (contextLength) => ({
    parameters: { q: square },
    mix: (x, p) => {
      const scores = matmul(rmsNorm(linear(x, p('q'))), x, { transposeRight: true });
      return matmul(softmax(add(scores, where(pastMask(contextLength), 0, -1e4))), x);
    },
  }),
  'weights that are masked, whatever the scores': (contextLength) => ({
    parameters: { q: square, scale: [1] },
    mix: (x, p) => {
      const scores = multiply(matmul(exp(linear(x, p('q'))), x, { transposeRight: true }), p('scale'));
      const isPast = pastMask(contextLength);
      return matmul(where(isPast, softmax(where(isPast, scores, -3.4e38)), 0), x);
    },
  }),
  'a delay behind a gate': () => ({
    parameters: { gate: [width] },
    mix: (x, p) => multiply(p('gate'), delayed(x, 64)),
  }),
  'attention, through a window from 512 positions on': (contextLength) => ({
    mix: (x) => oneHead(x, x, x, contextLength >= 512 ? { window: 64 } : {}),
  }),
  'the sequence as the trainer gives it': () => ({
    mix: (x, _, sequence) => {
      const [batch, time, features] = extents(x);
      const heads = reshape(x, [batch, 1, time, features]);
      return reshape(sequence.attend(0, heads, heads, heads, { slopes: [0.5], window: 40 }), x.shape);
    },
  }),
};
