import { beforeAll, describe, expect, test } from 'vitest';
import { traceTrainingStep } from '../../../examples/gpt.ts';
import { randomStream } from '../../../src/core/index.ts';
import { type Engine, type NumericData, onnxEngine, referenceEngine, type Session } from '../../../src/engine/index.ts';
import { compileProgram } from '../../../src/engine/onnx/compile.ts';
import { isWrittenLast } from '../../../src/engine/onnx/in-place.ts';
import {
  add,
  concatenate,
  matmul,
  multiply,
  nodeAt,
  type Program,
  reduceMax,
  reduceSum,
  reshape,
  sizeOf,
  slice,
  subtract,
  type Tensor,
  trace,
  transpose,
} from '../../../src/tensor/index.ts';
import { expectClose } from '../../support/expect-close.ts';
import { setParameters, smallBatch, smallGpt, smallTrainingStep } from '../../support/small-gpt.ts';

const trainingSteps = {
  'an AdamW step': smallTrainingStep({}, {}),
  'a Muon step': smallTrainingStep({}, { kind: 'muon' }),
  'a step without clipping': traceTrainingStep(
    smallGpt,
    { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1 },
    { ignoresTargets: true },
  ),
  'a clipped step that recomputes its blocks': smallTrainingStep({ recomputeBlocks: true }),
  'a step that returns its gradients': smallTrainingStep({}, { tapGradients: true }),
};

describe('the states of a training step', () => {
  for (const [name, program] of Object.entries(trainingSteps)) {
    test(`of ${name} are all written in place, after everything that reads them`, () => {
      const { graph, inPlace, changing } = compileProgram(program, 'cpu');
      expect(changing.length).toBe(Object.keys(program.state).length);
      expect([...inPlace].sort()).toEqual([...changing].sort());
      for (const state of inPlace) expect(isWrittenLast(graph.nodes, state), state).toBe(true);
    });

    test(`of ${name} are the reference's after five steps`, async () => {
      await compareFiveSteps(program, (session) => setParameters(session, 3), smallBatch, 1e-3);
    });
  }
});

test('isWrittenLast sees a reader behind the writer, also one that reads a view', () => {
  const node = (opType: string, inputs: string[], output: string) => ({
    opType,
    domain: '',
    inputs,
    outputs: [output],
    attributes: {},
    scope: '',
    phase: 'update' as const,
  });
  const writer = node('Add', ['state.a', 'x'], 'next.a');
  const view = node('Reshape', ['state.a', 'shape'], 'view');
  const reader = node('Exp', ['view'], 'output.y');
  expect(isWrittenLast([view, reader, writer], 'a')).toBe(true);
  expect(isWrittenLast([view, writer, reader], 'a')).toBe(false);
  expect(isWrittenLast([writer, node('Exp', ['state.a'], 'output.y')], 'a')).toBe(false);
  expect(isWrittenLast([writer, node('Exp', ['state.b'], 'output.y')], 'a')).toBe(true);
});

interface Case {
  /** The states that the step must give a second buffer, because it cannot write over them. */
  readonly separate: readonly string[];
  /** Makes outputs and new states from a scalar input, a matrix [3, 3] and states of shape [3, 3]. */
  readonly step: (
    rate: Tensor,
    matrix: Tensor,
    a: Tensor,
    b: Tensor,
  ) => { outputs: { [name: string]: Tensor }; state: { a: Tensor; b: Tensor } };
}

