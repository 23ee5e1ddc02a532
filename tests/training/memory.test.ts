import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GroundworkError } from '../../src/core/index.ts';
import { type Engine, onnxEngine } from '../../src/engine/index.ts';
import { memoryLimit, type PlanRequest, planRun, type RunDataset, startRun } from '../../src/training/index.ts';
import { memoryFiles } from '../data/store/memory-files.ts';
import { closeDatasets, quickPlan, smallDatasets, smallRecipe, smallRun } from './support/small-training.ts';
import { bundleScript, removeBundle, startProcess } from './support/train-process.ts';

let root: string;
let datasets: RunDataset[];
let engine: Engine;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'memory-'));
  datasets = smallDatasets(root);
  engine = await onnxEngine('cpu', { numThreads: 1 });
});
afterAll(() => {
  closeDatasets(datasets);
  rmSync(root, { recursive: true });
});

describe('the memory that is to be had', () => {
  const files = (texts: { readonly [path: string]: string }) =>
    memoryFiles(new Map(Object.entries(texts).map(([path, text]) => [path, new TextEncoder().encode(text)])));
  const machine = { '/proc/meminfo': 'MemTotal: 16000000 kB\nMemAvailable:   8000000 kB\n' };

  test('is what the machine has free, where nothing else is said', () => {
    expect(memoryLimit(files({}), 123)).toEqual({ availableBytes: 123, limit: 'free memory of the machine' });
    expect(memoryLimit(files(machine), 123).availableBytes).toBe(8_000_000 * 1024);
  });

  test.each([
    [
      'version 2',
      {
        '/proc/self/cgroup': '0::/pod/box\n',
        '/sys/fs/cgroup/pod/memory.max': '1000000000\n',
        '/sys/fs/cgroup/pod/memory.current': '700000000\n',
        '/sys/fs/cgroup/pod/memory.stat': 'anon 5\ninactive_file 200000000\n',
        '/sys/fs/cgroup/pod/box/memory.max': 'max\n',
        '/sys/fs/cgroup/pod/box/memory.current': '1\n',
      },
    ],
    [
      'version 1',
      {
        '/proc/self/cgroup': '5:cpu:/\n4:memory:/box\n',
        '/sys/fs/cgroup/memory/box/memory.limit_in_bytes': '1000000000\n',
        '/sys/fs/cgroup/memory/box/memory.usage_in_bytes': '700000000\n',
        '/sys/fs/cgroup/memory/box/memory.stat': 'total_inactive_file 200000000\n',
        '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
        '/sys/fs/cgroup/memory/memory.usage_in_bytes': '1\n',
      },
    ],
  ])('is what a container leaves, cached files not counted (control groups, %s)', (_, texts) => {
    const expected = { availableBytes: 500_000_000, limit: 'limit of the container' };
    expect(memoryLimit(files({ ...machine, ...texts }))).toEqual(expected);
  });

  test('is what is left of the address space', () => {
    const texts = {
      '/proc/self/limits': 'Limit Soft Hard Units\nMax address space         2000000000 unlimited bytes\n',
      '/proc/self/status': 'Name: node\nVmSize:\t 1000000 kB\n',
    };
    const { availableBytes, limit } = memoryLimit(files({ ...machine, ...texts }));
    expect(availableBytes).toBe(2_000_000_000 - 1_024_000_000);
    expect(limit).toContain('ulimit -v');
    expect(
      memoryLimit(files({ ...texts, ...machine, '/proc/self/limits': 'Max address space unlimited unlimited' })).limit,
    ).toContain('machine');
  });
});

const small = {
  budget: { kind: 'steps', numSteps: 50 },
  size: { numLayers: 1, width: 32 },
  contextLength: 32,
  skipProbe: true,
} as const;

