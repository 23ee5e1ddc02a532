import { present } from '../../core/index.ts';
import { type OpName, sameShape } from '../../tensor/index.ts';
import type { Field, Numbers } from './field.ts';
import type { Knowledge } from './knowledge.ts';
import type { RuleNode } from './rule.ts';
import { applyRule } from './rules.ts';

/**
 * Keeps equal knowledge once and applies no rule twice to the same operands. The layers of a model differ in their parameters, not in
 * what can be known of them, so that a deep model costs little more than a shallow one.
 */
export class KnowledgeMemory {
  /** Everything kept, by a hash of its numbers. */
  private readonly kept = new Map<number, Knowledge[]>();
  private readonly numbers = new Map<Knowledge, number>();
  private readonly results = new Map<string, Knowledge>();

  /** The same knowledge, in the one copy that is kept. */
  keep(knowledge: Knowledge): Knowledge {
    if (this.numbers.has(knowledge)) return knowledge;
    const hash = hashOf(knowledge);
    const candidates = this.kept.get(hash) ?? [];
    const known = candidates.find((other) => isEqual(other, knowledge));
    if (known) return known;
    this.kept.set(hash, [...candidates, knowledge]);
    this.numbers.set(knowledge, this.numbers.size);
    return knowledge;
  }

  /** What is known of the result of an op on operands that are kept. */
  apply(op: OpName, { attributes, shape, dtype }: RuleNode, operands: readonly Knowledge[]): Knowledge {
    const ids = operands.map((operand) => present(this.numbers.get(operand), 'the number of an operand'));
    const key = JSON.stringify([op, attributes, shape, dtype, ids]);
    const known = this.results.get(key);
    if (known) return known;
    const result = this.keep(applyRule(op, { attributes, shape, dtype }, operands));
    this.results.set(key, result);
    return result;
  }
}

function fieldsOf({ reach, range }: Knowledge): Field[] {
  return [reach, { shape: range.shape, data: range.low }, { shape: range.shape, data: range.high }];
}

function hashOf(knowledge: Knowledge): number {
  let hash = knowledge.hidden;
  for (const { data } of fieldsOf(knowledge)) {
    const words = new Int32Array(data.buffer, data.byteOffset, data.byteLength / 4);
    hash = Math.imul(hash, 31) + words.length;
    for (let i = 0; i < words.length; i++) hash = Math.imul(hash ^ (words[i] as number), 0x01000193);
  }
  return hash;
}

function isEqual(a: Knowledge, b: Knowledge): boolean {
  const others = fieldsOf(b);
  return (
    a.hidden === b.hidden &&
    sameShape(a.shape, b.shape) &&
    fieldsOf(a).every((field, i) => isSameField(field, present(others[i], 'a field')))
  );
}

function isSameField(a: Field, b: Field): boolean {
  if (a.data === b.data) return true;
  return sameShape(a.shape, b.shape) && isSameData(a.data, b.data);
}

function isSameData(a: Numbers, b: Numbers): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