/** Steps in which writing over a state is wrong, or right only in one order of nodes. */
const cases: { readonly [name: string]: Case } = {
  'a state becomes a product of itself': {
    separate: ['a'],
    step: (rate, matrix, a, b) => ({ outputs: {}, state: { a: matmul(a, matrix), b: multiply(b, rate) } }),
  },
  'a state becomes its own transpose': {
    separate: ['a'],
    step: (rate, _, a, b) => ({ outputs: {}, state: { a: transpose(a, [1, 0]), b: multiply(b, rate) } }),
  },
  'a state is shifted by a row': {
    separate: [],
    step: (rate, _, a, b) => ({
      outputs: {},
      state: { a: concatenate([slice(a, 0, 1, 3), slice(a, 0, 0, 1)], 0), b: multiply(b, rate) },
    }),
  },
  'two states change places': {
    separate: ['a', 'b'],
    step: (_rate, _matrix, a, b) => ({ outputs: {}, state: { a: b, b: a } }),
  },
  'two states change places, one of them scaled': {
    separate: ['b'],
    step: (rate, _, a, b) => ({ outputs: {}, state: { a: multiply(b, rate), b: a } }),
  },
  'one state takes the old value of another': {
    separate: ['b'],
    step: (rate, matrix, a, b) => ({ outputs: { b }, state: { a: add(a, multiply(matrix, rate)), b: a } }),
  },
  'two states change each other by a scaled amount': {
    separate: ['b'],
    step: (rate, _, a, b) => ({
      outputs: {},
      state: { a: add(a, multiply(b, rate)), b: subtract(b, multiply(a, rate)) },
    }),
  },
  'two states become each other plus themselves': {
    separate: ['a', 'b'],
    step: (_rate, matrix, a, b) => ({ outputs: {}, state: { a: add(a, b), b: subtract(b, multiply(a, matrix)) } }),
  },
  'an updated state feeds the update of the next': {
    separate: [],
    step: (rate, matrix, a, b) => {
      const next = add(a, multiply(matrix, rate));
      return { outputs: {}, state: { a: next, b: add(b, multiply(next, rate)) } };
    },
  },
  'a state is returned as it was before the step': {
    separate: [],
    step: (rate, matrix, a, b) => ({
      outputs: { before: a },
      state: { a: subtract(a, multiply(matrix, rate)), b: multiply(b, rate) },
    }),
  },
  'a state is returned as it is after the step': {
    separate: ['a'],
    step: (rate, matrix, a, b) => {
      const next = subtract(a, multiply(matrix, rate));
      return { outputs: { after: next, largest: reduceMax(next) }, state: { a: next, b: multiply(b, rate) } };
    },
  },
  'an output compares a state before and after its update': {
    separate: ['a'],
    step: (rate, matrix, a, b) => {
      const next = add(a, multiply(matrix, rate));
      return { outputs: { change: reduceSum(multiply(next, a)) }, state: { a: next, b: multiply(b, rate) } };
    },
  },
  'many outputs read a state and its views': {
    separate: [],
    step: (rate, matrix, a, b) => {
      const flat = reshape(a, [9]);
      return {
        outputs: { sum: reduceSum(a), most: reduceMax(flat), product: matmul(a, b), square: multiply(flat, flat) },
        state: { a: add(a, multiply(matrix, rate)), b: add(b, multiply(b, rate)) },
      };
    },
  },
  'a state is updated by a row of itself': {
    separate: [],
    step: (rate, _, a, b) => ({
      outputs: {},
      state: { a: add(a, multiply(slice(a, 0, 0, 1), rate)), b: add(b, multiply(reduceSum(b, [0]), rate)) },
    }),
  },
  'a state is updated by its own transpose, seen through a reshape': {
    separate: [],
    step: (rate, _, a, b) => ({
      outputs: {},
      state: { a: add(a, multiply(reshape(transpose(reshape(a, [3, 3]), [1, 0]), [3, 3]), rate)), b: add(b, rate) },
    }),
  },
  'a state is multiplied by itself': {
    separate: [],
    step: (rate, _, a, b) => ({ outputs: {}, state: { a: multiply(a, a), b: multiply(multiply(b, b), rate) } }),
  },
  'two states get one new value': {
    separate: ['b'],
    step: (rate, matrix, a) => {
      const next = add(a, multiply(matrix, rate));
      return { outputs: {}, state: { a: next, b: next } };
    },
  },
  'a state becomes an input': {
    separate: ['a'],
    step: (rate, matrix, a, b) => ({ outputs: { a }, state: { a: matrix, b: multiply(b, rate) } }),
  },
};

function programOf({ step }: Case): Program {
  const square = { shape: [3, 3] };
  return trace(({ rate, matrix }, { a, b }) => step(rate, matrix, a, b), {
    inputs: { rate: { shape: [] }, matrix: square },
    state: { a: square, b: square },
  });
}

describe('a step in which', () => {
  for (const [name, one] of Object.entries(cases)) {
    const program = programOf(one);
    const setStates = async (session: Session) => {
      await session.set('a', uniforms('a', 9));
      await session.set('b', uniforms('b', 9));
    };
    const inputs = (_: Program, seed: number) => ({
      rate: Float32Array.of(0.5),
      matrix: uniforms(`matrix ${seed}`, 9),
    });

    test(`${name} gives the numbers of the reference five times in a row`, async () => {
      await compareFiveSteps(program, setStates, inputs, 1e-5);
    });
    test(`${name}: what is written in place is written last`, () => {
      const { graph, inPlace } = compileProgram(program, 'cpu');
      for (const state of inPlace) expect(isWrittenLast(graph.nodes, state), state).toBe(true);
      expect(['a', 'b'].filter((state) => !inPlace.has(state))).toEqual(one.separate);
    });
  }

  test('a scalar state is stretched over another state stays right', async () => {
    const program = trace(
      (_, { a, scale }) => ({
        outputs: { sum: reduceSum(a), scale },
        state: { a: multiply(a, scale), scale: multiply(scale, 0.9) },
      }),
      { inputs: {}, state: { a: { shape: [4] }, scale: { shape: [] } } },
    );
    const setStates = async (session: Session) => {
      await session.set('a', uniforms('a', 4));
      await session.set('scale', Float32Array.of(1.5));
    };
    await compareFiveSteps(program, setStates, () => ({}), 1e-5);
  });
});

function uniforms(name: string, length: number): Float32Array {
  const random = randomStream(5, name);
  return Float32Array.from({ length }, () => random.nextUniform() - 0.25);
}

let cpu: Engine;
beforeAll(async () => {
  cpu = await onnxEngine('cpu');
});

/** Runs five steps on onnx/cpu and on the reference, and compares outputs and states after each. */
async function compareFiveSteps(
  program: Program,
  setStates: (session: Session) => Promise<void>,
  inputs: (program: Program, seed: number) => { [name: string]: NumericData },
  tolerance: number,
): Promise<void> {
  const [expected, found] = [await referenceEngine().load(program), await cpu.load(program)];
  await setStates(expected);
  await setStates(found);
  for (let step = 0; step < 5; step++) {
    const [right, outputs] = [await expected.run(inputs(program, step)), await found.run(inputs(program, step))];
    expect(Object.keys(outputs).sort()).toEqual(Object.keys(right).sort());
    for (const [name, values] of Object.entries(right)) expectClose(outputs[name] ?? [], values, tolerance);
    for (const [name, { node }] of Object.entries(program.state)) {
      const values = await expected.get(name);
      expect(values.length).toBe(sizeOf(nodeAt(program, node).shape));
      expectClose(await found.get(name), values, tolerance);
    }
  }
  await found.close();
  await expected.close();
}
