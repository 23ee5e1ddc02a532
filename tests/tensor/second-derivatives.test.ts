import { describe, expect, test } from 'vitest';
import { type NumericData, referenceEngine } from '../../src/engine/index.ts';
import {
  add,
  cos,
  gradient,
  iota,
  multiply,
  type Program,
  reduceSum,
  reshape,
  sin,
  sizeOf,
  type Tensor,
  trace,
} from '../../src/tensor/index.ts';
import { drawOperand, type OpCase, opCases } from '../support/op-cases.ts';
import { operandName } from '../support/op-programs.ts';

const step = 1e-5;
const tolerance = 2e-6;

/** Σ x · w with weights that differ from element to element. */
function weighted(x: Tensor, wave: (x: Tensor) => Tensor): Tensor {
  return reduceSum(multiply(x, add(wave(reshape(iota(sizeOf(x.shape), 'float32'), x.shape)), 1.5)));
}

/**
 * A Program that differentiates twice: `slope` is a weighted sum over the gradients of a weighted sum of the op's result,
 * and `gradient.xI` its gradients. A derivative rule that does not agree with the definition, or with the rules of the
 * ops that it uses, shows here even where the first derivative is right.
 */
function twiceDifferentiated({ operands, build }: OpCase): Program {
  return trace(
    (values: { readonly [name: string]: Tensor }) => {
      const tensors = operands.map((_, i) => values[operandName(i)] as Tensor);
      const floats = tensors.filter(({ dtype }) => dtype === 'float32');
      const slope = gradient(weighted(build(...tensors), sin), floats)
        .map((g) => weighted(g, cos))
        .reduce((total, x) => add(total, x));
      const outputs: Record<string, Tensor> = { slope };
      gradient(slope, floats).forEach((g, i) => {
        outputs[`gradient.${operandName(tensors.indexOf(floats[i] as Tensor))}`] = g;
      });
      return { outputs };
    },
    { inputs: Object.fromEntries(operands.map(({ shape, dtype }, i) => [operandName(i), { shape, dtype }])) },
  );
}

async function compareSecondDerivative(opCase: OpCase): Promise<void> {
  const session = await referenceEngine().load(twiceDifferentiated(opCase));
  const inputs: Record<string, NumericData> = {};
  opCase.operands.forEach((operand, i) => {
    inputs[operandName(i)] = drawOperand(operand, 3, `${opCase.name}/${i}`);
  });
  const outputs = await session.run(inputs);
  for (const [index, { dtype }] of opCase.operands.entries()) {
    if (dtype !== 'float32') continue;
    const name = operandName(index);
    const found = outputs[`gradient.${name}`] as Float64Array;
    const slopeAt = async (position: number, offset: number): Promise<number> => {
      const moved = Float64Array.from(inputs[name] as NumericData);
      moved[position] = (moved[position] ?? 0) + offset;
      return (await session.run({ ...inputs, [name]: moved })).slope?.[0] ?? Number.NaN;
    };
    // At most four elements of each operand: the first derivatives are compared at all of them elsewhere.
    for (let position = 0; position < found.length; position += Math.ceil(found.length / 4)) {
      const expected = ((await slopeAt(position, step)) - (await slopeAt(position, -step))) / (2 * step);
      const error = Math.abs((found[position] ?? Number.NaN) - expected) / Math.max(1, Math.abs(expected));
      expect(
        error,
        `${opCase.name}: by ${name}[${position}] is ${found[position]}, difference ${expected}`,
      ).toBeLessThan(tolerance);
    }
  }
}

describe('the gradient of the gradient of every op agrees with central differences', () => {
  for (const [op, cases] of Object.entries(opCases)) {
    test(op, async () => {
      for (const opCase of cases) await compareSecondDerivative(opCase);
    });
  }
});
