import { describe, expect, test } from 'vitest';
import type { GroundworkError } from '../../src/core/index.ts';
import { type Engine, type NumericData, onnxEngine, referenceEngine } from '../../src/engine/index.ts';
import {
  add,
  cast,
  crossEntropy,
  gatherRows,
  multiply,
  type Program,
  reshape,
  scope,
  type Tensor,
  takeAlongAxis,
  trace,
} from '../../src/tensor/index.ts';
import { expectRefusal, lateRefusalOf } from '../support/expect-refusal.ts';
import { countedProduct } from '../support/small-programs.ts';

const engines: readonly (readonly [name: string, load: () => Promise<Engine>])[] = [
  ['reference', async () => referenceEngine()],
  ['onnx/cpu', () => onnxEngine('cpu')],
];

const x = Float32Array.of(1, 2, 3, 4);

for (const [name, loadEngine] of engines) {
  describe(`a session of ${name}`, () => {
    const open = async (program: Program = countedProduct()) => (await loadEngine()).load(program);

    test('refuses to run without an input', async () => {
      await using session = await openSession(open());
      const error = await lateRefusalOf(session.run({}));
      expectRefusal(error, 'invalid-array');
      expect(error.message).toMatch(/"x".*float32 \[2, 2\]/);
    });

    test('refuses an input that the Program does not have, also one that every object has', async () => {
      await using session = await openSession(open());
      for (const unknown of ['y', 'count', 'constructor', 'toString', '__proto__']) {
        const inputs = Object.fromEntries([
          ['x', x],
          [unknown, x],
        ]);
        const error = await lateRefusalOf(session.run(inputs));
        expectRefusal(error, 'unknown-name');
        expect(error.message).toContain(`"${unknown}"`);
      }
    });

    test('refuses an input of another length', async () => {
      await using session = await openSession(open());
      for (const length of [0, 3, 5]) {
        expectRefusal(await lateRefusalOf(session.run({ x: new Float32Array(length) })), 'invalid-array');
      }
    });

    test('refuses an input of another type', async () => {
      await using session = await openSession(open());
      const wrong: unknown[] = [Int32Array.from(x), new Uint8Array(4), new Uint16Array(4), [1, 2, 3, 4], 'x', null, 4];
      for (const data of wrong) {
        expectRefusal(await lateRefusalOf(session.run({ x: data as NumericData })), 'invalid-array');
      }
    });

    test('refuses floats where the Program wants int32', async () => {
      await using session = await openSession(open(embedding(4)));
      expectRefusal(await lateRefusalOf(session.run({ indices: Float32Array.of(0, 1) })), 'invalid-array');
      expectRefusal(await lateRefusalOf(session.run({ indices: Float64Array.of(0, 1) })), 'invalid-array');
    });

    test('takes Float64Array for float32', async () => {
      await using session = await openSession(open());
      await expect(session.run({ x: Float64Array.from(x) })).resolves.toBeDefined();
    });

    test('refuses to set or get a state that the Program does not have', async () => {
      await using session = await openSession(open());
      for (const unknown of ['x', 'weights', 'constructor', '__proto__']) {
        expectRefusal(await lateRefusalOf(session.get(unknown)), 'unknown-name');
        expectRefusal(await lateRefusalOf(session.set(unknown, x)), 'unknown-name');
      }
    });

    test('refuses a state of another length or type, and keeps the old one', async () => {
      await using session = await openSession(open());
      await session.set('matrix', x);
      expectRefusal(await lateRefusalOf(session.set('matrix', new Float32Array(3))), 'invalid-array');
      expectRefusal(await lateRefusalOf(session.set('matrix', new Int32Array(4))), 'invalid-array');
      expectRefusal(await lateRefusalOf(session.set('count', Float32Array.of(1))), 'invalid-array');
      expect([...(await session.get('matrix'))]).toEqual([...x]);
    });

    test('keeps its state when a step is refused', async () => {
      await using session = await openSession(open());
      await session.set('matrix', x);
      await lateRefusalOf(session.run({}));
      expect([...(await session.get('matrix'))]).toEqual([...x]);
      expect([...(await session.get('count'))]).toEqual([0]);
    });

    test('is never left with a state that a failed step has half replaced: it keeps the old one, or is closed', async () => {
      await using session = await openSession(open(shiftedEmbedding()));
      await session.run({ indices: Int32Array.of(0, 1) });
      await lateRefusalOf(session.run({ indices: Int32Array.of(0, 4) }));
      const kept = await session.get('numSteps').catch((error: GroundworkError) => error.code);
      if (kept === 'session-closed') {
        expectRefusal(await lateRefusalOf(session.run({ indices: Int32Array.of(0, 1) })), 'session-closed');
        return;
      }
      expect([...kept]).toEqual([1]);
      await session.run({ indices: Int32Array.of(0, 1) });
      expect([...(await session.get('numSteps'))]).toEqual([2]);
    });

    test('refuses everything once it is closed, but closing', async () => {
      const session = await open();
      await session.close();
      for (const use of [session.run({ x }), session.set('matrix', x), session.get('matrix')]) {
        expectRefusal(await lateRefusalOf(use), 'session-closed');
      }
      await expect(session.close()).resolves.toBeUndefined();
    });

    test('does not share memory with its user', async () => {
      await using session = await openSession(open());
      const given = x.slice();
      await session.set('matrix', given);
      given.fill(9);
      const found = await session.get('matrix');
      expect([...found]).toEqual([...x]);
      found.fill(9);
      const { before } = await session.run({ x: Float32Array.of(1, 0, 0, 1) });
      expect([...(before ?? [])]).toEqual([...x]);
      before?.fill(9);
      expect([...(await session.get('matrix'))]).toEqual([...x]);
    });

    test('does not share state with another session of the same Program', async () => {
      const [engine, program] = [await loadEngine(), countedProduct()];
      await using first = await openSession(engine.load(program));
      await using second = await openSession(engine.load(program));
      await first.set('matrix', x);
      await first.run({ x });
      expect([...(await second.get('matrix'))]).toEqual([0, 0, 0, 0]);
      expect([...(await second.get('count'))]).toEqual([0]);
    });

    for (const [op, index, program] of [
      ['gatherRows', 4, embedding(4)],
      ['gatherRows', 2 ** 31 - 1, embedding(4)],
      ['takeAlongAxis', 4, selection()],
      ['a target of crossEntropy', 4, losses()],
    ] as const) {
      test(`refuses the index ${index} of 4 for ${op} before the step, naming the scope`, async () => {
        await using session = await openSession(open(program));
        const error = await lateRefusalOf(session.run({ indices: Int32Array.of(0, index) }));
        expectRefusal(error, 'invalid-array', 'model.lookup');
        expect(error.message).toContain(`"indices" has ${index} at position 1`);
        expect([...(await session.get('numSteps'))]).toEqual([0]);
      });
    }

    test('names the scope where gatherRows meets a computed index out of range', async () => {
      await using session = await openSession(open(shiftedEmbedding()));
      const error = await lateRefusalOf(session.run({ indices: Int32Array.of(0, 4) }));
      expectRefusal(error, 'engine-failure', 'model.lookup');
    });

    test('refuses a Program that was changed after it was traced', async () => {
      const program = countedProduct();
      const nodes = program.nodes.map((node) => (node.op === 'matmul' ? { ...node, shape: [4, 4] } : node));
      expectRefusal(await lateRefusalOf(open({ ...program, nodes })), 'invalid-program', 'layer');
    });
  });
}

