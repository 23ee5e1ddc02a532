import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { referenceEngine } from '../../../src/engine/index.ts';
import { type JaxEngine, jaxEngine, pythonFolder } from '../../../src/engine/node.ts';
import {
  add,
  cast,
  constant,
  matmul,
  multiply,
  type Program,
  reduceSum,
  reshape,
  trace,
} from '../../../src/tensor/index.ts';
import { expectRefusal, lateRefusalOf } from '../../support/expect-refusal.ts';
import { describeWithJax, quicklyCompiled } from '../../support/jax-python.ts';
import { setParameters, smallBatch, smallTrainingStep } from '../../support/small-gpt.ts';
import { countedProduct } from '../../support/small-programs.ts';

const environment = quicklyCompiled;
const x = Float32Array.of(1, 2, 3, 4);

/** State of every type, each read and replaced. */
function manyTypes(): Program {
  return trace(
    (_, { flags, counts, half, short }) => ({
      outputs: { sum: add(reduceSum(cast(half, 'float32')), reduceSum(cast(short, 'float32'))), flags },
      state: { flags, counts: add(counts, 1), half: multiply(half, 2), short: add(short, short) },
    }),
    {
      inputs: {},
      state: {
        flags: { shape: [3], dtype: 'bool', kind: 'other' },
        counts: { shape: [2], dtype: 'int32', kind: 'other' },
        half: { shape: [2], dtype: 'bfloat16', kind: 'other' },
        short: { shape: [2], dtype: 'float16', kind: 'other' },
      },
    },
  );
}

describeWithJax('a session on JAX', () => {
  let engine: JaxEngine;
  beforeAll(async () => {
    engine = await jaxEngine({ environment });
  });
  afterAll(() => engine.close());

  test('says where it runs', () => {
    expect(engine.name).toBe('jax/cpu');
    expect(engine.runtime).toMatchObject({ provider: 'jax', platform: 'cpu', numDevices: 1 });
    expect(engine.runtime.versions.jax).toMatch(/^0\.1[0-2]\./);
  });

  test('runs steps on its state, which begins as zeros', async () => {
    const session = await engine.load(countedProduct());
    expect([...(await session.get('matrix'))]).toEqual([0, 0, 0, 0]);
    await session.set('matrix', x);
    const { before } = await session.run({ x: Float32Array.of(0, 1, 1, 0) });
    expect(before).toEqual(x);
    expect(await session.get('matrix')).toEqual(Float32Array.of(2, 1, 4, 3));
    expect(await session.get('count')).toEqual(Int32Array.of(1));
    await session.close();
  });

  test('takes and gives every type, and float64 in place of any floating type', async () => {
    const session = await engine.load(manyTypes());
    await session.set('flags', Uint8Array.of(1, 0, 1));
    await session.set('counts', Int32Array.of(-1, 2 ** 31 - 2));
    await session.set('half', Uint16Array.of(0x3f80, 0xc000));
    await session.set('short', Float64Array.of(0.5, -2));
    const { sum, flags } = await session.run({});
    expect(sum).toEqual(Float32Array.of(-2.5));
    expect(flags).toEqual(Uint8Array.of(1, 0, 1));
    expect(await session.get('counts')).toEqual(Int32Array.of(0, 2 ** 31 - 1));
    expect(await session.get('half')).toEqual(Uint16Array.of(0x4000, 0xc080));
    expect(await session.get('short')).toEqual(Uint16Array.of(0x3c00, 0xc400));
    await session.close();
  });

  test('keeps states that are set between steps, and those that lie in one stack apart', async () => {
    const program = smallTrainingStep();
    const [session, reference] = [await engine.load(program), await referenceEngine().load(program)];
    for (const one of [session, reference]) {
      await setParameters(one, 1);
      await one.run(smallBatch(program, 1));
      // One layer of several is replaced, on the host and again on the device.
      await setParameters(one, 2);
      await one.run(smallBatch(program, 2));
    }
    for (const name of Object.keys(program.state)) {
      const [found, expected] = [await session.get(name), await reference.get(name)];
      expect(found.length).toBe(expected.length);
      expected.forEach((value, i) => {
        expect(Math.abs((found[i] ?? Number.NaN) - value), `${name}[${i}]`).toBeLessThan(
          2e-4 * Math.max(1, Math.abs(value)),
        );
      });
    }
    await session.close();
  });

  test('gives the same bits again', async () => {
    const program = smallTrainingStep();
    const run = async () => {
      const session = await engine.load(program);
      await setParameters(session, 1);
      for (let step = 0; step < 3; step++) await session.run(smallBatch(program, step));
      const values = await session.get('embedding');
      await session.close();
      return values;
    };
    expect(await run()).toEqual(await run());
  });

  test('refuses what does not fit, and keeps its state', async () => {
    const session = await engine.load(countedProduct());
    await session.set('matrix', x);
    expectRefusal(await lateRefusalOf(session.run({})), 'invalid-array');
    expectRefusal(await lateRefusalOf(session.run({ x, y: x })), 'unknown-name');
    expectRefusal(await lateRefusalOf(session.run({ x: new Float32Array(3) })), 'invalid-array');
    expectRefusal(await lateRefusalOf(session.set('matrix', new Float32Array(3))), 'invalid-array');
    expectRefusal(await lateRefusalOf(session.get('x')), 'unknown-name');
    expect(await session.get('matrix')).toEqual(x);
    await session.close();
    await session.close();
    for (const use of [session.run({ x }), session.set('matrix', x), session.get('matrix')]) {
      expectRefusal(await lateRefusalOf(use), 'session-closed');
    }
  });

  test('refuses token ids out of range before the step', async () => {
    const program = smallTrainingStep();
    const session = await engine.load(program);
    const batch = smallBatch(program, 1);
    const error = await lateRefusalOf(session.run({ ...batch, tokens: new Int32Array(8).fill(7) }));
    expectRefusal(error, 'invalid-array', 'embedding');
    await session.run(batch);
    await session.close();
  });

  test('shares its process with others, in whatever order they are used', async () => {
    const sessions = await Promise.all([1, 2, 3].map(() => engine.load(countedProduct())));
    await Promise.all(
      sessions.map((session, i) =>
        session.set(
          'matrix',
          x.map((value) => value * i),
        ),
      ),
    );
    await Promise.all(sessions.map((session) => session.run({ x: Float32Array.of(1, 0, 0, 1) })));
    for (const [i, session] of sessions.entries()) {
      expect(await session.get('matrix')).toEqual(x.map((value) => value * i));
      await session.close();
    }
  });

  test('tells what the compiler says of its memory', async () => {
    const session = await engine.load(countedProduct());
    const memory = await session.memory();
    expect(memory.argumentBytes).toBeGreaterThanOrEqual(36);
    // The state is written where it was.
    expect(memory.aliasBytes).toBeGreaterThan(0);
    await session.close();
  });

  test('that cannot have the memory says so', async () => {
    // More than a process can address, so that no system promises it.
    const program = trace((_, { table }) => ({ outputs: { count: constant(1) }, state: { table: add(table, 1) } }), {
      inputs: {},
      state: { table: { shape: [2 ** 23, 2 ** 23] } },
    });
    const session = await engine.load(program);
    const error = await lateRefusalOf(session.run({}));
    expectRefusal(error, 'out-of-memory');
    expectRefusal(await lateRefusalOf(session.run({})), 'session-closed');
    await session.close();
  });
});

