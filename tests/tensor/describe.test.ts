import { describe, expect, test } from 'vitest';
import { gptParameters } from '../../examples/gpt.ts';
import {
  add,
  attention,
  describe as describeAsText,
  describeProgram,
  gradient,
  hashProgram,
  linear,
  matmul,
  multiply,
  type Program,
  type ProgramDescription,
  reduceSum,
  type Shape,
  scope,
  sizeOf,
  type Tensor,
  trace,
} from '../../src/tensor/index.ts';
import { smallGpt, smallTrainingStep } from '../support/small-gpt.ts';

function programOf(shapes: readonly Shape[], build: (...inputs: Tensor[]) => readonly Tensor[]): Program {
  return trace(
    (inputs: { readonly [name: string]: Tensor }) => {
      const results = build(...shapes.map((_, i) => inputs[`x${i}`] as Tensor));
      return { outputs: Object.fromEntries(results.map((result, i) => [`y${i}`, result])) };
    },
    { inputs: Object.fromEntries(shapes.map((shape, i) => [`x${i}`, { shape }])) },
  );
}

function scopeOf(description: ProgramDescription, name: string) {
  return description.scopes.find((cost) => cost.scope === name) ?? expect.fail(`no scope ${name}`);
}

describe('floating-point operations', () => {
  test('of a linear layer are two for each multiply-add: 2 · B · T · D · F', () => {
    const [B, T, D, F] = [2, 3, 5, 7];
    const program = programOf(
      [
        [B, T, D],
        [F, D],
      ],
      (x, w) => [scope('layer', () => linear(x, w))],
    );
    expect(scopeOf(describeProgram(program), 'layer').flops).toEqual({
      forward: 2 * B * T * D * F,
      backward: 0,
      update: 0,
    });
  });

  test('of attention are both products, the scaling of q, the mask, and five for each score in the softmax', () => {
    const [B, H, T, K] = [2, 3, 5, 4];
    const shape = [B, H, T, K];
    const program = programOf([shape, shape, shape], (q, k, v) => [scope('attention', () => attention(q, k, v))]);
    const products = 2 * (2 * B * H * T * T * K);
    const scores = B * H * T * T;
    expect(scopeOf(describeProgram(program), 'attention').flops.forward).toBe(products + B * H * T * K + 6 * scores);
  });

  test('of a product are twice as many in the backward pass as in the forward pass', () => {
    const [M, K, N] = [3, 4, 5];
    const shapes = [
      [M, K],
      [K, N],
      [M, N],
    ];
    const gradients = (product: Tensor, x: Tensor, y: Tensor, weights: Tensor) =>
      gradient(reduceSum(multiply(product, weights)), [x, y]);
    const product = (x: Tensor, y: Tensor) => scope('product', () => matmul(x, y));
    // The derivative does not need the product itself, so it is in the Program only if it is returned.
    const alone = programOf(shapes, (x, y, weights) => gradients(product(x, y), x, y, weights));
    const both = programOf(shapes, (x, y, weights) => [product(x, y), ...gradients(product(x, y), x, y, weights)]);
    const forward = 2 * M * K * N;
    expect(scopeOf(describeProgram(alone), 'product').flops).toEqual({
      forward: 0,
      backward: 2 * forward,
      update: 0,
    });
    expect(scopeOf(describeProgram(both), 'product').flops).toEqual({ forward, backward: 2 * forward, update: 0 });
  });

  test('of recomputed blocks are counted in the backward pass, and the forward pass stays the same', () => {
    const [kept, recomputed] = [smallTrainingStep(), smallTrainingStep({ recomputeBlocks: true })].map(
      (program) => describeProgram(program).total.flops,
    );
    expect(recomputed?.forward).toBe(kept?.forward);
    expect(recomputed?.update).toBe(kept?.update);
    expect(recomputed?.backward).toBeGreaterThan(kept?.backward ?? Number.POSITIVE_INFINITY);
  });

  test('of an optimizer are counted as its own phase', () => {
    const { flops } = scopeOf(describeProgram(smallTrainingStep()), 'optimizer');
    expect(flops.update).toBeGreaterThan(0);
    expect([flops.forward, flops.backward]).toEqual([0, 0]);
  });
});

