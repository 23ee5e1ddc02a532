import { present } from '../../src/core/index.ts';
import type { Initialization, Model } from '../../src/model/index.ts';
import { sizeOf } from '../../src/tensor/index.ts';

// The same numbers as task.py draws, for the row that is driven from Node: a bundle carries no weights.

/** Steps whose tokens differ; then they come again. */
export const numBatches = 8;

/** Numbers 0 … 2²⁴ − 1 that depend on seed and place alone. */
export function hashed(seed: number, count: number): Int32Array {
  const values = new Int32Array(count);
  const start = Math.imul(seed, 0x85ebca6b);
  for (let i = 0; i < count; i++) {
    let x = (Math.imul(i, 0x9e3779b9) + start) | 0;
    x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
    x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
    values[i] = (x ^ (x >>> 16)) >>> 8;
  }
  return values;
}

/** Where a parameter begins: uniform around `center` with a deviation. */
export interface FirstValues {
  readonly center: number;
  readonly deviation: number;
}

/** How far parameters lie apart that the recipe starts all alike. */
const spread = 0.02;

/** As the recipe has it, but nothing starts at a constant: a part that does nothing would not show if it were wrong. */
export function firstValuesOf(initialization: Initialization): FirstValues {
  if (initialization.kind === 'normal' && initialization.deviation > 0) {
    return { center: 0, deviation: initialization.deviation };
  }
  return { center: initialization.kind === 'constant' ? initialization.value : 0, deviation: spread };
}

/** The parameters of a model by name, in its order. */
export function firstParameters({ parameters }: Model): Map<string, Float32Array> {
  return new Map(
    Object.entries(parameters).map(([name, { shape, initialization }], index) => {
      const { center, deviation } = firstValuesOf(initialization);
      const width = deviation * Math.sqrt(12);
      const drawn = hashed(index + 1, sizeOf(shape));
      return [name, Float32Array.from(drawn, (x) => center + (x / 2 ** 24 - 0.5) * width)];
    }),
  );
}

export interface Rows {
  /** [R, T] */
  readonly tokens: Int32Array;
  /** [R, T] */
  readonly targets: Int32Array;
}

/** The rows of a step; low tokens are far more frequent than high ones. */
export function rowsOf(step: number, batchSize: number, contextLength: number, vocabularySize: number): Rows {
  const drawn = hashed(1000 + (step % numBatches), batchSize * (contextLength + 1));
  const text = Int32Array.from(drawn, (x) => Math.trunc(vocabularySize * (x / 2 ** 24) ** 3));
  const tokens = new Int32Array(batchSize * contextLength);
  const targets = new Int32Array(tokens.length);
  for (let row = 0; row < batchSize; row++) {
    for (let t = 0; t < contextLength; t++) {
      const from = row * (contextLength + 1) + t;
      tokens[row * contextLength + t] = present(text[from], 'a token');
      targets[row * contextLength + t] = present(text[from + 1], 'a target');
    }
  }
  return { tokens, targets };
}
