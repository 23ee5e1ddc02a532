import { describe, expect, test } from 'vitest';
import { onnxEngine, referenceEngine } from '../../src/engine/index.ts';
import { gptModel, type Model } from '../../src/model/index.ts';
import { requireCausal } from '../../src/recipe/causality/causality.ts';
import {
  type Precision,
  recipeNamed,
  shippedRecipes,
  traceLogits,
  traceStepParts,
  traceTrainingStep,
  verifyRecipe,
} from '../../src/recipe/index.ts';
import {
  cast,
  cumulativeSum,
  type DType,
  fill,
  gatherRows,
  gradient,
  iota,
  lessOrEqual,
  matmul,
  multiply,
  nodeAt,
  type Program,
  reduceSum,
  reshape,
  type Tensor,
  trace,
  verifyProgram,
} from '../../src/tensor/index.ts';
import { randomParameters } from '../model/support/run-model.ts';
import { smallConfig, variants } from '../model/support/variants.ts';
import { expectClose } from '../support/expect-close.ts';
import { lateRefusalOf, refusalOf } from '../support/expect-refusal.ts';
import { runsEverything } from '../support/full-tests.ts';
import { mixingModel } from './causality/mixing-models.ts';
import { batchOf } from './support/training.ts';

const size = { vocabularySize: 17, contextLength: 6, numLayers: 2, width: 8 };
const extent = { size, batchTokens: 2 * 6, numSteps: 100 };
const optimizer = recipeNamed('gpt2').optimizer(extent);
const halves = { precision: 'bfloat16' } as const;

/** Shape and type of all inputs, states and outputs. */
function bordersOf(program: Program) {
  const spec = (position: number) => {
    const { shape, dtype } = nodeAt(program, position);
    return { shape, dtype };
  };
  const of = (positions: { readonly [name: string]: number }) =>
    Object.fromEntries(Object.entries(positions).map(([name, position]) => [name, spec(position)]));
  const states = Object.fromEntries(Object.entries(program.state).map(([name, { node }]) => [name, node]));
  return { inputs: of(program.inputs), state: of(states), outputs: of(program.outputs) };
}

/** One step on numbers that are nowhere special: outputs and all states after it, in float64. */
async function step(model: Model, program: Program, documentMask: boolean) {
  const session = await referenceEngine().load(program);
  for (const [name, data] of randomParameters(model)) await session.set(name, data);
  const [numRows, time] = nodeAt(program, program.inputs.tokens ?? -1).shape as [number, number];
  const segments = Int32Array.from({ length: numRows * time }, (_, i) => (i % time < 4 ? 1 : 2));
  const outputs = await session.run({
    ...batchOf(0, numRows, time, model.vocabularySize),
    ...(documentMask ? { segments } : {}),
    scheduleFactor: Float32Array.of(1),
  });
  const states = new Map<string, ArrayLike<number>>();
  for (const name of Object.keys(program.state)) states.set(name, await session.get(name));
  return { outputs, states };
}

/** With full tests every option of a model, else the ones that have constants or tables of their own. */
const someVariants = Object.entries(variants).filter(
  ([name]) => runsEverything || ['ALiBi with windows', 'value embeddings', 'nanochat', 'GPT-2'].includes(name),
);

describe('a training step in bfloat16 means what it means in float32', () => {
  test.each(someVariants)('with %s', async (_, variant) => {
    const model = gptModel({ ...smallConfig, numLayers: 2, ...variant });
    for (const documentMask of runsEverything ? [false, true] : [true]) {
      const options = { microBatchSize: 1, numMicroBatches: 2, documentMask };
      const roles = [...new Set(Object.values(model.parameters).map(({ role }) => role))];
      const [group] = optimizer.groups;
      if (!group) throw new RangeError('there is no group');
      const adamW = { ...optimizer, groups: [{ ...group, roles }] };
      const exact = traceTrainingStep(model, adamW, options);
      const program = traceTrainingStep(model, adamW, { ...options, ...halves });
      verifyProgram(program);
      expect(bordersOf(program)).toEqual(bordersOf(exact));
      const [expected, found] = [await step(model, exact, documentMask), await step(model, program, documentMask)];
      // The first moments are the gradients, up to one factor.
      for (const [name, data] of Object.entries(expected.outputs)) expectClose(found.outputs[name] ?? [], data, 1e-9);
      for (const [name, data] of expected.states) expectClose(found.states.get(name) ?? [], data, 1e-9);
    }
  });
});

