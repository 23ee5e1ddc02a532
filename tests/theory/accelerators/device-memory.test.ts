import { describe, expect, test } from 'vitest';
import { adamW, llama8B, workloadOf } from '../../../bench/fleet/public-models.ts';
import { gptModel } from '../../../src/model/index.ts';
import { recipeNamed } from '../../../src/recipe/index.ts';
import {
  acceleratorNamed,
  type DeviceMesh,
  deviceMemory,
  fewestDevices,
  fitDevices,
  keptBytesPerToken,
  meshOf,
  numDevicesOf,
  type TrainingWorkload,
  trainingWorkload,
  type WorkloadOptions,
} from '../../../src/theory/index.ts';

const one: DeviceMesh = { data: 1, fsdp: 1, model: 1 };
const oneRow = { rowsPerDevice: 1, numMicroBatches: 1 };

const size = { vocabularySize: 1024, contextLength: 128, numLayers: 4, width: 128 };
const small = (changes: Partial<TrainingWorkload> = {}): TrainingWorkload => {
  const recipe = recipeNamed('baseline');
  const optimizer = recipe.optimizer({ size, batchTokens: 1024, numSteps: 10 });
  return {
    ...trainingWorkload(recipe.model(size), optimizer, { batchSize: 8, precision: 'float32', recompute: false }),
    ...changes,
  };
};

describe('memory of a device', () => {
  test('holds 16 bytes a parameter of float32 AdamW, 12 of Muon, and copies for the passes', () => {
    const model = gptModel(size);
    const of = (options: Partial<WorkloadOptions>) => {
      const workload = trainingWorkload(model, adamW, {
        batchSize: 8,
        precision: 'float32',
        recompute: true,
        ...options,
      });
      const { parameters, optimizer, gradients } = deviceMemory(workload, one, oneRow);
      return parameters + optimizer + gradients;
    };
    const { total } = trainingWorkload(model, adamW, { batchSize: 8, precision: 'float32', recompute: true }).counts;
    const tables = 2 * size.vocabularySize * size.width;
    expect(of({})).toBe(16 * total);
    expect(of({ precision: 'bfloat16' })).toBe(16 * total + 2 * tables);
    expect(of({ precision: 'bfloat16', recompute: false })).toBe(18 * total);
    const { total: all, nonEmbedding } = small().counts;
    const moments = deviceMemory(small(), one, oneRow).optimizer / 4;
    expect(moments).toBeGreaterThan(2 * all - nonEmbedding - 1);
    expect(moments).toBeLessThan(2 * all - 0.98 * nonEmbedding);
  });

  test('shares out by FSDP and tensor parallelism what has dimensions that divide, and no activations by FSDP', () => {
    const whole = deviceMemory(small(), one, oneRow);
    const shared = deviceMemory(small(), meshOf(8, { fsdp: true }), oneRow);
    expect(shared.parameters / whole.parameters).toBeCloseTo(1 / 8, 2);
    expect(shared.activations).toBe(whole.activations);
    expect(shared.communication).toBeGreaterThan(whole.communication);
    const copies = deviceMemory(small(), meshOf(8), oneRow);
    expect(copies.parameters).toBe(whole.parameters);
    const split = deviceMemory(small(), meshOf(4, { model: 4 }), oneRow);
    expect(split.optimizer / whole.optimizer).toBeCloseTo(1 / 4, 2);
    expect(split.logits).toBe(whole.logits / 4);
    expect(split.activations).toBeLessThan(whole.activations);
    expect(split.activations).toBeGreaterThan(whole.activations / 4);
  });

  test('grows with rows at once, not with micro-batches, but for the gradients that are added up', () => {
    const two = deviceMemory(small(), one, { rowsPerDevice: 2, numMicroBatches: 1 });
    const single = deviceMemory(small(), one, oneRow);
    expect(two.activations).toBe(2 * single.activations);
    expect(two.logits).toBe(2 * single.logits);
    const many = deviceMemory(small(), one, { rowsPerDevice: 1, numMicroBatches: 8 });
    expect(many.activations).toBe(single.activations);
    expect(many.gradients).toBe(2 * single.gradients);
  });

  test('computing blocks a second time keeps the residual stream of each alone', () => {
    expect(keptBytesPerToken(small({ kept: 'blocks' }), one)).toBe(4 * size.width);
    const deep = (kept: TrainingWorkload['kept']) =>
      workloadOf(llama8B, { batchSize: 8, recompute: kept === 'blocks' });
    const all = deviceMemory(deep('all'), meshOf(8, { fsdp: true }), oneRow).activations;
    const blocks = deviceMemory(deep('blocks'), meshOf(8, { fsdp: true }), oneRow).activations;
    const selective = deviceMemory(
      { ...deep('all'), kept: 'selective' },
      meshOf(8, { fsdp: true }),
      oneRow,
    ).activations;
    expect(all / blocks).toBeGreaterThan(8);
    expect(selective).toBeGreaterThan(blocks);
    expect(selective).toBeLessThan(all / 2);
  });

  test('attention that is no single operation keeps its scores, which grow with the square of the context', () => {
    const fused = keptBytesPerToken(small(), one);
    const apart = keptBytesPerToken(small({ hasFusedAttention: false }), one);
    const { numHeads: H, headWidth: K } = small().shape;
    expect(apart - fused).toBe((4 + 4) * H * size.contextLength + 8 * H - (4 * H * K + 4 * H));
  });

  test('of a model that gptModel did not make nothing is known', () => {
    const { gpt: _, ...model } = gptModel(size);
    expect(() => workloadOf(model, { batchSize: 8 })).toThrow(expect.objectContaining({ code: 'invalid-recipe' }));
  });
});

