import { afterAll, beforeAll, expect, test } from 'vitest';
import { type NumericData, referenceEngine } from '../../../src/engine/index.ts';
import { type JaxEngine, jaxEngine } from '../../../src/engine/node.ts';
import type { Program } from '../../../src/tensor/index.ts';
import { float32Tolerance } from '../../support/compare-engines.ts';
import { runsEverything } from '../../support/full-tests.ts';
import { describeWithJax, quicklyCompiled } from '../../support/jax-python.ts';
import { drawOperand, opCases } from '../../support/op-cases.ts';
import { operandName, opProgram } from '../../support/op-programs.ts';

/** So many cases of an op at most, evenly spread; the full tests take them all. */
const fewCases = 3;

/** Programs side by side in one, since compiling takes longer than running: every name gets the number of its Program in front. */
function sideBySide(programs: readonly Program[]): Program {
  const nodes: Program['nodes'][number][] = [];
  const inputs: Record<string, number> = {};
  const outputs: Record<string, number> = {};
  programs.forEach((program, number) => {
    const offset = nodes.length;
    const named = (name: unknown) => `${number}.${name}`;
    for (const node of program.nodes) {
      const attributes =
        node.op === 'input' ? { ...node.attributes, name: named(node.attributes.name) } : node.attributes;
      nodes.push({ ...node, attributes, inputs: node.inputs.map((position) => position + offset) });
    }
    for (const [name, position] of Object.entries(program.inputs)) inputs[named(name)] = position + offset;
    for (const [name, position] of Object.entries(program.outputs)) outputs[named(name)] = position + offset;
  });
  return { format: 'groundwork-program', version: 1, nodes, inputs, state: {}, outputs };
}

describeWithJax('every op on JAX agrees with the reference, results and gradients', () => {
  let engine: JaxEngine;
  beforeAll(async () => {
    engine = await jaxEngine({ environment: quicklyCompiled });
  });
  afterAll(() => engine.close());

  for (const [op, all] of Object.entries(opCases)) {
    test(op, async () => {
      const cases = runsEverything ? all : all.filter((_, i) => i % Math.ceil(all.length / fewCases) === 0);
      const program = sideBySide(cases.map(opProgram));
      const inputs: Record<string, NumericData> = {};
      cases.forEach(({ name, operands }, number) => {
        operands.forEach((operand, i) => {
          inputs[`${number}.${operandName(i)}`] = drawOperand(operand, 11, `${name}/${i}`);
        });
      });
      const [reference, session] = [await referenceEngine().load(program), await engine.load(program)];
      try {
        const expected = await reference.run(inputs);
        const found = await session.run(inputs);
        expect(Object.keys(found).sort()).toEqual(Object.keys(expected).sort());
        for (const [name, values] of Object.entries(expected)) {
          const { name: title } = cases[Number.parseInt(name, 10)] ?? { name };
          expect(found[name]?.length).toBe(values.length);
          values.forEach((value, i) => {
            const error = Math.abs((found[name]?.[i] ?? Number.NaN) - value) / Math.max(1, Math.abs(value));
            expect(error, `${title}: ${name}[${i}] is ${found[name]?.[i]}, reference ${value}`).toBeLessThan(
              float32Tolerance,
            );
          });
        }
      } finally {
        await session.close();
      }
    });
  }
});
