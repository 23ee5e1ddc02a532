import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import {
  add,
  after,
  constant,
  copyNode,
  exp,
  expandComposites,
  hashProgram,
  iota,
  isComposite,
  multiply,
  type Program,
  parseProgram,
  rebuildProgram,
  reduceSum,
  rmsNorm,
  type Shape,
  scope,
  serializeProgram,
  softmax,
  subtract,
  type Tensor,
  trace,
  updatePhase,
  verifyProgram,
} from '../../src/tensor/index.ts';
import { expectRefusal, refusalOf } from '../support/expect-refusal.ts';
import { smallTrainingStep } from '../support/small-gpt.ts';
import { countedProduct, weightedSum } from '../support/small-programs.ts';

/** The Program of a function of one tensor. */
const programOf = (f: (x: Tensor) => Tensor, shape: Shape = [3]): Program =>
  trace(({ x }) => ({ outputs: { y: f(x) } }), { inputs: { x: { shape } } });
const opsOf = (program: Program) => program.nodes.map(({ op }) => op);

describe('a Program', () => {
  test('holds equal nodes once, wherever they were made', () => {
    const program = programOf((x) =>
      add(
        scope('a', () => exp(multiply(x, 2))),
        scope('b', () => exp(multiply(x, 2))),
      ),
    );
    expect(opsOf(program)).toEqual(['input', 'constant', 'multiply', 'exp', 'add']);
    expect(program.nodes[4]?.inputs).toEqual([3, 3]);
    // The first of them says where.
    expect(program.nodes[3]?.scope).toBe('a');
  });

  test('keeps apart what differs in op, operands, their order, attributes or type', () => {
    const program = trace(
      ({ x, y }) => ({
        outputs: {
          a: subtract(x, y),
          b: subtract(y, x),
          c: add(x, y),
          d: softmax(x, 0),
          e: softmax(x, 1),
          f: constant(1),
          g: constant(1, 'int32'),
          h: after(x, y),
        },
      }),
      { inputs: { x: { shape: [2, 2] }, y: { shape: [2, 2] } } },
    );
    expect(program.nodes).toHaveLength(10);
    expect(new Set(Object.values(program.outputs)).size).toBe(8);
  });

  test('holds nothing that no result needs', () => {
    const program = programOf((x) => {
      exp(multiply(x, 2));
      return add(x, 1);
    });
    expect(opsOf(program)).toEqual(['input', 'constant', 'add']);
  });

  test('keeps inputs and states that nothing reads', () => {
    const program = trace(() => ({ outputs: { y: constant(1) } }), {
      inputs: { x: { shape: [3] } },
      state: { s: { shape: [2] } },
    });
    expect(opsOf(program)).toEqual(['input', 'state', 'constant']);
    expect(program.state.s).toEqual({ node: 1, next: 1, kind: 'parameter' });
  });

  test('lists each node after what it reads', () => {
    const { nodes } = smallTrainingStep();
    nodes.forEach(({ inputs }, index) => {
      for (const input of inputs) expect(input).toBeLessThan(index);
    });
  });

  test('says in which part of a step a node was made', () => {
    const program = trace(({ x }) => ({ outputs: { y: updatePhase(() => add(exp(x), 1)), z: exp(x) } }), {
      inputs: { x: { shape: [] } },
    });
    expect(program.nodes.map(({ phase }) => phase)).toEqual(['forward', 'update', 'update', 'update']);
    const phases = new Set(smallTrainingStep().nodes.map(({ phase }) => phase));
    expect(phases).toEqual(new Set(['forward', 'backward', 'update']));
  });
});

describe('the hash of a Program', () => {
  const golden = [
    '5f6efdac32dc27f8ea8c07def5e06318edb4ec1261bc48bbc1df40bab88b44c6',
    '6f8baf4c0560902426e6ee910a17740da808e7636cdf7076c849cbd8b24511e0',
  ];

  test('is what it has always been', () => {
    expect([weightedSum(), countedProduct()].map(hashProgram)).toEqual(golden);
  });

  test('is the SHA-256 of its canonical JSON', () => {
    const program = weightedSum();
    expect(hashProgram(program)).toBe(createHash('sha256').update(serializeProgram(program)).digest('hex'));
  });

  test('is the same in every process, and however many tensors were made before', () => {
    for (let i = 0; i < 100; i++) iota(i + 1);
    const script = fileURLToPath(new URL('../support/print-hashes.ts', import.meta.url));
    const run = () =>
      execFileSync(process.execPath, ['--import', 'tsx', script], { encoding: 'utf8' }).trim().split('\n');
    const hashes = run();
    expect(hashes).toEqual([...golden, hashProgram(smallTrainingStep())]);
    expect(run()).toEqual(hashes);
  });

  test('does not depend on the order in which names are given', () => {
    const f = ({ a, b }: { a: Tensor; b: Tensor }) => ({ outputs: { y: add(a, b) } });
    const leaf = { shape: [2] };
    const reordered = JSON.parse(serializeProgram(trace(f, { inputs: { a: leaf, b: leaf } })));
    reordered.inputs = Object.fromEntries(Object.entries(reordered.inputs).reverse());
    expect(hashProgram(reordered)).toBe(hashProgram(trace(f, { inputs: { a: leaf, b: leaf } })));
  });

  test('changes with anything that a Program says', () => {
    const base = programOf((x) => rmsNorm(x, { epsilon: 1e-6 }));
    const others = [
      programOf((x) => rmsNorm(x, { epsilon: 1e-5 })),
      programOf((x) => rmsNorm(x, { epsilon: 1e-6 }), [4]),
      programOf((x) => scope('a', () => rmsNorm(x, { epsilon: 1e-6 }))),
      programOf((x) => updatePhase(() => rmsNorm(x, { epsilon: 1e-6 }))),
    ];
    expect(new Set([base, ...others].map(hashProgram)).size).toBe(others.length + 1);
  });
});