describe.each(shippedRecipes)('$name in bfloat16', (recipe) => {
  test('computes forward and backward pass in it, and the loss and the update in float32', () => {
    const program = traceTrainingStep(recipe.model(size), recipe.optimizer(extent), { microBatchSize: 2, ...halves });
    const dtypeOf = (position: number) => nodeAt(program, position).dtype;
    const ofOp = (...ops: string[]) => program.nodes.filter(({ op }) => ops.includes(op));
    for (const { inputs, phase } of ofOp('matmul', 'attention', 'rmsNorm', 'layerNorm', 'rotaryEmbedding')) {
      const expected = phase === 'update' ? 'float32' : 'bfloat16';
      expect(inputs.map(dtypeOf)).toEqual(inputs.map(() => expected));
    }
    for (const { inputs } of ofOp('crossEntropy')) expect(dtypeOf(inputs[0] ?? -1)).toBe('float32');
    // So is what caps logits.
    for (const { dtype, scope } of ofOp('tanh')) if (scope === 'head') expect(dtype).toBe('float32');
    // Gradients of looked-up rows add up in float32.
    for (const { dtype } of ofOp('gatherRows', 'scatterAddRows')) expect(dtype).toBe('float32');
    expect(program.nodes.filter(({ phase }) => phase === 'update').every(({ dtype }) => dtype !== 'bfloat16')).toBe(
      true,
    );
  });

  test('converts each parameter once, in the layer that reads it', () => {
    const options = { microBatchSize: 1, numMicroBatches: 2, ...halves };
    const { nodes, state } = traceTrainingStep(recipe.model(size), recipe.optimizer(extent), options);
    const names = new Map(Object.entries(state).map(([name, { node }]) => [node, name]));
    const casts = nodes.filter(
      ({ op, inputs, phase }) => op === 'cast' && phase === 'forward' && names.has(inputs[0] ?? -1),
    );
    const found = casts.map(({ inputs, scope }) => [names.get(inputs[0] ?? -1), scope]);
    expect(found.length).toBeGreaterThan(8);
    expect(new Set(found.map(([name]) => name)).size).toBe(found.length);
    for (const [name = '', scope = ''] of found) {
      const layer = /^blocks\.\d+\./.exec(name)?.[0];
      if (layer !== undefined) expect(scope.startsWith(layer), `${name} in ${scope}`).toBe(true);
    }
  });

  test('is proved to see no later token, with and without documents', async () => {
    const wide = { vocabularySize: 64, contextLength: runsEverything ? 160 : 40, numLayers: 2, width: 64 };
    for (const documentMask of [false, true]) {
      const options = { microBatchSize: 4, documentMask, numSteps: 10, ...halves };
      expect(await verifyRecipe(recipe, wide, options)).toMatchObject({ causality: 'proven' });
    }
  });

  test('is refused by an engine that lacks it, which says what to do', async () => {
    const engine = await onnxEngine('cpu', { numThreads: 1 });
    const program = traceTrainingStep(recipe.model(size), recipe.optimizer(extent), { microBatchSize: 2, ...halves });
    for (const refused of [
      await lateRefusalOf(engine.load(program)),
      refusalOf(() => engine.estimateMemory(program)),
    ]) {
      expect(refused.code).toBe('unsupported-dtype');
      expect(refused.message).toContain('onnx/cpu does not compute in bfloat16');
      expect(refused.hint).toMatch(/leave --precision out.*--engine jax/);
    }
  });
});

