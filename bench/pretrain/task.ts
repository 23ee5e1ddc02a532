import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { assert } from '../../src/core/index.ts';
import { batches, type Dataset, validationRows } from '../../src/data/index.ts';
import { assignParameters, type OptimizerSpec, scheduleFactor } from '../../src/optimizer/index.ts';
import { initialize, type Recipe, type RecipeSize } from '../../src/recipe/index.ts';

/** What both sides train, to the last token: sizes, first weights, batches in their order, schedule, and what is measured. */
export interface PretrainRequest {
  readonly recipe: Recipe;
  readonly size: RecipeSize;
  readonly dataset: Dataset;
  /** Rows of a step. */
  readonly batchSize: number;
  readonly numSteps: number;
  readonly seed: number;
}

const files = {
  parameters: 'parameters.bin',
  tokens: 'tokens.bin',
  targets: 'targets.bin',
  validationTokens: 'validation-tokens.bin',
  validationTargets: 'validation-targets.bin',
  validationWeights: 'validation-weights.bin',
} as const;

export const taskFileName = 'task.json';

/** The contents of `task.json`; paths are those of `files`, beside it. */
export const taskSchema = z.object({
  recipe: z.string(),
  size: z.object({
    vocabularySize: z.int(),
    contextLength: z.int(),
    numLayers: z.int(),
    width: z.int(),
  }),
  batchSize: z.int(),
  numSteps: z.int(),
  /** The schedule's factor of every step. */
  scheduleFactors: z.array(z.number()),
  validation: z.object({ batchSize: z.int(), numBatches: z.int(), numBytes: z.number() }),
});
export type PretrainTask = z.infer<typeof taskSchema>;

/** Rows that are measured at once. */
const validationBatchSize = 16;

/** Writes a task into a folder, with everything that a peer needs to train the same model on the same numbers. */
export function writeTask(folder: string, request: PretrainRequest): void {
  const { recipe, size, dataset, batchSize, numSteps, seed } = request;
  mkdirSync(folder, { recursive: true });
  const model = recipe.model(size);
  const extent = { size, batchTokens: batchSize * size.contextLength, numSteps };
  const optimizer: OptimizerSpec = recipe.optimizer(extent);
  const assigned = new Map(assignParameters(optimizer, model.parameters).map((one) => [one.name, one]));

  let offset = 0;
  const arrays: Float32Array[] = [];
  const parameters = [...initialize(model, seed)].map(([name, values]) => {
    const one = assigned.get(name);
    assert(one !== undefined, `${name} belongs to no group`);
    const { shape, groupIndex, learningRate, weightDecay } = one;
    const entry = { name, shape, offset, group: groupIndex, learningRate, weightDecay };
    offset += values.length;
    arrays.push(values);
    return entry;
  });
  writeFileSync(join(folder, files.parameters), Buffer.concat(arrays.map(bytesOf)));

  const served = batches({ sources: [{ dataset, weight: 1 }], batchSize, contextLength: size.contextLength, seed });
  const numPositions = batchSize * size.contextLength;
  const tokens = new Int32Array(numSteps * numPositions);
  const targets = new Int32Array(numSteps * numPositions);
  for (let step = 0; step < numSteps; step++) {
    const batch = served.batch(step);
    assert(
      batch.weights.every((weight) => weight === 1),
      'a stream of tokens has padding',
    );
    tokens.set(batch.tokens, step * numPositions);
    targets.set(batch.targets, step * numPositions);
  }
  writeFileSync(join(folder, files.tokens), bytesOf(tokens));
  writeFileSync(join(folder, files.targets), bytesOf(targets));

  const rows = validationRows(dataset, { contextLength: size.contextLength, batchSize: validationBatchSize });
  const measured = Array.from({ length: rows.numBatches }, (_, number) => rows.batch(number));
  writeFileSync(join(folder, files.validationTokens), Buffer.concat(measured.map(({ tokens }) => bytesOf(tokens))));
  writeFileSync(join(folder, files.validationTargets), Buffer.concat(measured.map(({ targets }) => bytesOf(targets))));
  writeFileSync(join(folder, files.validationWeights), Buffer.concat(measured.map(({ weights }) => bytesOf(weights))));

  const task: PretrainTask = {
    recipe: recipe.name,
    size,
    batchSize,
    numSteps,
    scheduleFactors: Array.from({ length: numSteps }, (_, step) => scheduleFactor(recipe.schedule, step, numSteps)),
    validation: { batchSize: validationBatchSize, numBatches: rows.numBatches, numBytes: rows.numBytes },
  };
  const forPeers = { ...task, files, settings: model.gpt, optimizer, parameters };
  writeFileSync(join(folder, taskFileName), JSON.stringify(forPeers));
}

/** The files of a task, read back. */
export const taskFiles = files;

function bytesOf(array: Float32Array | Int32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
