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
  if (initialization.kind === 'constant') {
    values.fill(initialization.value);
  } else if (initialization.deviation > 0) {
    fillWithNormals(values, randomStream(seed, `initial.${name}`), initialization.deviation);
  }
  // −0, which is also what float32 makes of −1e-46, becomes 0: equal numbers start from equal bits.
  for (let i = 0; i < size; i++) values[i] = (values[i] as number) + 0;
  return values;
}
