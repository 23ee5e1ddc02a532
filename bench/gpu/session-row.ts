// The row `ours-session`, a process that run.py starts as it starts those in Python: the model as a user trains it, through the engine
// and its session. Takes the flags of task.py and prints one line of JSON.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { GroundworkError, present } from '../../src/core/index.ts';
import { jaxEngine } from '../../src/engine/jax/index.ts';
import { traceStepParts, traceTrainingStep } from '../../src/recipe/index.ts';
import { firstParameters, numBatches, rowsOf } from './first-values.ts';
import { type Extent, modelOf } from './models.ts';
import type { MeasuredTurn } from './record.ts';
import { optimizerOf, scheduleFactor, stepOptions } from './task.ts';

const extentSchema = z.object({
  size: z.object({ vocabularySize: z.int(), contextLength: z.int(), numLayers: z.int(), width: z.int() }),
  precision: z.enum(['float32', 'bfloat16']),
  batchSize: z.int(),
  microBatchSizes: z.array(z.int()),
});
const taskSchema = z.object({
  models: z.array(extentSchema.extend({ id: z.string(), recipe: z.string(), check: extentSchema })),
});

const text = { type: 'string' } as const;
const { values: flags } = parseArgs({
  options: {
    task: text,
    model: text,
    device: text,
    micro: text,
    'check-steps': text,
    bursts: text,
    steps: text,
    'no-check': { type: 'boolean' },
  },
});
const given = (name: 'task' | 'model' | 'device' | 'check-steps' | 'bursts' | 'steps') => present(flags[name], name);

const engine = await jaxEngine();
try {
  process.stdout.write(`${JSON.stringify(await turn())}\n`);
} finally {
  engine.close();
}

async function turn(): Promise<MeasuredTurn | { readonly unavailable: string }> {
  const { platform, versions, device, memoryBytes } = engine.runtime;
  if ((platform === 'cpu') !== (given('device') === 'cpu')) {
    return { unavailable: `JAX runs on ${platform} here, expected a ${given('device')}` };
  }
  const task = taskSchema.parse(JSON.parse(readFileSync(join(given('task'), 'task.json'), 'utf8')));
  const model = present(
    task.models.find(({ id }) => id === given('model')),
    'the model',
  );
  const check = flags['no-check'] ? null : await checkOf(model.recipe, model.check);
  const sizes = flags.micro === undefined ? model.microBatchSizes : flags.micro.split(',').map(Number);
  const tooLarge: number[] = [];
  for (const microBatchSize of sizes) {
    try {
      const measured = await measure(model.recipe, model, microBatchSize);
      return {
        microBatchSize,
        tooLarge,
        check,
        versions: { ...versions, node: process.versions.node },
        device: { name: device, memoryBytes: memoryBytes ?? null },
        ...measured,
      };
    } catch (fault) {
      if (!(fault instanceof GroundworkError) || fault.code !== 'out-of-memory') throw fault;
      tooLarge.push(microBatchSize);
    }
  }
  return { unavailable: `no micro-batch fits into memory: tried ${tooLarge.join(', ')}` };
}

async function checkOf(recipe: string, extent: Extent) {
  const { session, step } = await loaded(recipe, extent, present(extent.microBatchSizes[0], 'a micro-batch'));
  const seen = await steps(step, 0, 5);
  await session.close();
  return { losses: seen.map(({ loss }) => loss), gradientNorms: seen.map(({ norm }) => norm) };
}

async function measure(recipe: string, extent: Extent, microBatchSize: number) {
  const { session, step, loadMs, compileMs } = await loaded(recipe, extent, microBatchSize);
  try {
    const numFirst = Number(given('check-steps'));
    const start = performance.now();
    const first = await step(0);
    const firstStepMs = performance.now() - start;
    const seen = [first, ...(await steps(step, 1, numFirst - 1))];
    const burstMs: number[] = [];
    const burst = Number(given('steps'));
    for (let number = 0; number < Number(given('bursts')); number++) {
      const from = performance.now();
      await steps(step, numFirst + number * burst, burst);
      burstMs.push((performance.now() - from) / burst);
    }
    const memory = await session.memory();
    const { argumentBytes, outputBytes, aliasBytes, temporaryBytes } = memory;
    const isPlanned = [argumentBytes, outputBytes, aliasBytes, temporaryBytes].every((bytes) => bytes !== null);
    return {
      loadMs,
      compileMs,
      firstStepMs,
      burstMs,
      losses: seen.map(({ loss }) => loss),
      gradientNorms: seen.map(({ norm }) => norm),
      peakBytes: memory.peakBytes,
      plannedBytes: isPlanned
        ? (argumentBytes ?? 0) + (outputBytes ?? 0) - (aliasBytes ?? 0) + (temporaryBytes ?? 0)
        : null,
    };
  } finally {
    await session.close();
  }
}

interface Seen {
  readonly loss: number | null;
  readonly norm: number | null;
}

async function steps(step: (number: number) => Promise<Seen>, from: number, count: number): Promise<Seen[]> {
  const seen: Seen[] = [];
  for (let number = from; number < from + count; number++) seen.push(await step(number));
  return seen;
}

/** A session with the first values, and what runs a step in it. */
async function loaded(recipe: string, extent: Extent, microBatchSize: number) {
  const { batchSize, size } = extent;
  const model = modelOf(recipe, extent);
  const optimizer = optimizerOf(recipe, extent);
  const options = stepOptions(extent, microBatchSize);
  const start = performance.now();
  const program = traceTrainingStep(model, optimizer, options);
  const traced = performance.now();
  const session = await engine.load(program, () => traceStepParts(model, optimizer, options));
  const compileMs = performance.now() - traced;
  for (const [name, values] of firstParameters(model)) await session.set(name, values);
  const rows = Array.from({ length: numBatches }, (_, number) =>
    rowsOf(number, batchSize, size.contextLength, size.vocabularySize),
  );
  const weights = new Float32Array(batchSize * size.contextLength).fill(1);
  const factor = Float32Array.of(scheduleFactor);
  const step = async (number: number): Promise<Seen> => {
    const { tokens, targets } = present(rows[number % numBatches], 'a batch');
    const { loss, gradientNorm } = await session.run({ tokens, targets, weights, scheduleFactor: factor });
    return { loss: finite(loss?.[0]), norm: finite(gradientNorm?.[0]) };
  };
  return { session, step, compileMs, loadMs: performance.now() - start - compileMs };
}

function finite(x: number | undefined): number | null {
  return x !== undefined && Number.isFinite(x) ? x : null;
}
