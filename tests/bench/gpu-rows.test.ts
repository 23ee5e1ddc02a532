import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { agreements, measuredTurns } from '../../bench/gpu/agreement.ts';
import type { GpuModel } from '../../bench/gpu/models.ts';
import { readRecord } from '../../bench/gpu/record.ts';
import { rowSpecs } from '../../bench/gpu/rows.ts';
import { writeBundle } from '../../bench/gpu/task.ts';
import { present } from '../../src/core/index.ts';
import { runsEverything } from '../support/full-tests.ts';
import { describeWithJax } from '../support/jax-python.ts';

const folder = mkdtempSync(join(tmpdir(), 'groundwork-gpu-rows-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const extent = {
  size: { vocabularySize: 96, contextLength: 16, numLayers: 2, width: 64 },
  batchSize: 4,
  microBatchSizes: [2],
} as const;
const model = (recipe: string): GpuModel => ({
  id: recipe,
  recipe,
  ...extent,
  precision: 'bfloat16',
  check: { ...extent, precision: 'float32' },
});

describeWithJax('a bundle', (python) => {
  const measure = (recipe: string, rows: string) => {
    const bundle = join(folder, recipe);
    writeBundle(bundle, { models: [model(recipe)] });
    const json = join(bundle, 'gpu.json');
    const flags = ['--device', 'cpu', '--rounds', '1', '--bursts', '1', '--steps', '1', '--check-steps', '3'];
    // Without the checkout: the folder has all that is needed.
    execFileSync(python, [join(bundle, 'run.py'), ...flags, '--rows', rows, '--json', json], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    return readRecord(json);
  };

  test('measures with Python alone, and the emitted step agrees with JAX written by hand', { timeout: 300_000 }, () => {
    const record = measure('nanochat-2025', '^(ours-xla|plain-jax-xla|ours-cudnn)$');
    expect(record.isComplete).toBe(true);
    const agreed = agreements(record, 'nanochat-2025');
    expect([...agreed.keys()].toSorted()).toEqual(['ours-xla', 'plain-jax-xla']);
    const hand = present(agreed.get('plain-jax-xla'), 'the row by hand');
    expect(hand).toMatchObject({ isRight: true });
    expect(present(hand.check, 'the small model').loss).toBeLessThan(1e-5);
    const turn = record.turns.find(({ row }) => row === 'ours-cudnn');
    expect(turn?.result).toEqual({ unavailable: 'JAX on a cpu has no attention of cuDNN' });
  });

  test.runIf(runsEverything)('every row of JAX agrees on GPT-2, the reference form too', { timeout: 300_000 }, () => {
    const record = measure('gpt2', '^(ours-xla|ours-reference|plain-jax-xla)$');
    expect([...measuredTurns(record, 'gpt2').keys()]).toHaveLength(3);
    for (const { isRight } of agreements(record, 'gpt2').values()) expect(isRight).toBe(true);
  });

  test('is small enough to carry, since weights are drawn where it runs', () => {
    const bundle = join(folder, 'size');
    writeBundle(bundle, { models: [model('gpt2')] });
    const scripts = rowSpecs.flatMap(({ script }) => (script === '' ? [] : [script]));
    for (const file of ['run.py', 'task.py', 'task.json', ...scripts]) {
      expect(statSync(join(bundle, file)).size).toBeLessThan(200_000);
    }
  });
});
