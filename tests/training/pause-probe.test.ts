import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { present } from '../../src/core/index.ts';
import { type Engine, onnxEngine } from '../../src/engine/index.ts';
import type { RunDataset } from '../../src/training/index.ts';
import { measurePauses } from '../../src/training/pause-probe.ts';
import { smallDatasets, smallRecipe } from './support/small-training.ts';

const root = mkdtempSync(join(tmpdir(), 'groundwork-pauses-'));
let engine: Engine;
let datasets: RunDataset[];
beforeAll(async () => {
  engine = await onnxEngine('cpu', { numThreads: 1 });
  datasets = smallDatasets(root);
});
afterAll(() => {
  for (const { dataset } of datasets) dataset.close();
  rmSync(root, { recursive: true, force: true });
});

const size = { vocabularySize: 257, contextLength: 32, numLayers: 2, width: 32 };
const question = () => ({ size, batchSize: 4, dataset: present(datasets[0], 'a dataset').dataset });

/** A clock that moves by a millisecond at each look. */
function countingClock() {
  let now = 0;
  return { monotonicMs: () => now++ };
}

describe('measuring evaluations and samples', () => {
  test('tells what a batch, a sample, new parameters and the loading take, each more than nothing', async () => {
    const { loadMs, refreshMs, batchMs, sampleMs } = await measurePauses(engine, smallRecipe(), question());
    expect(Math.min(loadMs, refreshMs, batchMs, sampleMs)).toBeGreaterThan(0);
  });

  test('counts a sample as 64 tokens, one look for each, and new parameters as those of both', async () => {
    const { refreshMs, batchMs, sampleMs } = await measurePauses(engine, smallRecipe(), question(), {
      clock: countingClock(),
    });
    expect(sampleMs).toBe(64);
    expect(batchMs).toBe(1);
    expect(refreshMs).toBe(2);
  });

  test('counts the reading of the prompt as part of a sample, and the first use of a session as loading', async () => {
    let now = 0;
    // The session of a prompt takes 30 ms, that of a token 2 ms, and each 100 ms more at its first use.
    const slow: Engine = {
      ...engine,
      load: async (program) => {
        const session = await engine.load(program);
        let isFirst = true;
        const isPrompt = !('position' in program.inputs) && !('targets' in program.inputs);
        return {
          program,
          get: (name) => session.get(name),
          set: (name, data) => session.set(name, data),
          close: () => session.close(),
          run: (inputs) => {
            now += (isPrompt ? 30 : 2) + (isFirst ? 100 : 0);
            isFirst = false;
            return session.run(inputs);
          },
        };
      },
    };
    const { sampleMs, loadMs } = await measurePauses(slow, smallRecipe(), question(), {
      clock: { monotonicMs: () => now },
    });
    expect(sampleMs).toBe(30 + 63 * 2);
    expect(loadMs).toBe(300);
  });

  test('closes every session that it opened', async () => {
    let open = 0;
    const counted: Engine = {
      ...engine,
      load: async (program) => {
        const session = await engine.load(program);
        open += 1;
        return {
          program: session.program,
          run: (inputs) => session.run(inputs),
          get: (name) => session.get(name),
          set: (name, data) => session.set(name, data),
          close: () => {
            open -= 1;
            return session.close();
          },
        };
      },
    };
    await measurePauses(counted, smallRecipe(), question());
    expect(open).toBe(0);
    await expect(
      measurePauses(counted, smallRecipe(), question(), { signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ code: 'interrupted' });
    expect(open).toBe(0);
  });
});