describe.each(someVariants)('a GPT with %s in bfloat16', (_, variant) => {
  test.each([false, true])('is proved causal (documents: %s)', (documentMask) => {
    const model = gptModel({ ...smallConfig, contextLength: 64, ...variant });
    requireCausal((batchSize) => traceLogits(model, { batchSize, documentMask, ...halves }), 4);
  });
});

test('parts of a step in bfloat16 give and take float32', () => {
  const recipe = recipeNamed('baseline');
  const options = { microBatchSize: 2, numMicroBatches: 2, documentMask: true };
  const parts = traceStepParts(recipe.model(size), recipe.optimizer(extent), { ...options, ...halves });
  const exact = traceStepParts(recipe.model(size), recipe.optimizer(extent), options);
  expect(bordersOf(parts.loss)).toEqual(bordersOf(exact.loss));
  expect(parts.loss.nodes.some(({ dtype }) => dtype === 'bfloat16')).toBe(true);
  expect(parts.update).toEqual(exact.update);
});

test('a model that looks ahead in one precision alone is refused', async () => {
  const recipe = recipeNamed('baseline');
  const peeking = (isAhead: (dtype: string) => boolean) => ({
    ...recipe,
    model: (given: typeof size): Model => {
      const model = recipe.model(given);
      return {
        ...model,
        forward: (values, tokens, sequence, options) => {
          const logits = model.forward(values, tokens, sequence, options);
          const isPeeking = isAhead(values.embedding?.dtype ?? '');
          return isPeeking ? multiply(logits, reduceSum(logits, [1], { keepDimensions: true })) : logits;
        },
      };
    },
  });
  for (const dtype of ['float32', 'bfloat16']) {
    const refused = await lateRefusalOf(
      verifyRecipe(
        peeking((found) => found === dtype),
        size,
        { microBatchSize: 2, ...halves },
      ),
    );
    expect(refused.code).toBe('future-leak');
  }
});

/** Positions in two ways, as numbers of the type in which the model computes. */
const positions: { readonly [how: string]: (time: number, dtype: DType) => Tensor } = {
  converted: (time, dtype) => cast(iota(time), dtype),
  counted: (time, dtype) => cumulativeSum(fill(1, [time], dtype), 0),
};

describe.each(Object.entries(positions))('a mask of positions that are %s', (_, positionsOf) => {
  const model = (time: number) =>
    mixingModel(
      {
        mix: (x) => {
          const places = positionsOf(time, x.dtype);
          const isPast = lessOrEqual(reshape(places, [1, time]), reshape(places, [time, 1]));
          return matmul(cast(isPast, x.dtype), x);
        },
      },
      time,
    );
  const trace = (time: number, precision: Precision) => (batchSize: number) =>
    traceLogits(model(time), { batchSize, precision });

  test('is proved in float32, and in bfloat16 as far as that can count', () => {
    requireCausal(trace(260, 'float32'), 2);
    requireCausal(trace(200, 'bfloat16'), 2);
    const refused = refusalOf(() => requireCausal(trace(260, 'bfloat16'), 2));
    expect([refused.code, refused.message]).toEqual(['future-leak', expect.stringContaining('matmul in mixing')]);
  });
});

test('rows of a converted table are gathered before they are converted, so that gradients add up in the type of the table', () => {
  const program = trace(
    ({ rows }: { readonly rows: Tensor }, { table }: { readonly table: Tensor }) => {
      const sum = reduceSum(gatherRows(cast(table, 'bfloat16'), rows));
      return { outputs: { sum, gradient: gradient(sum, [table])[0] as Tensor } };
    },
    { inputs: { rows: { shape: [3], dtype: 'int32' } }, state: { table: { shape: [5, 2] } } },
  );
  expect(program.nodes.find(({ op }) => op === 'gatherRows')).toMatchObject({ dtype: 'float32', shape: [3, 2] });
  expect(nodeAt(program, program.outputs.sum ?? -1).dtype).toBe('bfloat16');
  expect(nodeAt(program, program.outputs.gradient ?? -1)).toMatchObject({ op: 'scatterAddRows', dtype: 'float32' });
});
