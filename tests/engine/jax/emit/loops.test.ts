import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { randomStream } from '../../../../src/core/index.ts';
import { type NumericData, referenceEngine } from '../../../../src/engine/index.ts';
import { emitProgram, emitTrainingStep } from '../../../../src/engine/jax/emit/index.ts';
import { gptModel } from '../../../../src/model/index.ts';
import type { OptimizerSpec } from '../../../../src/optimizer/index.ts';
import { recipeNamed, shippedRecipes, traceStepParts, traceTrainingStep } from '../../../../src/recipe/index.ts';
import { nodeAt, type Program, sizeOf } from '../../../../src/tensor/index.ts';
import { runsEverything } from '../../../support/full-tests.ts';
import { describeWithJax } from '../../../support/jax-python.ts';
import { layeredProgram, specialPrograms } from './layered-programs.ts';

const seeds = Array.from({ length: runsEverything ? 100 : 6 }, (_, i) => i + 1);

type Numbers = { readonly [name: string]: NumericData };
interface Request {
  readonly program: Program;
  readonly modules: readonly string[];
}

const valuesSchema = z.record(z.string(), z.array(z.number()));
const answerSchema = z.array(z.array(z.object({ state: valuesSchema, outputs: valuesSchema })));
type Step = z.output<typeof answerSchema>[number][number];

/** Numbers for all states and inputs of a Program, drawn from their names. Token ids are below 5. */
function drawn(program: Program): { state: Numbers; inputs: Numbers } {
  const draw = (name: string, position: number): NumericData => {
    const { shape, dtype } = nodeAt(program, position);
    const random = randomStream(3, name);
    const length = sizeOf(shape);
    if (dtype === 'int32') return Int32Array.from({ length }, () => random.nextInteger(5));
    const isPositive = /secondMoment|Correction|weights|Factor/.test(name);
    const next = () => (isPositive ? 0.1 + random.nextUniform() : 0.5 * random.nextNormal());
    return Float32Array.from({ length }, next);
  };
  const all = (positions: { readonly [name: string]: number }) =>
    Object.fromEntries(Object.entries(positions).map(([name, position]) => [name, draw(name, position)]));
  const nodes = Object.fromEntries(Object.entries(program.state).map(([name, { node }]) => [name, node]));
  return { state: all(nodes), inputs: all(program.inputs) };
}

/** One step of every module, in one process of Python. */
function runModules(python: string, requests: readonly Request[]): Step[][] {
  const plain = (numbers: Numbers) =>
    Object.fromEntries(Object.entries(numbers).map(([name, data]) => [name, Array.from(data)]));
  const input = requests.map(({ program, modules }) => {
    const { state, inputs } = drawn(program);
    return { modules, state: plain(state), inputs: plain(inputs) };
  });
  const script = fileURLToPath(new URL('run-modules.py', import.meta.url));
  const { stdout, stderr, status } = spawnSync(python, [script], {
    input: JSON.stringify(input),
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
    // Little is computed and much compiled. Without optimization there is also no rounding by fusion.
    env: { ...process.env, JAX_PLATFORMS: 'cpu', XLA_FLAGS: '--xla_backend_optimization_level=0' },
  });
  if (status !== 0) throw new Error(`Python ended with ${status}: ${stderr}`);
  return answerSchema.parse(JSON.parse(stdout));
}

/** The largest difference of any number, against the largest number of its tensor. */
function largestDifference(one: Step, other: Step): number {
  let largest = 0;
  for (const part of ['state', 'outputs'] as const) {
    expect(Object.keys(one[part]).sort()).toEqual(Object.keys(other[part]).sort());
    for (const [name, values] of Object.entries(one[part])) {
      const scale = values.reduce((max, x) => Math.max(max, Math.abs(x)), 1e-3);
      values.forEach((x, i) => {
        const difference = Math.abs(x - (other[part][name]?.[i] ?? Number.NaN)) / scale;
        // NaN is no small difference.
        if (!(difference <= largest)) largest = difference;
      });
    }
  }
  return largest;
}