describeWithJax('the process of JAX', () => {
  test('that is killed ends what was asked of it with its last words, and another one loads again', async () => {
    const engine = await jaxEngine({ environment });
    try {
      const session = await engine.load(countedProduct());
      const processId = engine.processId();
      expect(processId).toBeGreaterThan(0);
      const running = lateRefusalOf(session.run({ x }));
      process.kill(processId ?? 0, 'SIGKILL');
      const error = await running;
      expectRefusal(error, 'engine-failure');
      expect(error.message).toContain('SIGKILL');
      expectRefusal(await lateRefusalOf(session.run({ x })), 'session-closed');
      await expect(session.close()).resolves.toBeUndefined();
      const next = await engine.load(countedProduct());
      await next.run({ x });
      expect(engine.processId()).not.toBe(processId);
    } finally {
      engine.close();
    }
  });

  test('that is closed refuses all that follows', async () => {
    const engine = await jaxEngine({ environment });
    const session = await engine.load(countedProduct());
    engine.close();
    expectRefusal(await lateRefusalOf(session.get('matrix')), 'session-closed');
    expectRefusal(await lateRefusalOf(engine.load(countedProduct())), 'session-closed');
    expect(engine.processId()).toBeUndefined();
  });
});

describeWithJax('JAX with two devices', () => {
  /** A sum over rows, and a state that counts them: what devices have to put together. */
  const rowSums = trace(
    ({ rows }, { total }) => {
      const sums = reduceSum(rows, [0]);
      return { outputs: { product: matmul(rows, total), sums }, state: { total: add(total, reshape(sums, [3, 1])) } };
    },
    { inputs: { rows: { shape: [4, 3] } }, state: { total: { shape: [3, 1], kind: 'other' } } },
  );
  const rows = Float32Array.from({ length: 12 }, (_, i) => i);
  const twoDevices = { ...environment, JAX_NUM_CPU_DEVICES: '2' };

  test('divides the rows of a batch, and gives what one gives', async () => {
    const engine = await jaxEngine({ environment: twoDevices });
    try {
      expect(engine.runtime.numDevices).toBe(2);
      const session = await engine.load(rowSums);
      for (let step = 0; step < 2; step++) {
        const { product, sums } = await session.run({ rows });
        expect([...(sums ?? [])]).toEqual([18, 22, 26]);
        expect([...(product ?? [])]).toEqual(step === 0 ? [0, 0, 0, 0] : [74, 272, 470, 668]);
      }
      expect([...(await session.get('total'))]).toEqual([36, 44, 52]);
    } finally {
      engine.close();
    }
  });

  test('runs on so many as are asked for, and refuses more than there are', async () => {
    const engine = await jaxEngine({ environment: twoDevices, numDevices: 1 });
    try {
      expect(engine.runtime.numDevices).toBe(1);
      const session = await engine.load(rowSums);
      expect([...((await session.run({ rows })).sums ?? [])]).toEqual([18, 22, 26]);
    } finally {
      engine.close();
    }
    expectRefusal(await lateRefusalOf(jaxEngine({ environment: twoDevices, numDevices: 3 })), 'provider-unavailable');
  });
});

describeWithJax('session.py', (python) => {
  test('ends when its input ends, without a word, and takes no interrupt for itself', async () => {
    const child = spawn(python, [`${pythonFolder}session.py`], {
      env: environment,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const header = Buffer.from(JSON.stringify({ call: 'facts', sizes: [], wide: [] }));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(header.length);
    child.stdin.write(Buffer.concat([length, header]));
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    child.kill('SIGTERM');
    child.stdin.write(Buffer.concat([length, header]));
    await once(child.stdout, 'data');
    child.stdin.end();
    expect(await once(child, 'exit')).toEqual([0, null]);
  });
});
