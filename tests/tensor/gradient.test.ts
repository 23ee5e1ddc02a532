import { describe, expect, test } from 'vitest';
import { type NumericData, referenceEngine } from '../../src/engine/index.ts';
import {
  add,
  after,
  argMax,
  cast,
  constant,
  cos,
  exp,
  expandComposites,
  gatherRows,
  gradient,
  hashProgram,
  isComposite,
  multiply,
  nodeAt,
  type Program,
  recompute,
  reduceSum,
  rotaryEmbedding,
  type Shape,
  scope,
  sin,
  square,
  stopGradient,
  type Tensor,
  trace,
  updatePhase,
  verifyProgram,
} from '../../src/tensor/index.ts';
import { expectRefusal, refusalOf } from '../support/expect-refusal.ts';
import { setParameters, smallBatch, smallTrainingStep } from '../support/small-gpt.ts';

type Tensors = { readonly [name: string]: Tensor };

/** The gradients of a scalar by some of its inputs, as numbers. */
async function gradientsOf<Name extends string>(
  loss: (inputs: Tensors) => Tensor,
  inputs: { readonly [K in Name]: { readonly shape: Shape; readonly data: readonly number[] } },
): Promise<{ [name: string]: number[] }> {
  const names = Object.keys(inputs) as Name[];
  const program = trace(
    (tensors: Tensors) => {
      const wrt = names.map((name) => tensors[name] ?? constant(0));
      const gradients = gradient(loss(tensors), wrt);
      return { outputs: Object.fromEntries(gradients.map((g, i) => [names[i] ?? '', g])) };
    },
    { inputs: Object.fromEntries(names.map((name) => [name, { shape: inputs[name].shape }])) },
  );
  const session = await referenceEngine().load(program);
  const outputs = await session.run(
    Object.fromEntries(names.map((name) => [name, Float64Array.from(inputs[name].data)])),
  );
  return Object.fromEntries(Object.entries(outputs).map(([name, data]) => [name, [...data]]));
}

const x3 = { shape: [3], data: [1, 2, 3] };
const y3 = { shape: [3], data: [4, 5, 6] };
const given = (tensors: Tensors, name: string): Tensor => tensors[name] ?? expect.fail(`there is no ${name}`);

