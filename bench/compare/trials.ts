import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { canonicalJson, GroundworkError, present, sha256Hex } from '../../src/core/index.ts';
import { batches, type Dataset, emptyBatch } from '../../src/data/index.ts';
import type { Engine, Session } from '../../src/engine/index.ts';
import { type Evaluator, openEvaluator } from '../../src/evaluation/index.ts';
import type { Model } from '../../src/model/index.ts';
import { scheduleFactor } from '../../src/optimizer/index.ts';
import { initialize, type Recipe, type RecipeSize, traceTrainingStep } from '../../src/recipe/index.ts';
import { describeProgram, sizeOf } from '../../src/tensor/index.ts';
import { type VariantName, variantNamed, variantNames } from './variants.ts';

/** What all trainings of the benchmark have in common. */
export interface TrialSetting {
  readonly engine: Engine;
  readonly dataset: Dataset;
  readonly size: RecipeSize;
  readonly batchSize: number;
  readonly numSteps: number;
  /** Validation documents that each is measured on, the same for all. */
  readonly numDocuments: number;
}

const recordSchema = z.strictObject({
  setting: z.string(),
  variant: z.enum(variantNames),
  seed: z.int(),
  bitsPerByte: z.number(),
  durationMs: z.number(),
});
type TrialRecord = z.infer<typeof recordSchema>;

/** Trains variants with seeds and tells their bits per byte; a training that was done before is not done again. */
export interface Trials {
  bitsPerByte(variant: VariantName, seed: number): Promise<number>;
  /** Floating-point operations of one training. */
  readonly flops: number;
  readonly numTrained: number;
  close(): Promise<void>;
}

/**
 * Opens what trains. One session a variant serves all of its seeds: its state is set anew for each.
 *
 * @param file where results are kept, one JSON object a line, so that a benchmark that was stopped goes on; undefined: nowhere
 */
export function openTrials(setting: TrialSetting, file: string | undefined): Trials {
  const known = new Map(recordsOf(file).map((record) => [`${record.setting} ${record.seed}`, record.bitsPerByte]));
  const workshops = new Map<VariantName, Promise<Workshop>>();
  let numTrained = 0;
  return {
    get numTrained() {
      return numTrained;
    },
    flops: flopsOf(setting),
    bitsPerByte: async (variant, seed) => {
      const settingHash = sha256Hex(settingText(setting, variant)).slice(0, 16);
      const key = `${settingHash} ${seed}`;
      const before = known.get(key);
      if (before !== undefined) return before;
      const start = performance.now();
      const workshop = workshops.get(variant) ?? openWorkshop(setting, variantNamed(variant));
      workshops.set(variant, workshop);
      const bitsPerByte = await train(setting, await workshop, seed);
      numTrained++;
      known.set(key, bitsPerByte);
      const record: TrialRecord = {
        setting: settingHash,
        variant,
        seed,
        bitsPerByte,
        durationMs: performance.now() - start,
      };
      if (file !== undefined) appendFileSync(file, `${JSON.stringify(record)}\n`);
      return bitsPerByte;
    },
    close: async () => {
      for (const workshop of workshops.values()) {
        const { session, evaluator } = await workshop;
        await session.close();
        await evaluator.close();
      }
    },
  };
}

/** Everything that the result of a training follows from, but for the seed. */
function settingText({ dataset, size, batchSize, numSteps, numDocuments }: TrialSetting, variant: VariantName): string {
  const { optimizer, schedule } = variantNamed(variant);
  const { fingerprint } = dataset.manifest;
  const extent = { size, batchSize, numSteps };
  const parts = { variant, fingerprint, ...extent, numDocuments, optimizer: optimizer(extentOf(extent)), schedule };
  // Copied by JSON: optimizers are plain data.
  return canonicalJson(JSON.parse(JSON.stringify(parts)));
}

/** Of one training of the default recipe, counted in its graph. */
function flopsOf(setting: TrialSetting): number {
  const recipe = variantNamed('baseline');
  const options = { microBatchSize: setting.batchSize };
  const program = traceTrainingStep(recipe.model(setting.size), recipe.optimizer(extentOf(setting)), options);
  const { forward, backward, update } = describeProgram(program).total.flops;
  return setting.numSteps * (forward + backward + update);
}

const extentOf = ({ size, batchSize, numSteps }: Pick<TrialSetting, 'size' | 'batchSize' | 'numSteps'>) => ({
  size,
  batchTokens: batchSize * size.contextLength,
  numSteps,
});

/** What a line of JSON says; undefined where it is none, such as one that was cut off. */
function parsedLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function recordsOf(file: string | undefined): TrialRecord[] {
  if (file === undefined || !existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line, i) => {
      const record = recordSchema.safeParse(parsedLine(line));
      if (record.success) return record.data;
      throw new GroundworkError('invalid-document', `${file}, line ${i + 1} is no result of this benchmark`, {
        hint: 'Remove that line, or name another file.',
      });
    });
}

/** A variant, ready to be trained with one seed after the other. */
interface Workshop {
  readonly recipe: Recipe;
  readonly model: Model;
  readonly session: Session;
  readonly evaluator: Evaluator;
}

async function openWorkshop(setting: TrialSetting, recipe: Recipe): Promise<Workshop> {
  const { engine, size, batchSize, dataset, numDocuments } = setting;
  const model = recipe.model(size);
  const program = traceTrainingStep(model, recipe.optimizer(extentOf(setting)), { microBatchSize: batchSize });
  return {
    recipe,
    model,
    session: await engine.load(program),
    evaluator: await openEvaluator(engine, model, {
      dataset,
      batchSize: 8,
      contextLength: size.contextLength,
      numDocuments,
    }),
  };
}

async function train(setting: TrialSetting, workshop: Workshop, seed: number): Promise<number> {
  const { dataset, batchSize, numSteps, size } = setting;
  const { recipe, model, session, evaluator } = workshop;
  // What the optimizer keeps begins as zeros.
  const { state, nodes } = session.program;
  for (const [name, { node }] of Object.entries(state)) {
    await session.set(name, new Float32Array(sizeOf(present(nodes[node], 'the node of a state').shape)));
  }
  for (const [name, values] of initialize(model, seed)) await session.set(name, values);
  const { contextLength } = size;
  const data = batches({ sources: [{ dataset, weight: 1 }], batchSize, contextLength, seed });
  const room = emptyBatch(batchSize, contextLength);
  for (let step = 0; step < numSteps; step++) {
    const { tokens, targets, weights } = data.batch(step, room);
    const factor = Float32Array.of(scheduleFactor(recipe.schedule, step, numSteps));
    await session.run({ tokens, targets, weights, scheduleFactor: factor });
  }
  const trained = new Map<string, Float32Array>();
  for (const name of Object.keys(model.parameters)) trained.set(name, Float32Array.from(await session.get(name)));
  await evaluator.load(trained);
  return present((await evaluator.bitsPerByte()).bitsPerByte, 'bits per byte');
}
