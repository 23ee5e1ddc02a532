import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonValue } from '../../src/core/index.ts';
import { emitTrainingStep } from '../../src/engine/index.ts';
import { recipeNamed, traceStepParts, traceTrainingStep } from '../../src/recipe/index.ts';
import { describeWithJax } from '../support/jax-python.ts';
import { askPython } from './support/ask-python.ts';

describeWithJax('the kernel of attention', () => {
  let folder: string;
  let step: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'attention-'));
    step = join(folder, 'step.py');
    const size = { numLayers: 2, width: 32, contextLength: 16, vocabularySize: 64 };
    const recipe = recipeNamed('baseline');
    const model = recipe.model(size);
    const optimizer = recipe.optimizer({ size, batchTokens: 32, numSteps: 10 });
    const options = { microBatchSize: 2 };
    const parts = traceStepParts(model, optimizer, options);
    writeFileSync(step, emitTrainingStep(traceTrainingStep(model, optimizer, options), parts));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const compiled = (attention: string | null, refusal: JsonValue = null) =>
    askPython('compile_attention', step, attention, refusal);

  test('is cuDNN’s for 16 bits on graphics cards of NVIDIA from Ampere on', () => {
    const devices = [
      { platform: 'gpu', compute_capability: '9.0' },
      { platform: 'gpu', compute_capability: '8.0' },
      { platform: 'gpu', compute_capability: '7.5' },
      { platform: 'gpu', compute_capability: 'gfx942' },
      { platform: 'tpu' },
      { platform: 'cpu' },
    ];
    expect(askPython('suits_cudnn', devices, 'default')).toEqual([true, true, false, false, false, false]);
    expect(askPython('suits_cudnn', devices, 'highest')).toEqual(devices.map(() => false));
  });

  test('is cuDNN’s where it takes the model, without a word', () => {
    expect(compiled(null)).toEqual({ traced: ['cudnn'], taken: 'cudnn', told: [], error: null });
  });

  test('is the one that was asked for', () => {
    expect(compiled('xla')).toEqual({ traced: ['xla'], taken: 'xla', told: [], error: null });
    const refusal = { when: 'tracing', kind: 'ValueError', message: 'no such width' };
    expect(compiled('cudnn', refusal)).toMatchObject({ traced: ['cudnn'], error: 'no such width' });
  });

  for (const [when, kind] of [
    ['tracing', 'ValueError'],
    ['compiling', 'RuntimeError'],
  ] as const) {
    test(`is XLA’s, traced anew, where cuDNN refuses the model while ${when}`, () => {
      expect(compiled(null, { when, kind, message: 'No valid engine configs\nof this graph' })).toEqual({
        traced: ['cudnn', 'xla'],
        taken: null,
        told: ['cuDNN does not take the attention of this model: No valid engine configs'],
        error: null,
      });
    });
  }

  test('is asked for no second time where a device has no memory left', () => {
    const message = 'RESOURCE_EXHAUSTED: out of memory';
    expect(compiled(null, { when: 'compiling', kind: 'RuntimeError', message })).toMatchObject({
      traced: ['cudnn'],
      told: [],
      error: message,
    });
  });
});
