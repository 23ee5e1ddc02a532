import { beforeAll, describe, expect, test } from 'vitest';
import { onnxEngine } from '../../src/engine/index.ts';
import { runScript } from '../support/run-script.ts';
import { setParameters } from '../support/small-gpt.ts';
import {
  sharedTrainingStep,
  stateHash,
  type TrainingHashes,
  train,
  trainingHashes,
} from '../support/training-hashes.ts';

// The same Program, inputs and number of threads give the same bits, on onnx/cpu, whatever else differs.

type HashesByName = { readonly [name: string]: TrainingHashes };

describe('five steps of training in two processes', () => {
  let first: HashesByName = {};
  let second: HashesByName = {};
  beforeAll(async () => {
    const print = () => runScript('tests/support/print-training-hashes.ts') as Promise<HashesByName>;
    first = await print();
    second = await print();
  });

  for (const name of ['adamw, 1 threads', 'adamw, 2 threads', 'muon, 1 threads', 'muon, 2 threads']) {
    test(`${name}: the Program, the losses and all states are equal bit for bit`, () => {
      expect(first[name]?.state).toMatch(/^[0-9a-f]{64}$/);
      expect(second[name]).toEqual(first[name]);
    });
  }

  test('adamw and muon are different trainings, so the hashes can tell', () => {
    const [adamw, muon] = [first['adamw, 1 threads'], first['muon, 1 threads']];
    expect(adamw?.program).not.toBe(muon?.program);
    expect(adamw?.state).not.toBe(muon?.state);
  });
});

for (const kind of ['adamw', 'muon'] as const) {
  describe(`training with ${kind}`, () => {
    test('a second session beside others in one process repeats the first', async () => {
      expect(await trainingHashes(kind, 2)).toEqual(await trainingHashes(kind, 2));
    });

    test('five steps, the state moved into a new session, and five more equal ten without a break', async () => {
      const program = sharedTrainingStep(kind);
      const engine = await onnxEngine('cpu', { numThreads: 2 });
      const [unbroken, before, after] = [
        await engine.load(program),
        await engine.load(program),
        await engine.load(program),
      ];
      await setParameters(unbroken, 1);
      await setParameters(before, 1);
      const expected = await train(unbroken, 0, 10);
      const found = await train(before, 0, 5);
      const halfway = await stateHash(before);
      for (const name of Object.keys(program.state)) await after.set(name, await before.get(name));
      await before.close();
      expect(await stateHash(after)).toBe(halfway);
      found.push(...(await train(after, 5, 10)));
      expect(found).toEqual(expected);
      expect(new Set(found).size).toBe(10);
      expect(await stateHash(after)).toBe(await stateHash(unbroken));
      expect(await stateHash(after)).not.toBe(halfway);
      await after.close();
      await unbroken.close();
    });
  });
}
