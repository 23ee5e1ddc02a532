import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GroundworkError, type JsonValue } from '../../src/core/index.ts';
import {
  type Attributes,
  compositeOps,
  type DType,
  dtypes,
  expandComposites,
  gradient,
  isFloating,
  isPrimitive,
  makeTensor,
  type OpName,
  primitiveOps,
  reduceSum,
  signatureOf,
  sizeOf,
  type Tensor,
  trace,
} from '../../src/tensor/index.ts';
import { opCases } from '../support/op-cases.ts';
import { opProgram } from '../support/op-programs.ts';

const opNames = [...Object.keys(primitiveOps), ...Object.keys(compositeOps)] as OpName[];
const isLeaf = (op: OpName) => ['input', 'state', 'constant', 'iota'].includes(op);

const dtype = fc.oneof({ weight: 3, arbitrary: fc.constant<DType>('float32') }, fc.constantFrom(...dtypes));
const extents = fc.array(fc.constantFrom(1, 2, 2, 4), { maxLength: 4 });
const numbers = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 });
/** Attributes that often fit some op: drawn by the names that ops use. */
const attributeValues: { readonly [name: string]: fc.Arbitrary<unknown> } = {
  axis: fc.integer({ min: 0, max: 3 }),
  axes: fc.subarray([0, 1, 2, 3]),
  keepDimensions: fc.boolean(),
  reverse: fc.boolean(),
  transposeLeft: fc.boolean(),
  transposeRight: fc.boolean(),
  shape: extents,
  permutation: fc.shuffledSubarray([0, 1, 2, 3]),
  starts: numbers,
  ends: numbers,
  before: numbers,
  after: numbers,
  to: fc.constantFrom(...dtypes),
  epsilon: fc.constantFrom(0, 1e-6, 0.1),
  approximation: fc.constantFrom('none', 'tanh'),
  scale: fc.constantFrom(0, 0.5, -1),
  window: fc.constantFrom(null, 1, 2, 9),
  ignoredTarget: fc.constantFrom(null, -1, 0),
};

/** The names of the attributes of an op, as its schema tells. */
function attributeNames(op: OpName): string[] {
  const { schema } = { ...primitiveOps, ...compositeOps }[op];
  return 'shape' in schema ? Object.keys(schema.shape as object) : [];
}

interface Use {
  readonly op: OpName;
  readonly operands: readonly { readonly shape: readonly number[]; readonly dtype: DType }[];
  readonly attributes: Attributes;
}

/** An op on operands that may or may not fit it. Operands often share their shape, so that some do. */
const use: fc.Arbitrary<Use> = fc.constantFrom(...opNames.filter((op) => !isLeaf(op))).chain((op) => {
  const { arity } = { ...primitiveOps, ...compositeOps }[op];
  const operand = fc.record({ shape: extents, dtype });
  const operands = fc
    .tuple(
      fc.array(operand, { minLength: arity === 'variadic' ? 1 : arity, maxLength: arity === 'variadic' ? 3 : arity }),
      fc.nat(2),
      fc.nat(2),
    )
    .map(([drawn, sharing, types]) =>
      drawn.map(({ shape, dtype: own }) => ({
        shape: sharing ? (drawn[0]?.shape ?? shape) : shape,
        dtype: types ? (drawn[0]?.dtype ?? own) : own,
      })),
    );
  const attributes = fc.record(
    Object.fromEntries(attributeNames(op).map((name) => [name, attributeValues[name] ?? fc.constant(null)])),
  );
  return fc.record({ op: fc.constant(op), operands, attributes: attributes as fc.Arbitrary<Attributes> });
});

/** Every use of an op in the cases of all ops and in their gradients: uses that fit. */
const fitting: readonly Use[] = Object.values(opCases)
  .flat()
  .flatMap((opCase) => {
    const { nodes } = opProgram(opCase);
    return nodes
      .filter(({ op }) => !isLeaf(op))
      .map(({ op, inputs, attributes }) => ({
        op,
        operands: inputs.map((at) => ({ shape: nodes[at]?.shape ?? [], dtype: nodes[at]?.dtype ?? 'float32' })),
        attributes,
      }));
  });
const fittingOf = (op: OpName) => fitting.filter((one) => one.op === op);

/** A use that fits, with one thing about it changed, or nothing. */
const nearlyFitting: fc.Arbitrary<Use> = fc
  .constantFrom(...opNames.filter((op) => fittingOf(op).length > 0))
  .chain((op) =>
    fc.record({
      base: fc.constantFrom(...fittingOf(op)),
      at: fc.nat(3),
      shape: extents,
      type: dtype,
      what: fc.nat(4),
      values: fc.record(attributeValues),
    }),
  )
  .map(({ base, at, shape, type, what, values }) => {
    const { op, operands, attributes } = base;
    const name = Object.keys(attributes)[at];
    if (what === 0) return { ...base, operands: operands.map((spec, i) => (i === at ? { ...spec, shape } : spec)) };
    if (what === 1)
      return { ...base, operands: operands.map((spec, i) => (i === at ? { ...spec, dtype: type } : spec)) };
    if (what === 2)
      return {
        ...base,
        operands: operands.map(({ shape: own, dtype: was }) => ({ shape: own, dtype: was === 'float32' ? type : was })),
      };
    if (what === 3 && name) return { op, operands, attributes: { ...attributes, [name]: values[name] as JsonValue } };
    return base;
  });

