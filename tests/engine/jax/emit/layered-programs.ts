import { type RandomStream, randomStream } from '../../../../src/core/index.ts';
import {
  add,
  after,
  broadcastTo,
  cast,
  concatenate,
  constant,
  gradient,
  iota,
  lessOrEqual,
  linear,
  matmul,
  multiply,
  type Program,
  pad,
  reduceSum,
  reshape,
  rmsNorm,
  type StateSpec,
  scope,
  slice,
  softmax,
  subtract,
  type Tensor,
  tanh,
  trace,
  updatePhase,
  where,
} from '../../../../src/tensor/index.ts';

/**
 * Random Programs of layers, for tests of what loops are made of: layers that are all alike, that alternate, of which one is odd;
 * values that skip layers, that all layers share, that are collected; gradients, and updates layer by layer.
 */

const width = 4;
const numRows = 2;
const time = 3;

type Tensors = { readonly [name: string]: Tensor };

/** What sets one Program apart from another. */
interface Plan {
  readonly numLayers: number;
  /** The kind of each layer, 0 or 1. */
  readonly kinds: readonly number[];
  readonly hasMixing: boolean;
  readonly hasSharedMask: boolean;
  readonly hasSharedFactor: boolean;
  readonly skips: boolean;
  readonly readsFirst: boolean;
  readonly collects: 'none' | 'joined' | 'reversed' | 'interleaved';
  readonly waits: boolean;
  readonly differentiates: boolean;
  readonly updateOrder: 'rising' | 'falling' | 'mixed';
}

function planOf(random: RandomStream): Plan {
  const one = <T>(items: readonly T[]): T => items[random.nextInteger(items.length)] as T;
  const chance = (share: number) => random.nextUniform() < share;
  const numLayers = 3 + random.nextInteger(5);
  const pattern = one(['alike', 'alike', 'alternating', 'firstOdd', 'lastOdd', 'threes', 'random'] as const);
  const kindOf = (layer: number): number => {
    if (pattern === 'alternating') return layer % 2;
    if (pattern === 'firstOdd') return layer === 0 ? 1 : 0;
    if (pattern === 'lastOdd') return layer === numLayers - 1 ? 1 : 0;
    if (pattern === 'threes') return layer % 3 === 2 ? 1 : 0;
    return pattern === 'random' ? random.nextInteger(2) : 0;
  };
  return {
    numLayers,
    kinds: Array.from({ length: numLayers }, (_, layer) => kindOf(layer)),
    hasMixing: chance(0.4),
    hasSharedMask: chance(0.5),
    hasSharedFactor: chance(0.5),
    skips: chance(0.25),
    readsFirst: chance(0.25),
    collects: one(['none', 'joined', 'reversed', 'interleaved']),
    waits: chance(0.3),
    differentiates: chance(0.7),
    updateOrder: one(['rising', 'falling', 'mixed']),
  };
}

/** The Program of a seed. Inputs `x` float32 [2, 3, 4] and `rows` int32 [2, 3]; states are all float32. */
export function layeredProgram(seed: number): Program {
  const plan = planOf(randomStream(seed, 'plan'));
  const { numLayers, kinds, differentiates } = plan;
  const state: Record<string, StateSpec> = { table: { shape: [5, width] }, mixing: { shape: [numLayers] } };
  kinds.forEach((kind, layer) => {
    state[`blocks.${layer}.weight`] = { shape: [width, width] };
    state[`blocks.${layer}.gain`] = { shape: [width] };
    if (kind === 1) state[`blocks.${layer}.extra`] = { shape: [width, width] };
    state[`memory.blocks.${layer}.sum`] = { shape: [width, width], kind: 'optimizer' };
  });
  return trace(
    (inputs: Tensors, values: Tensors) => {
      const { outputs, result } = layers(plan, inputs, values);
      // Not the sum of squares, which is nearly the same for all normalised values.
      const loss = scope('loss', () => reduceSum(multiply(result, tensorOf(inputs, 'x'))));
      const names = Object.keys(values).filter((name) => !name.startsWith('memory'));
      const gradients = differentiates
        ? gradient(
            loss,
            names.map((name) => tensorOf(values, name)),
          )
        : [];
      const changes = new Map(gradients.map((g, i) => [names[i] ?? '', g]));
      return { outputs: { loss, ...outputs }, state: updated(plan, values, changes) };
    },
    {
      inputs: {
        x: { shape: [numRows, time, width] },
        rows: { shape: [numRows, time], dtype: 'int32' },
      },
      state,
    },
  );
}

/** Programs of layers that are each a trap of their own, with the same inputs as those of a seed. */
export function specialPrograms(): { readonly [name: string]: Program } {
  return {
    'layers whose backward pass reads nothing of the layer': chainProgram(3, [width], (x, bias) =>
      add(multiply(x, 0.5), bias),
    ),
    'layers that put a row at a place that changes late': chainProgram(4, [1, width], (x, row, layer) => {
      const place = Math.floor(layer / 2);
      return add(multiply(x, 0.5), pad(multiply(row, 2), [place, 0], [time - 1 - place, 0]));
    }),
    'a first layer that reads a row of what is prepared before it': preparedProgram(),
  };
}

