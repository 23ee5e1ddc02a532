import { expect, test } from 'vitest';
import { onnxEngine } from '../../src/engine/index.ts';
import { runsEverything } from '../support/full-tests.ts';
import { describeOnProviders } from '../support/providers.ts';
import { lossTolerance, modelS, numSteps, trainSmallModel } from '../support/small-model.ts';

await describeOnProviders(
  `${numSteps} training steps give the losses of onnx/cpu`,
  (engine, provider) => {
    test('model S', { timeout: 600_000 }, async () => {
      // Software graphics take half a minute for a step of model S, so they get one sequence instead of eight.
      const config = provider === 'webgpu' && !runsEverything ? { ...modelS, batchSize: 1 } : modelS;
      const expected = await trainSmallModel(await onnxEngine('cpu'), config);
      const found = await trainSmallModel(engine, config);
      // It learns: an engine that forgot its state would repeat the first loss.
      expect(expected[numSteps - 1]).toBeLessThan((expected[0] ?? 0) - 1);
      found.forEach((loss, step) => {
        expect(Math.abs(loss - (expected[step] ?? 0)), `step ${step}: ${found} against ${expected}`).toBeLessThan(
          lossTolerance,
        );
      });
    });
  },
  ['wasm', 'webgpu'],
);
