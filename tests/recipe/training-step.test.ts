import { beforeAll, describe, expect, test } from 'vitest';
import { type Engine, onnxEngine, referenceEngine } from '../../src/engine/index.ts';
import { initialize, recipeNamed, shippedRecipes, traceLosses, traceTrainingStep } from '../../src/recipe/index.ts';
import { verifyProgram } from '../../src/tensor/index.ts';
import { expectClose } from '../support/expect-close.ts';
import { refusalOf } from '../support/expect-refusal.ts';
import { batchOf, train } from './support/training.ts';

const size = { vocabularySize: 61, contextLength: 16, numLayers: 1, width: 32 };
const extent = { size, batchTokens: 16 * 16, numSteps: 100 };
const recipe = recipeNamed('baseline');
const model = recipe.model(size);
const optimizer = recipe.optimizer(extent);

let engine: Engine;
beforeAll(async () => {
  engine = await onnxEngine('cpu', { numThreads: 1 });
});

const splits = [
  { numMicroBatches: 1, microBatchSize: 16 },
  { numMicroBatches: 2, microBatchSize: 8 },
  { numMicroBatches: 4, microBatchSize: 4 },
];

describe('a training step', () => {
  for (const one of shippedRecipes) {
    test(`of ${one.name} learns`, async () => {
      const ownModel = one.model(size);
      const program = traceTrainingStep(ownModel, one.optimizer(extent), { microBatchSize: 16 });
      const { losses } = await train(engine, ownModel, program, 40);
      expect(losses[0]).toBeGreaterThan(3.9);
      expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) - 0.8);
    });
  }

  test('gives the same losses and parameters however its rows are split, with uneven weights', async () => {
    // Each split adds in another order: AdamW divides by small numbers, so its parameters drift by more than the losses.
    const runs = [];
    for (const split of splits) runs.push(await train(engine, model, traceTrainingStep(model, optimizer, split), 8));
    const [whole] = runs;
    for (const run of runs.slice(1)) {
      expectClose(run.losses.slice(0, 3), whole?.losses.slice(0, 3) ?? [], 1e-6);
      expectClose(run.losses, whole?.losses ?? [], 1e-5);
      expectClose(run.norms.slice(0, 3), whole?.norms.slice(0, 3) ?? [], 1e-5);
      for (const [name, data] of run.parameters) expectClose(data, whole?.parameters.get(name) ?? [], 2e-3);
    }
  });

  test('split or not is the same to 1e-10 in float64', async () => {
    const small = { vocabularySize: 17, contextLength: 6, numLayers: 1, width: 8 };
    const smallModel = recipe.model(small);
    const runs = [];
    for (const split of [splits[0], { numMicroBatches: 4, microBatchSize: 4 }]) {
      const program = traceTrainingStep(smallModel, optimizer, split ?? { microBatchSize: 16 });
      runs.push(await train(referenceEngine(), smallModel, program, 3));
    }
    expectClose(runs[1]?.losses ?? [], runs[0]?.losses ?? [], 1e-10);
    for (const [name, data] of runs[1]?.parameters ?? []) expectClose(data, runs[0]?.parameters.get(name) ?? [], 1e-8);
  });

  test('reports the mean loss over weighted positions of the whole step, not the mean of means', async () => {
    const { tokens, targets, weights } = batchOf(0, 16, 16, 61);
    const losses = await engine.load(traceLosses(model, { batchSize: 16 }));
    for (const [name, values] of initialize(model, 1)) await losses.set(name, values);
    const each = (await losses.run({ tokens, targets })).losses ?? [];
    await losses.close();
    let [sum, total] = [0, 0];
    weights.forEach((weight, i) => {
      sum += weight * (each[i] ?? 0);
      total += weight;
    });
    for (const split of splits) {
      const { losses: found } = await train(engine, model, traceTrainingStep(model, optimizer, split), 1);
      expectClose(found, [sum / total], 1e-6);
    }
  });

  test('holds the activations of one micro-batch only, however many there are', () => {
    const wide = { vocabularySize: 512, contextLength: 64, numLayers: 2, width: 64 };
    const wideModel = recipe.model(wide);
    const bytesOf = (microBatchSize: number, numMicroBatches: number): number => {
      const program = traceTrainingStep(wideModel, optimizer, { microBatchSize, numMicroBatches });
      return engine.estimateMemory(program).activationBytes;
    };
    const [one, two, eight] = [bytesOf(4, 1), bytesOf(4, 2), bytesOf(4, 8)];
    // The sum of gradients is there besides the new ones: that is all that a second micro-batch adds, and a third adds nothing.
    const gradientBytes =
      4 * Object.values(wideModel.parameters).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    expect(two).toBeLessThan(one + 1.5 * gradientBytes);
    expect(eight).toBeLessThan(1.1 * two);
    expect(bytesOf(32, 1)).toBeGreaterThan(4 * eight);
  });

  test('computes nothing of a micro-batch before every gradient of the one before has been added up', () => {
    const program = traceTrainingStep(model, optimizer, { microBatchSize: 4, numMicroBatches: 3 });
    verifyProgram(program);
    const tokens = program.inputs.tokens ?? -1;
    // What a node needs, as a set of the micro-batches whose rows it reads.
    const needs: Set<number>[] = [];
    program.nodes.forEach((node, i) => {
      const own = new Set(node.inputs.flatMap((input) => [...(needs[input] ?? [])]));
      if (node.op === 'slice' && node.inputs[0] === tokens)
        own.add((node.attributes.starts as readonly number[])[0] ?? 0);
      needs[i] = own;
    });
    const lookups = program.nodes.flatMap((node, i) =>
      node.op === 'gatherRows' && node.phase === 'forward' ? [i] : [],
    );
    expect(lookups.map((i) => [...(needs[i] ?? [])].sort((a, b) => a - b))).toEqual([[0], [0, 4], [0, 4, 8]]);
  });

  test('with recomputed blocks gives the same bits and holds less', async () => {
    const deep = { vocabularySize: 61, contextLength: 64, numLayers: 3, width: 32 };
    const deepModel = recipe.model(deep);
    const programs = [false, true].map((recompute) =>
      traceTrainingStep(deepModel, optimizer, { microBatchSize: 8, recompute }),
    );
    const [kept, recomputed] = programs.map((program) => engine.estimateMemory(program).activationBytes);
    expect(recomputed).toBeLessThan(0.8 * (kept ?? 0));
    const runs = [];
    for (const program of programs) runs.push(await train(engine, deepModel, program, 3));
    expect(runs[1]).toEqual(runs[0]);
  });

  test('with a document mask is that of the documents in rows of their own', async () => {
    const [T, V] = [16, 61];
    const { tokens, targets } = batchOf(0, 1, T, V);
    const half = T / 2;
    const segments = Int32Array.from({ length: T }, (_, i) => (i < half ? 1 : 2));
    const masked = traceTrainingStep(model, optimizer, { microBatchSize: 1, documentMask: true });
    const inOneRow = await train(engine, model, masked, 1, {
      tokens,
      targets,
      weights: new Float32Array(T).fill(1),
      segments,
    });
    const halves = traceTrainingStep(model, optimizer, { microBatchSize: 2, contextLength: half });
    // Rotary positions know distances only, so the second half may begin at 0 as well.
    const apart = await train(engine, model, halves, 1, { tokens, targets, weights: new Float32Array(T).fill(1) });
    expectClose(inOneRow.losses, apart.losses, 1e-5);
    expectClose(inOneRow.norms, apart.norms, 1e-4);
  });

  test('is refused where a role has no group, or a name is taken', () => {
    const groups = optimizer.groups.filter(({ roles }) => !roles.includes('head'));
    const missing = refusalOf(() => traceTrainingStep(model, { ...optimizer, groups }, { microBatchSize: 1 }));
    expect([missing.code, missing.message]).toEqual(['invalid-recipe', expect.stringContaining('head')]);
    for (const name of ['optimizer.groups.1.firstCorrection', 'layers.0.keys']) {
      const gains = { shape: [1], role: 'gain', initialization: { kind: 'constant', value: 1 } } as const;
      const parameters = { ...model.parameters, [name]: gains };
      const taken = refusalOf(() => traceTrainingStep({ ...model, parameters }, optimizer, { microBatchSize: 1 }));
      expect([taken.code, taken.message]).toEqual(['invalid-recipe', expect.stringContaining(name)]);
    }
  });
});
