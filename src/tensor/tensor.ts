import { GroundworkError } from '../core/index.ts';
import type { DType } from './dtype.ts';
import { type Attributes, type AttributesOf, type Operand, type OpName, parseAttributes, ruleOf } from './ops/index.ts';
import { currentContext, type Phase } from './scope.ts';
import { formatShape, type Shape, sizeOf } from './shape.ts';

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
  // The tensor's own copy of the attributes: what the caller does to its arrays later must not change the graph.
  const own = parseAttributes(op, attributes) as AttributesOf<Name>;
  const { shape, dtype } = infer(op, inputs, own);
  return { id: numTensors++, op, inputs: [...inputs], attributes: own, shape, dtype, scope, phase, region };
}

/** Shape and element type of an op on operands, with every check that a node of a graph must pass. */
export function inferOperand(op: OpName, inputs: readonly Operand[], attributes: Attributes): Operand {
  return infer(op, inputs, parseAttributes(op, attributes));
}

function infer(op: OpName, inputs: readonly Operand[], attributes: Attributes): Operand {
  const rule = ruleOf(op);
  if (rule.arity === 'variadic' ? inputs.length === 0 : inputs.length !== rule.arity) {
    const expected = rule.arity === 'variadic' ? 'at least one' : rule.arity;
    throw new GroundworkError('invalid-program', `${op} reads ${expected} operands, found ${inputs.length}`, {
      hint: `Give ${op} ${expected} operands.`,
      scope: currentContext().scope,
    });
  }
  const result = rule.infer(inputs, attributes);
  // Beyond 2⁵³ products of extents are inexact, and no rule that compares them would mean anything.
  if (!Number.isSafeInteger(sizeOf(result.shape))) {
    throw new GroundworkError('shape-mismatch', `${op} gives ${formatShape(result.shape)}, more than 2⁵³ elements`, {
      hint: 'Make some extents smaller.',
      scope: currentContext().scope,
    });
  }
  return result;
}
