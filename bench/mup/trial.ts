import { present, randomStream } from '../../src/core/index.ts';
import type { Engine } from '../../src/engine/index.ts';
import { type GptConfig, gptModel } from '../../src/model/index.ts';
import { type OptimizerSpec, type Schedule, scheduleFactor } from '../../src/optimizer/index.ts';
import { initialize, traceTrainingStep } from '../../src/recipe/index.ts';

/** What all trials of a sweep have in common. */
export interface TrialSetup {
  readonly engine: Engine;
  /** Bytes to learn: one token each, so that the head stays small beside the matrices whose rate is in question. */
  readonly text: Uint8Array;
  readonly optimizer: 'adamw' | 'muon';
  /** Whether learning rates follow the width by the rules. */
  readonly hasRules: boolean;
  readonly baseWidth: number;
  readonly numLayers: number;
  readonly contextLength: number;
  readonly batchSize: number;
  readonly numSteps: number;
  readonly seed: number;
}

const schedule: Schedule = { kind: 'warmupStableDecay', warmupSteps: 20, finalFactor: 0, decayShare: 0.4 };
/** With Muon, the rate of AdamW for all but the matrices follows that of the matrices at this ratio. */
const adamWShare = 0.3;

/** The losses in nats of one short run; not finite where it diverged. Rows are drawn anew for each step, equal for all widths and rates. */
export async function lossesOf(setup: TrialSetup, width: number, learningRate: number): Promise<number[]> {
  const { engine, text, contextLength, batchSize, numSteps, seed } = setup;
  const model = gptModel(configOf(setup, width));
  const program = traceTrainingStep(model, optimizerOf(setup, learningRate), { microBatchSize: batchSize });
  const session = await engine.load(program);
  try {
    for (const [name, values] of initialize(model, seed)) await session.set(name, values);
    const random = randomStream(seed, 'rows');
    const size = batchSize * contextLength;
    const [tokens, targets] = [new Int32Array(size), new Int32Array(size)];
    const weights = new Float32Array(size).fill(1);
    const losses: number[] = [];
    for (let step = 0; step < numSteps; step++) {
      for (let row = 0; row < batchSize; row++) {
        const start = random.nextInteger(text.length - contextLength);
        tokens.set(text.subarray(start, start + contextLength), row * contextLength);
        targets.set(text.subarray(start + 1, start + contextLength + 1), row * contextLength);
      }
      const factor = Float32Array.of(scheduleFactor(schedule, step, numSteps));
      const { loss } = await session.run({ tokens, targets, weights, scheduleFactor: factor });
      losses.push(present(loss?.[0], 'loss'));
    }
    return losses;
  } finally {
    await session.close();
  }
}

function configOf(setup: TrialSetup, width: number): GptConfig {
  const { optimizer, hasRules, baseWidth, numLayers, contextLength } = setup;
  const sizes = { vocabularySize: 256, contextLength, numLayers, width, headWidth: 32 };
  return hasRules ? { ...sizes, scaling: { baseWidth, matrices: optimizer } } : sizes;
}

function optimizerOf({ optimizer }: TrialSetup, learningRate: number): OptimizerSpec {
  const adamW = { algorithm: 'adamw', beta1: 0.9, beta2: 0.95, epsilon: 1e-10, weightDecay: 0 } as const;
  const others = ['embedding', 'head', 'gain', 'bias', 'scale'];
  const muon = { algorithm: 'muon', momentum: 0.95, weightDecay: 0, numIterations: 5 } as const;
  const groups: OptimizerSpec['groups'] =
    optimizer === 'adamw'
      ? [{ ...adamW, roles: [...others, 'matrix'], learningRate }]
      : [
          { ...adamW, roles: others, learningRate: adamWShare * learningRate },
          { ...muon, roles: ['matrix'], learningRate },
        ];
  return { groups, clipNorm: 1 };
}
