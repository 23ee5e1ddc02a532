import { canonicalJson } from '../../core/index.ts';
import { type Program, type ProgramNode, type Shape, sameShape } from '../../tensor/index.ts';

/** True if two Programs of one model at two batch sizes are the same graph up to the extent of the batch. */
export function sameGraph(a: Program, b: Program, input = 'tokens'): boolean {
  return graphDifference(a, b, input) === undefined;
}

/**
 * Where two Programs differ in more than the extent of the batch: another op, operand, scope, element type, result, or attribute. The
 * extents that an attribute or a shape lists may stand in the ratio of the batch sizes, as [2 · T, D] and [8 · T, D] do; offsets
 * and all other numbers must be equal.
 *
 * @param input the input whose first extent is the batch size
 * @returns a sentence, or undefined if there is no difference
 */
export function graphDifference(a: Program, b: Program, input = 'tokens'): string | undefined {
  const [sizeA, sizeB] = [batchSizeOf(a, input), batchSizeOf(b, input)];
  const between = `between batches of ${sizeA} and ${sizeB} rows`;
  if (a.nodes.length !== b.nodes.length) {
    return `the graph has ${a.nodes.length} and ${b.nodes.length} nodes ${between}`;
  }
  for (const [i, node] of a.nodes.entries()) {
    const other = b.nodes[i];
    const what = other ? nodeDifference(node, other, sizeA, sizeB) : 'is missing';
    if (what) return `${node.op}${node.scope ? ` in ${node.scope}` : ''} ${what} ${between}`;
  }
  const results = ({ inputs, outputs, state }: Program) =>
    canonicalJson([{ ...inputs }, { ...outputs }, JSON.stringify(state)]);
  return results(a) === results(b) ? undefined : `inputs, state or outputs differ ${between}`;
}

function batchSizeOf(program: Program, input: string): number {
  return program.nodes[program.inputs[input] ?? -1]?.shape[0] ?? 1;
}

function nodeDifference(a: ProgramNode, b: ProgramNode, sizeA: number, sizeB: number): string | undefined {
  if (a.op !== b.op) return `becomes ${b.op}`;
  if (a.scope !== b.scope || a.phase !== b.phase) return `moves to ${b.scope || 'no scope'}`;
  if (!sameShape(a.inputs, b.inputs)) return 'reads other operands';
  if (a.dtype !== b.dtype) return `turns from ${a.dtype} to ${b.dtype}`;
  const isScaled = (x: Shape, y: Shape) =>
    x.length === y.length && x.every((extent, axis) => extent === y[axis] || extent * sizeB === (y[axis] ?? 0) * sizeA);
  if (!isScaled(a.shape, b.shape)) return `has the shapes [${a.shape.join(', ')}] and [${b.shape.join(', ')}]`;
  for (const name of Object.keys({ ...a.attributes, ...b.attributes })) {
    const [x, y] = [a.attributes[name], b.attributes[name]];
    const isExtents = name === 'shape' || name === 'ends';
    if (isExtents && isScaled(x as Shape, y as Shape)) continue;
    if (canonicalJson(x ?? null) !== canonicalJson(y ?? null)) {
      return `has ${name} ${JSON.stringify(x)} and ${JSON.stringify(y)}`;
    }
  }
  return undefined;
}
