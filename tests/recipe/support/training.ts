import { randomStream } from '../../../src/core/index.ts';
import type { Engine, NumericData } from '../../../src/engine/index.ts';
import type { Model } from '../../../src/model/index.ts';
import { initialize } from '../../../src/recipe/index.ts';
import type { Program } from '../../../src/tensor/index.ts';

/** A batch of rows in which each token tells the next, mostly; weights are uneven and the first row has few. */
export function batchOf(step: number, numRows: number, contextLength: number, vocabularySize: number) {
  const random = randomStream(7, `batch ${step}`);
  const length = numRows * contextLength;
  const tokens = new Int32Array(length + 1);
  for (let i = 1; i <= length; i++) {
    const previous = tokens[i - 1] ?? 0;
    tokens[i] = random.nextUniform() < 0.8 ? (previous * 5 + 3) % vocabularySize : random.nextInteger(vocabularySize);
  }
  const weights = Float32Array.from({ length }, (_, i) => Number(i >= contextLength ? i % 7 !== 0 : i < 3));
  return { tokens: tokens.slice(0, length), targets: tokens.slice(1), weights };
}

/** Trains for some steps; returns each step's outputs and the parameters at the end. */
export async function train(
  engine: Engine,
  model: Model,
  program: Program,
  numSteps: number,
  more: { readonly [name: string]: NumericData } = {},
): Promise<{ losses: number[]; norms: number[]; parameters: Map<string, NumericData> }> {
  const session = await engine.load(program);
  try {
    for (const [name, values] of initialize(model, 1)) await session.set(name, values);
    const [numRows = 1, contextLength = 1] = program.nodes[program.inputs.tokens ?? 0]?.shape ?? [];
    const [losses, norms]: [number[], number[]] = [[], []];
    for (let step = 0; step < numSteps; step++) {
      const batch = batchOf(step, numRows, contextLength, model.vocabularySize);
      const outputs = await session.run({ ...batch, scheduleFactor: Float32Array.of(1), ...more });
      losses.push(outputs.loss?.[0] ?? Number.NaN);
      norms.push(outputs.gradientNorm?.[0] ?? Number.NaN);
    }
    const parameters = new Map<string, NumericData>();
    for (const name of Object.keys(model.parameters)) parameters.set(name, await session.get(name));
    return { losses, norms, parameters };
  } finally {
    await session.close();
  }
}
