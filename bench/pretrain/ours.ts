// Trains a task with Groundwork, in a process of its own: `tsx ours.ts TASK_FOLDER THREADS`. Prints one line of JSON when it is
// ready and one with the result.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type NumericData, onnxEngine } from '../../src/engine/index.ts';
import { initialize, recipeNamed, traceLosses, traceTrainingStep } from '../../src/recipe/index.ts';
import { taskFileName, taskFiles, taskSchema } from './task.ts';

const [folder = '', threads = '1'] = process.argv.slice(2);
const int32 = (file: string) => new Int32Array(readBytes(file));
const float32 = (file: string) => new Float32Array(readBytes(file));
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);

const task = taskSchema.parse(JSON.parse(readFileSync(join(folder, taskFileName), 'utf8')));
const { size, batchSize, numSteps, scheduleFactors, validation } = task;
const recipe = recipeNamed(task.recipe);
const model = recipe.model(size);
const numPositions = batchSize * size.contextLength;
const tokens = int32(taskFiles.tokens);
const targets = int32(taskFiles.targets);
const weights = new Float32Array(numPositions).fill(1);

const loadStart = performance.now();
const engine = await onnxEngine('cpu', { numThreads: Number(threads) });
const optimizer = recipe.optimizer({ size, batchTokens: numPositions, numSteps });
const session = await engine.load(traceTrainingStep(model, optimizer, { microBatchSize: batchSize }));
const all = float32(taskFiles.parameters);
let offset = 0;
// Only names and lengths are taken from here: the values are the task's.
for (const [name, { length }] of initialize(model, 0)) {
  await session.set(name, all.subarray(offset, offset + length));
  offset += length;
}
say({ ready: true, loadMs: performance.now() - loadStart });

const losses: number[] = [];
const stepMs: number[] = [];
for (let step = 0; step < numSteps; step++) {
  const start = performance.now();
  const at = step * numPositions;
  const { loss } = await session.run({
    tokens: tokens.subarray(at, at + numPositions),
    targets: targets.subarray(at, at + numPositions),
    weights,
    scheduleFactor: Float32Array.of(scheduleFactors[step] ?? 0),
  });
  losses.push(scalarOf(loss));
  stepMs.push(performance.now() - start);
}
const trained = new Map<string, NumericData>();
for (const name of Object.keys(model.parameters)) trained.set(name, await session.get(name));
await session.close();

const scorer = await engine.load(traceLosses(model, { batchSize: validation.batchSize }));
for (const [name, values] of trained) await scorer.set(name, values);
const validationTokens = int32(taskFiles.validationTokens);
const validationTargets = int32(taskFiles.validationTargets);
const validationWeights = float32(taskFiles.validationWeights);
const perBatch = validation.batchSize * size.contextLength;
let nats = 0;
for (let batch = 0; batch < validation.numBatches; batch++) {
  const [from, to] = [batch * perBatch, (batch + 1) * perBatch];
  const result = await scorer.run({
    tokens: validationTokens.subarray(from, to),
    targets: validationTargets.subarray(from, to),
  });
  result.losses?.forEach((loss, i) => {
    nats += loss * (validationWeights[from + i] ?? 0);
  });
}
await scorer.close();
const bitsPerByte = nats / (Math.LN2 * validation.numBytes);
say({ losses, stepMs, bitsPerByte, peakBytes: process.resourceUsage().maxRSS * 1024 });

function readBytes(file: string): ArrayBuffer {
  const bytes = readFileSync(join(folder, file));
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
}

function scalarOf(output: NumericData | undefined): number {
  return output?.[0] ?? Number.NaN;
}