/** `numLayers` times `layer`, and the gradient of each layer's parameter. */
function chainProgram(
  numLayers: number,
  shape: readonly number[],
  layer: (x: Tensor, parameter: Tensor, index: number) => Tensor,
): Program {
  const names = Array.from({ length: numLayers }, (_, i) => `blocks.${i}.parameter`);
  return trace(
    (inputs: Tensors, values: Tensors) => {
      let x = tensorOf(inputs, 'x');
      names.forEach((name, i) => {
        x = scope(`blocks.${i}`, () => layer(x, tensorOf(values, name), i));
      });
      const loss = reduceSum(multiply(x, x));
      const gradients = gradient(
        loss,
        names.map((name) => tensorOf(values, name)),
      );
      return { outputs: { loss, ...Object.fromEntries(gradients.map((g, i) => [`gradient.${i}`, g])) } };
    },
    {
      inputs: { x: { shape: [numRows, time, width] } },
      state: Object.fromEntries(names.map((name) => [name, { shape }])),
    },
  );
}

/** What stands between two layers also stands before the first, but there something else reads a row of it. */
function preparedProgram(): Program {
  const names = [0, 1, 2].map((i) => `blocks.${i}.parameter`);
  return trace(
    (inputs: Tensors, values: Tensors) => {
      let x = tensorOf(inputs, 'x');
      let first = x;
      names.forEach((name, i) => {
        x = multiply(x, 0.5);
        if (i === 0) first = tanh(slice(x, 0, 1, 2));
        x = scope(`blocks.${i}`, () => tanh(add(x, tensorOf(values, name))));
      });
      return { outputs: { x, first } };
    },
    {
      inputs: { x: { shape: [numRows, time, width] } },
      state: Object.fromEntries(names.map((name) => [name, { shape: [width] }])),
    },
  );
}

function layers(plan: Plan, inputs: Tensors, values: Tensors): { outputs: Record<string, Tensor>; result: Tensor } {
  const [x0, rows] = [tensorOf(inputs, 'x'), tensorOf(inputs, 'rows')];
  const results: Tensor[] = [];
  let x = scope('embedding', () => add(x0, multiply(cast(reshape(rows, [numRows, time, 1]), 'float32'), 0.1)));
  for (let layer = 0; layer < plan.numLayers; layer++) {
    if (plan.hasMixing) {
      x = add(multiply(x, slice(tensorOf(values, 'mixing'), 0, layer, layer + 1)), multiply(x0, 0.5));
    }
    const [before, first] = [results.at(-2), results[0]];
    x = scope(`blocks.${layer}`, () => block(plan, values, layer, x, x0));
    if (plan.skips && before) x = scope(`blocks.${layer}.skip`, () => add(x, multiply(before, 0.25)));
    if (plan.readsFirst && first) x = scope(`blocks.${layer}`, () => subtract(x, multiply(first, 0.125)));
    results.push(x);
  }
  const outputs: Record<string, Tensor> = { last: x, middle: results[1] ?? x };
  const rowsOf = (tensors: readonly Tensor[]) => tensors.map((one) => reshape(one, [1, numRows, time, width]));
  if (plan.collects === 'joined') outputs.joined = concatenate(rowsOf(results), 0);
  if (plan.collects === 'reversed') outputs.joined = concatenate(rowsOf(results.toReversed()), 0);
  if (plan.collects === 'interleaved') {
    outputs.joined = concatenate(rowsOf(results.flatMap((one) => [one, multiply(one, 2)])), 0);
  }
  return { outputs, result: scope('head', () => rmsNorm(x)) };
}

function block(plan: Plan, values: Tensors, layer: number, x: Tensor, x0: Tensor): Tensor {
  const value = (name: string) => tensorOf(values, `blocks.${layer}.${name}`);
  const normal = scope('norm', () => multiply(rmsNorm(x), value('gain')));
  const y = scope('mix', () => {
    const scores = matmul(normal, normal, { transposeRight: true });
    const places = iota(time);
    const mask = lessOrEqual(reshape(places, [1, time]), reshape(places, [time, 1]));
    const seen = plan.hasSharedMask ? where(mask, scores, -1e30) : scores;
    return matmul(softmax(seen), linear(normal, value('weight')));
  });
  const factor = plan.hasSharedFactor ? scope('factor', () => tanh(reduceSum(x0, [0, 1]))) : constant(1);
  const scaled = scope('factor', () => multiply(y, broadcastTo(factor, [width])));
  const waited = plan.waits ? after(scaled, normal) : scaled;
  const z = plan.kinds[layer] === 1 ? scope('extra', () => tanh(linear(waited, value('extra')))) : waited;
  return add(x, z);
}

/** Each layer's weight moves by its gradient, and a sum of squares is kept; a number runs through all layers. */
function updated(plan: Plan, values: Tensors, gradients: ReadonlyMap<string, Tensor>): Record<string, Tensor> {
  const next: Record<string, Tensor> = {};
  const order = Array.from({ length: plan.numLayers }, (_, layer) => layer);
  if (plan.updateOrder === 'falling') order.reverse();
  if (plan.updateOrder === 'mixed') order.sort((a, b) => (a % 2) - (b % 2) || a - b);
  updatePhase(() => {
    let norm = constant(0);
    for (const layer of order) {
      const name = `blocks.${layer}.weight`;
      const change = gradients.get(name) ?? tensorOf(values, name);
      scope(`optimizer.blocks.${layer}.weight`, () => {
        norm = add(norm, reduceSum(multiply(change, change)));
        const sum = add(tensorOf(values, `memory.blocks.${layer}.sum`), multiply(change, change));
        next[`memory.blocks.${layer}.sum`] = sum;
        next[name] = subtract(tensorOf(values, name), multiply(change, 0.1));
      });
    }
    for (const [name, g] of gradients) {
      next[name] ??= scope(`optimizer.${name}`, () =>
        subtract(tensorOf(values, name), multiply(g, multiply(norm, 1e-3))),
      );
    }
  });
  return next;
}

function tensorOf(values: Tensors, name: string): Tensor {
  const found = values[name];
  if (!found) throw new RangeError(`no value ${name}`);
  return found;
}
