import { present } from '../../core/index.ts';
import type { Attributes, DType, Shape } from '../../tensor/index.ts';
import type { Knowledge } from './knowledge.ts';

/** What a rule is told about the node whose result it judges. */
export interface RuleNode {
  readonly attributes: Attributes;
  readonly shape: Shape;
  readonly dtype: DType;
}

/** What is known of the result of an op, from what is known of its operands. Sound: no element may depend on more. */
export type Rule = (node: RuleNode, inputs: readonly Knowledge[]) => Knowledge;

/** The operand at `index`; the Program was verified before. */
export function operand(inputs: readonly Knowledge[], index: number): Knowledge {
  return present(inputs[index], `operand ${index}`);
}

/** An attribute that holds axes, offsets or extents. */
export function integers(attributes: Attributes, name: string): readonly number[] {
  return (attributes[name] as readonly number[] | undefined) ?? [];
}
