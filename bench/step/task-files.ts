import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gptParameters } from '../../examples/gpt.ts';
import { randomStream } from '../../src/core/index.ts';
import { type Shape, sizeOf } from '../../src/tensor/index.ts';
import type { Model, Optimizer } from '../peers/protocol.mjs';

const optimizer: Optimizer = { learningRate: 1e-3, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1 };
const numBatches = 8;
const seed = 1;

/**
 * Writes what every row trains on, in the format of bench/peers/README.md.
 *
 * @param folder where to write; it is made if it is not there
 * @returns the path of the specification
 */
export function writeTaskFiles(folder: string, model: Model): string {
  mkdirSync(folder, { recursive: true });
  const shapes = gptParameters(model);
  let numFloats = 0;
  const entries = Object.entries(shapes).map(([name, shape]) => {
    const entry = { name, shape, offset: numFloats };
    numFloats += sizeOf(shape);
    return entry;
  });
  const values = new Float32Array(numFloats);
  for (const { name, shape, offset } of entries) values.set(initialValues(name, shape), offset);
  const parametersPath = join(folder, 'parameters.bin');
  writeFileSync(parametersPath, new Uint8Array(values.buffer));
  const tokensPath = join(folder, 'tokens.bin');
  writeFileSync(tokensPath, new Uint8Array(drawTokens(model).buffer));
  const spec = {
    model,
    optimizer,
    parameters: { path: parametersPath, entries },
    tokens: { path: tokensPath, numBatches },
  };
  const specPath = join(folder, 'spec.json');
  writeFileSync(specPath, JSON.stringify(spec));
  return specPath;
}

/** Normal values: deviation 0.02 for embedding and head, else 1/√(fan-in). */
export function initialValues(name: string, shape: Shape): Float32Array {
  const isTable = name === 'embedding' || name === 'head';
  const deviation = isTable ? 0.02 : 1 / Math.sqrt(shape.at(-1) ?? 1);
  const stream = randomStream(seed, `initial.${name}`);
  const values = new Float32Array(sizeOf(shape));
  for (let i = 0; i < values.length; i++) values[i] = deviation * stream.nextNormal();
  return values;
}

/** Tokens [N, B, T + 1], low ones far more often than high ones, so that there is something to learn in five steps. */
export function drawTokens({ vocabularySize, batchSize, contextLength }: Model): Int32Array {
  const stream = randomStream(seed, 'tokens');
  return Int32Array.from({ length: numBatches * batchSize * (contextLength + 1) }, () =>
    Math.floor(vocabularySize * stream.nextUniform() ** 3),
  );
}
