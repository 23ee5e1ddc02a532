import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { mapInOrder, openWorkerPool, type WorkerPool, workerFile } from '../../src/core/node.ts';
import { createSquareHandler, type SquareTask } from './workers/square-worker.mjs';

let pool: WorkerPool<SquareTask, Float64Array> | undefined;
afterEach(() => pool?.close());

const open = (numWorkers: number, options: { readonly heapLimitMb?: number } = {}) => {
  pool = openWorkerPool({
    file: new URL('./workers/square-worker.mjs', import.meta.url),
    numWorkers,
    ...options,
    context: { offset: 1 },
    createHandler: createSquareHandler,
  });
  return pool;
};

describe.each([1, 2])('a pool of %i', (numWorkers) => {
  test('answers tasks with the context that it was opened with', async () => {
    const { run } = open(numWorkers);
    const answers = await Promise.all([1, 2, 3].map((x) => run({ numbers: new Float64Array([x, 10]) })));
    expect(answers.map((answer) => [...answer])).toEqual([
      [2, 101],
      [5, 101],
      [10, 101],
    ]);
  });

  test('passes on code, message and hint of a fault', async () => {
    await expect(open(numWorkers).run({ numbers: new Float64Array(1), fail: 'fault' })).rejects.toMatchObject({
      code: 'invalid-document',
      message: 'found a three',
      hint: 'Take the three out.',
    });
  });

  test('passes on a bug and goes on', async () => {
    const { run } = open(numWorkers);
    await expect(run({ numbers: new Float64Array(1), fail: 'bug' })).rejects.toThrow('a bug');
    expect([...(await run({ numbers: new Float64Array([3]) }))]).toEqual([10]);
  });
});

test('a thread that runs out of memory is a fault that can be mended', async () => {
  const { run } = open(2, { heapLimitMb: 16 });
  await expect(run({ numbers: new Float64Array(1), fail: 'memory' })).rejects.toMatchObject({ code: 'out-of-memory' });
});

test('buffers that are transferred move to the worker', async () => {
  const numbers = new Float64Array([4]);
  expect([...(await open(2).run({ numbers }, [numbers.buffer]))]).toEqual([17]);
  expect(numbers.length).toBe(0);
});

test('a worker file is that of the build, whether its module is a source or not', () => {
  expect(workerFile('file:///a/src/data/build/build.ts', 'clean-worker').href).toBe(
    'file:///a/dist/data/build/clean-worker.js',
  );
  expect(workerFile('file:///a/dist/data/build/build.js', 'clean-worker').href).toBe(
    'file:///a/dist/data/build/clean-worker.js',
  );
});

describe('mapInOrder', () => {
  test('yields in the order of the items, however long each takes', async () => {
    const turns = [5, 0, 3, 1, 4, 0];
    const results: number[] = [];
    const work = async (item: number) => {
      for (let i = 0; i < (turns[item] ?? 0); i++) await setImmediate();
      return item;
    };
    for await (const result of mapInOrder(turns.keys(), 3, work)) results.push(result);
    expect(results).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test('never has more items at work than it may', async () => {
    let atWork = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++atWork);
      await setImmediate();
      atWork--;
    };
    for await (const _ of mapInOrder(new Array(20).keys(), 4, work));
    expect(most).toBe(4);
  });

  test('reports a failure in its turn, after what came before it', async () => {
    const seen: number[] = [];
    const work = async (item: number) => {
      if (item === 2) throw new Error('two');
      await setImmediate();
      return item;
    };
    await expect(async () => {
      for await (const result of mapInOrder([0, 1, 2, 3], 4, work)) seen.push(result);
    }).rejects.toThrow('two');
    expect(seen).toEqual([0, 1]);
  });
});