describe('gradient', () => {
  test('gives zeros of the right shape for a tensor that does not matter', async () => {
    const found = await gradientsOf((t) => reduceSum(given(t, 'x')), { x: x3, y: { shape: [2, 1], data: [7, 8] } });
    expect(found).toEqual({ x: [1, 1, 1], y: [0, 0] });
  });

  test('is 1 for the loss itself', async () => {
    const program = trace(
      ({ x }) => {
        const loss = reduceSum(x);
        const [g = loss] = gradient(loss, [loss]);
        return { outputs: { g } };
      },
      { inputs: { x: { shape: [3] } } },
    );
    const session = await referenceEngine().load(program);
    expect([...((await session.run({ x: new Float64Array(3) })).g ?? [])]).toEqual([1]);
  });

  test('does not pass through stopGradient', async () => {
    const found = await gradientsOf((t) => reduceSum(multiply(stopGradient(given(t, 'x')), given(t, 'x'))), { x: x3 });
    expect(found.x).toEqual(x3.data);
    expect((await gradientsOf((t) => reduceSum(stopGradient(square(given(t, 'x')))), { x: x3 })).x).toEqual([0, 0, 0]);
  });

  test('does not pass through integers, conditions and indices', async () => {
    const found = await gradientsOf(
      (t) => {
        const rounded = cast(cast(given(t, 'x'), 'int32'), 'float32');
        const row = gatherRows(given(t, 'y'), argMax(given(t, 'x')));
        return add(reduceSum(rounded), row);
      },
      { x: x3, y: y3 },
    );
    expect(found).toEqual({ x: [0, 0, 0], y: [0, 0, 1] });
  });

  test('adds up over all uses of a tensor', async () => {
    const found = await gradientsOf(
      (t) => {
        const x = given(t, 'x');
        const twice = add(x, x);
        return reduceSum(add(multiply(twice, x), multiply(x, given(t, 'y'))));
      },
      { x: x3, y: y3 },
    );
    // d(2x² + xy)
    expect(found).toEqual({ x: [4 + 4, 8 + 5, 12 + 6], y: x3.data });
  });

  test('visits a shared value once: 60 doublings make 60 additions, not 2⁶⁰', async () => {
    const found = await gradientsOf(
      (t) => {
        let x = given(t, 'x');
        for (let i = 0; i < 60; i++) x = add(x, x);
        return reduceSum(x);
      },
      { x: x3 },
    );
    expect(found.x).toEqual([2 ** 60, 2 ** 60, 2 ** 60]);
  });

  test('by a tensor inside the graph does not go on to what it was made from, unless asked', async () => {
    const program = trace(
      ({ x }) => {
        const y = multiply(x, 3);
        const [gy = y, gx = x] = gradient(reduceSum(square(y)), [y, x]);
        return { outputs: { gy, gx } };
      },
      { inputs: { x: { shape: [2] } } },
    );
    const session = await referenceEngine().load(program);
    const { gy, gx } = await session.run({ x: Float64Array.of(1, 2) });
    expect([...(gy ?? []), ...(gx ?? [])]).toEqual([6, 12, 18, 36]);
  });

  test('is of the type of what it differentiates by', () => {
    const program = trace(
      ({ x, y }) => {
        const [gx = x, gy = y] = gradient(reduceSum(multiply(cast(x, 'float32'), y)), [x, y]);
        return { outputs: { gx, gy } };
      },
      { inputs: { x: { shape: [2], dtype: 'bfloat16' }, y: { shape: [2] } } },
    );
    expect(nodeAt(program, program.outputs.gx ?? -1).dtype).toBe('bfloat16');
    expect(nodeAt(program, program.outputs.gy ?? -1).dtype).toBe('float32');
  });

  test('reaches the tables of a rotary embedding', async () => {
    const [B, H, T, K] = [2, 2, 2, 4];
    const x = Array.from({ length: B * H * T * K }, (_, i) => Math.sin(i + 1));
    const inputs = {
      x: { shape: [B, H, T, K], data: x },
      cos: { shape: [T, K / 2], data: [0.9, 0.8, 0.7, 0.6] },
      sin: { shape: [T, K / 2], data: [0.1, 0.2, 0.3, 0.4] },
    };
    const found = await gradientsOf((t) => {
      const turned = rotaryEmbedding(given(t, 'x'), { cos: given(t, 'cos'), sin: given(t, 'sin') });
      return reduceSum(square(turned));
    }, inputs);
    // Σ y² over one pair is (c² + s²)(a² + b²), so its derivative by c is 2c(a² + b²), and so by s.
    const squares = [0, 0, 0, 0];
    x.forEach((value, i) => {
      const entry = (Math.floor(i / K) % T) * (K / 2) + (i % (K / 2));
      squares[entry] = (squares[entry] ?? 0) + value * value;
    });
    squares.forEach((sum, i) => {
      expect(found.cos?.[i]).toBeCloseTo(2 * (inputs.cos.data[i] ?? 0) * sum, 12);
      expect(found.sin?.[i]).toBeCloseTo(2 * (inputs.sin.data[i] ?? 0) * sum, 12);
    });
  });

  test('makes its nodes in the phase backward, in the scope of what they differentiate', () => {
    const program = trace(
      ({ x }) => {
        const loss = scope('loss', () => reduceSum(scope('square', () => square(x))));
        const [g = x] = updatePhase(() => scope('optimizer', () => gradient(loss, [x])));
        return { outputs: { g } };
      },
      { inputs: { x: { shape: [2] } } },
    );
    const made = program.nodes.filter(({ phase }) => phase !== 'forward');
    expect(made.length).toBeGreaterThan(1);
    for (const node of made) expect(node.phase).toBe('backward');
    expect(made.some((node) => node.scope === 'loss.square')).toBe(true);
  });

  test('refuses a loss that is no floating-point scalar, where it was made', () => {
    const attempt = (loss: (x: Tensor) => Tensor) => () =>
      trace(
        ({ x }) => {
          gradient(
            scope('loss', () => loss(x)),
            [x],
          );
          return { outputs: {} };
        },
        { inputs: { x: { shape: [2] } } },
      );
    expectRefusal(refusalOf(attempt((x) => exp(x))), 'not-differentiable', 'loss');
    expectRefusal(refusalOf(attempt((x) => argMax(x))), 'not-differentiable', 'loss');
    expectRefusal(refusalOf(attempt((x) => cast(reduceSum(x), 'bool'))), 'not-differentiable', 'loss');
  });

  test('refuses to differentiate by integers, where they were made', () => {
    const attempt = () =>
      trace(
        ({ x }) => {
          gradient(reduceSum(x), [x, scope('indices', () => argMax(x))]);
          return { outputs: {} };
        },
        { inputs: { x: { shape: [2] } } },
      );
    expectRefusal(refusalOf(attempt), 'not-differentiable', 'indices');
  });
});

