import { readFileSync } from 'node:fs';
import { type FileSystem, randomStream } from '../../../src/core/index.ts';
import { nodeFileSystem } from '../../../src/core/node.ts';
import { batches, type Dataset, openDataset } from '../../../src/data/index.ts';
import { type Engine, type NumericData, onnxEngine, type Session } from '../../../src/engine/index.ts';
import { type GptConfig, gptModel } from '../../../src/model/index.ts';
import { defineRecipe, type Recipe } from '../../../src/recipe/index.ts';
import type { Plan, RunDataset, RunEvent, RunManifest, StartRunOptions } from '../../../src/training/index.ts';
import { writeSmallDataset } from '../../data/store/small-dataset.ts';

/** Options of the small recipe that a test may change. */
export interface SmallOptions {
  readonly mlp?: NonNullable<GptConfig['mlp']>;
  readonly learningRate?: number;
}

/** Two layers of width 32, Muon and AdamW: everything that a real recipe has, in 20 ms a step. */
export function smallRecipe({ mlp = 'swiglu', learningRate = 0.003 }: SmallOptions = {}): Recipe {
  const adam = { algorithm: 'adamw', learningRate, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.01 } as const;
  return defineRecipe({
    name: 'small',
    summary: 'As small as a model goes, for tests.',
    model: (size) => gptModel({ ...size, headWidth: 16, mlp, outputInitialization: 'scaled' }),
    optimizer: () => ({
      groups: [
        {
          algorithm: 'muon',
          roles: ['matrix'],
          learningRate: 0.01,
          momentum: 0.9,
          weightDecay: 0.01,
          numIterations: 3,
        },
        { ...adam, roles: ['embedding', 'head', 'gain', 'bias', 'scale'] },
      ],
      clipNorm: 1,
    }),
    schedule: { kind: 'warmupStableDecay', warmupSteps: 3, finalFactor: 0.1, decayShare: 0.4 },
  });
}

const words = [
  'the',
  'people',
  'of',
  'states',
  'congress',
  'and',
  'shall',
  'war',
  'peace',
  'a',
  'year',
  'great',
  'must',
];

/** Sentences that follow from the seed, with headers such as `1862: `. */
export function smallTexts(numTexts: number, seed: number): string[] {
  const random = randomStream(seed, 'texts');
  return Array.from({ length: numTexts }, (_, i) => {
    const body = Array.from({ length: 5 + random.nextInteger(20) }, () => words[random.nextInteger(words.length)]);
    return `${1800 + i}: ${body.join(' ')}.`;
  });
}

export interface SmallDatasetChanges {
  readonly seed?: number;
  readonly text?: (text: string) => string;
  readonly vocabularySize?: number;
  readonly name?: string;
}

/** Writes a dataset of byte tokens. */
export function writeTexts(fs: FileSystem, folder: string, changes: SmallDatasetChanges = {}): void {
  const { seed = 1, text = (same) => same, vocabularySize = 257, name = 'speeches' } = changes;
  const texts = smallTexts(60, seed).map(text);
  const settings = { preset: 'none' };
  writeSmallDataset(fs, folder, {
    name,
    train: [texts.slice(0, 50)],
    validation: [texts.slice(50)],
    vocabularySize,
    settings,
  });
}

/** Two datasets in a folder, opened with weights 3 and 1. */
export function smallDatasets(folder: string): RunDataset[] {
  const names = ['speeches', 'letters'];
  return names.map((name, i) => {
    const path = `${folder}/${name}`;
    if (!nodeFileSystem.exists(path)) writeTexts(nodeFileSystem, path, { seed: i + 1, name });
    return { dataset: openDataset(nodeFileSystem, path), weight: i === 0 ? 3 : 1 };
  });
}

/** What tests change of the small plan. */
export type PlanChanges = { readonly [Part in keyof Plan]?: Partial<Plan[Part]> };

