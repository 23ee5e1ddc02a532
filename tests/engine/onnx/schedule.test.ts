import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { onnxEngine } from '../../../src/engine/index.ts';
import { compileProgram } from '../../../src/engine/onnx/compile.ts';
import type { OnnxNode } from '../../../src/engine/onnx/graph.ts';
import { executionOrder, scheduleGraph } from '../../../src/engine/onnx/schedule.ts';
import type { Program } from '../../../src/tensor/index.ts';
import { setParameters, smallBatch, smallTrainingStep } from '../../support/small-gpt.ts';

const steps: { readonly [name: string]: Program } = {
  'a clipped AdamW step': smallTrainingStep(),
  'a Muon step': smallTrainingStep({}, { kind: 'muon' }),
  'a step that recomputes its blocks': smallTrainingStep({ recomputeBlocks: true }),
  'a step that returns its gradients': smallTrainingStep({}, { tapGradients: true }),
};

function expectOperandsFirst(nodes: readonly OnnxNode[]): void {
  const producers = new Map(nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  const made = new Set<string>();
  for (const { opType, inputs, outputs } of nodes) {
    for (const input of inputs) {
      if (producers.has(input)) expect(made.has(input), `${opType} reads ${input} before it is made`).toBe(true);
    }
    for (const output of outputs) made.add(output);
  }
}

describe('the order of nodes', () => {
  for (const [name, program] of Object.entries(steps)) {
    test(`of ${name} has every node after its operands and is its own order`, () => {
      const { nodes } = compileProgram(program, 'cpu').graph;
      expect(nodes.length).toBeGreaterThan(100);
      expectOperandsFirst(nodes);
      expect(executionOrder(nodes)).toEqual(nodes);
    });
  }

  test('of any graph has every node once and after its operands, and is its own order', () => {
    fc.assert(
      fc.property(randomGraph(), (nodes) => {
        const order = executionOrder(nodes);
        expect(order.length).toBe(nodes.length);
        expect(new Set(order)).toEqual(new Set(nodes));
        expectOperandsFirst(order);
        expect(executionOrder(order)).toEqual(order);
      }),
      { numRuns: 300 },
    );
  });

  test('of any graph has the results in the order given', () => {
    fc.assert(
      fc.property(randomGraph(), (nodes) => {
        const read = new Set(nodes.flatMap(({ inputs }) => inputs));
        const isResult = ({ outputs }: OnnxNode) => !outputs.some((output) => read.has(output));
        expect(executionOrder(nodes).filter(isResult)).toEqual(nodes.filter(isResult));
      }),
    );
  });

  test('scheduling a scheduled graph again loses no node and keeps operands first', () => {
    for (const program of Object.values(steps)) {
      const { graph } = compileProgram(program, 'cpu');
      const again = scheduleGraph(graph);
      expect(new Set(again.nodes)).toEqual(new Set(graph.nodes));
      expectOperandsFirst(again.nodes);
    }
  });
});

/** Nodes in an order in which operands come first; each reads up to four earlier ones, some twice. */
function randomGraph(): fc.Arbitrary<OnnxNode[]> {
  return fc.array(fc.array(fc.nat(1000), { maxLength: 4 }), { minLength: 1, maxLength: 40 }).map((operands) =>
    operands.map((picks, index) => ({
      opType: 'Sum',
      domain: '',
      inputs: index === 0 ? ['x'] : picks.map((pick) => `v${pick % index}`),
      outputs: [`v${index}`],
      attributes: {},
      scope: '',
      phase: 'forward',
    })),
  );
}

describe('ONNX Runtime runs the nodes in the order of the compiled graph', () => {
  for (const [name, program] of Object.entries(steps)) {
    test(name, async () => {
      const { graph } = compileProgram(program, 'cpu');
      // The file lists them in reverse.
      const expected = graph.nodes.map(({ opType, scope }, i) => `${graph.nodes.length - 1 - i}|${opType}|${scope}`);
      expect(await profiledNodes(program)).toEqual(expected);
    });
  }
});

/** The names of the nodes that a step runs, in the order in which they start, from the profile of the runtime. */
async function profiledNodes(program: Program): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'groundwork-profile-'));
  try {
    const sessionOptions = { enableProfiling: true, profileFilePrefix: join(folder, 'profile') };
    const session = await (await onnxEngine('cpu', { sessionOptions })).load(program);
    await setParameters(session, 1);
    await session.run(smallBatch(program, 1));
    // The profile is written when the session ends.
    await session.close();
    const file = readdirSync(folder).find((entry) => entry.endsWith('.json')) ?? expect.fail('no profile');
    const events = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { cat: string; name: string; ts: number }[];
    const suffix = '_kernel_time';
    return events
      .filter((event) => event.cat === 'Node' && event.name.endsWith(suffix))
      .map((event) => event.name.slice(0, -suffix.length));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
