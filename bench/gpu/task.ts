import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { present } from '../../src/core/index.ts';
import { emitProgram, emitTrainingStep } from '../../src/engine/jax/index.ts';
import type { Model } from '../../src/model/index.ts';
import { assignParameters, type OptimizerSpec } from '../../src/optimizer/index.ts';
import { recipeNamed, type TrainingStepOptions, traceStepParts, traceTrainingStep } from '../../src/recipe/index.ts';
import { firstValuesOf } from './first-values.ts';
import { type Extent, flopPerToken, type GpuModel, modelOf, numMatmulParameters, tokensPerStep } from './models.ts';
import { type RowSpec, rowSpecs } from './rows.ts';

const pythonFolder = fileURLToPath(new URL('./python/', import.meta.url));

/** The factor on all learning rates: small, so that noise of bfloat16 stays small in the first steps of AdamW. */
export const scheduleFactor = 0.1;

/** What run.py copies of a model into its record. */
const recorded = [
  'id',
  'recipe',
  'size',
  'batchSize',
  'precision',
  'numParameters',
  'numMatmulParameters',
  'flopPerToken',
  'tokensPerStep',
];

/** What of a model's description a record keeps. */
export const recordedFields: readonly string[] = recorded;

export interface BundleOptions {
  readonly models: readonly GpuModel[];
  readonly rows?: readonly RowSpec[];
  /** Called with what is done next. */
  readonly log?: (line: string) => void;
}

/**
 * Writes a folder that Python alone can measure: the scripts of the rows, the emitted steps, and `task.json`, which says how to draw
 * weights and tokens. Some hundred kilobytes, whatever the size of the models.
 */
export function writeBundle(folder: string, { models, rows = rowSpecs, log = () => {} }: BundleOptions): void {
  mkdirSync(folder, { recursive: true });
  for (const script of readdirSync(pythonFolder).filter((name) => /\.(py|sh)$/.test(name))) {
    cpSync(join(pythonFolder, script), join(folder, script));
  }
  const described = models.map((model) => {
    const { id, recipe, check } = model;
    log(`emitting ${id}`);
    return {
      id,
      recipe,
      ...describe(folder, id, recipe, model),
      check: describe(folder, `${id}-check`, recipe, check),
    };
  });
  const task = { format: 1, scheduleFactor, newtonSchulz: 'float32', recorded, rows, models: described };
  writeFileSync(join(folder, 'task.json'), JSON.stringify(task));
}

/** All that a row must know of a model, its emitted steps beside it. */
function describe(folder: string, name: string, recipe: string, extent: Extent) {
  const { size, batchSize, microBatchSizes, precision } = extent;
  const model = modelOf(recipe, extent);
  const optimizer = optimizerOf(recipe, extent);
  const assigned = new Map(assignParameters(optimizer, model.parameters).map((one) => [one.name, one]));
  const parameters = Object.entries(model.parameters).map(([parameter, { shape, initialization }]) => {
    const { groupIndex, learningRate, weightDecay } = present(assigned.get(parameter), parameter);
    return { name: parameter, shape, group: groupIndex, learningRate, weightDecay, ...firstValuesOf(initialization) };
  });
  return {
    size,
    precision,
    batchSize,
    microBatchSizes,
    settings: model.gpt,
    optimizer,
    parameters,
    numParameters: parameters.reduce((total, { shape }) => total + shape.reduce((x, y) => x * y, 1), 0),
    numMatmulParameters: numMatmulParameters(model),
    flopPerToken: flopPerToken(model),
    tokensPerStep: tokensPerStep(extent),
    modules: emitModules(folder, name, model, optimizer, extent),
  };
}

/** The optimizer of a model of the benchmark. */
export function optimizerOf(recipe: string, extent: Extent): OptimizerSpec {
  return recipeNamed(recipe).optimizer({ size: extent.size, batchTokens: tokensPerStep(extent), numSteps: 1000 });
}

/** How a step with micro-batches of this size is traced. */
export function stepOptions({ batchSize, precision }: Extent, microBatchSize: number): TrainingStepOptions {
  return { microBatchSize, numMicroBatches: batchSize / microBatchSize, precision };
}

type Modules = { readonly [form in 'fast' | 'reference']: { readonly [microBatchSize: string]: string } };

/** Emits the fast form at each size of micro-batches, and the reference form at the largest two. */
function emitModules(folder: string, name: string, model: Model, optimizer: OptimizerSpec, extent: Extent): Modules {
  mkdirSync(join(folder, name), { recursive: true });
  const fast: Record<string, string> = {};
  const reference: Record<string, string> = {};
  extent.microBatchSizes.forEach((microBatchSize, index) => {
    const options = stepOptions(extent, microBatchSize);
    const program = traceTrainingStep(model, optimizer, options);
    const write = (form: string, text: string): string => {
      const path = `${name}/${form}-${microBatchSize}.py`;
      writeFileSync(join(folder, path), text);
      return path;
    };
    fast[microBatchSize] = write('fast', emitTrainingStep(program, traceStepParts(model, optimizer, options)));
    if (index < 3) reference[microBatchSize] = write('reference', emitProgram(program));
  });
  return { fast, reference };
}
