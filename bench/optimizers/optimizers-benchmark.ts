import { appendFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { nodeFileSystem } from '../../src/core/node.ts';
import { batches, type Dataset, emptyBatch, openDataset } from '../../src/data/index.ts';
import { type Engine, onnxEngine, type Session } from '../../src/engine/index.ts';
import { openEvaluator } from '../../src/evaluation/index.ts';
import { scheduleFactor } from '../../src/optimizer/index.ts';
import { initialize, type Recipe, type RecipeSize, recipeNamed, traceTrainingStep } from '../../src/recipe/index.ts';
import { type Contender, contenderNamed } from './contender.ts';

const usage = `npm run bench -- optimizers DATASET [flags]

Trains one recipe with several optimizers for the same time each, over several seeds, and compares bits per byte on the
held-out text. Steps are timed first, all contenders in turns; from their medians follows how many steps each may do.

  --optimizers LIST muon, muon@RATE and adamw@RATE: what updates the matrices (default: muon,adamw@0.003,adamw@0.006)
  --seconds N       of training for each run (default: 60)
  --seeds N         (default: 3)
  --size LxD        layers and width (default: 4x64)
  --batch N         rows of a step (default: 16)
  --context N       positions of a row (default: 128)
  --documents N     held-out documents to measure on (default: all)
  --recipe NAME     (default: baseline)
  --threads N       (default: 2)
  --json FILE       append each run to FILE, one JSON object a line`;

interface Setting {
  readonly engine: Engine;
  readonly recipe: Recipe;
  readonly size: RecipeSize;
  readonly dataset: Dataset;
  readonly batchSize: number;
  readonly numDocuments: number | undefined;
}

interface Trial {
  readonly optimizer: string;
  readonly seed: number;
  readonly numSteps: number;
  readonly stepMs: number;
  readonly bitsPerByte: number;
}

/** `bench optimizers`: prints a line for each run and one for each optimizer. */
export async function runOptimizersBenchmark(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      optimizers: { type: 'string', default: 'muon,adamw@0.003,adamw@0.006' },
      seconds: { type: 'string', default: '60' },
      seeds: { type: 'string', default: '3' },
      size: { type: 'string', default: '4x64' },
      batch: { type: 'string', default: '16' },
      context: { type: 'string', default: '128' },
      documents: { type: 'string' },
      recipe: { type: 'string', default: 'baseline' },
      threads: { type: 'string', default: '2' },
      json: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  const [folder] = positionals;
  if (values.help || folder === undefined) {
    process.stdout.write(`${usage}\n`);
    return;
  }
  const dataset = openDataset(nodeFileSystem, folder);
  const [numLayers = 0, width = 0] = values.size.split('x').map(Number);
  const recipe = recipeNamed(values.recipe);
  const setting: Setting = {
    engine: await onnxEngine('cpu', { numThreads: Number(values.threads) }),
    recipe,
    size: {
      vocabularySize: dataset.manifest.vocabularySize,
      contextLength: Number(values.context),
      numLayers,
      width,
    },
    dataset,
    batchSize: Number(values.batch),
    numDocuments: values.documents === undefined ? undefined : Number(values.documents),
  };
  const contenders = values.optimizers.split(',').map((name) => contenderNamed(name, recipe));
  const stepMs = await stepTimes(setting, contenders);
  const trials: Trial[] = [];
  for (let seed = 1; seed <= Number(values.seeds); seed++) {
    for (const [i, contender] of contenders.entries()) {
      const ms = stepMs[i] ?? Number.NaN;
      const numSteps = Math.max(1, Math.round((1000 * Number(values.seconds)) / ms));
      const bitsPerByte = await train(setting, contender, numSteps, seed);
      const trial = { optimizer: contender.name, seed, numSteps, stepMs: ms, bitsPerByte };
      trials.push(trial);
      process.stdout.write(
        `${contender.name.padEnd(12)} seed ${seed}  ${numSteps} steps of ${ms.toFixed(1)} ms  ${bitsPerByte.toFixed(4)} bits per byte\n`,
      );
      if (values.json !== undefined) appendFileSync(values.json, `${JSON.stringify({ args, ...trial })}\n`);
    }
  }
  dataset.close();
  for (const { name } of contenders) {
    const found = trials.filter(({ optimizer }) => optimizer === name).map(({ bitsPerByte }) => bitsPerByte);
    const mean = found.reduce((sum, x) => sum + x, 0) / found.length;
    const deviation = Math.sqrt(found.reduce((sum, x) => sum + (x - mean) ** 2, 0) / Math.max(1, found.length - 1));
    process.stdout.write(
      `${name.padEnd(12)} ${mean.toFixed(4)} ± ${deviation.toFixed(4)} over ${found.length} seeds\n`,
    );
  }
}

/** The median time of a step of each contender in milliseconds, measured in turns. */
async function stepTimes(setting: Setting, contenders: readonly Contender[]): Promise<number[]> {
  const sessions: Session[] = [];
  for (const contender of contenders) sessions.push(await begin(setting, contender, 100, 1));
  const times: number[][] = contenders.map(() => []);
  for (let round = 0; round < 12; round++) {
    for (const [i, session] of sessions.entries()) {
      const start = performance.now();
      await step(setting, session, round, 100, 1);
      // The first rounds warm up memory.
      if (round >= 2) times[i]?.push(performance.now() - start);
    }
  }
  for (const session of sessions) await session.close();
  return times.map((all) => all.sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? Number.NaN);
}

async function begin(setting: Setting, contender: Contender, numSteps: number, seed: number): Promise<Session> {
  const { recipe, size, engine, batchSize } = setting;
  const model = recipe.model(size);
  const optimizer = contender.optimizer({ size, batchTokens: batchSize * size.contextLength, numSteps });
  const session = await engine.load(traceTrainingStep(model, optimizer, { microBatchSize: batchSize }));
  for (const [name, parameter] of initialize(model, seed)) await session.set(name, parameter);
  return session;
}

async function step(setting: Setting, session: Session, number: number, numSteps: number, seed: number): Promise<void> {
  const { dataset, batchSize, size, recipe } = setting;
  const { contextLength } = size;
  const batch = batches({ sources: [{ dataset, weight: 1 }], batchSize, contextLength, seed }).batch(
    number,
    emptyBatch(batchSize, contextLength),
  );
  const factor = Float32Array.of(scheduleFactor(recipe.schedule, number, numSteps));
  const { tokens, targets, weights } = batch;
  await session.run({ tokens, targets, weights, scheduleFactor: factor });
}

async function train(setting: Setting, contender: Contender, numSteps: number, seed: number): Promise<number> {
  const { engine, recipe, size, dataset, numDocuments } = setting;
  const session = await begin(setting, contender, numSteps, seed);
  for (let number = 0; number < numSteps; number++) await step(setting, session, number, numSteps, seed);
  const model = recipe.model(size);
  const trained = new Map<string, Float32Array>();
  for (const name of Object.keys(model.parameters)) trained.set(name, Float32Array.from(await session.get(name)));
  await session.close();
  const evaluator = await openEvaluator(engine, model, {
    dataset,
    batchSize: 8,
    contextLength: size.contextLength,
    ...(numDocuments === undefined ? {} : { numDocuments }),
  });
  await evaluator.load(trained);
  const { bitsPerByte } = await evaluator.bitsPerByte();
  await evaluator.close();
  return bitsPerByte;
}
