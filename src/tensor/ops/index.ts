// The ops of the language: rules, costs and meanings. Derivatives and definitions need tensors and stand one level up.
import { GroundworkError } from '../../core/index.ts';
import { currentContext } from '../scope.ts';
import { composites } from './composite.ts';
import { elementwise } from './elementwise.ts';
import { indexing } from './indexing.ts';
import { leaves, ordering } from './leaves.ts';
import { products } from './matmul.ts';
import { movement } from './movement.ts';
import { reductions } from './reduction.ts';
import type { Attributes, Rule, Signature } from './signature.ts';

export const primitiveOps = {
  ...leaves,
  ...ordering,
  ...elementwise,
  ...reductions,
  ...products,
  ...movement,
  ...indexing,
};
export const compositeOps = composites;

export type PrimitiveName = keyof typeof primitiveOps;
export type CompositeName = keyof typeof compositeOps;
export type OpName = PrimitiveName | CompositeName;

type SchemaOutput<R> = R extends Rule<infer A> ? A : never;
/** The attributes of each op. */
export type AttributesOf<Name extends OpName> = Name extends PrimitiveName
  ? SchemaOutput<(typeof primitiveOps)[Name]>
  : Name extends CompositeName
    ? SchemaOutput<(typeof compositeOps)[Name]>
    : never;

// One widening, here: a rule looked up by a name that is only known at run time takes attributes that its own schema has
// parsed, so the attribute type is right by construction where the compiler cannot see it.
const primitiveSignatures = new Map(Object.entries(primitiveOps)) as unknown as ReadonlyMap<string, Signature>;
const compositeRules = new Map(Object.entries(compositeOps)) as unknown as ReadonlyMap<string, Rule>;

export function isPrimitive(op: OpName): op is PrimitiveName {
  return primitiveSignatures.has(op);
}

export function isComposite(op: OpName): op is CompositeName {
  return compositeRules.has(op);
}

/** True if the language has an op of this name. */
export function isOpName(name: string): name is OpName {
  return primitiveSignatures.has(name) || compositeRules.has(name);
}

/** The rule of any op. */
export function ruleOf(op: OpName): Rule {
  const rule = primitiveSignatures.get(op) ?? compositeRules.get(op);
  if (rule) return rule;
  throw new GroundworkError('unknown-op', `there is no op called "${op}"`, {
    hint: 'Use a name from the op table (docs/ops.md).',
    scope: currentContext().scope,
  });
}

/** Rule, cost and meaning of a primitive. */
export function signatureOf(op: PrimitiveName): Signature {
  const signature = primitiveSignatures.get(op);
  if (signature) return signature;
  throw new GroundworkError('unknown-op', `"${op}" is not a primitive`, { hint: 'Expand composites first.' });
}

/**
 * Checks attributes against the op's schema.
 *
 * @throws GroundworkError `invalid-attribute`
 */
export function parseAttributes(op: OpName, attributes: Attributes): Attributes {
  const result = ruleOf(op).schema.safeParse(attributes);
  if (result.success) return result.data;
  const problem = result.error.issues[0];
  throw new GroundworkError(
    'invalid-attribute',
    `${op}: attribute ${problem?.path.join('.') || '(all)'}: ${problem?.message ?? 'does not fit'}`,
    { hint: `Found ${JSON.stringify(attributes)}.`, scope: currentContext().scope },
  );
}

export type { Attributes, NumericArray, Operand, Rule, Signature } from './signature.ts';
