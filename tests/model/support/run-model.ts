import { randomStream } from '../../../src/core/index.ts';
import { type NumericData, referenceEngine } from '../../../src/engine/index.ts';
import type { Model, Tensors } from '../../../src/model/index.ts';
import { type InputSpec, type StateSpec, sizeOf, type Tensor, trace } from '../../../src/tensor/index.ts';

export type Arrays = ReadonlyMap<string, Float64Array>;

/** Numbers for every parameter that are nowhere special: gains and scales near 1, all else around 0. */
export function randomParameters(model: Model, seed = 3): Arrays {
  return new Map(
    Object.entries(model.parameters).map(([name, { shape, role }]) => {
      const random = randomStream(seed, name);
      const isFactor = role === 'gain' || role === 'scale';
      const draw = () => (isFactor ? 1 + 0.3 * random.nextNormal() : 0.5 * random.nextNormal());
      return [name, Float64Array.from({ length: sizeOf(shape) }, draw)];
    }),
  );
}

/** Rows of tokens in range. */
export function randomTokens(vocabularySize: number, numRows: number, time: number, seed = 5): number[][] {
  const random = randomStream(seed, 'tokens');
  return Array.from({ length: numRows }, () => Array.from({ length: time }, () => random.nextInteger(vocabularySize)));
}

export interface Given {
  readonly parameters: Arrays;
  readonly inputs: { readonly [name: string]: { readonly spec: InputSpec; readonly data: NumericData } };
}

/** Runs what `build` makes of parameters and inputs on the reference engine, in float64. */
export async function runModel(
  model: Model,
  { parameters, inputs }: Given,
  build: (values: Tensors, inputs: Tensors) => { readonly [name: string]: Tensor },
): Promise<{ [name: string]: NumericData }> {
  const state: Record<string, StateSpec> = {};
  for (const [name, { shape }] of Object.entries(model.parameters)) state[name] = { shape };
  const specs = Object.fromEntries(Object.entries(inputs).map(([name, { spec }]) => [name, spec]));
  const program = trace((given: Tensors, values: Tensors) => ({ outputs: build(values, given) }), {
    inputs: specs,
    state,
  });
  const session = await referenceEngine().load(program);
  for (const [name, data] of parameters) await session.set(name, data);
  return session.run(Object.fromEntries(Object.entries(inputs).map(([name, { data }]) => [name, data])));
}

/** Rows of integers as an input. */
export function integers(rows: readonly (readonly number[])[]): { spec: InputSpec; data: Int32Array } {
  return {
    spec: { shape: [rows.length, rows[0]?.length ?? 0], dtype: 'int32' },
    data: Int32Array.from(rows.flat()),
  };
}