/** Twenty steps of two micro-batches, with documents packed and masked, evaluations and samples in between. */
export function smallPlan(changes: PlanChanges = {}): Plan {
  const contextLength = 32;
  const plan: Plan = {
    budget: { kind: 'steps', numSteps: 20 },
    size: { vocabularySize: 257, contextLength, numLayers: 2, width: 32 },
    numParameters: 1,
    batch: {
      batchSize: 4,
      microBatchSize: 2,
      contextLength,
      packing: 'documents',
      documentMask: true,
      recompute: false,
    },
    numSteps: 20,
    mostSteps: null,
    numTokens: 20 * 4 * contextLength,
    epochs: 1,
    schedule: smallRecipe().schedule,
    evaluation: { everySteps: 6, numDocuments: 4, numFinalDocuments: 10, batchSize: 4 },
    samples: { everySteps: 9, numTokens: 8, prompts: [] },
    checkpoints: { everyMs: 1e9, everySteps: null, keep: 2 },
    expected: { msPerStep: 10, trainingMs: 200, otherMs: 100, limitMs: null, finalMs: 50, flopsPerStep: 1 },
    memory: { neededBytes: 1, availableBytes: 1, limit: 'none' },
    reasons: [],
    warnings: [],
  };
  const changed = Object.entries(changes).map(([part, change]) => {
    const before = plan[part as keyof Plan];
    const isRecord = typeof before === 'object' && before !== null && !Array.isArray(before);
    return [part, isRecord ? { ...before, ...(change as object) } : change];
  });
  return { ...plan, ...Object.fromEntries(changed) };
}

/** A smaller plan, for tests in which it does not matter what is trained: one layer, one micro-batch, no mask. */
export function quickPlan(changes: PlanChanges = {}): Plan {
  return smallPlan({
    size: { numLayers: 1 },
    ...changes,
    batch: { microBatchSize: 4, documentMask: false, ...changes.batch },
    evaluation: { everySteps: 0, numDocuments: 0, numFinalDocuments: 4, ...changes.evaluation },
    samples: { everySteps: 0, ...changes.samples },
  });
}

export const environment: RunManifest['environment'] = { node: '20', platform: 'test', cpu: 'test', groundwork: '0' };

/** What starting or resuming the small run takes. */
export async function smallRun(
  folder: string,
  datasets: readonly RunDataset[],
  changes: Partial<StartRunOptions> & { readonly numThreads?: number } = {},
): Promise<StartRunOptions> {
  const { numThreads = 1, ...others } = changes;
  const engine = others.engine ?? (await onnxEngine('cpu', { numThreads }));
  return {
    fs: nodeFileSystem,
    engine,
    engineFacts: { provider: 'cpu', numThreads, name: engine.name, versions: {} },
    environment,
    folder,
    recipe: { recipe: smallRecipe(), file: null },
    datasets,
    plan: smallPlan(),
    seed: 5,
    command: ['pretrain'],
    laws: { records: [], problems: [] },
    ...others,
  };
}

/** An engine whose training steps read NaN or infinity as the weights of chosen batches. */
export function poisoned(engine: Engine, isPoisoned: (tokens: NumericData) => number | undefined): Engine {
  const wrap = (session: Session): Session => {
    if (!('scheduleFactor' in session.program.inputs)) return session;
    return {
      program: session.program,
      set: (name, data) => session.set(name, data),
      get: (name) => session.get(name),
      close: () => session.close(),
      run: (inputs) => {
        const value = isPoisoned(inputs.tokens as NumericData);
        if (value === undefined) return session.run(inputs);
        const weights = Float32Array.from(inputs.weights as Float32Array);
        weights[0] = value;
        return session.run({ ...inputs, weights });
      },
    };
  };
  return { ...engine, load: async (program, parts) => wrap(await engine.load(program, parts)) };
}

/** Poisons the batches of some steps (counted from 1), wherever a run stands. */
export function poisonedSteps(
  engine: Engine,
  datasets: readonly RunDataset[],
  steps: ReadonlyMap<number, number>,
  plan: Plan = smallPlan(),
  seed = 5,
): Engine {
  const { batchSize, contextLength, packing } = plan.batch;
  const all = batches({ sources: datasets, batchSize, contextLength, packing, seed });
  const marked = new Map([...steps].map(([step, value]) => [all.batch(step - 1).tokens.join(), value]));
  return poisoned(engine, (tokens) => marked.get(tokens.join()));
}

/** The events of a run without what may differ between two equal ones: times, checkpoints and resumes. */
export function lastingEvents(events: readonly RunEvent[]): unknown[] {
  return events
    .filter(({ type }) => type !== 'checkpoint' && type !== 'resumed' && type !== 'stopped')
    .map((event) => (event.type === 'step' ? { ...event, durationMs: 0, elapsedMs: 0 } : event));
}

/** The bytes of a checkpoint's tensors. */
export function checkpointBytes(folder: string, step: number): string[] {
  const path = `${folder}/checkpoints/step-${String(step).padStart(8, '0')}`;
  return ['model', 'optimizer'].map((name) => readFileSync(`${path}/${name}.safetensors`, 'latin1'));
}

export function closeDatasets(datasets: readonly { readonly dataset: Dataset }[]): void {
  for (const { dataset } of datasets) dataset.close();
}
