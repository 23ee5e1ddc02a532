import { describe, expect, test } from 'vitest';
import { type Engine, onnxEngine } from '../../src/engine/index.ts';
import { compileProgram } from '../../src/engine/onnx/compile.ts';
import {
  add,
  argMax,
  gatherRows,
  matmul,
  multiply,
  type Program,
  reduceSum,
  scope,
  trace,
} from '../../src/tensor/index.ts';
import { expectRefusal, lateRefusalOf } from '../support/expect-refusal.ts';
import { runScript } from '../support/run-script.ts';

// Sessions on onnx/cpu keep state and outputs in arrays that the runtime writes itself.

const engine = await onnxEngine('cpu');

/** Adds its input to a vector that it returns, before and after. */
function accumulator(): Program {
  return trace(
    ({ x }, { total }) => {
      const next = add(total, x);
      return { outputs: { before: total, after: next, double: multiply(next, 2) }, state: { total: next } };
    },
    { inputs: { x: { shape: [3] } }, state: { total: { shape: [3] } } },
  );
}

const x = Float32Array.of(1, 2, 3);

describe('arrays that a session of onnx/cpu hands out', () => {
  test('outputs of a step are not changed by the next step', async () => {
    const session = await engine.load(accumulator());
    const first = await session.run({ x });
    const second = await session.run({ x });
    expect(lists(first)).toEqual({ before: [0, 0, 0], after: [1, 2, 3], double: [2, 4, 6] });
    expect(lists(second)).toEqual({ before: [1, 2, 3], after: [2, 4, 6], double: [4, 8, 12] });
    await session.close();
    expect(lists(first)).toEqual({ before: [0, 0, 0], after: [1, 2, 3], double: [2, 4, 6] });
  });

  test('outputs are not the state: writing into them changes nothing', async () => {
    const session = await engine.load(accumulator());
    for (const output of Object.values(await session.run({ x }))) output.fill(99);
    expect([...(await session.get('total'))]).toEqual([1, 2, 3]);
    expect(lists(await session.run({ x })).before).toEqual([1, 2, 3]);
    await session.close();
  });

  test('get returns a copy that neither a step nor its user shares with the session', async () => {
    const session = await engine.load(accumulator());
    await session.run({ x });
    const [copy, other] = [await session.get('total'), await session.get('total')];
    other.fill(99);
    await session.run({ x });
    expect([...copy]).toEqual([1, 2, 3]);
    expect([...(await session.get('total'))]).toEqual([2, 4, 6]);
    await session.close();
  });

  test('inputs may be used again as soon as a step is over', async () => {
    const session = await engine.load(accumulator());
    const given = x.slice();
    const { after } = await session.run({ x: given });
    given.fill(99);
    expect([...(after ?? [])]).toEqual([1, 2, 3]);
    expect([...(await session.get('total'))]).toEqual([1, 2, 3]);
    await session.close();
  });
});

function lists(outputs: { readonly [name: string]: ArrayLike<number> }): { [name: string]: number[] } {
  return Object.fromEntries(Object.entries(outputs).map(([name, values]) => [name, Array.from(values)]));
}

describe('the memory of 200 steps on a state of a MiB', () => {
  for (const kind of ['in place', 'in turn']) {
    test(`written ${kind}: no step leaves a copy of it behind`, async () => {
      const found = await runScript('tests/support/memory-of-steps.ts', [kind, '200']);
      const { stateBytes, mostArrayBytes, rssBytes } = found as { [name: string]: number };
      expect(stateBytes).toBe(2 ** 20);
      expect(mostArrayBytes).toBeLessThan(2 ** 20);
      expect(rssBytes).toBeLessThan(16 * 2 ** 20);
    });
  }
});

describe('a step that fails in the runtime', () => {
  // The position of the largest of four numbers plus 100: no engine can know it before the step.
  const failing = (isInPlace: boolean) =>
    trace(
      ({ x }, { table, weights }) => {
        const row = add(argMax(x, 0), multiply(100, argMax(x, 0)));
        return {
          outputs: { found: scope('lookup', () => gatherRows(table, row)), sum: reduceSum(weights) },
          state: { weights: isInPlace ? add(weights, 1) : matmul(weights, weights) },
        };
      },
      { inputs: { x: { shape: [2] } }, state: { table: { shape: [2, 3] }, weights: { shape: [2, 2] } } },
    );
  const [good, bad] = [{ x: Float32Array.of(1, 0) }, { x: Float32Array.of(0, 1) }];
  const weights = Float32Array.of(1, 1, 0, 1);

  test('leaves a session that writes over its state closed: it may be half written', async () => {
    expect([...compileProgram(failing(true), 'cpu').inPlace]).toEqual(['weights']);
    const session = await engine.load(failing(true));
    await session.run(good);
    expectRefusal(await lateRefusalOf(session.run(bad)), 'engine-failure', 'lookup');
    for (const use of [session.run(good), session.get('weights'), session.set('weights', weights)]) {
      const refusal = await lateRefusalOf(use);
      expectRefusal(refusal, 'session-closed');
      expect(refusal.message).toContain('state is lost');
      expect(refusal.hint).toContain('checkpoint');
    }
    await expect(session.close()).resolves.toBeUndefined();
  });

  test('leaves a session that has no state in place as it was before the step', async () => {
    expect([...compileProgram(failing(false), 'cpu').inPlace]).toEqual([]);
    const session = await engine.load(failing(false));
    await session.set('weights', weights);
    await session.run(good);
    expect([...(await session.get('weights'))]).toEqual([1, 2, 0, 1]);
    expectRefusal(await lateRefusalOf(session.run(bad)), 'engine-failure', 'lookup');
    expect([...(await session.get('weights'))]).toEqual([1, 2, 0, 1]);
    await session.run(good);
    expect([...(await session.get('weights'))]).toEqual([1, 4, 0, 1]);
    await session.close();
  });

  test('that is refused before it starts leaves state in place as it was', async () => {
    const session = await engine.load(failing(true));
    await session.run(good);
    expectRefusal(await lateRefusalOf(session.run({ x: new Float32Array(3) })), 'invalid-array');
    await session.run(good);
    expect([...(await session.get('weights'))]).toEqual([2, 2, 2, 2]);
    await session.close();
  });
});

describe('a session in the middle of a step', () => {
  const busy = async (loaded: Engine) => {
    const session = await loaded.load(accumulator());
    return { session, step: session.run({ x }) };
  };

  test('takes a second step after the first', async () => {
    const { session, step } = await busy(engine);
    const second = session.run({ x });
    expect(lists(await step).after).toEqual([1, 2, 3]);
    expect(lists(await second).after).toEqual([2, 4, 6]);
    await session.close();
  });

  test('reads and replaces its state after the step', async () => {
    const { session, step } = await busy(engine);
    const [read] = await Promise.all([session.get('total'), session.set('total', x), session.get('total')]);
    expect([...read]).toEqual([1, 2, 3]);
    expect(lists(await step).after).toEqual([1, 2, 3]);
    expect(lists(await session.run({ x })).after).toEqual([2, 4, 6]);
    await session.close();
  });

  test('closes after the step, once, however often it is asked', async () => {
    const { session, step } = await busy(engine);
    await Promise.all([session.close(), session.close()]);
    expect(lists(await step).after).toEqual([1, 2, 3]);
    await session.close();
    expectRefusal(await lateRefusalOf(session.run({ x })), 'session-closed');
  });
});