describe('a plan', () => {
  const plan = (bytes: number, request: PlanRequest = {}) =>
    planRun(
      {
        budget: { kind: 'steps', numSteps: 50 },
        size: { numLayers: 2, width: 64 },
        contextLength: 256,
        batchSize: 64,
        skipProbe: true,
        ...request,
      },
      {
        fs: memoryFiles(),
        engine,
        recipe: smallRecipe(),
        datasets,
        memory: { availableBytes: bytes, limit: 'memory of the test' },
      },
    );

  test('cuts a step into micro-batches where it does not fit, and computes again where that is not enough', async () => {
    const whole = await plan(1e12);
    expect(whole.batch).toMatchObject({ batchSize: 64, microBatchSize: 64, recompute: false });
    const tight = await plan(0.6 * whole.memory.neededBytes);
    expect(tight.batch.microBatchSize).toBeLessThan(64);
    expect(tight.batch.batchSize).toBe(64);
    expect(tight.memory.neededBytes).toBeLessThanOrEqual(0.9 * 0.6 * whole.memory.neededBytes);
    expect(tight.reasons.join(' ')).toMatch(/Each step is computed in \d+ micro-batches of/);
    const tighter = await plan(0.45 * whole.memory.neededBytes);
    expect(tighter.batch.microBatchSize).toBeLessThan(tight.batch.microBatchSize);
  });

  test('that cannot fit is refused with numbers and with what would fit', async () => {
    const error = await plan(2e8, { batchSize: 1_000_000, contextLength: 128, microBatchSize: 1_000_000 }).catch(
      (fault: unknown) => fault,
    );
    expect(error).toBeInstanceOf(GroundworkError);
    expect(error).toMatchObject({
      code: 'out-of-memory',
      exitCode: 5,
      message: expect.stringMatching(
        /a step of 1,000,000 rows of 128 tokens needs at least [\d.]+ [GT]B of memory, found 200 MB/,
      ),
      hint: expect.stringMatching(/Micro-batches of [\d,]+ rows would fit/),
    });
  });
});

test('what a step needs at least does not depend on what there is, and what is proposed divides the batch', async () => {
  const refusal = async (
    availableBytes: number,
    batchSize: number,
    microBatchSize: number,
  ): Promise<GroundworkError> => {
    const error = await planRun(
      { ...small, batchSize, microBatchSize },
      { fs: memoryFiles(), engine, recipe: smallRecipe(), datasets, memory: { availableBytes, limit: 'test' } },
    ).catch((fault: unknown) => fault);
    expect(error).toBeInstanceOf(GroundworkError);
    return error as GroundworkError;
  };
  const least = async (availableBytes: number) =>
    /needs at least (\S+ \S+)/.exec((await refusal(availableBytes, 3000, 3000)).message)?.[1];
  expect(await least(2e8)).toBe(await least(2e5));
  const { hint } = await refusal(2e8, 3000, 3000);
  const rows = Number(/Micro-batches of ([\d,]+) rows/.exec(hint)?.[1]);
  expect(3000 % rows, hint).toBe(0);
});

test('a run whose memory is not there is refused before its folder is made', async () => {
  const plan = quickPlan({ memory: { neededBytes: 1e15 } });
  const memory = { availableBytes: 2e9, limit: 'memory of the test' };
  const run = await smallRun(join(root, 'refused'), datasets, { plan, memory });
  await expect(startRun(run)).rejects.toMatchObject({
    code: 'out-of-memory',
    message: 'the run needs 1.00 PB of memory, found 2.00 GB (memory of the test)',
  });
  expect(readdirSync(root)).not.toContain('refused');
});

test.runIf(process.platform === 'linux')(
  'under ulimit -v a run that needs more is refused before it allocates',
  async () => {
    await bundleScript();
    try {
      // Node itself reserves some gigabytes of addresses.
      const command = ['bash', '-c', 'ulimit -v 20000000; exec "$0" "$@"', process.execPath];
      const { code, errors } = await startProcess(
        root,
        join(root, 'limited'),
        { memory: { neededBytes: 30e9 } },
        command,
      ).exit;
      expect(code).toBe(5);
      expect(errors).toMatch(/groundwork: out-of-memory: the run needs 30.0 GB of memory, found [\d.]+ GB/);
      expect(readdirSync(root)).not.toContain('limited');
    } finally {
      removeBundle();
    }
  },
);
