import { present } from '../../../src/core/index.ts';
import type { Engine, NumericData } from '../../../src/engine/index.ts';
import {
  causalSequence,
  type GptConfig,
  gptModel,
  type Model,
  type Sequence,
  type Tensors,
} from '../../../src/model/index.ts';
import type { OptimizerSpec } from '../../../src/optimizer/index.ts';
import { initialize, traceTrainingStep } from '../../../src/recipe/index.ts';
import { tap, trace } from '../../../src/tensor/index.ts';
import { integers, randomTokens } from './run-model.ts';

/** By activation: how much a coordinate changed in training, √mean of squares. */
export type Movements = ReadonlyMap<string, number>;

export interface CoordinateCheck {
  readonly config: GptConfig;
  readonly optimizer: OptimizerSpec;
  readonly numSteps: number;
}

const numRows = 4;

/**
 * Trains a model for a few steps on one batch and tells by how much its activations moved (Yang et al. 2022, "Tensor Programs V",
 * appendix D.1): values and attention of each layer, and the logits.
 */
export async function movementsOf(
  engine: Engine,
  { config, optimizer, numSteps }: CoordinateCheck,
): Promise<Movements> {
  const model = gptModel(config);
  const [tokens, targets] = [1, 2].map((seed) =>
    integers(randomTokens(model.vocabularySize, numRows, model.contextLength, seed)),
  );
  const rows = present(tokens, 'tokens').data;
  const training = await engine.load(traceTrainingStep(model, optimizer, { microBatchSize: numRows }));
  const tapped = await engine.load(tappedProgram(model));
  const activations = async (): Promise<ReadonlyMap<string, NumericData>> => {
    for (const name of Object.keys(model.parameters)) await tapped.set(name, await training.get(name));
    return new Map(Object.entries(await tapped.run({ tokens: rows })));
  };
  try {
    for (const [name, values] of initialize(model, 1)) await training.set(name, values);
    const before = await activations();
    for (let step = 0; step < numSteps; step++) {
      await training.run({
        tokens: rows,
        targets: present(targets, 'targets').data,
        weights: new Float32Array(rows.length).fill(1),
        scheduleFactor: Float32Array.of(1),
      });
    }
    return new Map(
      [...(await activations())].map(([name, data]) => {
        const start = present(before.get(name), name);
        let total = 0;
        for (const [i, value] of data.entries()) total += (value - (start[i] ?? 0)) ** 2;
        return [name, Math.sqrt(total / data.length)];
      }),
    );
  } finally {
    await training.close();
    await tapped.close();
  }
}

function tappedProgram(model: Model) {
  const plain = causalSequence(model.contextLength);
  const sequence: Sequence = {
    ...plain,
    attend: (layer, q, k, v, options) =>
      tap(`attention.${layer}`, plain.attend(layer, q, k, tap(`values.${layer}`, v), options)),
  };
  const state = Object.fromEntries(Object.entries(model.parameters).map(([name, { shape }]) => [name, { shape }]));
  return trace(
    (given: Tensors, values: Tensors) => ({
      outputs: { logits: model.forward(values, present(given.tokens, 'tokens'), sequence) },
    }),
    { inputs: { tokens: { shape: [numRows, model.contextLength], dtype: 'int32' } }, state },
  );
}
