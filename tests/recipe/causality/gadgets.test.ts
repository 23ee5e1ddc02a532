import { describe, expect, test } from 'vitest';
import { findLeak } from '../../../src/recipe/causality/causality.ts';
import { traceLogits } from '../../../src/recipe/inference.ts';
import {
  add,
  attention,
  broadcastTo,
  cast,
  concatenate,
  constant,
  divide,
  equal,
  exp,
  iota,
  less,
  log,
  matmul,
  multiply,
  negate,
  not,
  reciprocal,
  reshape,
  slice,
  sqrt,
  subtract,
  type Tensor,
  takeAlongAxis,
  tanh,
} from '../../../src/tensor/index.ts';
import { pastMask } from './leaking-models.ts';
import { extents, mixingModel } from './mixing-models.ts';

const contextLength = 16;

/** What `gadget` makes of 0 or 1 at each place, 1 where a number of the next position is positive: bool or float. */
function leakThrough(gadget: (next: Tensor) => Tensor) {
  const mix = (x: Tensor) => {
    const next = concatenate([slice(x, 1, 1, contextLength), slice(x, 1, 0, 1)], 1);
    return cast(gadget(cast(less(0, next), 'float32')), 'float32');
  };
  return findLeak(traceLogits(mixingModel({ mix }, contextLength), { batchSize: 2 }));
}

const infinity = () => reciprocal(constant(0));

/** Each gives another number for 0 than for 1, by way of something that looks like a constant. */
const gadgets: { readonly [name: string]: (next: Tensor) => Tensor } = {
  'zero times infinity': (next) => not(equal(multiply(exp(multiply(next, 1e4)), 0), 0)),
  'zero divided by zero': (next) => not(equal(divide(0, subtract(1, next)), 0)),
  'infinity less infinity': (next) => equal(add(infinity(), log(subtract(1, next))), infinity()),
  'the root of a negative number': (next) => not(equal(sqrt(negate(next)), 0)),
  'the sign of a zero': (next) => less(reciprocal(multiply(subtract(0.5, next), 0)), 0),
  'the sign of a zero as a divisor': (next) => less(divide(1, multiply(subtract(0.5, next), 0)), 0),
  'a zero in a matrix product with infinity': (next) => {
    const isPast = cast(pastMask(contextLength), 'float32');
    return equal(matmul(isPast, exp(multiply(next, 1e4))), 1);
  },
  'the sign of a zero out of a matrix product': (next) => {
    const isPast = multiply(cast(pastMask(contextLength), 'float32'), 0);
    return less(reciprocal(matmul(isPast, subtract(next, 0.5))), 0);
  },
  'NaN that is no less than infinity': (next) => less(log(negate(next)), infinity()),
  'attention with scores that outgrow its mask': (next) => {
    const [batch, time, width] = extents(next);
    const ones = broadcastTo(constant(1), [batch, 1, time, width]);
    const places = multiply(ones, reshape(iota(time, 'float32'), [time, 1]));
    return reshape(attention(ones, places, reshape(next, ones.shape), { scale: 1e34 }), next.shape);
  },
  'an index of −1': (next) => takeAlongAxis(next, broadcastTo(constant(-1, 'int32'), next.shape), 1),
  'a saturated tanh': (next) => equal(tanh(add(next, 19)), 1),
};

test('a number that is the same for either is no leak', () => {
  expect(leakThrough((next) => less(next, -1))).toBeUndefined();
  expect(leakThrough((next) => multiply(next, 0))).toBeUndefined();
});

describe('a peek through', () => {
  test.each(Object.entries(gadgets))('%s is found', (_, gadget) => {
    expect(leakThrough(gadget)).toMatchObject({ scope: 'mixing' });
  });
});

test('segments of later positions are not to be seen', () => {
  const model = mixingModel({ mix: (x) => x }, contextLength);
  const peeking = {
    ...model,
    forward: (...[values, tokens, sequence]: Parameters<typeof model.forward>) => {
      const positions = sequence.documentPositions?.() ?? tokens;
      const next = concatenate([slice(positions, 1, 1, contextLength), slice(positions, 1, 0, 1)], 1);
      return add(model.forward(values, tokens, sequence), cast(reshape(next, [...next.shape, 1]), 'float32'));
    },
  };
  expect(findLeak(traceLogits(model, { batchSize: 2, documentMask: true }))).toBeUndefined();
  expect(findLeak(traceLogits(peeking, { batchSize: 2, documentMask: true }))).toBeDefined();
});