describe('parameters', () => {
  const description = describeProgram(smallTrainingStep());
  const shapes = gptParameters(smallGpt);
  const sizes = Object.entries(shapes).map(([name, shape]) => [name, sizeOf(shape)] as const);
  const sum = (isIncluded: (name: string) => boolean) =>
    sizes.reduce((total, [name, size]) => (isIncluded(name) ? total + size : total), 0);

  test('of a GPT are all its parameters, once, and no moments', () => {
    expect(description.total.numParameters).toBe(sum(() => true));
  });

  test('belong to the scope that reads them first', () => {
    for (const block of ['blocks.0', 'blocks.1']) {
      for (const part of ['attention', 'mlp']) {
        const name = `${block}.${part}`;
        expect(scopeOf(description, name).numParameters).toBe(sum((parameter) => parameter.startsWith(`${name}.`)));
      }
    }
    expect(scopeOf(description, 'embedding').numParameters).toBe(7 * 8);
    expect(scopeOf(description, 'head').numParameters).toBe(7 * 8 + 8);
  });

  test('that two scopes share are counted once, at the first', () => {
    const tied = trace(
      ({ x }, { w }) => ({
        outputs: {
          y: scope('second', () =>
            linear(
              scope('first', () => linear(x, w)),
              w,
            ),
          ),
        },
        state: { w: add(w, 1) },
      }),
      { inputs: { x: { shape: [2, 3] } }, state: { w: { shape: [3, 3] } } },
    );
    const found = describeProgram(tied);
    expect(found.total.numParameters).toBe(9);
    expect(found.scopes.find((cost) => cost.numParameters > 0)?.scope).toBe('second.first');
  });
});

describe('bytes', () => {
  test('of state are those of all states, moments and counters too', () => {
    const program = trace((_, { a, n }) => ({ outputs: {}, state: { a: add(a, 1), n: add(n, 1) } }), {
      inputs: {},
      state: { a: { shape: [3, 5] }, n: { shape: [], dtype: 'int32', kind: 'other' } },
    });
    expect(describeProgram(program).stateBytes).toBe(4 * 15 + 4);
  });

  test('of a scope are what its forward nodes write', () => {
    const program = programOf([[6]], (x) => [scope('sum', () => multiply(add(x, x), x))]);
    expect(scopeOf(describeProgram(program), 'sum').forwardBytes).toBe(2 * 6 * 4);
  });
});

describe('the text', () => {
  const program = smallTrainingStep();

  test('has a row for every scope, and the total last', () => {
    const lines = describeAsText(program).split('\n');
    const { scopes, numNodes } = describeProgram(program);
    expect(lines[0]).toBe(`program ${hashProgram(program).slice(0, 12)}, ${numNodes} nodes`);
    const firstCells = lines.slice(2, -1).map((line) => line.split(/\s{2,}/)[0]);
    expect(firstCells).toEqual([...scopes.map((cost) => cost.scope || '(none)'), 'total']);
    expect(lines.at(-1)).toMatch(/^state: \d/);
  });

  test('has columns of one width', () => {
    const table = describeAsText(program).split('\n').slice(1, -1);
    expect(new Set(table.map((line) => line.length)).size).toBe(1);
  });

  test('tells what a session needs if an engine has said so', () => {
    const memory = { stateBytes: 12_600_000, activationBytes: 999_600, peakBytes: 5e9 };
    expect(describeAsText(program, memory).split('\n').at(-1)).toBe(
      'memory: state 12.6 MB, activations 1.00 MB, peak of the session 5.00 GB',
    );
  });
});
