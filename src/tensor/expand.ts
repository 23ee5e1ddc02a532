import { definitions } from './definitions.ts';
import { type CompositeName, isComposite } from './ops/index.ts';
import { copyNode, type Program, rebuildProgram } from './program.ts';
import type { Tensor } from './tensor.ts';

/**
 * Replaces composite ops by their definitions, until only primitives and the composites in `kept` are left.
 *
 * @param kept composites that the reader of the Program runs as one piece
 */
export function expandComposites(program: Program, kept: ReadonlySet<CompositeName> = new Set()): Program {
  const isExpandable = (op: Program['nodes'][number]['op']) => isComposite(op) && !kept.has(op);
  let expanded = program;
  while (expanded.nodes.some(({ op }) => isExpandable(op))) {
    expanded = rebuildProgram(expanded, (node, inputs) => {
      if (!isComposite(node.op) || kept.has(node.op)) return copyNode(node, inputs);
      // As in `applyRule`: the op is known at run time only, its attributes were parsed by its own schema.
      const define = definitions[node.op] as (inputs: readonly Tensor[], attributes: unknown) => Tensor;
      return define(inputs, node.attributes);
    });
  }
  return expanded;
}