type Tensors = { readonly [name: string]: Tensor };
const inputsOf = ({ operands }: Use) => Object.fromEntries(operands.map((spec, i) => [`x${i}`, spec]));
const apply = ({ op, operands, attributes }: Use, tensors: Tensors): Tensor =>
  makeTensor(
    op,
    operands.map((_, i) => tensors[`x${i}`] as Tensor),
    attributes as never,
  );

/** How often each op was accepted, to see that the property is not empty. */
const numAccepted = new Map<OpName, number>();

describe('what the rule of an op accepts', () => {
  test('has a meaning, a definition and a derivative of the shape and type that the rule gives', () => {
    const property = (drawn: Use) => {
      let made: Tensor | undefined;
      try {
        trace(
          (tensors: Tensors) => {
            made = apply(drawn, tensors);
            return { outputs: { y: made } };
          },
          { inputs: inputsOf(drawn) },
        );
      } catch (error) {
        // Not accepted: then by a GroundworkError.
        expect(error).toBeInstanceOf(GroundworkError);
        return;
      }
      const { op, shape, dtype: type } = made ?? expect.fail('nothing was made');
      numAccepted.set(op, (numAccepted.get(op) ?? 0) + 1);
      const output = { shape, dtype: type };
      if (isPrimitive(op)) {
        const signature = signatureOf(op);
        // Zeros are in range for indices, too.
        const zeros = drawn.operands.map((spec) => ({ ...spec, data: new Float64Array(sizeOf(spec.shape)) }));
        const result = signature.evaluate(zeros, drawn.attributes, output);
        expect(result).toBeInstanceOf(Float64Array);
        expect(result.length).toBe(sizeOf(shape));
        const flops = signature.flops(drawn.operands, output, drawn.attributes);
        expect(Number.isSafeInteger(flops) && flops >= 0).toBe(true);
      }
      // trace() and expandComposites() verify what they make, and trace() refuses a state of another shape or type.
      const states = Object.fromEntries(drawn.operands.map((spec, i) => [`s${i}`, spec]));
      const program = trace(
        (tensors: Tensors, state: Tensors) => {
          const y = apply(drawn, tensors);
          const floats = drawn.operands.flatMap((spec, i) => (isFloating(spec.dtype) ? [i] : []));
          const gradients = isFloating(y.dtype)
            ? gradient(
                reduceSum(y),
                floats.map((i) => tensors[`x${i}`] as Tensor),
              )
            : [];
          const next = Object.fromEntries(gradients.map((g, i) => [`s${floats[i]}`, g]));
          return { outputs: { y }, state: { ...state, ...next, y } };
        },
        { inputs: inputsOf(drawn), state: { ...states, y: output } },
      );
      const expanded = expandComposites(program);
      for (const [name, { next }] of Object.entries(expanded.state)) {
        const before = program.nodes[program.state[name]?.next ?? -1];
        expect([expanded.nodes[next]?.shape, expanded.nodes[next]?.dtype]).toEqual([before?.shape, before?.dtype]);
      }
    };
    fc.assert(fc.property(fc.oneof(use, nearlyFitting), property), { numRuns: 5000, seed: 1 });
    const untried = opNames.filter((op) => !isLeaf(op) && !numAccepted.get(op));
    expect(untried).toEqual([]);
  });

  test('is, for every case of every op, also accepted with operands of a half-width type', () => {
    for (const half of ['float16', 'bfloat16'] as const) {
      for (const [op, cases] of Object.entries(opCases)) {
        // Cases that bring a float32 tensor of their own.
        if (['iota', 'constant', 'cast', 'stopGradient', 'rotaryEmbedding'].includes(op)) continue;
        for (const { name, operands, build } of cases) {
          const specs = operands.map(({ shape, dtype: own }) => ({ shape, dtype: own === 'float32' ? half : own }));
          const program = trace(
            (tensors: Tensors) => {
              const xs = specs.map((_, i) => tensors[`x${i}`] as Tensor);
              const y = build(...xs);
              const floats = xs.filter((x) => x.dtype === half);
              const gradients = isFloating(y.dtype) ? gradient(reduceSum(y), floats) : [];
              gradients.forEach((g, i) => {
                expect([g.dtype, g.shape], name).toEqual([half, floats[i]?.shape]);
              });
              return { outputs: Object.fromEntries([y, ...gradients].map((x, i) => [`y${i}`, x])) };
            },
            { inputs: Object.fromEntries(specs.map((spec, i) => [`x${i}`, spec])) },
          );
          expect(() => expandComposites(program), name).not.toThrow();
        }
      }
    }
  });
});
