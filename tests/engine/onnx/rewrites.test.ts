import { describe, expect, test } from 'vitest';
import { randomStream } from '../../../src/core/index.ts';
import { GraphBuilder } from '../../../src/engine/onnx/builder.ts';
import { cpuForms } from '../../../src/engine/onnx/cpu-forms.ts';
import { encodeModel, type OnnxGraph } from '../../../src/engine/onnx/graph.ts';
import { lowerProgram } from '../../../src/engine/onnx/lowering.ts';
import { applyRewrites, cpuRewrites } from '../../../src/engine/onnx/rewrites.ts';
import { loadRuntime } from '../../../src/engine/onnx/runtime-node.ts';
import {
  add,
  broadcastTo,
  constant,
  gradient,
  matmul,
  multiply,
  type Program,
  reciprocal,
  reduceMean,
  reduceSum,
  reshape,
  rmsNorm,
  type Shape,
  sigmoid,
  silu,
  sizeOf,
  sqrt,
  type Tensor,
  trace,
  transpose,
} from '../../../src/tensor/index.ts';
import { expectClose } from '../../support/expect-close.ts';
import { smallTrainingStep } from '../../support/small-gpt.ts';

type RewriteName =
  | 'fuseRmsNorm'
  | 'fuseSilu'
  | 'mergeViews'
  | 'fuseTransposedOperands'
  | 'foldScales'
  | 'hoistScales'
  | 'transposeBeforeGemm';

/** How many nodes of some operators a graph has; operators that are not named do not matter. */
type Counts = { readonly [opType: string]: number };

interface Case {
  readonly shapes: readonly Shape[];
  readonly build: (x: Tensor, y: Tensor, z: Tensor) => Tensor | readonly Tensor[];
  readonly before: Counts;
  readonly after: Counts;
}

const stretched = (value: number, shape: Shape) => broadcastTo(constant(value), shape);

