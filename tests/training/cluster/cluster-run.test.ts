import { describe, expect, test } from 'vitest';
import { recipeNamed } from '../../../src/recipe/index.ts';
import { acceleratorNamed } from '../../../src/theory/index.ts';
import { type ClusterRequest, forecastClusterRun, foretellClusterLoss } from '../../../src/training/index.ts';

const oneBillion: ClusterRequest = {
  recipe: recipeNamed('baseline'),
  size: { numLayers: 16, width: 2048 },
  vocabularySize: 50_304,
  precision: 'bfloat16',
  accelerator: acceleratorNamed('h100'),
  numDevices: 8,
  fsdp: true,
};
const sevenBillion: ClusterRequest = { ...oneBillion, size: { numLayers: 32, width: 4096 } };

describe('a run on accelerators', () => {
  test('of 1 B and 7 B parameters has 20 tokens a parameter, and all devices the same number of rows', () => {
    for (const [request, least, most] of [
      [oneBillion, 0.95e9, 1.1e9],
      [sevenBillion, 6.5e9, 7.2e9],
    ] as const) {
      const { forecast, workload, counts, reasons } = forecastClusterRun(request);
      expect(counts.total).toBeGreaterThan(least);
      expect(counts.total).toBeLessThan(most);
      expect(forecast.numTokens / counts.matmul).toBeGreaterThan(19.9);
      expect(forecast.numTokens / counts.matmul).toBeLessThanOrEqual(20);
      expect(workload.batchSize % 8).toBe(0);
      expect(forecast.fit.fits).toBe(true);
      expect(reasons[0]).toContain('20 tokens');
    }
  });

  test('takes tokens, steps, operations or a time as its budget', () => {
    const numTokensOf = (budget: ClusterRequest['budget'] & object) =>
      forecastClusterRun({ ...oneBillion, budget }).forecast.numTokens;
    expect(numTokensOf({ kind: 'tokens', numTokens: 1e9 }) / 1e9).toBeCloseTo(1, 2);
    const steps = forecastClusterRun({ ...oneBillion, budget: { kind: 'steps', numSteps: 77 } }).forecast;
    expect(steps.numSteps).toBe(77);
    const hours = forecastClusterRun({ ...oneBillion, budget: { kind: 'time', durationMs: 3.6e6 } }).forecast;
    expect(hours.durationMs.value / 3.6e6).toBeGreaterThan(0.99);
    expect(hours.durationMs.value / 3.6e6).toBeLessThanOrEqual(1);
    expect(numTokensOf({ kind: 'flops', flops: 1e20 })).toBeLessThan(1e20 / 6e9);
  });

  test('computes blocks a second time where it would not fit otherwise, and says so', () => {
    const long: ClusterRequest = { ...sevenBillion, contextLength: 16_384 };
    const { workload, reasons, forecast } = forecastClusterRun(long);
    expect(workload.kept).toBe('blocks');
    expect(forecast.fit.fits).toBe(true);
    expect(reasons.join(' ')).toContain('computed a second time');
    expect(reasons.join(' ')).toContain('even one row on each device would not fit');
    const asked = forecastClusterRun({ ...sevenBillion, batchSize: 512, microBatchSize: 64 });
    expect(asked.reasons.join(' ')).toContain('micro-batches of 64 rows would not fit');
    expect(forecastClusterRun(oneBillion).workload.kept).toBe('all');
    expect(forecastClusterRun({ ...oneBillion, recompute: true }).workload.kept).toBe('blocks');
  });

  test('is refused where devices, rows or precision do not go together', () => {
    const refusal = (changes: Partial<ClusterRequest>) => {
      try {
        forecastClusterRun({ ...oneBillion, ...changes });
      } catch (fault) {
        return fault;
      }
      return undefined;
    };
    expect(refusal({ numModelDevices: 3 })).toMatchObject({ code: 'usage' });
    expect(refusal({ batchSize: 12 })).toMatchObject({ code: 'usage', hint: 'Choose a multiple of 8.' });
    expect(refusal({ batchSize: 64, microBatchSize: 24 })).toMatchObject({ code: 'usage' });
    expect(refusal({ accelerator: acceleratorNamed('tpu-v4'), precision: 'float32' })).toMatchObject({ code: 'usage' });
    expect(refusal({ attention: 'cudnn', accelerator: acceleratorNamed('tpu-v5p') })).toMatchObject({ code: 'usage' });
    expect(refusal({ batchSize: 64, microBatchSize: 16 })).toBeUndefined();
  });

  test('keeps the scores of attention where no single kernel computes it', () => {
    const fused = forecastClusterRun({ ...oneBillion, batchSize: 64 });
    const apart = forecastClusterRun({ ...oneBillion, batchSize: 64, attention: 'xla' });
    expect(fused.workload.hasFusedAttention).toBe(true);
    expect(apart.workload.hasFusedAttention).toBe(false);
    expect(forecastClusterRun({ ...oneBillion, documentMask: true }).workload.hasFusedAttention).toBe(false);
  });

  test('without a text nothing is said of its loss', () => {
    const loss = foretellClusterLoss(oneBillion, forecastClusterRun(oneBillion), {
      datasets: [],
      laws: { records: [], problems: [] },
    });
    expect(loss.bitsPerByte).toBeNull();
    expect(loss.sentences).toEqual(['Nothing is said of the loss: it depends on the text, and no dataset was named.']);
  });
});
