import { GroundworkError } from '../core/index.ts';
import type { DType } from './dtype.ts';
import { type Attributes, type AttributesOf, type OpName, parseAttributes, ruleOf } from './ops/index.ts';
import { currentContext, type Phase } from './scope.ts';
import type { Shape } from './shape.ts';

/**
 * A node of a graph under construction. It stands for a value and holds no numbers: an op, the tensors it reads, its
 * attributes, and the shape and element type that follow from them.
 */
export interface Tensor<Name extends OpName = OpName> {
  /** Grows with every tensor made, so that creation order can be recovered. Never part of a Program. */
  readonly id: number;
  readonly op: Name;
  readonly inputs: readonly Tensor[];
  readonly attributes: AttributesOf<Name>;
  readonly shape: Shape;
  readonly dtype: DType;
  /** Where in the model it was made, such as `blocks.3.attention`. */
  readonly scope: string;
  readonly phase: Phase;
  /** The recomputation scope it was made in, if any. */
  readonly region: string | undefined;
}

let numTensors = 0;

/**
 * Makes a tensor: checks the attributes against the op's schema and derives shape and element type by its rule.
 *
 * @throws GroundworkError `invalid-attribute`, `shape-mismatch` or `dtype-mismatch`, naming op and scope
 */
export function makeTensor<Name extends OpName>(
  op: Name,
  inputs: readonly Tensor[],
  attributes: AttributesOf<Name>,
): Tensor<Name> {
  const { scope, phase, region } = currentContext();
  const { shape, dtype } = inferOperand(op, inputs, attributes);
  return { id: numTensors++, op, inputs, attributes, shape, dtype, scope, phase, region };
}

/** Shape and element type of an op on operands, with every check that a node of a graph must pass. */
export function inferOperand(
  op: OpName,
  inputs: readonly { readonly shape: Shape; readonly dtype: DType }[],
  attributes: Attributes,
): { shape: Shape; dtype: DType } {
  const rule = ruleOf(op);
  if (rule.arity === 'variadic' ? inputs.length === 0 : inputs.length !== rule.arity) {
    const expected = rule.arity === 'variadic' ? 'at least one' : rule.arity;
    throw new GroundworkError('invalid-program', `${op} reads ${expected} operands, found ${inputs.length}`, {
      hint: `Give ${op} ${expected} operands.`,
      scope: currentContext().scope,
    });
  }
  return rule.infer(inputs, parseAttributes(op, attributes));
}