describe('fitting a step to devices', () => {
  const h100 = acceleratorNamed('h100');
  const seven = workloadOf(llama8B, { batchSize: 64, recompute: true });

  test('halves the rows that are computed at once until they fit', () => {
    const fit = fitDevices(seven, h100, meshOf(8, { fsdp: true }));
    expect(fit).toMatchObject({ fits: true, rowsPerDevice: 8 });
    const rows = fit?.microRowsPerDevice ?? 0;
    expect(8 % rows).toBe(0);
    const peakOf = (rowsAtOnce: number) =>
      deviceMemory(seven, meshOf(8, { fsdp: true }), { rowsPerDevice: rowsAtOnce, numMicroBatches: 8 / rowsAtOnce })
        .peak;
    expect(peakOf(rows)).toBeLessThanOrEqual(fit?.usableBytes ?? 0);
    if (rows < 8) expect(peakOf(2 * rows)).toBeGreaterThan(fit?.usableBytes ?? 0);
  });

  test('says so where nothing fits, and where rows cannot be shared out', () => {
    expect(fitDevices(seven, h100, meshOf(1))).toMatchObject({ fits: false, microRowsPerDevice: 1 });
    expect(fitDevices(seven, h100, meshOf(7))).toBeUndefined();
    expect(fitDevices(seven, h100, meshOf(8, { fsdp: true }), { microRowsPerDevice: 3 })).toBeUndefined();
  });

  test('finds the fewest devices: they fit, half of them do not', () => {
    const fewest = fewestDevices(seven, h100, 1);
    expect(fewest).toBeDefined();
    const count = numDevicesOf(fewest ?? one);
    const peakOn = (n: number) =>
      deviceMemory(seven, meshOf(n, { fsdp: true }), { rowsPerDevice: 1, numMicroBatches: 64 / n }).peak;
    expect(peakOn(count)).toBeLessThanOrEqual(0.92 * h100.memoryBytes);
    expect(peakOn(count / 2)).toBeGreaterThan(0.92 * h100.memoryBytes);
    expect(fewestDevices({ ...seven, shape: { ...seven.shape, contextLength: 2 ** 24 } }, h100, 1)).toBeUndefined();
  });
});
