import { expect, test } from 'vitest';
import { type NumericData, referenceEngine } from '../../src/engine/index.ts';
import * as t from '../../src/tensor/index.ts';
import { describeOnProviders } from '../support/providers.ts';

type Inputs = { readonly [name: string]: t.Tensor };
const ints = { shape: [2, 3], dtype: 'int32' } as const;
const bools = { shape: [2, 3], dtype: 'bool' } as const;
const i = Int32Array.of(0, 1, -2, 2147483647, -2147483648, 16777217);
const b = Uint8Array.of(1, 0, 0, 1, 1, 0);
const places = (shape: number[]) => t.reshape(t.iota(t.sizeOf(shape)), shape);

/** Ops on integers and bools, exact on every provider. The cases of op-cases.ts show them through floats only. */
const exactCases: { readonly [name: string]: (inputs: Inputs) => t.Tensor } = {
  'negate int32': ({ i }) => t.negate(given(i)),
  'abs int32': ({ i }) => t.abs(given(i)),
  'arithmetic int32': ({ i }) => t.subtract(t.multiply(t.add(given(i), 3), 5), given(i)),
  'maximum and minimum int32': ({ i }) => t.maximum(t.minimum(given(i), 5), -1),
  'comparisons int32': ({ i }) => t.and(t.lessOrEqual(given(i), 1), t.not(t.equal(given(i), 0))),
  'reduceSum int32': ({ i }) => t.reduceSum(given(i), [1]),
  'reduceMax int32': ({ i }) => t.reduceMax(given(i), [0]),
  'slice int32': ({ i }) => t.slice(t.slice(given(i), 0, 1, 2), 1, 1, 3),
  'slice bool': ({ b }) => t.slice(given(b), 1, 1, 3),
  'pad int32': ({ i }) => t.pad(given(i), [1, 0], [0, 2]),
  'concatenate int32': ({ i }) => t.concatenate([given(i), given(i)], 1),
  'concatenate bool': ({ b }) => t.concatenate([given(b), t.not(given(b))], 0),
  'transpose int32': ({ i }) => t.transpose(given(i), [1, 0]),
  'transpose bool': ({ b }) => t.transpose(given(b), [1, 0]),
  'reshape bool': ({ b }) => t.reshape(given(b), [3, 2]),
  'broadcastTo int32': ({ i }) => t.broadcastTo(given(i), [2, 2, 3]),
  'broadcastTo bool': ({ b }) => t.broadcastTo(given(b), [2, 2, 3]),
  'gatherRows int32': ({ i }) => t.gatherRows(given(i), t.subtract(1, places([2]))),
  'gatherRows bool': ({ b }) => t.gatherRows(given(b), t.subtract(1, places([2]))),
  'takeAlongAxis int32, last axis': ({ i }) => t.takeAlongAxis(given(i), places([2, 1]), 1),
  'takeAlongAxis int32, first axis': ({ i }) => t.takeAlongAxis(given(i), t.minimum(places([1, 3]), 1), 0),
  'takeAlongAxis bool': ({ b }) => t.takeAlongAxis(given(b), places([2, 1]), 1),
  'where int32': ({ b, i }) => t.where(given(b), given(i), 7),
  'or bool': ({ b }) => t.or(given(b), t.transpose(t.reshape(given(b), [3, 2]), [1, 0])),
  'cast int32 to bool': ({ i }) => t.cast(given(i), 'bool'),
  'cast bool to int32': ({ b }) => t.cast(given(b), 'int32'),
  'after int32, on a bool': ({ i, b }) => t.after(given(i), given(b)),
  'after bool, on an int32': ({ i, b }) => t.after(given(b), given(i)),
};

await describeOnProviders('arithmetic', (engine) => {
  const evaluate = async (program: t.Program, inputs: { readonly [name: string]: NumericData }) => {
    const session = await engine.load(program);
    try {
      return (await session.run(inputs)).y;
    } finally {
      await session.close();
    }
  };

  test.each(Object.entries(exactCases))('%s is exact', async (_, build) => {
    const program = t.trace((inputs) => ({ outputs: { y: build(inputs) } }), { inputs: { i: ints, b: bools } });
    const expected = (await (await referenceEngine().load(program)).run({ i, b })).y;
    expect(Array.from((await evaluate(program, { i, b })) ?? [])).toEqual(Array.from(expected ?? []));
  });

  test('sine and cosine are right far from zero', async () => {
    const x = Float32Array.from({ length: 4001 }, (_, k) => (k - 2000) * 0.3217);
    for (const [op, f] of [[t.sin, Math.sin] as const, [t.cos, Math.cos] as const]) {
      const program = t.trace(({ x }) => ({ outputs: { y: op(given(x)) } }), { inputs: { x: { shape: [x.length] } } });
      const found = await evaluate(program, { x });
      x.forEach((value, k) => {
        expect(Math.abs((found?.[k] ?? Number.NaN) - f(value)), `at ${value}`).toBeLessThan(1e-6);
      });
    }
  });

  test('what depends on constants alone is rounded once', async () => {
    const program = t.trace(({ x }) => ({ outputs: { y: t.add(given(x), t.rotaryTables(128, 32).sin) } }), {
      inputs: { x: { shape: [1] } },
    });
    const expected = (await (await referenceEngine().load(program)).run({ x: Float32Array.of(0) })).y;
    expect(await evaluate(program, { x: Float32Array.of(0) })).toEqual(Float32Array.from(expected ?? []));
  });

  test('the first of equal values is the largest', async () => {
    const program = t.trace(({ x }) => ({ outputs: { y: t.argMax(given(x), 1) } }), {
      inputs: { x: { shape: [2, 4] } },
    });
    const x = Float32Array.of(1, 3, 3, 2, -5, -5, -5, -5);
    expect(await evaluate(program, { x })).toEqual(Int32Array.of(1, 0));
  });
});

function given(x: t.Tensor | undefined): t.Tensor {
  if (x === undefined) throw new RangeError('the case has no such operand');
  return x;
}
