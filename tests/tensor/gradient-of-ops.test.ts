import { describe, expect, test } from 'vitest';
import { type NumericData, referenceEngine } from '../../src/engine/index.ts';
import { drawOperand, type OpCase, opCases } from '../support/op-cases.ts';
import { operandName, opProgram } from '../support/op-programs.ts';

const engine = referenceEngine();

// Second-order central differences in float64 are exact to about step² ≈ 1e-10 here.
const step = 1e-5;
const tolerance = 1e-6;

async function compareGradient(opCase: OpCase): Promise<void> {
  const session = await engine.load(opProgram(opCase));
  const inputs: Record<string, NumericData> = {};
  opCase.operands.forEach((operand, i) => {
    inputs[operandName(i)] = drawOperand(operand, 7, `${opCase.name}/${i}`);
  });
  const outputs = await session.run(inputs);
  const lossAt = async (name: string, position: number, offset: number): Promise<number> => {
    const moved = Float64Array.from(inputs[name] as NumericData);
    moved[position] = (moved[position] ?? 0) + offset;
    const { loss } = await session.run({ ...inputs, [name]: moved });
    return loss?.[0] ?? Number.NaN;
  };
  for (const [index, operand] of opCase.operands.entries()) {
    if (operand.dtype !== 'float32') continue;
    const name = operandName(index);
    const found = outputs[`gradient.${name}`] as Float64Array;
    for (let position = 0; position < found.length; position++) {
      const difference = (await lossAt(name, position, step)) - (await lossAt(name, position, -step));
      const expected = difference / (2 * step);
      const error = Math.abs((found[position] ?? Number.NaN) - expected) / Math.max(1, Math.abs(expected));
      expect(
        error,
        `${opCase.name}: ∂loss/∂${name}[${position}] is ${found[position]}, difference ${expected}`,
      ).toBeLessThan(tolerance);
    }
  }
}

describe('the gradient of every op agrees with central differences', () => {
  for (const [op, cases] of Object.entries(opCases)) {
    test(op, async () => {
      for (const opCase of cases) await compareGradient(opCase);
    });
  }
});