describe('parseProgram', () => {
  test('reads back what serializeProgram wrote', () => {
    for (const program of [
      weightedSum(),
      countedProduct(),
      smallTrainingStep(),
      smallTrainingStep({}, { kind: 'muon' }),
    ]) {
      const parsed = parseProgram(serializeProgram(program));
      expect(parsed).toEqual(program);
      expect(hashProgram(parsed)).toBe(hashProgram(program));
    }
  });

  test('reads the same Program from another layout of the text', () => {
    const program = countedProduct();
    expect(hashProgram(parseProgram(JSON.stringify(program, null, 2)))).toBe(hashProgram(program));
  });

  test('refuses text that is no JSON, with the cause', () => {
    const error = refusalOf(() => parseProgram('{"format":'));
    expectRefusal(error, 'invalid-program');
    expect(error.cause).toBeInstanceOf(SyntaxError);
  });

  test('refuses JSON that is no Program, naming the field', () => {
    for (const text of ['null', '[]', '0', '""', '{}'])
      expectRefusal(
        refusalOf(() => parseProgram(text)),
        'invalid-program',
      );
    const wrongVersion = serializeProgram(weightedSum()).replace('"version":1', '"version":2');
    expect(refusalOf(() => parseProgram(wrongVersion)).message).toContain('version');
  });

  test('refuses nesting however deep, without exhausting the stack', () => {
    const depth = 100_000;
    const nested = `${'['.repeat(depth)}${']'.repeat(depth)}`;
    for (const field of ['"attributes":{}', '"inputs":[]', '"shape":[3]']) {
      const name = field.slice(1, field.indexOf('"', 1));
      const value = name === 'attributes' ? `{"axes":${nested}}` : nested;
      const text = serializeProgram(weightedSum()).replace(field, `"${name}":${value}`);
      expectRefusal(
        refusalOf(() => parseProgram(text)),
        'invalid-program',
      );
    }
  });
});

describe('verifyProgram', () => {
  test('accepts what trace() makes', () => {
    for (const program of [weightedSum(), countedProduct(), smallTrainingStep()]) {
      expect(() => verifyProgram(program)).not.toThrow();
    }
  });

  test('names the scope of the node that breaks a rule', () => {
    const program = weightedSum();
    const nodes = program.nodes.map((node) => (node.op === 'add' ? { ...node, shape: [4] } : node));
    expectRefusal(
      refusalOf(() => verifyProgram({ ...program, nodes })),
      'invalid-program',
      'sum',
    );
    const wrongOperand = program.nodes.map((node) => (node.op === 'add' ? { ...node, inputs: [2] } : node));
    expectRefusal(
      refusalOf(() => verifyProgram({ ...program, nodes: wrongOperand })),
      'invalid-program',
      'sum',
    );
  });

  test('refuses two nodes that read the same input', () => {
    const program = weightedSum();
    const nodes = program.nodes.map((node) => (node.op === 'iota' ? (program.nodes[0] ?? node) : node));
    expectRefusal(
      refusalOf(() => verifyProgram({ ...program, nodes })),
      'invalid-program',
    );
  });
});

describe('rebuilding', () => {
  test('gives the same Program where every node is copied', () => {
    for (const program of [weightedSum(), countedProduct(), smallTrainingStep()]) {
      expect(hashProgram(rebuildProgram(program, copyNode))).toBe(hashProgram(program));
    }
  });

  test('keeps scope and phase of what a node is replaced by', () => {
    const program = trace(({ x }) => ({ outputs: { y: scope('norm', () => updatePhase(() => rmsNorm(x))) } }), {
      inputs: { x: { shape: [3] } },
    });
    const made = expandComposites(program).nodes.slice(1);
    expect(made.length).toBeGreaterThan(3);
    for (const node of made) expect([node.scope, node.phase]).toEqual(['norm', 'update']);
  });

  test('expandComposites leaves primitives and what it was told to keep', () => {
    const program = smallTrainingStep();
    const expanded = expandComposites(program);
    expect(opsOf(expanded).filter(isComposite)).toEqual([]);
    const kept = new Set(opsOf(expandComposites(program, new Set(['softmax', 'rmsNorm']))).filter(isComposite));
    expect(kept).toEqual(new Set(['softmax', 'rmsNorm']));
    expect(() => verifyProgram(expanded)).not.toThrow();
  });

  test('expandComposites changes neither names nor shapes of what goes in and out', () => {
    const program = smallTrainingStep();
    const expanded = expandComposites(program);
    const border = ({ inputs, state, outputs, nodes }: Program) => {
      const at = (position: number) => [nodes[position]?.shape, nodes[position]?.dtype];
      return {
        inputs: Object.entries(inputs).map(([name, position]) => [name, at(position)]),
        state: Object.entries(state).map(([name, { node, next, kind }]) => [name, at(node), at(next), kind]),
        outputs: Object.entries(outputs).map(([name, position]) => [name, at(position)]),
      };
    };
    expect(border(expanded)).toEqual(border(program));
  });
});

describe('a chain of 20,000 ops', () => {
  test('is built, verified, written and read without exhausting the stack', () => {
    const program = programOf((x) => {
      let y = x;
      for (let i = 0; i < 20_000; i++) y = i % 2 ? softmax(y) : multiply(y, 0.5);
      return reduceSum(y);
    });
    expect(program.nodes).toHaveLength(20_003);
    expect(hashProgram(parseProgram(serializeProgram(program)))).toBe(hashProgram(program));
    expect(opsOf(expandComposites(program)).filter(isComposite)).toEqual([]);
  });
});