/** Programs with the pattern of a rewrite, or with one that only looks like it (it stays then). */
const cases: { readonly [Name in RewriteName]: { readonly [name: string]: Case } } = {
  fuseRmsNorm: {
    'a normalised tensor with a gain': {
      shapes: [[2, 3, 8], [8]],
      build: (x, y) => multiply(rmsNorm(x), y),
      before: { Reciprocal: 1, Mul: 4 },
      after: { Reciprocal: 0, Mul: 0, ReduceSum: 0, SimplifiedLayerNormalization: 1 },
    },
    'a normalised tensor without a gain': {
      shapes: [[2, 3, 8]],
      build: (x) => rmsNorm(x, { epsilon: 1e-3 }),
      before: { Reciprocal: 1, Mul: 3 },
      after: { Reciprocal: 0, Mul: 0, SimplifiedLayerNormalization: 1 },
    },
    'a gain that is no vector along the last axis': {
      shapes: [
        [2, 3, 8],
        [3, 1],
      ],
      build: (x, y) => multiply(rmsNorm(x), y),
      before: { Reciprocal: 1, Mul: 4 },
      after: { Reciprocal: 0, Mul: 1, SimplifiedLayerNormalization: 1 },
    },
    'a normalised tensor that is returned before its gain': {
      shapes: [[2, 8], [8]],
      build: (x, y) => {
        const normalised = rmsNorm(x);
        return [normalised, multiply(normalised, y)];
      },
      before: { Reciprocal: 1, Mul: 4 },
      after: { Reciprocal: 0, Mul: 1, SimplifiedLayerNormalization: 1 },
    },
    'a normalisation whose derivative reads what lies between': {
      shapes: [
        [2, 8],
        [2, 8],
      ],
      build: (x, y) => {
        const normalised = rmsNorm(x);
        return [normalised, ...gradient(reduceSum(multiply(normalised, y)), [x])];
      },
      before: { Reciprocal: 1 },
      after: { Reciprocal: 1, SimplifiedLayerNormalization: 0 },
    },
    'a mean over another axis': {
      shapes: [[2, 3, 8]],
      build: (x) => {
        const mean = reshape(reduceMean(multiply(x, x), [1]), [2, 1, 8]);
        return multiply(x, reshape(reciprocal(sqrt(add(mean, 1e-6))), [2, 1, 8]));
      },
      before: { Reciprocal: 1 },
      after: { Reciprocal: 1, SimplifiedLayerNormalization: 0 },
    },
  },
  fuseSilu: {
    'x times its sigmoid': {
      shapes: [[3, 5]],
      build: (x) => silu(x),
      before: { Sigmoid: 1, Mul: 1 },
      after: { Sigmoid: 0, Mul: 0, QuickGelu: 1 },
    },
    'x times the sigmoid of another': {
      shapes: [
        [3, 5],
        [3, 5],
      ],
      build: (x, y) => multiply(x, sigmoid(y)),
      before: { Sigmoid: 1, Mul: 1 },
      after: { Sigmoid: 1, Mul: 1, QuickGelu: 0 },
    },
    'a sigmoid that is returned too': {
      shapes: [[3, 5]],
      build: (x) => {
        const gate = sigmoid(x);
        return [gate, multiply(gate, x)];
      },
      before: { Sigmoid: 1, Mul: 1 },
      after: { Sigmoid: 1, Mul: 1, QuickGelu: 0 },
    },
  },
  mergeViews: {
    'three reshapes': {
      shapes: [[2, 12]],
      build: (x) => multiply(reshape(reshape(reshape(x, [4, 6]), [3, 8]), [24]), 2),
      before: { Reshape: 3 },
      after: { Reshape: 1 },
    },
    'a transposition of axes of one element between reshapes': {
      shapes: [[1, 12]],
      build: (x) => multiply(reshape(transpose(reshape(x, [1, 1, 3, 4]), [0, 2, 1, 3]), [3, 4]), 2),
      before: { Reshape: 2, Transpose: 1 },
      after: { Reshape: 1, Transpose: 0 },
    },
    'a transposition that moves numbers': {
      shapes: [[2, 12]],
      build: (x) => multiply(reshape(transpose(reshape(x, [1, 2, 3, 4]), [0, 2, 1, 3]), [6, 4]), 2),
      before: { Reshape: 2, Transpose: 1 },
      after: { Reshape: 2, Transpose: 1 },
    },
    'a reshape that is returned too': {
      shapes: [[2, 12]],
      build: (x) => {
        const first = reshape(x, [4, 6]);
        return [first, multiply(reshape(first, [24]), 2)];
      },
      before: { Reshape: 2 },
      after: { Reshape: 2 },
    },
  },
  fuseTransposedOperands: {
    'a transposed left operand': {
      shapes: [
        [2, 5, 3],
        [2, 5, 4],
      ],
      build: (x, y) => matmul(x, y, { transposeLeft: true }),
      before: { Transpose: 1, MatMul: 1 },
      after: { Transpose: 0, MatMul: 0, FusedMatMul: 1 },
    },
    'a transposed right operand': {
      shapes: [
        [2, 3, 4, 5],
        [2, 3, 6, 5],
      ],
      build: (x, y) => matmul(x, y, { transposeRight: true }),
      before: { Transpose: 1, MatMul: 1 },
      after: { Transpose: 0, MatMul: 0, FusedMatMul: 1 },
    },
    'two transposed operands': {
      shapes: [
        [2, 5, 3],
        [2, 4, 5],
      ],
      build: (x, y) => matmul(x, y, { transposeLeft: true, transposeRight: true }),
      before: { Transpose: 2, MatMul: 1 },
      after: { Transpose: 0, MatMul: 0, FusedMatMul: 1 },
    },
    'one operand transposed for two products': {
      shapes: [
        [2, 5, 3],
        [2, 5, 4],
        [2, 5, 6],
      ],
      build: (x, y, z) => [matmul(x, y, { transposeLeft: true }), matmul(x, z, { transposeLeft: true })],
      before: { Transpose: 1, MatMul: 2 },
      after: { Transpose: 0, MatMul: 0, FusedMatMul: 2 },
    },
    'batches that stretch': {
      shapes: [
        [2, 1, 5, 3],
        [3, 4, 5],
      ],
      build: (x, y) => matmul(x, y, { transposeLeft: true, transposeRight: true }),
      before: { Transpose: 2, MatMul: 1 },
      after: { Transpose: 0, MatMul: 0, FusedMatMul: 1 },
    },
    'a transposed matrix times a batch': {
      shapes: [
        [5, 3],
        [2, 5, 4],
      ],
      build: (x, y) => matmul(x, y, { transposeLeft: true }),
      before: { Transpose: 1, MatMul: 1 },
      after: { Transpose: 0, MatMul: 0, FusedMatMul: 1 },
    },
    'a batch times a transposed matrix': {
      shapes: [
        [2, 4, 5],
        [3, 5],
      ],
      build: (x, y) => matmul(x, y, { transposeRight: true }),
      before: { Transpose: 1, MatMul: 1 },
      after: { Transpose: 0, MatMul: 0, FusedMatMul: 1 },
    },
    'a transposed operand that is returned too': {
      shapes: [
        [2, 5, 3],
        [2, 5, 4],
      ],
      build: (x, y) => {
        const t = transpose(x, [0, 2, 1]);
        return [t, matmul(t, y)];
      },
      before: { Transpose: 1, MatMul: 1 },
      after: { Transpose: 1, MatMul: 0, FusedMatMul: 1 },
    },
    'other axes exchanged, which no flag can say': {
      shapes: [
        [5, 2, 3],
        [2, 3, 4],
      ],
      build: (x, y) => matmul(transpose(x, [1, 0, 2]), y),
      before: { Transpose: 1, MatMul: 1 },
      after: { Transpose: 1, MatMul: 1 },
    },
  },
  foldScales: {
    'a scaled left operand': {
      shapes: [
        [3, 4],
        [4, 2],
      ],
      build: (x, y) => matmul(multiply(x, 0.5), y),
      before: { Mul: 1, Gemm: 1 },
      after: { Mul: 0, Gemm: 1 },
    },
    'two scaled operands of a batched product': {
      shapes: [
        [2, 3, 4],
        [2, 4, 5],
      ],
      build: (x, y) => matmul(multiply(0.5, x), multiply(y, 3)),
      before: { Mul: 2, MatMul: 1 },
      after: { Mul: 0, MatMul: 0, FusedMatMul: 1 },
    },
    'factors whose product is one': {
      shapes: [
        [2, 3, 4],
        [2, 4, 5],
      ],
      build: (x, y) => matmul(multiply(x, 0.5), multiply(y, 2)),
      before: { Mul: 2, MatMul: 1 },
      after: { Mul: 2, MatMul: 1 },
    },
    'a scale that is a stretched constant': {
      shapes: [
        [3, 4],
        [4, 2],
      ],
      build: (x, y) => matmul(multiply(stretched(0.25, [3, 4]), x), y, {}),
      before: { Mul: 1, Gemm: 1 },
      after: { Mul: 0, Gemm: 1 },
    },
    'a scaled operand that is returned too': {
      shapes: [
        [3, 4],
        [4, 2],
      ],
      build: (x, y) => {
        const scaled = multiply(x, 0.5);
        return [scaled, matmul(scaled, y)];
      },
      before: { Mul: 1, Gemm: 1 },
      after: { Mul: 1, Gemm: 1 },
    },
    'a scale that also stretches the operand': {
      shapes: [
        [1, 4],
        [4, 2],
      ],
      build: (x, y) => matmul(multiply(x, stretched(0.5, [3, 4])), y),
      before: { Mul: 1, Gemm: 1 },
      after: { Mul: 1, Gemm: 1 },
    },
    'a scale that is no constant': {
      shapes: [[3, 4], [4, 2], []],
      build: (x, y, z) => matmul(multiply(x, z), y),
      before: { Mul: 1, Gemm: 1 },
      after: { Mul: 1, Gemm: 1 },
    },
  },
  hoistScales: {
    'a product times a scaled tensor': {
      shapes: [
        [3, 4],
        [4, 2],
        [3, 2],
      ],
      build: (x, y, z) => multiply(matmul(x, y), multiply(z, 0.25)),
      before: { Mul: 2, Gemm: 1 },
      after: { Mul: 1, Gemm: 1 },
    },
    'a scaled tensor times a batched product': {
      shapes: [
        [2, 3, 4],
        [2, 4, 5],
        [2, 3, 5],
      ],
      build: (x, y, z) => multiply(multiply(z, 0.25), matmul(x, y)),
      before: { Mul: 2, MatMul: 1 },
      after: { Mul: 1, MatMul: 0, FusedMatMul: 1 },
    },
    'a product in another shape times a scaled tensor': {
      shapes: [
        [3, 4],
        [4, 2],
        [2, 3],
      ],
      build: (x, y, z) => multiply(reshape(matmul(x, y), [2, 3]), multiply(z, 0.25)),
      before: { Mul: 2, Gemm: 1 },
      after: { Mul: 1, Gemm: 1 },
    },
    'a stretched constant, as derivatives of sums have it': {
      shapes: [
        [3, 4],
        [4, 2],
        [3, 2],
      ],
      build: (x, y, z) => multiply(matmul(x, y), multiply(z, stretched(0.25, [3, 2]))),
      before: { Mul: 2, Gemm: 1 },
      after: { Mul: 1, Gemm: 1 },
    },
    'a constant that also stretches what it scales and the product': {
      shapes: [[1, 4], [4, 1], [1]],
      build: (x, y, z) => multiply(matmul(x, y), multiply(z, stretched(0.25, [3, 2]))),
      before: { Mul: 2, Gemm: 1 },
      after: { Mul: 2, Gemm: 1 },
    },
    'a product that is returned too': {
      shapes: [
        [3, 4],
        [4, 2],
        [3, 2],
      ],
      build: (x, y, z) => {
        const product = matmul(x, y);
        return [product, multiply(product, multiply(z, 0.25))];
      },
      before: { Mul: 2, Gemm: 1 },
      after: { Mul: 2, Gemm: 1 },
    },
    'a scaled tensor that is returned too': {
      shapes: [
        [3, 4],
        [4, 2],
        [3, 2],
      ],
      build: (x, y, z) => {
        const scaled = multiply(z, 0.25);
        return [scaled, multiply(matmul(x, y), scaled)];
      },
      before: { Mul: 2, Gemm: 1 },
      after: { Mul: 2, Gemm: 1 },
    },
  },
  transposeBeforeGemm: {
    'a small left operand': {
      shapes: [
        [5, 2],
        [5, 7],
      ],
      build: (x, y) => matmul(x, y, { transposeLeft: true }),
      before: { Gemm: 1, Transpose: 0 },
      after: { Gemm: 1, Transpose: 1 },
    },
    'a large left operand: the right one and the result are turned': {
      shapes: [
        [50, 40],
        [50, 2],
      ],
      build: (x, y) => matmul(x, y, { transposeLeft: true }),
      before: { Gemm: 1, Transpose: 0 },
      after: { Gemm: 1, Transpose: 2 },
    },
    'one left operand of two products': {
      shapes: [
        [5, 2],
        [5, 7],
        [5, 3],
      ],
      build: (x, y, z) => [matmul(x, y, { transposeLeft: true }), matmul(x, z, { transposeLeft: true })],
      before: { Gemm: 2, Transpose: 0 },
      after: { Gemm: 2, Transpose: 1 },
    },
    'one right operand of two products with large left operands': {
      shapes: [
        [50, 40],
        [50, 30],
        [50, 2],
      ],
      build: (x, y, z) => [matmul(x, z, { transposeLeft: true }), matmul(y, z, { transposeLeft: true })],
      before: { Gemm: 2, Transpose: 0 },
      after: { Gemm: 2, Transpose: 3 },
    },
    'an operand with itself': {
      shapes: [[5, 3]],
      build: (x) => matmul(x, x, { transposeLeft: true }),
      before: { Gemm: 1, Transpose: 0 },
      after: { Gemm: 1, Transpose: 1 },
    },
    'a product of products': {
      shapes: [
        [5, 3],
        [5, 4],
        [3, 2],
      ],
      build: (x, y, z) => matmul(matmul(x, y, { transposeLeft: true }), z, { transposeLeft: true }),
      before: { Gemm: 2, Transpose: 0 },
      after: { Gemm: 2 },
    },
    'two transposed operands, which the kernel reads as they lie': {
      shapes: [
        [5, 3],
        [4, 5],
      ],
      build: (x, y) => matmul(x, y, { transposeLeft: true, transposeRight: true }),
      before: { Gemm: 1, Transpose: 0 },
      after: { Gemm: 1, Transpose: 0 },
    },
  },
};

