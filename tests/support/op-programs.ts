import {
  add,
  gradient,
  iota,
  isFloating,
  multiply,
  type Program,
  reduceSum,
  reshape,
  sin,
  sizeOf,
  type Tensor,
  trace,
} from '../../src/tensor/index.ts';
import type { OpCase } from './op-cases.ts';

/** The names of the operands of a case. */
export const operandName = (index: number): string => `x${index}`;

/**
 * A Program that applies an op and differentiates a weighted sum of its result: outputs `result`, `loss` and, for each
 * floating-point operand, `gradient.xI`. The weights differ from element to element, so that no error can cancel.
 */
export function opProgram({ operands, build }: OpCase): Program {
  const inputs = Object.fromEntries(operands.map(({ shape, dtype }, i) => [operandName(i), { shape, dtype }]));
  return trace(
    (values: { readonly [name: string]: Tensor }) => {
      const tensors = operands.map((_, i) => values[operandName(i)] as Tensor);
      const result = build(...tensors);
      const weights = add(sin(reshape(iota(sizeOf(result.shape), 'float32'), result.shape)), 1.5);
      const loss = reduceSum(multiply(result, weights));
      const floats = operands.flatMap(({ dtype }, i) => (isFloating(dtype) ? [i] : []));
      const gradients = gradient(
        loss,
        floats.map((i) => tensors[i] as Tensor),
      );
      const outputs: Record<string, Tensor> = { result, loss };
      floats.forEach((operand, i) => {
        outputs[`gradient.${operandName(operand)}`] = gradients[i] as Tensor;
      });
      return { outputs };
    },
    { inputs },
  );
}