describe('a chain of 20,000 ops', () => {
  const length = 20_000;
  const chain = (x: Tensor): Tensor => {
    let y = x;
    for (let i = 0; i < length; i++) y = sin(y);
    return reduceSum(y);
  };
  const differentiate = (build: (x: Tensor) => Tensor): Program =>
    trace(
      ({ x }) => {
        const loss = build(exp(x));
        const [g = x] = gradient(loss, [x]);
        return { outputs: { loss, g } };
      },
      { inputs: { x: { shape: [1] } } },
    );

  test('is differentiated without exhausting the stack', () => {
    const program = differentiate(chain);
    expect(program.nodes.length).toBeGreaterThan(3 * length);
    expect(() => verifyProgram(program)).not.toThrow();
  });

  test('is recomputed without exhausting the stack', () => {
    const program = differentiate((x) => recompute(() => chain(x)));
    expect(program.nodes.filter(({ op }) => op === 'sin').length).toBeGreaterThan(1.9 * length);
    expect(() => expandComposites(program)).not.toThrow();
  });
});

describe('recompute', () => {
  test('builds a second time also what reads nothing but an input', () => {
    const build = (body: (make: () => Tensor) => Tensor) =>
      trace(
        ({ x }) => {
          const loss = reduceSum(body(() => exp(sin(x))));
          return { outputs: { gradient: gradient(loss, [x])[0] as Tensor } };
        },
        { inputs: { x: { shape: [3] } } },
      );
    const numSines = ({ nodes }: Program) => nodes.filter(({ op }) => op === 'sin').length;
    expect(numSines(build((make) => make()))).toBe(1);
    const recomputed = build((make) => recompute(make));
    // The forward pass is only there for the gradient here, so what is left of it is the copy.
    expect(recomputed.nodes.filter(({ op }) => op === 'after')).toHaveLength(1);
    expect(numSines(recomputed)).toBe(1);
  });

  test('keeps nothing of an inner scope that the outer one was to drop', () => {
    const nested = trace(
      ({ x }) => {
        const loss = reduceSum(recompute(() => exp(recompute(() => sin(multiply(x, 2))))));
        return { outputs: { loss, gradient: gradient(loss, [x])[0] as Tensor } };
      },
      { inputs: { x: { shape: [3] } } },
    );
    const count = (name: string) => nested.nodes.filter(({ op }) => op === name).length;
    expect([count('sin'), count('exp'), count('after')]).toEqual([2, 2, 1]);
  });

  /** Everything that a step of the small GPT gives, and the parameters after it. */
  async function step(program: Program): Promise<Map<string, NumericData>> {
    const session = await referenceEngine().load(program);
    await setParameters(session, 5);
    const outputs = await session.run(smallBatch(program, 5));
    const found = new Map(Object.entries(outputs));
    for (const name of Object.keys(program.state)) found.set(`state.${name}`, await session.get(name));
    return found;
  }

  test('changes no gradient and no updated parameter', async () => {
    const plain = await step(smallTrainingStep({}, { tapGradients: true }));
    const recomputed = await step(smallTrainingStep({ recomputeBlocks: true }, { tapGradients: true }));
    expect([...recomputed.keys()]).toEqual([...plain.keys()]);
    expect([...plain.keys()].filter((name) => name.startsWith('tap.gradient.')).length).toBeGreaterThan(15);
    for (const [name, numbers] of plain) {
      expect(numbers.every(Number.isFinite), name).toBe(true);
      if (name.startsWith('tap.'))
        expect(
          numbers.some((x) => x !== 0),
          name,
        ).toBe(true);
      numbers.forEach((value, i) => {
        expect(Math.abs((recomputed.get(name)?.[i] ?? Number.NaN) - value), `${name}[${i}]`).toBeLessThan(1e-13);
      });
    }
  });

  test('builds the activations of a block again, in the backward phase, after the gradient has come to it', () => {
    const program = smallTrainingStep({ recomputeBlocks: true });
    const plain = smallTrainingStep();
    const count = ({ nodes }: Program, op: string, phase: string) =>
      nodes.filter((node) => node.op === op && node.phase === phase).length;
    expect(count(plain, 'after', 'backward')).toBe(0);
    expect(count(program, 'after', 'backward')).toBeGreaterThanOrEqual(2);
    expect(count(plain, 'attention', 'backward')).toBe(0);
    expect(count(program, 'attention', 'backward')).toBe(2);
    // Each block is made again from its input, which waits for a gradient: so no engine can make it early.
    for (const node of program.nodes) {
      if (node.op !== 'attention' || node.phase !== 'backward') continue;
      expect(ancestorsOf(program, node.inputs).some(({ op }) => op === 'after')).toBe(true);
    }
  });

  test('leaves a Program that is not differentiated as it is', () => {
    const build = (wrap: (body: () => Tensor) => Tensor) =>
      trace(({ x }) => ({ outputs: { y: wrap(() => exp(cos(x))) } }), { inputs: { x: { shape: [2] } } });
    expect(hashProgram(build(recompute))).toBe(hashProgram(build((body) => body())));
  });

  test('may be nested', async () => {
    const nested = (x: Tensor) => recompute(() => exp(recompute(() => sin(multiply(x, 2)))));
    const loss = (wrap: (x: Tensor) => Tensor) => (t: Tensors) => reduceSum(wrap(exp(given(t, 'x'))));
    const plain = (x: Tensor) => exp(sin(multiply(x, 2)));
    const [a, b] = [await gradientsOf(loss(nested), { x: x3 }), await gradientsOf(loss(plain), { x: x3 })];
    expect(a.x).toEqual(b.x);
  });

  test('may be differentiated twice', async () => {
    const second = (wrap: (body: () => Tensor) => Tensor) => (t: Tensors) => {
      const x = given(t, 'x');
      const [g = x] = gradient(reduceSum(wrap(() => exp(sin(multiply(exp(x), 0.1))))), [x]);
      return reduceSum(square(g));
    };
    const [a, b] = [
      await gradientsOf(second(recompute), { x: x3 }),
      await gradientsOf(
        second((body) => body()),
        { x: x3 },
      ),
    ];
    a.x?.forEach((value, i) => {
      expect(value).toBeCloseTo(b.x?.[i] ?? Number.NaN, 12);
    });
  });

  test('after passes its first operand and its gradient, and nothing to its trigger', async () => {
    const found = await gradientsOf((t) => reduceSum(square(after(given(t, 'x'), given(t, 'y')))), { x: x3, y: y3 });
    expect(found).toEqual({ x: [2, 4, 6], y: [0, 0, 0] });
  });

  test('expands to primitives like any Program', () => {
    const { nodes } = expandComposites(smallTrainingStep({ recomputeBlocks: true }));
    expect(nodes.filter(({ op }) => isComposite(op))).toEqual([]);
  });
});

function ancestorsOf(program: Program, positions: readonly number[]): Program['nodes'][number][] {
  const seen = new Set<number>();
  const stack = [...positions];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (seen.has(at)) continue;
    seen.add(at);
    stack.push(...nodeAt(program, at).inputs);
  }
  return [...seen].map((at) => nodeAt(program, at));
}
