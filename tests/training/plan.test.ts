import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nodeFileSystem } from '../../src/core/node.ts';
import { openDataset } from '../../src/data/index.ts';
import { type Engine, onnxEngine, referenceEngine } from '../../src/engine/index.ts';
import { type PlanRequest, planRun, planSchema, type RunDataset, startRun } from '../../src/training/index.ts';
import {
  balancedParameters,
  balancedTokens,
  candidateSizes,
  chooseSize,
  type PricedSize,
  shortfall,
  tokensPerStep,
} from '../../src/training/sizing.ts';
import { writeSmallDataset } from '../data/store/small-dataset.ts';
import { closeDatasets, smallDatasets, smallRecipe, smallRun, smallTexts } from './support/small-training.ts';

const priced: PricedSize[] = candidateSizes.map(({ numLayers, width }) => {
  const numParameters = 12 * numLayers * width * width;
  return {
    numLayers,
    width,
    numParameters,
    flopsPerToken: 6 * numParameters,
    flopsPerUpdate: 0,
    otherWorkPerToken: 1e6,
    otherWorkPerUpdate: 0,
  };
});
const endless = { uniqueTokens: 1e15, mostEpochs: 16 };

describe('the choice of a size', () => {
  test('grows with the budget, in parameters and in tokens', () => {
    const answers = [1e11, 1e12, 1e13, 1e14, 1e15, 1e16].map((amount) =>
      chooseSize(priced, { ...endless, allowance: { amount, unit: 'flops' } }),
    );
    for (const [i, answer] of answers.entries()) {
      const before = answers[i - 1];
      if (before === undefined) continue;
      expect(answer.index).toBeGreaterThan(before.index);
      expect(answer.numTokens).toBeGreaterThan(before.numTokens);
    }
  });

  test('is the best of the table by the law that it states', () => {
    for (const amount of [1e12, 3e13, 1e15]) {
      const { index, numTokens } = chooseSize(priced, { ...endless, allowance: { amount, unit: 'flops' } });
      const reached = shortfall((priced[index] as PricedSize).numParameters, numTokens, endless.uniqueTokens);
      const others = priced.map((size) =>
        shortfall(size.numParameters, amount / size.flopsPerToken, endless.uniqueTokens),
      );
      expect(reached).toBeLessThanOrEqual(1.0021 * Math.min(...others));
    }
  });

  test('lies near the balance of parameters and tokens', () => {
    const { index, numTokens } = chooseSize(priced, { ...endless, allowance: { amount: 1e15, unit: 'flops' } });
    const ratio = numTokens / balancedTokens((priced[index] as PricedSize).numParameters);
    expect(ratio).toBeGreaterThan(0.4);
    expect(ratio).toBeLessThan(2.5);
    expect(balancedParameters(balancedTokens(3e7))).toBeCloseTo(3e7, 0);
  });

  test('stops growing where the text is small, and reads it no more often than it may', () => {
    const question = { uniqueTokens: 1e5, mostEpochs: 16, allowance: { amount: 1e18, unit: 'flops' } } as const;
    const { index, numTokens, isLimitedByText } = chooseSize(priced, question);
    expect(numTokens).toBe(1.6e6);
    expect(isLimitedByText).toBe(true);
    expect((priced[index] as PricedSize).numParameters).toBeLessThan(5e6);
  });

  test('takes steps of more tokens for longer runs, as powers of two', () => {
    const steps = [1e4, 1e6, 1e8, 1e10].map(tokensPerStep);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    for (const step of steps) expect(Number.isInteger(Math.log2(step))).toBe(true);
    expect(tokensPerStep(1e6)).toBe(2048);
  });
});

let root: string;
let datasets: RunDataset[];
let engine: Engine;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'plan-'));
  datasets = smallDatasets(root);
  engine = await onnxEngine('cpu', { numThreads: 1 });
});
afterAll(() => {
  closeDatasets(datasets);
  rmSync(root, { recursive: true });
});
const plan = (request: PlanRequest, on: readonly RunDataset[] = datasets) =>
  planRun(request, { fs: nodeFileSystem, engine, recipe: smallRecipe(), datasets: on });

