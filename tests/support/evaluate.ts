import { randomStream } from '../../src/core/index.ts';
import { type NumericData, referenceEngine } from '../../src/engine/index.ts';
import { constant, type Shape, sizeOf, type Tensor, trace } from '../../src/tensor/index.ts';

/** Numbers with a shape: `float32` where they are floats, `int32` where they are an `Int32Array`. */
export interface Numbers {
  readonly shape: Shape;
  readonly data: Float64Array | Int32Array;
}

/** Normal numbers, a pure function of name and shape. */
export function normals(name: string, shape: Shape): Numbers & { readonly data: Float64Array } {
  const random = randomStream(17, name);
  return { shape, data: Float64Array.from({ length: sizeOf(shape) }, random.nextNormal) };
}

/** The value of a graph on the reference engine, in float64. */
export async function evaluate(build: (...inputs: Tensor[]) => Tensor, inputs: readonly Numbers[]): Promise<number[]> {
  const name = (index: number) => `x${index}`;
  const program = trace(
    (tensors: { readonly [name: string]: Tensor }) => ({
      outputs: { y: build(...inputs.map((_, i) => tensors[name(i)] ?? constant(0))) },
    }),
    {
      inputs: Object.fromEntries(
        inputs.map(({ shape, data }, i) => [
          name(i),
          { shape, dtype: data instanceof Int32Array ? 'int32' : 'float32' },
        ]),
      ),
    },
  );
  const session = await referenceEngine().load(program);
  const feeds: [string, NumericData][] = inputs.map(({ data }, i) => [name(i), data]);
  return [...((await session.run(Object.fromEntries(feeds))).y ?? [])];
}
