import { expect } from 'vitest';
import { type Engine, type NumericData, referenceEngine } from '../../src/engine/index.ts';
import { drawOperand, type OpCase } from './op-cases.ts';
import { operandName, opProgram } from './op-programs.ts';

/** float32 has 24 bits; the longest sums of the cases lose a few of them. */
export const float32Tolerance = 2e-5;

/** Runs a case on an engine and on the reference, results and gradients, and compares every number. */
export async function compareWithReference(engine: Engine, opCase: OpCase, seed: number): Promise<void> {
  const program = opProgram(opCase);
  const inputs: Record<string, NumericData> = {};
  opCase.operands.forEach((operand, i) => {
    inputs[operandName(i)] = drawOperand(operand, seed, `${opCase.name}/${i}`);
  });
  const [reference, session] = [await referenceEngine().load(program), await engine.load(program)];
  try {
    const expected = await reference.run(inputs);
    const found = await session.run(inputs);
    expect(Object.keys(found).sort()).toEqual(Object.keys(expected).sort());
    for (const [name, values] of Object.entries(expected)) {
      values.forEach((value, i) => {
        const error = Math.abs((found[name]?.[i] ?? Number.NaN) - value) / Math.max(1, Math.abs(value));
        expect(error, `${opCase.name}: ${name}[${i}] is ${found[name]?.[i]}, reference ${value}`).toBeLessThan(
          float32Tolerance,
        );
      });
    }
  } finally {
    await session.close();
  }
}
