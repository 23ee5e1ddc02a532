import { present } from '../../core/index.ts';
import {
  type AttributesOf,
  type CompositeName,
  expandComposites,
  isPrimitive,
  makeTensor,
  type OpName,
  type Program,
  type Tensor,
  trace,
} from '../../tensor/index.ts';
import { attention } from './attention.ts';
import { GridTooLarge } from './field.ts';
import { coarsened, type Knowledge, knowledgeOf } from './knowledge.ts';
import { primitiveRules } from './primitives.ts';
import type { Rule, RuleNode } from './rule.ts';

/** What is known of the result of an op. Where exact grids would take too much memory, operands are looked at as a whole. */
export function applyRule(op: OpName, node: RuleNode, inputs: readonly Knowledge[]): Knowledge {
  const rule = isPrimitive(op) ? primitiveRules[op] : compositeRules[op];
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

/** A rule whose results are also known to lie between bounds that single steps of the definition do not show. */
function within(bounds: (node: RuleNode) => readonly [low: number, high: number], rule: Rule): Rule {
  return (node, inputs) => {
    const { shape, reach, range } = rule(node, inputs);
    const [least, greatest] = bounds(node);
    return knowledgeOf(shape, reach, {
      shape: range.shape,
      low: range.low.map((x) => Math.max(x, least)),
      high: range.high.map((x) => Math.min(x, greatest)),
    });
  };
}

const fraction = () => [0, 1 + 1e-4] as const;
/** |x| / √(mean x² + ε) is at most √D. */
const normalized = ({ shape }: RuleNode) => {
  const bound = Math.sqrt(shape.at(-1) ?? 1) * (1 + 1e-3);
  return [-bound, bound] as const;
};

const compositeRules: { readonly [Name in CompositeName]: Rule } = {
  relu: byDefinition('relu'),
  reluSquared: byDefinition('reluSquared'),
  sigmoid: within(fraction, byDefinition('sigmoid')),
  silu: byDefinition('silu'),
  gelu: byDefinition('gelu'),
  softmax: within(fraction, byDefinition('softmax')),
  logSumExp: byDefinition('logSumExp'),
  rmsNorm: within(normalized, byDefinition('rmsNorm')),
  layerNorm: within(normalized, byDefinition('layerNorm')),
  rotaryEmbedding: byDefinition('rotaryEmbedding'),
  attention,
  crossEntropy: byDefinition('crossEntropy'),
};
