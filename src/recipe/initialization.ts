import { randomStream } from '../core/index.ts';
import type { Initialization, Model } from '../model/index.ts';
import { sizeOf } from '../tensor/index.ts';
import { fillWithNormals } from './normal-numbers.ts';

/**
 * The numbers that training starts from: each parameter's own random stream, named after it, so that two recipes that share a
 * parameter start it from the same values, whatever else they have. Equal for equal seeds on every machine, bit for bit.
 *
 * @returns the parameters by name, in the model's order
 */
export function initialize({ parameters }: Model, seed: number): Map<string, Float32Array> {
  return new Map(
    Object.entries(parameters).map(([name, { shape, initialization }]) => [
      name,
      initialValues(initialization, sizeOf(shape), seed, name),
    ]),
  );
}

function initialValues(initialization: Initialization, size: number, seed: number, name: string): Float32Array {
  const values = new Float32Array(size);
  // Adding 0 turns −0 into 0: a parameter that begins at −0 would be the one number that a skipped step changes.
  if (initialization.kind === 'constant') return values.fill(initialization.value + 0);
  const random = randomStream(seed, `initial.${name}`);
  if (initialization.deviation > 0) fillWithNormals(values, random, initialization.deviation);
  return values;
}
