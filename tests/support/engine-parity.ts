import { randomStream } from '../../src/core/index.ts';
import type { Engine, NumericData, Session, StepParts } from '../../src/engine/index.ts';
import type { Model } from '../../src/model/index.ts';
import type { OptimizerSpec } from '../../src/optimizer/index.ts';
import { initialize, type Recipe, traceStepParts, traceTrainingStep } from '../../src/recipe/index.ts';
import { type Program, sizeOf } from '../../src/tensor/index.ts';

/** A training that two engines repeat. */
export interface ParityCase {
  readonly name: string;
  readonly model: Model;
  readonly program: Program;
  readonly parts: () => StepParts;
  readonly numRows: number;
  readonly documentMask: boolean;
}

export interface ParityOptions {
  /** In place of the recipe's own. */
  readonly optimizer?: (own: OptimizerSpec) => OptimizerSpec;
  readonly numMicroBatches?: number;
  readonly documentMask?: boolean;
  readonly recompute?: boolean;
  readonly precision?: 'float32' | 'bfloat16';
}

/** Large enough that every kernel has work, small enough for seconds. */
const size = { vocabularySize: 211, contextLength: 48, numLayers: 3, width: 64 } as const;
const numRows = 4;

/** A shipped recipe at a small size. */
export function parityCase(name: string, recipe: Recipe, options: ParityOptions = {}): ParityCase {
  const { numMicroBatches = 1, documentMask = false, recompute = false, precision = 'float32' } = options;
  const model = recipe.model(size);
  const own = recipe.optimizer({ size, batchTokens: numRows * size.contextLength, numSteps: 20 });
  const optimizer = options.optimizer?.(own) ?? own;
  const step = { microBatchSize: numRows / numMicroBatches, numMicroBatches, documentMask, recompute, precision };
  return {
    name,
    model,
    numRows,
    documentMask,
    program: traceTrainingStep(model, optimizer, step),
    parts: () => traceStepParts(model, optimizer, step),
  };
}

/** AdamW where the recipe has Muon, and Muon for the matrices where it has none. */
export function swapOptimizers({ groups, clipNorm }: OptimizerSpec): OptimizerSpec {
  const adamW = { algorithm: 'adamw', learningRate: 0.003, beta1: 0.9, beta2: 0.95, epsilon: 1e-8 } as const;
  const muon = { algorithm: 'muon', learningRate: 0.02, momentum: 0.95, weightDecay: 0.01, numIterations: 5 } as const;
  if (groups.some(({ algorithm }) => algorithm === 'muon')) {
    return { groups: groups.map(({ roles }) => ({ ...adamW, weightDecay: 0.1, roles })), clipNorm };
  }
  const others = groups.map((group) => ({ ...group, roles: group.roles.filter((role) => role !== 'matrix') }));
  return {
    groups: [{ ...muon, roles: ['matrix'] }, ...others.filter(({ roles }) => roles.length > 0)],
    clipNorm,
  };
}

/** What a step reads: tokens that follow one another by a rule with exceptions, so that there is something to learn. */
export function parityInputs({ numRows, documentMask }: ParityCase, step: number): { [name: string]: NumericData } {
  const { vocabularySize, contextLength } = size;
  const random = randomStream(step, 'rows');
  const length = numRows * contextLength;
  const text = new Int32Array(length + 1);
  for (let i = 1; i <= length; i++) {
    const next = (7 * (text[i - 1] ?? 0) + 3) % vocabularySize;
    text[i] = random.nextUniform() < 0.2 ? random.nextInteger(vocabularySize) : next;
  }
  const segments = Int32Array.from({ length }, (_, i) => Math.floor((i % contextLength) / 17));
  return {
    tokens: text.slice(0, -1),
    targets: text.slice(1),
    weights: Float32Array.from({ length }, (_, i) => (i % 11 === 0 ? 0 : 1)),
    scheduleFactor: Float32Array.of(Math.min(1, (step + 1) / 5)),
    ...(documentMask ? { segments } : {}),
  };
}

/** Losses of a training from the values that the recipe starts from. */
export async function trainedLosses(engine: Engine, parityCase: ParityCase, numSteps: number): Promise<number[]> {
  const session = await engine.load(parityCase.program, parityCase.parts);
  try {
    for (const [name, values] of initialize(parityCase.model, 1)) await session.set(name, values);
    return await runSteps(session, parityCase, 0, numSteps);
  } finally {
    await session.close();
  }
}

export async function runSteps(session: Session, parityCase: ParityCase, from: number, to: number): Promise<number[]> {
  const losses: number[] = [];
  for (let step = from; step < to; step++) {
    losses.push((await session.run(parityInputs(parityCase, step))).loss?.[0] ?? Number.NaN);
  }
  return losses;
}

/**
 * What one step leaves in the first moments of AdamW and in the momentum of Muon: the gradient of each tensor, times a number that is the
 * same on every engine. The parameters are random, so that no gradient is 0.
 */
export async function firstGradients(engine: Engine, parityCase: ParityCase): Promise<Map<string, NumericData>> {
  const { model, program, parts } = parityCase;
  const session = await engine.load(program, parts);
  try {
    for (const [name, { shape }] of Object.entries(model.parameters)) {
      const random = randomStream(3, name);
      const scale = 1 / Math.sqrt(shape.length > 1 ? (shape.at(-1) ?? 1) : 1);
      await session.set(
        name,
        Float32Array.from({ length: sizeOf(shape) }, () => random.nextNormal() * scale),
      );
    }
    await session.run(parityInputs(parityCase, 0));
    const names = Object.keys(program.state).filter((name) => /\.(firstMoment|momentum)$/.test(name));
    const found = new Map<string, NumericData>();
    for (const name of names) found.set(name, await session.get(name));
    return found;
  } finally {
    await session.close();
  }
}

/** The largest relative difference of two lists of losses. */
export function largestDifference(found: readonly number[], expected: readonly number[]): number {
  return expected.reduce((most, value, i) => {
    const difference = Math.abs((found[i] ?? Number.NaN) - value) / Math.abs(value);
    // NaN must not pass for small.
    return difference <= most ? most : difference;
  }, 0);
}

/** ‖found − expected‖ / ‖expected‖ of two tensors. */
export function relativeDistance(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [difference, norm] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    difference += ((found[i] ?? Number.NaN) - (expected[i] ?? 0)) ** 2;
    norm += (expected[i] ?? 0) ** 2;
  }
  return Math.sqrt(difference / norm);
}

export function euclideanNorm(values: ArrayLike<number>): number {
  return Math.sqrt(Array.from(values).reduce((sum, value) => sum + value ** 2, 0));
}