describeWithJax('loops over layers', (python) => {
  const special = specialPrograms();
  const programs = [...seeds.map(layeredProgram), ...Object.values(special)];
  const cases = [...seeds.map((seed) => `seed ${seed}`), ...Object.keys(special)].map((name, i) => [name, i] as const);
  const modules = programs.map((program) => [emitProgram(program), emitProgram(program, { isUnrolled: true })]);
  let steps: Step[][] = [];
  beforeAll(() => {
    steps = runModules(
      python,
      programs.map((program, i) => ({ program, modules: modules[i] ?? [] })),
    );
  }, 600_000);

  test('are found in most Programs of layers', () => {
    const numRolled = modules.filter(([rolled]) => /jax\.(lax\.scan|vmap)\(/.test(rolled ?? '')).length;
    expect(numRolled / programs.length).toBeGreaterThan(0.8);
  });

  test.each(cases)('change no number: %s', (_, i) => {
    const [rolled, unrolled] = steps[i] ?? [];
    if (!rolled || !unrolled) throw new Error('no answer');
    expect(largestDifference(unrolled, rolled)).toBeLessThan(1e-6);
  });

  test.each(cases)('agree with the reference: %s', async (_, i) => {
    const program = programs[i];
    const rolled = steps[i]?.[0];
    if (!program || !rolled) throw new Error('no answer');
    const { state, inputs } = drawn(program);
    const session = await referenceEngine().load(program);
    for (const [name, data] of Object.entries(state)) await session.set(name, data);
    const outputs = await session.run(inputs);
    const list = (data: NumericData | undefined) => Array.from(data ?? []);
    const expected: Step = { state: {}, outputs: {} };
    for (const name of Object.keys(program.state)) expected.state[name] = list(await session.get(name));
    for (const name of Object.keys(program.outputs)) expected.outputs[name] = list(outputs[name]);
    await session.close();
    expect(largestDifference(expected, rolled)).toBeLessThan(2e-5);
  });
});

describeWithJax('a training step', (python) => {
  const modelWith = (windowPattern: string) =>
    gptModel({
      vocabularySize: 5,
      contextLength: 6,
      width: 8,
      numLayers: 4,
      headWidth: 4,
      hasValueEmbeddings: true,
      hasInputScales: true,
      windowPattern,
      shortWindow: 3,
    });
  const adamW = { algorithm: 'adamw' as const, beta1: 0.8, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1 };
  const optimizer: OptimizerSpec = {
    clipNorm: 1,
    groups: [
      { algorithm: 'muon', roles: ['matrix'], learningRate: 0.02, momentum: 0.95, weightDecay: 0.1, numIterations: 2 },
      { ...adamW, roles: ['embedding', 'head', 'gain', 'scale', 'bias'], learningRate: 0.01 },
    ],
  };

  // Compiling a step three times takes half a minute.
  (runsEverything ? test : test.skip).each([
    { windowPattern: 'SL', microBatchSize: 4 },
    { windowPattern: 'SL', microBatchSize: 2, numMicroBatches: 2, recompute: true, documentMask: true },
    // No layer is like another, and none is in a loop.
    { windowPattern: 'SSSL', microBatchSize: 2, numMicroBatches: 2, recompute: true },
  ])(
    'is the same in both forms, and unrolled: %o',
    ({ windowPattern, ...options }) => {
      const model = modelWith(windowPattern);
      const program = traceTrainingStep(model, optimizer, options);
      const texts = [
        emitProgram(program, { isUnrolled: true }),
        emitProgram(program),
        emitTrainingStep(program, traceStepParts(model, optimizer, options)),
      ];
      const [unrolled, rolled, fast] = runModules(python, [{ program, modules: texts }])[0] ?? [];
      if (!unrolled || !rolled || !fast) throw new Error('no answer');
      expect(texts[1]).toContain('jax.lax.scan(');
      expect(texts[2]?.includes('jax.checkpoint(blocks_')).toBe(options.recompute ?? false);
      expect(largestDifference(unrolled, rolled)).toBeLessThan(1e-6);
      expect(largestDifference(unrolled, fast)).toBeLessThan(2e-5);
    },
    600_000,
  );
});

describeWithJax('the fast form', (python) => {
  /** How many arrays of each size, in elements, the modules keep for their backward pass. */
  const keptSizes = (texts: readonly string[]): Record<string, number>[] => {
    const folder = mkdtempSync(join(tmpdir(), 'groundwork-kept-'));
    try {
      const paths = texts.map((_, i) => join(folder, `step_${i}.py`));
      paths.forEach((path, i) => {
        writeFileSync(path, texts[i] ?? '');
      });
      const script = fileURLToPath(new URL('kept-sizes.py', import.meta.url));
      const { stdout, stderr, status } = spawnSync(python, [script, ...paths], {
        encoding: 'utf8',
        env: { ...process.env, JAX_PLATFORMS: 'cpu' },
      });
      if (status !== 0) throw new Error(`Python ended with ${status}: ${stderr}`);
      return z.array(z.record(z.string(), z.number())).parse(JSON.parse(stdout));
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  test('keeps the logits once, and of the MLP no more than its products and its activation read', () => {
    // So chosen that no other array is as large.
    const size = { vocabularySize: 72, contextLength: 16, width: 32, numLayers: 4 };
    const [microBatchSize, numTokens] = [3, 48];
    const texts = shippedRecipes.map((recipe) => {
      const model = recipe.model(size);
      const optimizer = recipe.optimizer({ size, batchTokens: numTokens, numSteps: 10 });
      const parts = traceStepParts(model, optimizer, { microBatchSize });
      return emitTrainingStep(traceTrainingStep(model, optimizer, { microBatchSize }), parts);
    });
    const kept = keptSizes(texts);
    shippedRecipes.forEach(({ name }, i) => {
      const isGated = name === 'baseline';
      const count = (width: number) => kept[i]?.[numTokens * width] ?? 0;
      expect(count(size.vocabularySize), `logits of ${name}`).toBe(1);
      // Gated: two products, the activation of one, and what goes into the third. Else the operand of the activation and its result.
      expect(count(size.numLayers * (isGated ? 96 : 128)), `hidden values of ${name}`).toBe(isGated ? 4 : 2);
    });
  }, 60_000);

  test('keeps nothing of the inside of a layer that is computed again, be it in a loop or not', () => {
    const windows = { windowPattern: 'SSL', shortWindow: 4 };
    const size = { vocabularySize: 72, contextLength: 16, width: 32, numLayers: 3 };
    const model = gptModel({ ...size, headWidth: 16, hasNormGains: false, ...windows });
    const optimizer = recipeNamed('nanochat-2025').optimizer({ size, batchTokens: 80, numSteps: 10 });
    const [once, again] = [false, true].map((recompute) => {
      const options = { microBatchSize: 5, recompute };
      return emitTrainingStep(traceTrainingStep(model, optimizer, options), traceStepParts(model, optimizer, options));
    });
    const [kept, keptOfAgain] = keptSizes([once ?? '', again ?? '']);
    // So chosen that no other array is as large, nor a stack of parameters.
    const hidden = 80 * 96;
    // The first two layers are a loop, the last stands alone.
    expect([kept?.[2 * hidden], kept?.[hidden]]).toEqual([4, 4]);
    expect([keptOfAgain?.[2 * hidden], keptOfAgain?.[hidden]]).toEqual([undefined, undefined]);
  }, 60_000);
});