describe('a plan', () => {
  test('of a budget of tokens, steps or arithmetic keeps to it', async () => {
    const tokens = await plan({ budget: { kind: 'tokens', numTokens: 20_000 }, skipProbe: true });
    expect(tokens.numTokens).toBeLessThanOrEqual(20_000);
    expect(tokens.numTokens).toBeGreaterThan(19_000);
    const steps = await plan({ budget: { kind: 'steps', numSteps: 37 }, skipProbe: true });
    expect(steps.numSteps).toBe(37);
    const flops = await plan({ budget: { kind: 'flops', flops: 1e11 }, skipProbe: true });
    expect(flops.numSteps * flops.expected.flopsPerStep).toBeLessThanOrEqual(1.5e11);
  });

  test('of tokens or steps keeps to it on a text that is read over and over, without a word of a budget', async () => {
    const folder = join(root, 'repeated');
    writeSmallDataset(nodeFileSystem, folder, { name: 'repeated', train: [smallTexts(3, 1)], validation: [[]] });
    const on = [{ dataset: openDataset(nodeFileSystem, folder), weight: 1 }];
    const shape = { batchSize: 4, contextLength: 32, skipProbe: true };
    const steps = await plan({ budget: { kind: 'steps', numSteps: 80 }, ...shape }, on);
    expect(steps.numSteps).toBe(80);
    expect(steps.epochs).toBeGreaterThan(16);
    const tokens = await plan({ budget: { kind: 'tokens', numTokens: 10_240 }, ...shape }, on);
    expect(tokens.numSteps).toBe(80);
    for (const { warnings } of [steps, tokens]) expect(warnings.join(' ')).not.toMatch(/budget does/);
    closeDatasets(on);
  });

  test.each([1000, 100_000])('of %i steps is the plan of as many tokens', async (numSteps) => {
    const steps = await plan({ budget: { kind: 'steps', numSteps }, skipProbe: true });
    const tokens = await plan({ budget: { kind: 'tokens', numTokens: steps.numTokens }, skipProbe: true });
    expect(tokens).toMatchObject({ size: steps.size, batch: steps.batch, numSteps });
    expect(steps.reasons[0]).toMatch(/the size that so many tokens suit best/);
  });

  test('says how much of the text is read, where it is less than all', async () => {
    const shape = { batchSize: 1, contextLength: 32, skipProbe: true, size: { numLayers: 1, width: 32 } };
    const { reasons, warnings, epochs } = await plan({ budget: { kind: 'steps', numSteps: 1 }, ...shape });
    expect(reasons[2]).toBe(`1 step reads 32 tokens, ${(100 * epochs).toFixed(1)} % of the training text.`);
    expect(warnings).toContain('1 step is few: expect a model that has learned little. A larger budget helps.');
  });

  test('with checkpoints by steps has none by time, unless both are asked for', async () => {
    const request: PlanRequest = { budget: { kind: 'steps', numSteps: 9 }, checkpointEverySteps: 3, skipProbe: true };
    expect((await plan(request)).checkpoints).toMatchObject({ everySteps: 3, everyMs: null });
    expect((await plan({ ...request, checkpointEveryMs: 7 })).checkpoints).toMatchObject({ everySteps: 3, everyMs: 7 });
  });

  test('of a size alone trains it on as many tokens as are in balance with it', async () => {
    const made = await plan({ size: { numLayers: 2, width: 32 }, skipProbe: true });
    expect(made.size).toMatchObject({ numLayers: 2, width: 32 });
    expect(made.budget.kind).toBe('tokens');
  });

  test('has everything that was asked for', async () => {
    const made = await plan({
      budget: { kind: 'steps', numSteps: 10 },
      size: { numLayers: 1, width: 32 },
      contextLength: 16,
      batchSize: 6,
      microBatchSize: 3,
      packing: 'documents',
      documentMask: true,
      schedule: { kind: 'cosine', warmupSteps: 9 },
      evaluationEverySteps: 3,
      sampleEverySteps: 0,
      checkpointEverySteps: 4,
      keep: 5,
      skipProbe: true,
    });
    expect(made.batch).toEqual({
      batchSize: 6,
      microBatchSize: 3,
      contextLength: 16,
      packing: 'documents',
      documentMask: true,
      recompute: false,
    });
    // Warm-up takes at most a fifth of the run.
    expect(made.schedule).toMatchObject({ kind: 'cosine', warmupSteps: 2 });
    expect(made.evaluation.everySteps).toBe(3);
    expect(made.checkpoints).toMatchObject({ everySteps: 4, keep: 5 });
  });

  test('in bfloat16 says so in batch and reasons, and is refused for an engine that lacks it', async () => {
    const request = {
      budget: { kind: 'steps', numSteps: 3 },
      size: { numLayers: 1, width: 32 },
      batchSize: 2,
      contextLength: 16,
      precision: 'bfloat16',
      skipProbe: true,
    } as const;
    const made = await planRun(request, {
      fs: nodeFileSystem,
      engine: referenceEngine(),
      recipe: smallRecipe(),
      datasets,
    });
    expect(made.batch.precision).toBe('bfloat16');
    expect(planSchema.parse(JSON.parse(JSON.stringify(made)))).toEqual(made);
    expect(made.reasons).toContain('The model computes in bfloat16; parameters, optimizer and loss are float32.');
    await expect(plan(request)).rejects.toMatchObject({
      code: 'unsupported-dtype',
      message: 'onnx/cpu does not compute in bfloat16',
      hint: expect.stringMatching(/Leave --precision out, or choose an engine that has bfloat16, such as --engine jax/),
    });
    // float32 is what plans mean that say nothing.
    const plain = await plan({ ...request, precision: 'float32' });
    expect(plain.batch).not.toHaveProperty('precision');
    expect(plain.reasons.join(' ')).not.toContain('float32');
  });

  test.each<[string, PlanRequest, string]>([
    ['neither budget nor size', {}, 'found neither a budget nor a size'],
    ['no rows', { size: { numLayers: 1, width: 32 }, batchSize: 0 }, 'batchSize is 0'],
    [
      'micro-batches that do not divide',
      { size: { numLayers: 1, width: 32 }, batchSize: 6, microBatchSize: 4 },
      'a batch of 6 rows cannot be cut',
    ],
  ])('with %s is refused', async (_, request, message) => {
    await expect(plan(request)).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining(message) });
  });
});

