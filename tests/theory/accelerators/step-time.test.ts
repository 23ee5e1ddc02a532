import { describe, expect, test } from 'vitest';
import { llama8B, workloadOf } from '../../../bench/fleet/public-models.ts';
import { recipeNamed } from '../../../src/recipe/index.ts';
import {
  acceleratorNamed,
  type DeviceMesh,
  deviceStepTime,
  meshOf,
  modelFlopsPerToken,
  trainingWorkload,
} from '../../../src/theory/index.ts';

const h100 = acceleratorNamed('h100');
const workload = workloadOf(llama8B, { batchSize: 64, recompute: true });
const options = { efficiency: 0.4, numMicroBatches: 1 };

describe('time of a step', () => {
  test('on one device is its arithmetic at the efficiency', () => {
    const step = deviceStepTime(workload, h100, meshOf(1), options);
    const flops = modelFlopsPerToken(workload) * 64 * 8192;
    expect(step?.msPerStep).toBeCloseTo((1000 * flops) / (0.4 * 989.4e12), 6);
    expect(step).toMatchObject({ hiddenMs: 0, exposedMs: 0, link: null });
  });

  test('falls with the number of devices until the network holds it up', () => {
    const on = (count: number) =>
      deviceStepTime(workloadOf(llama8B, { batchSize: 4096 }), h100, meshOf(count, { fsdp: true }), options);
    expect((on(8)?.msPerStep ?? 0) / (on(64)?.msPerStep ?? 1)).toBeCloseTo(8, 1);
    const few = deviceStepTime(workloadOf(llama8B, { batchSize: 4096 }), h100, meshOf(4096, { fsdp: true }), {
      ...options,
      efficiency: 0.9,
    });
    const many = deviceStepTime(
      { ...workloadOf(llama8B, { batchSize: 4096 }), shape: { ...workload.shape, contextLength: 512 } },
      h100,
      meshOf(4096, { fsdp: true }),
      options,
    );
    expect(few?.computeMs).toBeGreaterThan(0);
    expect(many?.msPerStep).toBe(many?.hiddenMs);
  });

  test('of FSDP gathers parameters twice in bfloat16 and shares out float32 gradients, over the cards of a host', () => {
    const step = deviceStepTime(workload, h100, meshOf(64, { fsdp: true }), options);
    const bytes = (8_030_261_248 * (2 * 2 + 4) * 63) / 64;
    expect(step?.hiddenMs).toBeCloseTo((1000 * bytes) / (8 * 50e9), 3);
    expect(step?.link).toBe('400 Gb/s for each device');
    const twice = deviceStepTime(workload, h100, meshOf(64, { fsdp: true }), { ...options, numMicroBatches: 2 });
    expect((twice?.hiddenMs ?? 0) / (step?.hiddenMs ?? 1)).toBeCloseTo(2, 9);
  });

  test('of tensor parallelism has sums that nothing hides', () => {
    const step = deviceStepTime(workload, h100, meshOf(8, { model: 8 }), options);
    const activations = 2 * 64 * 8192 * 4096;
    expect(step?.exposedMs).toBeCloseTo((1000 * 32 * 6 * 2 * (7 / 8) * activations) / 450e9, 3);
    expect(step?.msPerStep).toBeCloseTo((step?.computeMs ?? 0) + (step?.exposedMs ?? 0), 9);
  });

  test('has the orthogonalisation of Muon besides, shared out as the parameters are', () => {
    const size = { vocabularySize: 1024, contextLength: 128, numLayers: 2, width: 256 };
    const recipe = recipeNamed('baseline');
    const optimizer = recipe.optimizer({ size, batchTokens: 1024, numSteps: 10 });
    const muon = trainingWorkload(recipe.model(size), optimizer, {
      batchSize: 8,
      precision: 'bfloat16',
      recompute: false,
    });
    const on = (mesh: DeviceMesh) => deviceStepTime(muon, h100, mesh, options)?.updateMs ?? 0;
    const flops = (r: number, c: number) => 5 * (4 * r * r * c + 2 * r ** 3);
    const expected = 2 * (4 * flops(256, 256) + 3 * flops(256, muon.shape.hiddenWidth));
    expect(on(meshOf(1))).toBeCloseTo((1000 * expected) / (0.4 * 494.7e12), 9);
    const inFloat32 = deviceStepTime({ ...muon, precision: 'float32' }, h100, meshOf(1), options);
    expect(inFloat32?.updateMs).toBeCloseTo((1000 * expected) / (0.4 * 67e12), 9);
    expect(on(meshOf(8))).toBe(on(meshOf(1)));
    expect(on(meshOf(8, { fsdp: true }))).toBeCloseTo(on(meshOf(1)) / 8, 12);
  });

  test('is not told where the vendor tells no rate', () => {
    const inFloat32 = workloadOf(llama8B, { batchSize: 64, precision: 'float32' });
    expect(deviceStepTime(inFloat32, acceleratorNamed('tpu-v4'), meshOf(1), options)).toBeUndefined();
  });
});
