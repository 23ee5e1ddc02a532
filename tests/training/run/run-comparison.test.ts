import { describe, expect, test } from 'vitest';
import { compareRuns } from '../../../src/training/run/run-comparison.ts';
import { digest, smallManifest } from './small-run.ts';

const result = (bitsPerByte: number) => ({
  step: 20,
  tokens: 1280,
  bitsPerByte,
  numDocuments: 7,
  numValidationDocuments: 7,
  loss: 2,
  durationMs: 1000,
});

describe('a comparison of runs', () => {
  test('of the same run twice finds no difference', () => {
    const run = smallManifest({ result: result(2) });
    const again = { ...result(2), durationMs: 1234 };
    expect(compareRuns([run, { ...run, name: 'again', createdAt: '2026-11-24T00:00:00.000Z', result: again }])).toEqual(
      {
        names: ['small', 'again'],
        differences: [],
        isSameData: true,
        bitsPerByte: [2, 2],
        bitsPerByteDifference: [0, 0],
      },
    );
  });

  test('names each field that differs, in recipe, size, data, optimizer, seed and result', () => {
    const a = smallManifest({ result: result(2.5) });
    const [group] = a.optimizer.groups;
    if (group?.algorithm !== 'adamw') throw new Error('expected AdamW');
    const b = smallManifest({
      recipe: { ...a.recipe, options: { tied: false, window: 8 } },
      size: { ...a.size, width: 64 },
      datasets: [{ folder: 'datasets/other', name: 'small', fingerprint: digest('d'), weight: 1 }],
      optimizer: { ...a.optimizer, groups: [{ ...group, learningRate: 0.002 }] },
      seed: 2,
      status: 'finished',
      result: result(2.25),
    });
    const { differences, isSameData, bitsPerByteDifference } = compareRuns([a, b]);
    expect(differences).toEqual([
      { area: 'recipe', field: 'recipe.options.tied', values: [true, false] },
      { area: 'recipe', field: 'recipe.options.window', values: [undefined, 8] },
      { area: 'size', field: 'size.width', values: [32, 64] },
      { area: 'data', field: 'datasets.0.folder', values: ['datasets/small', 'datasets/other'] },
      { area: 'data', field: 'datasets.0.fingerprint', values: [digest('c'), digest('d')] },
      { area: 'optimizer', field: 'optimizer.groups.0.learningRate', values: [0.001, 0.002] },
      { area: 'seed', field: 'seed', values: [1, 2] },
      { area: 'result', field: 'status', values: ['running', 'finished'] },
      { area: 'result', field: 'result.bitsPerByte', values: [2.5, 2.25] },
    ]);
    expect(isSameData).toBe(false);
    expect(bitsPerByteDifference).toEqual([0, -0.25]);
  });

  test('takes a run that says nothing of precision for one in float32', () => {
    const a = smallManifest({});
    const b = smallManifest({ batch: { ...a.batch, precision: 'bfloat16' } });
    expect(compareRuns([a, b]).differences).toEqual([
      { area: 'batch', field: 'batch.precision', values: ['float32', 'bfloat16'] },
    ]);
    expect(compareRuns([a, smallManifest({ batch: { ...a.batch, precision: 'float32' } })]).differences).toEqual([]);
  });

  test('of more than two runs holds each against the first; one without a result has no difference', () => {
    const reached = ({ durationMs: _, ...rest }: ReturnType<typeof result>) => rest;
    const runs = [result(2), null, result(3)].map((one, i) => smallManifest({ name: `run-${i}`, result: one }));
    const comparison = compareRuns(runs);
    expect(comparison.bitsPerByteDifference).toEqual([0, null, 1]);
    expect(comparison.differences).toEqual([
      { area: 'result', field: 'result', values: [reached(result(2)), null, reached(result(3))] },
    ]);
  });
});
