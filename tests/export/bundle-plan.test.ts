import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nodeFileSystem } from '../../src/core/node.ts';
import { type BundlePlanRequest, forecastOnDevices, planBundle } from '../../src/export/index.ts';
import { recipeNamed } from '../../src/recipe/index.ts';
import { acceleratorNamed, type Forecast, usableBytesOf } from '../../src/theory/index.ts';
import { expectRefused } from './support/refusal.ts';
import { type BundleRoom, bundleRoom } from './support/small-bundle.ts';

let room: BundleRoom;
beforeAll(() => {
  room = bundleRoom();
});
afterAll(() => room.close());

const planned = (request: Partial<BundlePlanRequest>) =>
  planBundle(
    {
      budget: { kind: 'steps', numSteps: 100 },
      size: { numLayers: 2, width: 64 },
      contextLength: 32,
      precision: 'bfloat16',
      device: acceleratorNamed('l4'),
      numDevices: 8,
      ...request,
    },
    { fs: nodeFileSystem, recipe: recipeNamed('baseline'), datasets: room.datasets },
  );

describe('the plan of a bundle', () => {
  test('gives every device as many rows, and a small model to each', async () => {
    const { plan, mesh, cluster } = await planned({ numDevices: 6 });
    expect(mesh).toEqual({ data: 6, fsdp: 1, model: 1 });
    expect(plan.batch.batchSize % 6).toBe(0);
    expect(plan.batch.microBatchSize % 6).toBe(0);
    expect(plan.numSteps).toBe(100);
    expect(plan.expected).toMatchObject({ source: 'estimated', msPerStep: cluster?.msPerStep.value, limitMs: null });
    expect(plan.reasons.join(' ')).toContain('6 × NVIDIA L4');
    expect(plan.reasons.join(' ')).not.toContain('guess');
  });

  test('shares out parameters where a device cannot hold them all, and cuts the rows until they fit', async () => {
    // 1.6 billion parameters take 26 GB with what AdamW keeps of them; an L4 has 24.
    const large = { size: { numLayers: 8, width: 4096 }, contextLength: 1024, batchSize: 64 };
    const { plan, mesh } = await planned(large);
    expect(mesh).toEqual({ data: 1, fsdp: 8, model: 1 });
    expect(plan.batch.microBatchSize % 8).toBe(0);
    expect(64 % plan.batch.microBatchSize).toBe(0);
    expect(plan.memory.neededBytes).toBeLessThanOrEqual(usableBytesOf(acceleratorNamed('l4')));
    await expectRefused(planned({ ...large, fsdp: false }), 'out-of-memory', 'GiB on each device');
    const chosen = await planned({ fsdp: true, numModelDevices: 2 });
    expect(chosen.mesh).toEqual({ data: 1, fsdp: 4, model: 2 });
  });

  test('counts on attention as one kernel where the runner takes it: in bfloat16 on NVIDIA devices', async () => {
    const fused = async (request: Partial<BundlePlanRequest>) =>
      (await planned(request)).cluster?.fit.workload.hasFusedAttention;
    expect(await fused({})).toBe(true);
    expect(await fused({ device: acceleratorNamed('tpu-v5e') })).toBe(false);
    expect(await fused({ device: acceleratorNamed('mi300x') })).toBe(false);
    expect(await fused({ precision: 'float32' })).toBe(false);
  });

  test('registers time and memory of the devices', async () => {
    const plan = await planned({});
    const here = {
      durationMs: { value: 1 },
      assumptions: ['a law', 'the time is of this machine'],
    } as unknown as Forecast;
    const there = forecastOnDevices(here, plan);
    expect(there.peakMemoryBytes?.value).toBeCloseTo(plan.cluster?.fit.memory.peak ?? 0);
    expect(there.assumptions.join(' ')).toContain('8 × NVIDIA L4');
    expect(there.assumptions.join(' ')).not.toContain('this machine');
  });

  test('without a device says that its times are guesses', async () => {
    const { plan, cluster, mesh } = await planned({ device: undefined, numDevices: 2, precision: 'float32' });
    expect(cluster).toBeUndefined();
    expect(mesh).toEqual({ data: 2, fsdp: 1, model: 1 });
    expect(plan.warnings.at(-1)).toContain('guesses');
  });

  test('refuses what no devices can do', async () => {
    await expectRefused(planned({ budget: { kind: 'time', durationMs: 1e6 } }), 'usage', 'a budget of time');
    await expectRefused(planned({ numModelDevices: 3 }), 'usage', 'cannot be cut into groups of 3');
    await expectRefused(planned({ batchSize: 12 }), 'usage', '12 rows cannot be shared out evenly over 8');
    await expectRefused(planned({ batchSize: 16, microBatchSize: 4 }), 'usage', 'micro-batches of 4 rows');
    const tpu = { device: acceleratorNamed('tpu-v5e'), precision: 'float32' as const };
    await expectRefused(planned(tpu), 'usage', 'no published rate for float32');
  });
});