describe('element types', () => {
  for (const dtype of ['bfloat16', 'float16'] as const) {
    test(`onnx/cpu refuses ${dtype}, naming the scope and what it has`, async () => {
      const program = trace(
        ({ x }) => ({ outputs: { y: scope('half', () => cast(add(cast(x, dtype), 1), 'float32')) } }),
        {
          inputs: { x: { shape: [2] } },
        },
      );
      const error = await lateRefusalOf((await onnxEngine('cpu')).load(program));
      expectRefusal(error, 'unsupported-dtype', 'half');
      expect(error.message).toContain(dtype);
      expect(error.hint).toContain('float32');
    });
  }

  test('what an engine lists, it loads; what it does not, it refuses', async () => {
    for (const [, loadEngine] of engines) {
      const engine = await loadEngine();
      for (const dtype of ['float32', 'float16', 'bfloat16', 'int32', 'bool'] as const) {
        const loading = engine.load(trace(({ x }) => ({ outputs: { x } }), { inputs: { x: { shape: [2], dtype } } }));
        if (engine.dtypes.has(dtype)) await (await loading).close();
        else expectRefusal(await lateRefusalOf(loading), 'unsupported-dtype');
      }
    }
  });
});

/** A session that closes itself at the end of its block. */
async function openSession<S extends { close(): Promise<void> }>(opening: Promise<S>): Promise<S & AsyncDisposable> {
  const session = await opening;
  return Object.assign(session, { [Symbol.asyncDispose]: () => session.close() });
}

/** Rows of a table by the input `indices`, and a count of the steps. */
function embedding(numRows: number): Program {
  return lookup([numRows, 3], (table, indices) => gatherRows(table, indices));
}

/** The same with indices that the Program computes, so that no engine can know them before the step. */
function shiftedEmbedding(): Program {
  return lookup([4, 3], (table, indices) => gatherRows(table, multiply(indices, 1)));
}

function selection(): Program {
  return lookup([2, 4], (table, indices) => takeAlongAxis(table, reshape(indices, [2, 1]), 1));
}

function losses(): Program {
  return lookup([2, 4], (table, indices) => crossEntropy(table, indices));
}

function lookup(shape: readonly number[], find: (table: Tensor, indices: Tensor) => Tensor): Program {
  return trace(
    ({ indices }, { table, numSteps }) => ({
      outputs: { found: scope('model', () => scope('lookup', () => find(table, indices))) },
      state: { numSteps: add(numSteps, 1) },
    }),
    {
      inputs: { indices: { shape: [2], dtype: 'int32' } },
      state: { table: { shape }, numSteps: { shape: [], dtype: 'int32', kind: 'other' } },
    },
  );
}
