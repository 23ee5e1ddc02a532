import { describe, expect, test } from 'vitest';
import { referenceEngine } from '../../src/engine/index.ts';
import {
  initialize,
  recipeNamed,
  type TrainingStepOptions,
  traceStepParts,
  traceTrainingStep,
} from '../../src/recipe/index.ts';
import { nodeAt, type Program, verifyProgram } from '../../src/tensor/index.ts';
import { expectClose } from '../support/expect-close.ts';
import { PartsSession } from './support/step-parts.ts';
import { batchOf } from './support/training.ts';

const size = { vocabularySize: 17, contextLength: 6, numLayers: 2, width: 8 };
const extent = { size, batchTokens: 4 * 6, numSteps: 100 };

const cases: readonly (readonly [name: string, recipe: string, options: TrainingStepOptions])[] = [
  ['Muon and AdamW', 'baseline', { microBatchSize: 4 }],
  ['AdamW alone and a tied head', 'gpt2', { microBatchSize: 4 }],
  ['several micro-batches', 'baseline', { microBatchSize: 2, numMicroBatches: 2 }],
  ['recomputed blocks', 'baseline', { microBatchSize: 2, numMicroBatches: 2, recompute: true }],
  ['a document mask', 'nanochat-2025', { microBatchSize: 2, numMicroBatches: 2, documentMask: true }],
  ['a shorter context', 'gpt2', { microBatchSize: 1, numMicroBatches: 4, contextLength: 4 }],
];

describe('the parts of a training step, put together, are the whole', () => {
  test.each(cases)('with %s: loss, norm and every state', async (_, name, options) => {
    const recipe = recipeNamed(name);
    const [model, optimizer] = [recipe.model(size), recipe.optimizer(extent)];
    const whole = await referenceEngine().load(traceTrainingStep(model, optimizer, options));
    const parts = await PartsSession.open(traceStepParts(model, optimizer, options));
    for (const [parameter, values] of initialize(model, 1)) {
      // Some recipes begin matrices at zero, which would hide what is behind them.
      const start = values.map((x, i) => x + 0.1 * Math.sin(i));
      await whole.set(parameter, start);
      await parts.set(parameter, start);
    }
    const { numMicroBatches = 1, microBatchSize, contextLength = size.contextLength } = options;
    const numRows = microBatchSize * numMicroBatches;
    const segments = Int32Array.from(
      { length: numRows * contextLength },
      (_, i) => 1 + Math.floor((i % contextLength) / 3),
    );
    for (let step = 0; step < 2; step++) {
      const inputs = {
        ...batchOf(step, numRows, contextLength, size.vocabularySize),
        ...(options.documentMask ? { segments } : {}),
        scheduleFactor: Float32Array.of(1 / (1 + step)),
      };
      const [expected, found] = [await whole.run(inputs), await parts.run(inputs)];
      for (const output of Object.keys(whole.program.outputs)) expectClose(found[output] ?? [], expected[output] ?? []);
      expect(expected.isApplied?.[0]).toBe(1);
      for (const state of Object.keys(whole.program.state)) {
        expectClose(await parts.get(state), await whole.get(state), 1e-11);
      }
    }
    await whole.close();
    await parts.close();
  });

  test('leave everything as it is where the loss is not finite', async () => {
    const recipe = recipeNamed('baseline');
    const model = recipe.model(size);
    const parts = await PartsSession.open(traceStepParts(model, recipe.optimizer(extent), { microBatchSize: 2 }));
    const start = initialize(model, 1);
    for (const [name, values] of start) await parts.set(name, values);
    const batch = batchOf(0, 2, 6, 17);
    batch.weights[0] = Number.NaN;
    const { isApplied } = await parts.run({ ...batch, scheduleFactor: Float32Array.of(1) });
    expect(isApplied?.[0]).toBe(0);
    for (const [name, values] of start) expect([...(await parts.get(name))]).toEqual([...values]);
    await parts.close();
  });
});

test('the loss changes no state, and both parts keep the rules of Programs', () => {
  const recipe = recipeNamed('baseline');
  const options = { microBatchSize: 2, numMicroBatches: 3, documentMask: true, recompute: true };
  const parts = traceStepParts(recipe.model(size), recipe.optimizer(extent), options);
  verifyProgram(parts.loss);
  verifyProgram(parts.update);
  expect(Object.values(parts.loss.state).every(({ node, next }) => node === next)).toBe(true);
  expect(parts).toMatchObject({ microBatchSize: 2, numMicroBatches: 3, recompute: true });
  expect(Object.keys(parts.loss.inputs)).toEqual(['tokens', 'targets', 'weights', 'segments', 'totalWeight']);
});

/** The nodes of a layer's part of an update, as text: ops, attributes, and operands by their place in the layer or by what they are. */
function layerOf(program: Program, layer: number): string[] {
  const prefix = `optimizer.blocks.${layer}.`;
  const positions = program.nodes.flatMap(({ op, scope }, i) =>
    scope.startsWith(prefix) && op !== 'constant' ? [i] : [],
  );
  const places = new Map(positions.map((position, place) => [position, place]));
  const nameOf = (position: number): string => {
    const place = places.get(position);
    if (place !== undefined) return `${place}`;
    const { op, attributes, scope } = nodeAt(program, position);
    if (op === 'input' || op === 'state') return String(attributes.name).replace(`blocks.${layer}.`, 'blocks.*.');
    if (op === 'constant') return `${String(attributes.value)}`;
    // What the layer before adds up, or the first parameter of all, or what all share.
    return scope === 'optimizer' ? `shared ${position}` : 'before';
  };
  return positions.map((position) => {
    const { op, inputs, attributes, scope } = nodeAt(program, position);
    return `${scope.slice(prefix.length)}: ${op} ${JSON.stringify(attributes)} (${inputs.map(nameOf).join(', ')})`;
  });
}

describe('in the update of the parts all layers are alike', () => {
  const deep = { vocabularySize: 17, contextLength: 6, numLayers: 4, width: 8 };
  test.each(['baseline', 'nanochat-2025', 'gpt2'])('in %s', (name) => {
    const recipe = recipeNamed(name);
    const optimizer = recipe.optimizer({ ...extent, size: deep });
    const { update } = traceStepParts(recipe.model(deep), optimizer, { microBatchSize: 2 });
    const layers = [0, 1, 2, 3].map((layer) => layerOf(update, layer));
    expect(layers[0]?.length).toBeGreaterThan(50);
    for (const layer of layers.slice(1)) expect(layer).toEqual(layers[0]);
  });

  test('whereas the whole step puts matrices of one shape on stacks, outside of the layers', () => {
    const recipe = recipeNamed('baseline');
    const program = traceTrainingStep(recipe.model(deep), recipe.optimizer(extent), { microBatchSize: 2 });
    const stacks = program.nodes.filter(
      ({ op, phase, scope }) => op === 'concatenate' && phase === 'update' && scope === 'optimizer',
    );
    expect(stacks.length).toBeGreaterThan(0);
    const products = program.nodes.filter(({ op, phase }) => op === 'matmul' && phase === 'update');
    expect(products.every(({ scope }) => scope === 'optimizer')).toBe(true);
  });
});