const runtime = await loadRuntime('cpu');

for (const [rewriteName, examples] of Object.entries(cases)) {
  const rewrite = cpuRewrites.find(({ name }) => name === rewriteName);
  if (!rewrite) throw new Error(`there is no rewrite ${rewriteName}`);
  describe(rewriteName, () => {
    for (const [name, { shapes, build, before, after }] of Object.entries(examples)) {
      const plain = lowerProgram(programOf(shapes, build), cpuForms);

      test(`${name}: ${listed(before)} become ${listed(after)}`, () => {
        expect(counted(plain, before)).toEqual(before);
        expect(counted(applyRewrites(plain, [rewrite]), after)).toEqual(after);
      });

      test(`${name}: gives the same numbers, alone and with all other rewrites`, async () => {
        const expected = await run(plain);
        for (const rewrites of [[rewrite], cpuRewrites, [...cpuRewrites].reverse()]) {
          const found = await run(applyRewrites(plain, rewrites));
          expect(Object.keys(found)).toEqual(Object.keys(expected));
          for (const [output, values] of Object.entries(expected)) expectClose(found[output] ?? [], values, 2e-6);
        }
      });
    }
  });
}

test('each rewrite has cases here', () => {
  expect(cpuRewrites.map(({ name }) => name).sort()).toEqual(Object.keys(cases).sort());
});

