import { present } from '../../core/index.ts';
import {
  type AttributesOf,
  type CompositeName,
  type DType,
  expandComposites,
  isFloating,
  isPrimitive,
  makeTensor,
  type OpName,
  type Program,
  type Tensor,
  trace,
} from '../../tensor/index.ts';
import { attention } from './attention.ts';
import { GridTooLarge } from './field.ts';
import { roundingOf } from './intervals.ts';
import { coarsened, extremes, isBounded, joinReach, type Knowledge, knowledgeOf, none } from './knowledge.ts';
import { primitiveRules } from './primitives.ts';
import { operand, type Rule, type RuleNode } from './rule.ts';
import { softmax } from './softmax.ts';

/** What is known of the result of an op. Where exact grids would take too much memory, operands are looked at as a whole. */
export function applyRule(op: OpName, node: RuleNode, inputs: readonly Knowledge[]): Knowledge {
  const rule = isPrimitive(op) ? primitiveRules[op] : compositeRules[op];
  const result = apply(rule, node, inputs);
  // Integers and truths have one zero.
  const hidden = isFloating(node.dtype)
    ? inputs.reduce((all, input) => joinReach(all, input.hidden), result.hidden)
    : none;
  return hidden === result.hidden ? result : { ...result, hidden };
}

function apply(rule: Rule, node: RuleNode, inputs: readonly Knowledge[]): Knowledge {
  try {
    return rule(node, inputs);
  } catch (error) {
    if (!(error instanceof GridTooLarge)) throw error;
    return rule(node, inputs.map(coarsened));
  }
}

/** The rule of a composite: that of its definition in primitives. */
function byDefinition(op: CompositeName): Rule {
  return (node, inputs) => {
    const definition = definitionOf(op, node, inputs);
    const known: Knowledge[] = [];
    definition.nodes.forEach(({ op: name, attributes, shape, dtype, inputs: positions }) => {
      const operands = positions.map((position) => present(known[position], 'a value of a definition'));
      known.push(
        name === 'input'
          ? present(inputs[Number(attributes.name)], 'an operand')
          : applyRule(name, { attributes, shape, dtype }, operands),
      );
    });
    return present(known[definition.outputs.result ?? -1], 'the result of a definition');
  };
}

/** The definition of a composite for operands of given shapes, as a Program with the inputs `0`, `1`, … */
function definitionOf(op: CompositeName, { attributes, dtype }: RuleNode, inputs: readonly Knowledge[]): Program {
  const isTarget = (i: number) => op === 'crossEntropy' && i === 1;
  const specs = inputs.map(({ shape }, i) => [String(i), { shape, dtype: isTarget(i) ? 'int32' : dtype }] as const);
  const build = (given: { readonly [name: string]: Tensor }) => {
    const operands = specs.map(([name]) => present(given[name], 'an operand'));
    // Its own schema parsed them when the node was made.
    const own = attributes as AttributesOf<CompositeName>;
    return { outputs: { result: makeTensor<CompositeName>(op, operands, own) } };
  };
  return expandComposites(trace(build, { inputs: Object.fromEntries(specs) }));
}

/** A rule whose results for finite operands are also known to lie between bounds that single steps of the definition do not show. */
function within(
  bounds: (node: RuleNode, input: Knowledge) => readonly [low: number, high: number] | undefined,
  rule: Rule,
): Rule {
  return (node, inputs) => {
    const known = rule(node, inputs);
    const limits = inputs.every(({ range }) => isBounded(range)) ? bounds(node, operand(inputs, 0)) : undefined;
    if (!limits) return known;
    const { shape, reach, range } = known;
    const [least, greatest] = limits;
    return knowledgeOf(shape, reach, {
      shape: range.shape,
      low: range.low.map((x) => Math.max(x, least)),
      high: range.high.map((x) => Math.min(x, greatest)),
    });
  };
}

/** `normalized`, unless the mean of x overflows. */
const centred = (node: RuleNode, { range }: Knowledge) => {
  const [low, high] = extremes(range);
  return Math.max(-low, high) > 1e30 ? undefined : normalized(node);
};

/** A rule of a composite that divides by nothing that may be 0, so that the signs of zeros do not matter within. */
function withoutSigns(isSafe: (node: RuleNode) => boolean, rule: Rule): Rule {
  return (node, inputs) => rule(node, isSafe(node) ? inputs.map((input) => ({ ...input, hidden: none })) : inputs);
}

/** Least ε that keeps a mean of squares from 0 on every engine. */
const hasEpsilon = ({ attributes }: RuleNode) => Number(attributes.epsilon) >= 1e-30;

const fraction = ({ dtype }: RuleNode) => [0, 1 + slackOf(dtype, 1e-4)] as const;
/** |x| / √(mean x² + ε) is at most √D, unless x = 0 and ε = 0: NaN. Engines compute it with the digits of float32 or more. */
const normalized = (node: RuleNode) => {
  if (!hasEpsilon(node)) return undefined;
  const bound = Math.sqrt(node.shape.at(-1) ?? 1) * (1 + slackOf(node.dtype, 1e-3));
  return [-bound, bound] as const;
};

/** Room for the rounding of a result. */
function slackOf(dtype: DType, ofFloat32: number): number {
  return Math.max(ofFloat32, roundingOf(dtype)?.slack ?? Number.POSITIVE_INFINITY);
}

const compositeRules: { readonly [Name in CompositeName]: Rule } = {
  relu: byDefinition('relu'),
  reluSquared: byDefinition('reluSquared'),
  sigmoid: withoutSigns(() => true, within(fraction, byDefinition('sigmoid'))),
  // In two steps, since the bounds of a sigmoid are not seen in its primitives.
  silu: (node, inputs) =>
    applyRule('multiply', { ...node, attributes: {} }, [operand(inputs, 0), applyRule('sigmoid', node, inputs)]),
  gelu: byDefinition('gelu'),
  softmax: withoutSigns(() => true, softmax),
  logSumExp: byDefinition('logSumExp'),
  rmsNorm: withoutSigns(hasEpsilon, within(normalized, byDefinition('rmsNorm'))),
  layerNorm: withoutSigns(hasEpsilon, within(centred, byDefinition('layerNorm'))),
  rotaryEmbedding: byDefinition('rotaryEmbedding'),
  attention,
  crossEntropy: byDefinition('crossEntropy'),
};
