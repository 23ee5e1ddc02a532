import { type GptConfig, gptParameters, traceTrainingStep } from '../../examples/gpt.ts';
import { randomStream } from '../../src/core/index.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { type Program, sizeOf } from '../../src/tensor/index.ts';

/**
 * A training that every provider must repeat: the same model, initial values and batches in Node and in a browser. Nothing
 * here may import from Node.
 */

/** 851,968 parameters and 1,024 tokens a step: the model S of the benchmarks. */
export const modelS: GptConfig = {
  vocabularySize: 256,
  width: 128,
  numLayers: 4,
  numHeads: 4,
  contextLength: 128,
  batchSize: 8,
  hiddenWidth: 512,
};

/** As small as a GPT goes, for software graphics. */
export const tinyModel: GptConfig = {
  vocabularySize: 32,
  width: 16,
  numLayers: 1,
  numHeads: 2,
  contextLength: 8,
  batchSize: 2,
  hiddenWidth: 32,
};

export const numSteps = 5;
/** How far the loss of a provider may be from the one of onnx/cpu in the same step. */
export const lossTolerance = 2e-3;

export function smallModelProgram(config: GptConfig): Program {
  return traceTrainingStep(config, { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1 });
}

/** The losses of `numSteps` steps on one batch: seen again and again, it makes the loss fall by more than rounding. */
export async function trainSmallModel(engine: Engine, config: GptConfig): Promise<number[]> {
  const { vocabularySize, contextLength, batchSize } = config;
  const session = await engine.load(smallModelProgram(config));
  try {
    for (const [name, shape] of Object.entries(gptParameters(config))) {
      const random = randomStream(1, name);
      // 1/√(width read) for matrices; the embedding reads one row.
      const deviation = name === 'embedding' ? 1 : 1 / Math.sqrt(shape[1] ?? 1);
      await session.set(
        name,
        Float32Array.from({ length: sizeOf(shape) }, () => random.nextNormal() * deviation),
      );
    }
    const random = randomStream(2, 'tokens');
    const rows = Array.from({ length: batchSize }, () =>
      Array.from({ length: contextLength + 1 }, () => random.nextInteger(vocabularySize)),
    );
    const inputs = {
      tokens: Int32Array.from(rows.flatMap((row) => row.slice(0, -1))),
      targets: Int32Array.from(rows.flatMap((row) => row.slice(1))),
      learningRate: Float32Array.of(1e-3),
    };
    const losses: number[] = [];
    for (let step = 0; step < numSteps; step++) losses.push((await session.run(inputs)).loss?.[0] ?? Number.NaN);
    return losses;
  } finally {
    await session.close();
  }
}
