import { type GptConfig, type OptimizerConfig, traceTrainingStep } from '../../examples/gpt.ts';
import { randomStream } from '../../src/core/index.ts';
import type { NumericData, Session } from '../../src/engine/index.ts';
import { nodeAt, type Program, sizeOf } from '../../src/tensor/index.ts';

/** The smallest GPT that has everything: two blocks, grouped heads, a window, gains. */
export const smallGpt: GptConfig = {
  vocabularySize: 7,
  width: 8,
  numLayers: 2,
  numHeads: 2,
  numGroups: 1,
  contextLength: 4,
  batchSize: 2,
  hiddenWidth: 6,
  hasGains: true,
  windows: [undefined, 2],
};

export const adamWithClipping: OptimizerConfig = {
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  weightDecay: 0.1,
  clipNorm: 1,
};

/** A whole training step of the small GPT. */
export function smallTrainingStep(config: Partial<GptConfig> = {}, optimizer: Partial<OptimizerConfig> = {}): Program {
  return traceTrainingStep({ ...smallGpt, ...config }, { ...adamWithClipping, ...optimizer }, { ignoresTargets: true });
}

/** Inputs of a training step: tokens in range, one target ignored. */
export function smallBatch(program: Program, seed: number): { [name: string]: NumericData } {
  const random = randomStream(seed, 'batch');
  const vocabularySize = nodeAt(program, program.state.embedding?.node ?? -1).shape[0] ?? 1;
  const size = sizeOf(nodeAt(program, program.inputs.tokens ?? -1).shape);
  const ids = () => Int32Array.from({ length: size }, () => random.nextInteger(vocabularySize));
  const targets = ids();
  targets[0] = -1;
  const scalars = Object.keys(program.inputs).filter((name) => name !== 'tokens' && name !== 'targets');
  return {
    tokens: ids(),
    targets,
    ...Object.fromEntries(scalars.map((name) => [name, Float32Array.of(0.01)])),
  };
}

/** Sets all parameters to numbers that follow from seed and name. */
export async function setParameters(session: Session, seed: number): Promise<void> {
  for (const [name, { node, kind }] of Object.entries(session.program.state)) {
    if (kind !== 'parameter') continue;
    const random = randomStream(seed, name);
    const length = sizeOf(nodeAt(session.program, node).shape);
    await session.set(
      name,
      Float32Array.from({ length }, () => 0.5 * random.nextNormal()),
    );
  }
}
