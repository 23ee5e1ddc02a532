import { describe, expect, test } from 'vitest';
import { onnxEngine, referenceEngine } from '../../../src/engine/index.ts';
import { probeForLeaks } from '../../../src/recipe/causality/causality.ts';
import { findLeak } from '../../../src/recipe/causality/leak.ts';
import { requireCausal } from '../../../src/recipe/causality/proof.ts';
import { traceLogits } from '../../../src/recipe/inference.ts';
import { runsEverything } from '../../support/full-tests.ts';
import { honestMixings } from './honest-models.ts';
import { leakingMixings } from './leaking-models.ts';
import { mixingModel } from './mixing-models.ts';

/** Long enough for every block; some models change at 512. */
const lengthOf = (name: string) => (name.includes('512') ? 512 : runsEverything ? 256 : 128);
const engine = await onnxEngine('cpu', { numThreads: 1 });

describe.each(Object.entries(leakingMixings))('%s', (name, mixing) => {
  const contextLength = lengthOf(name);
  const { op, ...rest } = mixing(contextLength);
  const model = mixingModel(rest, contextLength);
  const trace = (batchSize: number) => traceLogits(model, { batchSize });

  test('is refused by the proof, which names op and scope', () => {
    const leak = findLeak(trace(2));
    expect(leak).toMatchObject({ op, scope: 'mixing' });
    expect(leak?.path.at(-1)?.scope).toBe('head');
    expect(() => requireCausal(trace, 4)).toThrow(expect.objectContaining({ code: 'future-leak', scope: 'mixing' }));
  });

  test('is caught by the probe alone', async () => {
    expect(await probeForLeaks(engine, trace(2))).toMatchObject({ difference: expect.any(Number) });
  });
});

describe.each(Object.entries(honestMixings))('%s', (name, mixing) => {
  const contextLength = lengthOf(name);
  const trace = (length: number, documentMask: boolean) => (batchSize: number) =>
    traceLogits(mixingModel(mixing(length), length), { batchSize, documentMask });

  test('passes the proof, with and without documents', () => {
    expect(findLeak(trace(contextLength, false)(2))).toBeUndefined();
    requireCausal(trace(128, false), 4);
    requireCausal(trace(128, true), 4);
  });

  test('passes the probe', async () => {
    expect(await probeForLeaks(engine, trace(contextLength, false)(2))).toBeUndefined();
    expect(await probeForLeaks(engine, trace(64, true)(2))).toBeUndefined();
  });
});

test('a leak that begins at 512 positions is none at 448', async () => {
  const mixing = leakingMixings['a mean over everything, only from 512 positions on'];
  const program = traceLogits(mixingModel(mixing?.(448) ?? { mix: (x) => x }, 448), { batchSize: 2 });
  expect(findLeak(program)).toBeUndefined();
  expect(await probeForLeaks(referenceEngine(), program, { numDraws: 1, positions: [3] })).toBeUndefined();
});
