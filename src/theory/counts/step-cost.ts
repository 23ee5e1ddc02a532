import {
  dtypeBytes,
  expandComposites,
  isPrimitive,
  nodeAt,
  type OpName,
  type Program,
  type ProgramNode,
  signatureOf,
  sizeOf,
} from '../../tensor/index.ts';
import type { StepCost } from './time-model.ts';

/** Nodes that engines do without: they name numbers that are there already. */
const free: ReadonlySet<OpName> = new Set([
  'input',
  'state',
  'constant',
  'iota',
  'stopGradient',
  'after',
  'reshape',
  'broadcastTo',
]);

/**
 * What a Program asks of a machine, for a time model: the operations of its products, the bytes that all other operations read and
 * write, and how many operations there are. Composites count by their definitions, so an engine that runs some of them as one kernel
 * moves less; that this is so at every size alike is what calibration makes up for.
 */
export function stepCost(program: Program): StepCost {
  const expanded = expandComposites(program);
  let [matrixFlops, movedBytes, numKernels] = [0, 0, 0];
  for (const node of expanded.nodes) {
    if (free.has(node.op) || !isPrimitive(node.op)) continue;
    const inputs = node.inputs.map((position) => nodeAt(expanded, position));
    numKernels += 1;
    if (node.op === 'matmul') matrixFlops += signatureOf(node.op).flops(inputs, node, node.attributes);
    else movedBytes += [node, ...inputs].reduce((sum, value) => sum + bytesOf(value), 0);
  }
  return { matrixFlops, movedBytes, numKernels };
}

const bytesOf = ({ shape, dtype }: ProgramNode): number => sizeOf(shape) * dtypeBytes[dtype];