describe('on a training step', () => {
  const plain = lowerProgram(smallTrainingStep(), cpuForms);

  test('each rewrite alone, and all together, keep the outputs and make what is read before it is read', () => {
    for (const rewrites of [...cpuRewrites.map((one) => [one]), cpuRewrites]) {
      const graph = applyRewrites(plain, rewrites);
      const made = new Set([...graph.inputs, ...graph.initializers].map(({ name }) => name));
      for (const { inputs, outputs } of graph.nodes) {
        for (const input of inputs) expect(made.has(input), input).toBe(true);
        for (const output of outputs) {
          expect(made.has(output), `${output} is made twice`).toBe(false);
          expect(graph.values.has(output)).toBe(true);
          made.add(output);
        }
      }
      expect(graph.outputs).toEqual(plain.outputs);
      for (const { name } of graph.outputs) expect(made.has(name), name).toBe(true);
    }
  });

  test('no transposed operand, scaled operand or Aᵀ B is left', () => {
    const { nodes, initializers } = applyRewrites(plain, cpuRewrites);
    const producers = new Map(nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
    const scalars = new Set(initializers.flatMap(({ name, shape }) => (sizeOf(shape) === 1 ? [name] : [])));
    for (const { opType, inputs, attributes } of nodes) {
      const makers = inputs.map((input) => producers.get(input));
      if (opType === 'MatMul')
        expect(makers.some((maker) => maker?.opType === 'Transpose' && swapsLast(maker))).toBe(false);
      if (opType === 'Gemm') expect(attributes.transA === 1 && attributes.transB !== 1).toBe(false);
      if (opType === 'MatMul' || opType === 'FusedMatMul' || opType === 'Gemm') {
        const scales = makers.filter((maker) => maker?.opType === 'Mul' && maker.inputs.some((x) => scalars.has(x)));
        expect(scales).toEqual([]);
      }
    }
  });

  const swapsLast = ({ attributes }: OnnxGraph['nodes'][number]): boolean => {
    const perm = attributes.perm as readonly number[];
    return perm.at(-1) === perm.length - 2 && perm.at(-2) === perm.length - 1;
  };
});

describe('what nothing reads', () => {
  /** y = exp x, beside a chain of two nodes and a constant that lead nowhere. */
  function graphWithWaste(): OnnxGraph {
    const builder = new GraphBuilder();
    const x = builder.input('x', [3], 'float32');
    const waste = builder.node('Mul', [x, builder.floats([], [3])], [3], 'float32');
    builder.node('Neg', [waste], [3], 'float32');
    const half = builder.node('Mul', [x, builder.floats([], [0.5])], [3], 'float32');
    builder.output('y', builder.node('Exp', [half], [3], 'float32'));
    builder.output('half', half);
    return builder.build();
  }

  test('is dropped after a rewrite, with its constants; what outputs need stays', () => {
    const graph = applyRewrites(graphWithWaste(), [(same) => same]);
    expect(graph.nodes.map(({ opType }) => opType)).toEqual(['Mul', 'Exp']);
    expect(graph.initializers.map(({ data }) => [...data])).toEqual([[0.5]]);
    expect(graph.outputs.map(({ name }) => name)).toEqual(['y', 'half']);
    expect(graph.inputs.map(({ name }) => name)).toEqual(['x']);
  });

  test('stays where nothing is rewritten', () => {
    const graph = graphWithWaste();
    expect(applyRewrites(graph, [])).toBe(graph);
  });
});

test('the derivative of a scaled product goes through all rewrites unharmed', async () => {
  const program = programOf(
    [
      [2, 3, 4],
      [2, 5, 4],
      [2, 3, 5],
    ],
    (x, y, z) => {
      const loss = reduceSum(multiply(multiply(matmul(x, y, { transposeRight: true }), 0.5), z));
      return gradient(loss, [x, y, z]);
    },
  );
  const plain = lowerProgram(program, cpuForms);
  const [expected, found] = [await run(plain), await run(applyRewrites(plain, cpuRewrites))];
  for (const [output, values] of Object.entries(expected)) expectClose(found[output] ?? [], values, 2e-6);
});

function programOf(shapes: readonly Shape[], build: Case['build']): Program {
  const names = ['x', 'y', 'z'].slice(0, shapes.length);
  return trace(
    (inputs: { readonly [name: string]: Tensor }) => {
      const [x = constant(0), y = constant(0), z = constant(0)] = names.map((name) => inputs[name]);
      const results = [build(x, y, z)].flat() as Tensor[];
      return { outputs: Object.fromEntries(results.map((result, i) => [`y${i}`, result])) };
    },
    { inputs: Object.fromEntries(names.map((name, i) => [name, { shape: shapes[i] ?? [] }])) },
  );
}

function counted(graph: OnnxGraph, like: Counts): Counts {
  return Object.fromEntries(
    Object.keys(like).map((opType) => [opType, graph.nodes.filter((node) => node.opType === opType).length]),
  );
}

function listed(counts: Counts): string {
  return Object.entries(counts)
    .map(([opType, count]) => `${count} ${opType}`)
    .join(', ');
}

/** The outputs of a graph for inputs that follow from their names. */
async function run(graph: OnnxGraph): Promise<{ [name: string]: Float32Array }> {
  const session = await runtime.create(encodeModel(graph), []);
  const feeds = graph.inputs.map(({ name, shape }) => {
    const random = randomStream(9, name);
    const data = Float32Array.from({ length: sizeOf(shape) }, () => 2 * random.nextUniform() - 1);
    return [name, new runtime.Tensor('float32', data, shape)];
  });
  const results = await session.run(Object.fromEntries(feeds));
  await session.release();
  return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data as Float32Array]));
}
