import { describe, expect, test } from 'vitest';
import { type Engine, onnxEngine, probe, referenceEngine, type Session } from '../../src/engine/index.ts';

const shapes = [{ M: 8, K: 4, N: 2 }];

/** A clock on which every look takes ten milliseconds, and so every step that is timed. */
function slowClock(): { monotonicMs(): number } {
  let now = 0;
  return {
    monotonicMs: () => {
      now += 10;
      return now;
    },
  };
}

const engines: readonly (readonly [name: string, load: () => Promise<Engine>])[] = [
  ['reference', async () => referenceEngine()],
  ['onnx/cpu', () => onnxEngine('cpu', { numThreads: 1 })],
];

/** Counts the sessions of an engine and their steps. */
function watched(engine: Engine, fail = false): { engine: Engine; counts: { open: number; steps: number } } {
  const counts = { open: 0, steps: 0 };
  const load = async (program: Parameters<Engine['load']>[0]): Promise<Session> => {
    const session = await engine.load(program);
    counts.open += 1;
    return {
      program,
      run: async (inputs) => {
        counts.steps += 1;
        if (fail) throw new RangeError('no');
        return session.run(inputs);
      },
      set: (name, data) => session.set(name, data),
      get: (name) => session.get(name),
      close: async () => {
        counts.open -= 1;
        await session.close();
      },
    };
  };
  return { engine: { ...engine, load }, counts };
}

for (const [name, load] of engines) {
  describe(`probe of ${name}`, () => {
    test('gives two operations for each multiply-add over the time of a step, in GFLOP/s', async () => {
      const { gemmGflops } = await probe(await load(), { durationMs: 50, shapes, clock: slowClock() });
      expect(gemmGflops).toBeCloseTo((2 * 8 * 4 * 2) / 0.01 / 1e9, 12);
    });

    test('measures a positive rate with the clock of the machine', async () => {
      const { gemmGflops } = await probe(await load(), { durationMs: 1, shapes });
      expect(gemmGflops).toBeGreaterThan(0);
      expect(Number.isFinite(gemmGflops)).toBe(true);
    });
  });
}

test('probe reports the best of its shapes', async () => {
  const many = [...shapes, { M: 8, K: 8, N: 8 }, { M: 2, K: 2, N: 2 }];
  const { gemmGflops } = await probe(referenceEngine(), { durationMs: 1, shapes: many, clock: slowClock() });
  expect(gemmGflops).toBeCloseTo((2 * 8 * 8 * 8) / 0.01 / 1e9, 12);
});

test('probe says what the runtime tells, and for the reference what there is', async () => {
  const short = { durationMs: 1, shapes };
  const cpu = await probe(await onnxEngine('cpu', { numThreads: 1 }), short);
  expect(cpu).toMatchObject({ engine: 'onnx/cpu', provider: 'cpu', numThreads: 1 });
  expect(cpu.device).not.toBe('');
  expect(cpu.memoryBytes).toBeGreaterThan(2 ** 20);
  const reference = await probe(referenceEngine(), short);
  expect(reference).toMatchObject({
    engine: 'reference',
    provider: 'reference',
    numThreads: 1,
    memoryBytes: undefined,
  });
});

test('probe measures until the time is over, after one step that does not count', async () => {
  const { engine, counts } = watched(referenceEngine());
  // Three looks at the clock a step: before it, after it, and whether to go on.
  await probe(engine, { durationMs: 90, shapes, clock: slowClock() });
  expect(counts).toEqual({ open: 0, steps: 1 + 3 });
});

test('probe closes its session also when a step fails', async () => {
  const { engine, counts } = watched(referenceEngine(), true);
  await expect(probe(engine, { durationMs: 1, shapes })).rejects.toThrow('no');
  expect(counts.open).toBe(0);
});
