import { describe, expect, test } from 'vitest';
import { recipeNamed } from '../../../src/recipe/index.ts';
import { acceleratorNamed, deviceStepTime, meshOf, trainingWorkload } from '../../../src/theory/index.ts';
import { type Run, type RunEvent, runEfficiency } from '../../../src/training/index.ts';
import { examplePlan } from '../report/example-run.ts';
import { smallManifest } from '../run/small-run.ts';

const recipe = recipeNamed('baseline');
const { size, batch } = examplePlan;
const batchTokens = batch.batchSize * batch.contextLength;
const optimizer = recipe.optimizer({ size, batchTokens, numSteps: 10 });

const step = (index: number, durationMs: number): RunEvent => ({
  type: 'step',
  step: index,
  loss: 3,
  gradientNorm: 1,
  isApplied: true,
  scheduleFactor: 1,
  tokens: index * batchTokens,
  durationMs,
  elapsedMs: durationMs,
});

/** A run whose first steps compile, on a device. */
function runOn(device: string, durations: readonly number[]): Run {
  const versions = { jax: '0.10.2', device, numDevices: 2 };
  const manifest = smallManifest({
    size,
    optimizer,
    plan: { ...examplePlan, batch: { ...batch, precision: 'bfloat16' } },
    engine: { provider: 'jax', numThreads: null, name: 'jax/gpu', versions },
  });
  return {
    folder: 'runs/small',
    manifest,
    events: () => durations.map((durationMs, i) => step(i + 1, durationMs)),
    checkpoints: () => [],
    update: () => undefined,
  };
}

describe('the share of the peak rate that a run reached', () => {
  test('is that of its median step, those left out that compile', async () => {
    const found = await runEfficiency(runOn('NVIDIA H100 80GB HBM3', [60_000, 900, 41, 40, 39, 40, 300]));
    expect(found).toMatchObject({ accelerator: { name: 'h100' }, numDevices: 2, msPerStep: 40 });
    const workload = trainingWorkload(recipe.model(size), optimizer, {
      batchSize: batch.batchSize,
      precision: 'bfloat16',
      recompute: batch.recompute,
    });
    const again = deviceStepTime(workload, acceleratorNamed('h100'), meshOf(2), {
      efficiency: found?.share ?? 0,
      numMicroBatches: 1,
    });
    expect((again?.computeMs ?? 0) + (again?.updateMs ?? 0)).toBeCloseTo(40, 9);
  });

  test('is not known of a device that the table lacks, nor of a run that has only begun', async () => {
    expect(await runEfficiency(runOn('an abacus', [40, 40, 40, 40]))).toBeUndefined();
    expect(await runEfficiency(runOn('NVIDIA H100 80GB HBM3', [60_000, 900]))).toBeUndefined();
    const elsewhere = runOn('NVIDIA H100 80GB HBM3', [40, 40, 40, 40]);
    const { manifest } = elsewhere;
    const engine = { ...manifest.engine, versions: { onnxruntime: '1.0.0' } };
    expect(await runEfficiency({ ...elsewhere, manifest: { ...manifest, engine } })).toBeUndefined();
  });
});