/** The engine on a clock that only it moves. */
function slowEngine(loadMs: number, runMs: number) {
  let now = 0;
  const loads: number[] = [];
  const slow: Engine = {
    ...engine,
    load: async (program) => {
      now += loadMs;
      loads.push(now);
      const session = await engine.load(program);
      return {
        program,
        set: (name, data) => session.set(name, data),
        get: (name) => session.get(name),
        close: () => session.close(),
        run: (inputs) => {
          now += runMs;
          return session.run(inputs);
        },
      };
    },
  };
  return { loads, clock: { monotonicMs: () => now }, slow };
}

describe('measuring', () => {
  const planOn = (durationMs: number, { slow, clock }: ReturnType<typeof slowEngine>, signal?: AbortSignal) =>
    planRun(
      { budget: { kind: 'time', durationMs } },
      { fs: nodeFileSystem, engine: slow, recipe: smallRecipe(), datasets, clock, ...(signal && { signal }) },
    );

  test('is of the chosen size with two minutes or more, also where loading takes long; all documents are for the end', async () => {
    const machine = slowEngine(10_000, 50);
    const made = await planOn(120_000, machine);
    expect(made.reasons[1]).toMatch(/takes 50 ms on this machine, as measured/);
    expect(made.evaluation.numFinalDocuments).toBe(10);
    expect(made.expected.trainingMs + made.expected.otherMs).toBeLessThan(120_000 - 10_000 * machine.loads.length);
  });

  test('is of the smallest size alone where the budget is short, and of none where it is very short', async () => {
    const machine = slowEngine(2_000, 50);
    expect((await planOn(20_000, machine)).reasons[1]).toMatch(/as (estimated|measured)/);
    expect(machine.loads).toHaveLength(1);
    const none = slowEngine(2_000, 50);
    expect((await planOn(10_000, none)).reasons[1]).toMatch(/a guess/);
    expect(none.loads).toHaveLength(0);
  });

  test('of the chosen size where there is time for it: the plan keeps the time and says why', async () => {
    const made = await planOn(60_000, slowEngine(300, 40));
    const { expected, numSteps, reasons } = made;
    expect(planSchema.parse(JSON.parse(JSON.stringify(made)))).toEqual(made);
    expect(expected.msPerStep).toBeGreaterThan(0);
    expect(expected.trainingMs + expected.otherMs).toBeLessThanOrEqual(60_000);
    expect(expected.limitMs).toBeLessThan(60_000);
    expect(numSteps).toBeGreaterThan(0);
    expect(reasons.join(' ')).toMatch(/as measured/);
    expect(reasons.every((reason) => /^[A-Z\d].*\.$/.test(reason))).toBe(true);
  });

  test('ends when it is told to', async () => {
    const machine = slowEngine(0, 1);
    await expect(planOn(300_000, machine, AbortSignal.abort())).rejects.toMatchObject({ code: 'interrupted' });
    expect(machine.loads).toHaveLength(0);
  });
});

describe('a text that is smaller than a batch', () => {
  const tiny = (name: string, train: readonly string[], validation: readonly string[] = []): RunDataset[] => {
    const folder = join(root, name);
    writeSmallDataset(nodeFileSystem, folder, { name, train: [train], validation: [validation] });
    return [{ dataset: openDataset(nodeFileSystem, folder), weight: 1 }];
  };

  test.each([
    ['of 40 bytes', ['forty bytes of text are not a great deal'], []],
    ['of one letter', ['a'], []],
    ['of three sentences', smallTexts(3, 1), smallTexts(1, 2)],
  ])('%s still ends in a model, with a warning', async (name, train, validation) => {
    const on = tiny(name.replaceAll(' ', '-'), train, validation);
    const made = await plan({ budget: { kind: 'time', durationMs: 10_000 } }, on);
    expect(made.numSteps).toBeLessThanOrEqual(2000);
    expect(made.warnings.join(' ')).toMatch(/small|by heart/);
    const short = { ...made, numSteps: 3, mostSteps: 3 };
    const result = await startRun(await smallRun(join(root, `run-${name.replaceAll(' ', '-')}`), on, { plan: short }));
    expect(result.step).toBeGreaterThanOrEqual(3);
    expect(Number.isFinite(result.loss)).toBe(true);
    expect(result.bitsPerByte === undefined).toBe(validation.length === 0);
    closeDatasets(on);
  });
});
